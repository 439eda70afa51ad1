"""The scenes of a data set, read with one meaning: image, ids, and where there is something."""

from __future__ import annotations

import dataclasses
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.scene import Pair
from whence.aerial.encoding import IGNORE
from whence.aerial.georeference import georeference
from whence.errors import InputError, NotEnoughDataError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from whence.aerial.datasets.labels import Labels, ReadIds
    from whence.aerial.datasets.scene import Scene
    from whence.aerial.georeference import Georeference
    from whence.aerial.scheme import Scheme
    from whence.imagery.raster import RasterReader
    from whence.typing import Bools

__all__ = ["SceneReader", "SceneSet"]

_SHOWN = 3


@dataclass(frozen=True)
class SceneSet:
    """Scenes and the scheme of their masks.

    Attributes
    ----------
    scheme
        The classes.
    scenes
        The scenes, each name once.
    labels
        How ids are read; masks in files by the scheme when not given.
    bands
        Which bands of the images are given, counted from 1; all (without opacity) when None.
    alpha
        The band, counted from 1, that is 0 where the image has nothing, for files that do not declare it.
    left_out
        Sentences on what was found and is not among the scenes.

    Raises
    ------
    InputError
        When a name stands twice.
    """

    scheme: Scheme
    scenes: tuple[Scene, ...]
    labels: Labels | None = None
    bands: tuple[int, ...] | None = None
    alpha: int | None = None
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(one.name for one in self.scenes).items() if count > 1]
        if twice:
            raise InputError(f"{len(twice)} scenes share a name, {twice[0]!r} among them; give each its own")

    def __len__(self) -> int:
        return len(self.scenes)

    @property
    def groups(self) -> tuple[str, ...]:
        """The places, in the order of the scenes."""
        return tuple(dict.fromkeys(one.group for one in self.scenes))

    def choose(
        self,
        *,
        groups: Iterable[str] | None = None,
        split: str | None = None,
        without: Iterable[str] = (),
        names: Iterable[str] | None = None,
    ) -> SceneSet:
        """Keep the scenes of some places, of a published split, or by name.

        Parameters
        ----------
        groups
            Places to keep; a text is one place.
        split
            ``train``, ``val`` or ``test``.
        without
            Places to leave out; a text is one place.
        names
            Scenes to keep.

        Raises
        ------
        InputError
            When a place, split or name is not there; the message lists those that are.
        NotEnoughDataError
            When nothing is left.
        """
        kept = self.scenes
        if groups is not None:
            wanted = _known(groups, self.groups, "place")
            kept = tuple(one for one in kept if one.group in wanted)
        if split is not None:
            splits = tuple(dict.fromkeys(str(one.split) for one in self.scenes if one.split))
            wanted = _known(split, splits, "split")
            kept = tuple(one for one in kept if one.split in wanted)
        if names is not None:
            wanted = _known(names, tuple(one.name for one in self.scenes), "scene")
            kept = tuple(one for one in kept if one.name in wanted)
        unwanted = _known(without, self.groups, "place")
        kept = tuple(one for one in kept if one.group not in unwanted)
        if not kept:
            raise NotEnoughDataError("no scene is left of this choice; choose fewer conditions")
        return dataclasses.replace(self, scenes=kept)

    def read(self, scene: Scene, *, eroded: bool = False) -> Pair:
        """Read a scene whole.

        Parameters
        ----------
        scene
            One of the scenes.
        eroded
            Read the mask with ignored borders.

        Raises
        ------
        InputError
            When mask and image differ in size, the mask holds what the scheme does not know, or there is
            no eroded mask.
        NotAnImageError
            When a file is damaged.
        """
        with self.opened(scene, eroded=eroded) as reader:
            return reader.read(Window(0, 0, reader.width, reader.height))

    @contextmanager
    def opened(self, scene: Scene, *, eroded: bool = False, any_order: bool = False) -> Iterator[SceneReader]:
        """Open a scene for reading by windows; see `open_raster` for `any_order`."""
        path = scene.eroded if eroded else scene.mask
        if eroded and path is None and scene.mask is not None:
            raise InputError(f"the scene {scene.name} has no eroded mask beside {scene.mask}")
        labels = self.labels or MaskFiles(self.scheme)
        with ExitStack() as stack:
            image = stack.enter_context(open_raster(scene.image, any_order=any_order))
            place = georeference(scene.image)
            ids: ReadIds | None = None
            if path is not None:
                ids = stack.enter_context(labels.opened(path, image.raster, place))
            yield SceneReader(self, scene, image, ids=ids, place=place)


class SceneReader:
    """An open scene that gives windows; made by `SceneSet.opened`."""

    def __init__(
        self,
        scenes: SceneSet,
        scene: Scene,
        image: RasterReader,
        *,
        ids: ReadIds | None,
        place: Georeference,
    ) -> None:
        raster = image.raster
        self.scene = scene
        self._extent = scene.window or Window(0, 0, raster.width, raster.height)
        self.width, self.height = self._extent.width, self._extent.height
        self.place = place.within(self._extent)
        self._image, self._ids = image, ids
        self._bands, self._alpha = scenes.bands, scenes.alpha
        self._palette = _palette_of(raster.colors) if raster.dtype == np.uint8 else None
        self._check_bands(3 if self._palette is not None else raster.bands)

    def _check_bands(self, bands: int) -> None:
        asked = [*(self._bands or ()), *([self._alpha] if self._alpha else [])]
        beyond = [band for band in asked if not 1 <= band <= bands]
        if beyond:
            raise InputError(
                f"{self.scene.image} has {bands} bands; band {beyond[0]} is asked for, they count from 1"
            )

    @property
    def has_ids(self) -> bool:
        """Whether anything is known about its classes."""
        return self._ids is not None

    def read(self, window: Window) -> Pair:
        """Read a window, counted from the scene's corner; see `Pair`."""
        area = Window(
            window.column + self._extent.column, window.row + self._extent.row, window.width, window.height
        )
        values, valid = self._image.read(area)
        if self._palette is not None:
            values = self._palette[values[..., 0]]
        valid = _valid(values, valid, self._alpha)
        if self._bands is not None:
            values = values[..., [band - 1 for band in self._bands]]
        elif self._alpha is not None:
            values = np.delete(values, self._alpha - 1, axis=2)
        ids = None if self._ids is None else self._ids(area)
        if ids is not None and valid is not None:
            ids[~valid] = IGNORE
        return Pair(values, ids, valid)


def _valid(values: NDArray[Any], valid: Bools | None, alpha: int | None) -> Bools | None:
    """Join what the file declares with a band of opacity and with numbers that are none."""
    if alpha is not None:
        opaque = values[..., alpha - 1] > 0
        valid = opaque if valid is None else valid & opaque
    if values.dtype.kind == "f":
        finite = np.isfinite(values).all(axis=-1)
        valid = finite if valid is None else valid & finite
    return None if valid is None or valid.all() else valid


def _palette_of(colors: dict[int, tuple[int, int, int, int]] | None) -> NDArray[np.uint8] | None:
    if colors is None:
        return None
    table = np.zeros((256, 3), np.uint8)
    for value, color in colors.items():
        table[value] = color[:3]
    return table


def _known(wanted: Iterable[str], there: tuple[str, ...], what: str) -> set[str]:
    asked = {wanted} if isinstance(wanted, str) else set(wanted)
    absent = sorted(asked - set(there))
    if absent:
        shown = ", ".join(there[: _SHOWN * 4]) + (", …" if len(there) > _SHOWN * 4 else "")
        raise InputError(f"there is no {what} {absent[0]!r} in this data set; there are {shown or 'none'}")
    return asked
