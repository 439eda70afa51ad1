"""A folder of images and a folder of masks, matched by name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.counting import counted_scheme
from whence.aerial.datasets.finding import folder_of, only_pictures
from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.pairing import key_of, paired
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.scheme import Scheme
from whence.aerial.schemes import scheme as scheme_named
from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import Json, PathLike

__all__ = ["SCHEME_FILE", "TILES_FILE", "folder", "places_of_tiles"]

SCHEME_FILE = "scheme.json"
"""Beside masks that hold training ids: what the ids mean."""

TILES_FILE = "tiles.json"
"""Beside tiles that were cut: which scene and place each comes from."""

_IMAGES = ("images", "image", "imgs", "img", "images_png")
_MASKS = ("masks", "mask", "labels", "label", "gt", "annotations", "masks_png")
_SPLITS = ("train", "val", "test")


def folder(
    root: PathLike | None = None,
    *,
    images: PathLike | None = None,
    masks: PathLike | None = None,
    scheme: Scheme | PathLike | None = None,
    group: str | None = None,
    tolerance: int = 0,
    by: str = "either",
    lenient: bool = False,
    bands: tuple[int, ...] | None = None,
    alpha: int | None = None,
) -> SceneSet:
    """Open images with masks of the same names.

    Parameters
    ----------
    root
        A folder with ``images`` and ``masks`` (or ``labels``, ``gt`` …), or with ``train``, ``val``, ``test``
        that hold them.
    images, masks
        The folders, where they are elsewhere. Without masks the scenes have none.
    scheme
        A scheme, its name, or a ``.toml`` or ``.json`` file. When not given: ``scheme.json`` beside the
        masks, as cutting leaves it; else the values that the masks hold, counted.
    group
        A regular expression; what its first group matches in the name is the place. Without one, each
        image is a place of its own, except tiles that were cut, which keep the place of their scene.
    tolerance, by
        See `MaskFiles`.
    lenient
        Leave out images without mask and masks without image, and tell it.
    bands, alpha
        See `SceneSet`.

    Raises
    ------
    NotFoundError
        When a folder is not there or is empty.
    InputError
        When names do not match.
    NotEnoughDataError
        When no image has a mask.
    """
    scenes: list[Scene] = []
    left_out: list[str] = []
    places = _places(root, images, masks)
    for split, image_folder, mask_folder in places:
        found, told = _scenes(image_folder, mask_folder, split=split, lenient=lenient, group=group)
        scenes += found
        left_out += told
    if not scenes and left_out:
        raise NotEnoughDataError(f"no image has a mask of the same name: {'; '.join(left_out)}")
    if not scenes:
        raise NotFoundError(f"there are no images in {', '.join(str(place[1]) for place in places)}")
    chosen, told_beside = _scheme(scheme, [place[2] for place in places], scenes)
    if told_beside and by == "either":
        by = "numbers"  # ids have a palette for looking at; they are numbers all the same
    labels = MaskFiles(chosen, tolerance, by)
    return SceneSet(chosen, tuple(scenes), labels, bands=bands, alpha=alpha, left_out=tuple(left_out))


def _places(
    root: PathLike | None, images: PathLike | None, masks: PathLike | None
) -> list[tuple[str | None, Path, Path | None]]:
    """Give split, folder of images and folder of masks, for each split there is."""
    if images is not None:
        known = None if masks is None else folder_of(masks, "masks")
        return [(None, folder_of(images, "images"), known)]
    if root is None:
        raise InputError("name a folder with images and masks, or both folders")
    above = folder_of(root, "a folder images and a folder masks")
    splits: list[tuple[str | None, Path]] = [
        (name, above / name) for name in _SPLITS if _named(above / name, _IMAGES)
    ]
    found: list[tuple[str | None, Path, Path | None]] = []
    for split, place in splits or [(None, above)]:
        image_folder = _named(place, _IMAGES)
        if image_folder is None:
            raise NotFoundError(f"{place} holds no folder of images, which is called {', '.join(_IMAGES)}")
        found.append((split, image_folder, _named(place, _MASKS)))
    return found


def _named(above: Path, names: tuple[str, ...]) -> Path | None:
    return next((above / name for name in names if (above / name).is_dir()), None)


def _scenes(
    images: Path, masks: Path | None, *, split: str | None, lenient: bool, group: str | None
) -> tuple[list[Scene], list[str]]:
    found = only_pictures(images)
    left_out: list[str] = []
    triples: list[tuple[str, Path, Path | None]] = [(path.stem, path, None) for path in found]
    if masks is not None:
        pairs, left_out = paired(found, only_pictures(masks), lenient=lenient)
        triples = [*pairs]
    cut = places_of_tiles(masks or images)
    prefix = f"{split}_" if split else ""
    scenes = [
        Scene(path, mask, group=_group(key, path, group=group, cut=cut), name=prefix + key, split=split)
        for key, path, mask in triples
    ]
    return scenes, left_out


def _group(key: str, path: Path, *, group: str | None, cut: dict[str, str]) -> str:
    if group is None:
        return cut.get(key_of(path.stem), cut.get(path.stem, key))
    match = re.search(group, path.name)
    if match is None:
        raise InputError(f"the place of {path.name} is not found by {group!r}; it must match every name")
    return match[1] if match.re.groups else match[0]


def places_of_tiles(beside: Path) -> dict[str, str]:
    """Give the place of each tile that was cut; nothing for other folders."""
    path = beside / TILES_FILE
    if not path.is_file():
        return {}
    try:
        told: Json = json.loads(path.read_text("utf-8"))
        return {tile["name"]: tile["group"] for tile in told["tiles"]}
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is damaged ({error}); cut the tiles again") from error


def _scheme(
    chosen: Scheme | PathLike | None, folders: list[Path | None], scenes: list[Scene]
) -> tuple[Scheme, bool]:
    """Give the scheme, and whether cutting left it beside the masks."""
    if isinstance(chosen, Scheme):
        return chosen, False
    masked = [path for path in folders if path is not None]
    beside = next((path / SCHEME_FILE for path in masked if (path / SCHEME_FILE).is_file()), None)
    if chosen is not None:
        return scheme_named(chosen), False
    if beside is not None:
        return scheme_named(beside), True
    known = [one.mask for one in scenes if one.mask is not None]
    if not known:
        raise InputError("there are no masks that would tell the classes; name the scheme")
    return counted_scheme(known, name=masked[0].parent.name or "counted"), False
