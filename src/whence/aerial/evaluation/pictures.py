"""Predictions and truths in files, compared window by window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.class_raster import ClassRaster, open_classes, require_same_grid
from whence.aerial.evaluation.boundary import TOLERANCE_PX, count_boundaries
from whence.aerial.evaluation.confusion import Confusion
from whence.aerial.evaluation.erosion import erode_boundaries
from whence.aerial.evaluation.meaning import Meaning, scheme_beside
from whence.aerial.evaluation.places import Sample, place_of
from whence.aerial.evaluation.protocol import Protocol
from whence.aerial.evaluation.scores import Scores
from whence.aerial.scheme import IGNORE
from whence.aerial.written_scheme import written_scheme
from whence.errors import InputError
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Ints, PathLike

__all__ = ["Rules", "Trio", "evaluate_pictures", "pair_files"]

TILE_PX = 512
_WINDOW_PX = 4 * TILE_PX
_SUFFIXES = {".tif", ".tiff", ".png", ".jp2", ".vrt", ".img", ".bmp"}
_ENDINGS = (
    "_label_noBoundary",
    "_noBoundary",
    "_label",
    "_mask",
    "_gt",
    "_classes",
    "_RGB",
    "_IRRG",
    "_pred",
)


@dataclass(frozen=True)
class Trio:
    """Files of one picture.

    Attributes
    ----------
    predicted, truth
        Both rasters.
    eroded
        The truth without boundaries, if there is one.
    name
        What the picture is called; the name of the truth when not given.
    """

    predicted: Path
    truth: Path
    eroded: Path | None = None
    name: str = ""

    def place(self, dataset: str | None, group: str | None) -> str:
        """Tell the place that it shows; see `place_of`."""
        return place_of(self.truth, self.name or self.truth.stem, dataset=dataset, group=group)


@dataclass(frozen=True)
class Rules:
    """How pictures are scored.

    Attributes
    ----------
    scheme
        What the masks mean; None takes the scheme that the predictions carry in their metadata, else
        ``scheme.json`` beside the masks, and where there is none, masks hold ids from 0 on.
    truth_ids
        Whether masks of one band hold ids of the scheme rather than its published values. Those that carry
        a scheme themselves hold ids, and those with ``scheme.json`` beside them the values that it says.
    erode_px
        Radius of the disk for figures with eroded boundaries, beside the full ones; None for no such.
    tolerance_px
        Of the boundary F1.
    augmentation
        What is known of the prediction's test-time augmentation.
    group
        A regular expression that finds the place in the name of a picture; None goes by ``tiles.json``
        beside the masks, or by the names of the data set.
    """

    scheme: Scheme | None = None
    truth_ids: bool = False
    erode_px: float | None = None
    tolerance_px: float = TOLERANCE_PX
    augmentation: str = "not stated"
    group: str | None = None

    @property
    def raw(self) -> bool:
        """Whether masks of one band hold published values."""
        return self.scheme is not None and not self.truth_ids


@dataclass(frozen=True, eq=False)
class _Tally:
    """Tables of the units of one kind of boundaries."""

    tables: list[Ints] = field(default_factory=list)
    edges: list[Ints] = field(default_factory=list)


def evaluate_pictures(
    trios: Sequence[Trio], rules: Rules, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, Scores]:
    """Score predictions against truths, read by windows, so that rasters of any size fit.

    Parameters
    ----------
    trios
        The files. For the intervals places are drawn, or images where places are not known or fewer than
        five, or tiles of 512 px of a single image.
    rules
        How.
    progress
        Called with (done, in all) pictures.

    Returns
    -------
    dict
        ``"full"``, and ``"eroded"`` if asked for or if there are masks for it.

    Raises
    ------
    InputError
        When a prediction and its truth do not cover the same pixels, hold what is no class, or say in their
        metadata, or in ``scheme.json`` beside masks, that they hold other classes than those of the scheme.
    """
    ours, masks = [trio.predicted for trio in trios], [trio.truth for trio in trios]
    meaning = Meaning.of(ours, masks, rules.scheme, truth_ids=rules.truth_ids)
    rules = replace(rules, scheme=meaning.scheme)
    names = _names(trios, rules)
    counted = tuple(range(len(names))) if rules.scheme is None else rules.scheme.counted
    tallies: dict[str, _Tally] = {}
    for done, trio in enumerate(trios, start=1):
        for kind, (tables, edges) in _of_trio(trio, rules, names).items():
            tally = tallies.setdefault(kind, _Tally())
            many = len(trios) > 1
            tally.tables.extend([tables.sum(axis=0)] if many else tables)
            tally.edges.extend([edges.sum(axis=0)] if many else edges)
        if progress is not None:
            progress(done, len(trios))
    if len({len(tally.tables) for tally in tallies.values()}) > 1:
        raise InputError(
            "some pictures have a mask without boundaries and others have none; give all or none"
        )
    protocol = _protocol(names, counted, meaning=meaning, rules=rules)
    places = _places(trios, rules)
    found = {}
    for kind, tally in tallies.items():
        tables, edges = np.array(tally.tables), np.array(tally.edges)
        what = "images" if len(trios) > 1 else f"tiles of {TILE_PX} px of one image"
        sample = Sample.of(tables.sum(axis=(1, 2)) > 0, what, places)
        own = replace(protocol, eroded_px=_radius_px(kind, trios[0], rules), drawn=sample.line)
        found[kind] = Scores(names, counted, tables=tables, edges=edges, sample=sample, protocol=own)
    return found


def pair_files(predicted: PathLike, truth: PathLike, eroded: PathLike | None = None) -> list[Trio]:
    """Find which prediction belongs to which truth: two files, or two folders with files named alike.

    Names are compared without endings such as ``_label``, ``_mask`` or ``_RGB``.

    Raises
    ------
    InputError
        When one is a folder and the other is not, a truth has no prediction, or names stand twice.
    """
    ours, theirs, bare = Path(predicted), Path(truth), None if eroded is None else Path(eroded)
    kinds = {path.is_dir() for path in (ours, theirs, bare) if path is not None}
    if len(kinds) > 1:
        raise InputError(f"{ours} and {theirs}: give two files or two folders, not one of each")
    if not kinds.pop():
        return [Trio(ours, theirs, bare)]
    answers, masks = _by_key(ours), _by_key(theirs, without="noBoundary")
    bares = _by_key(bare) if bare is not None else _by_key(theirs, only="noBoundary")
    missing = sorted(set(masks) - set(answers))
    if missing or not masks:
        told = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        what = f"{ours} has no prediction of {told}" if masks else f"{theirs} holds no masks"
        raise InputError(f"{what}; files are paired by name, a prediction of a.tif is a.tif or a.png")
    return [Trio(answers[key], masks[key], bares.get(key), key) for key in sorted(masks)]


def _by_key(folder: Path, *, without: str = "", only: str = "") -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if (
            path.suffix.lower() not in _SUFFIXES
            or (without and without in path.stem)
            or only not in path.stem
        ):
            continue
        key = str(path.relative_to(folder).with_name(_key(path.stem)))
        if key in found:
            raise InputError(f"{found[key]} and {path} are both a picture {key!r}; keep one of them")
        found[key] = path
    return found


def _key(stem: str) -> str:
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return stem


def _places(trios: Sequence[Trio], rules: Rules) -> list[str]:
    """Tell the place of each of several pictures; nothing of a single one, whose tiles are drawn."""
    dataset = None if rules.scheme is None else rules.scheme.name
    return [trio.place(dataset, rules.group) for trio in trios] if len(trios) > 1 else []


def _of_trio(trio: Trio, rules: Rules, names: tuple[str, ...]) -> dict[str, tuple[Ints, Ints]]:
    """Count one picture: for each kind of boundaries (n, K, K + 1) and (n, K, 4) tables of its tiles."""
    margin = 1 + math.ceil(max(rules.tolerance_px, rules.erode_px or 0.0))
    tables: dict[str, list[Ints]] = {}
    edges: list[Ints] = []
    with _opened(trio, rules) as (ours, theirs, bare):
        for core, window in _windows(theirs.shape, margin):
            answers, truth = ours.read(window), theirs.read(window)
            parts = [_relative(inner, window) for inner in _tiles(core)]
            for kind, ids in _kinds(truth, None if bare is None else bare.read(window), rules):
                counts = [Confusion.empty(names).add(ids[part], answers[part]).table for part in parts]
                tables.setdefault(kind, []).extend(counts)
            found = count_boundaries(
                truth, answers, classes=len(names), tolerance_px=rules.tolerance_px, cores=parts
            )
            edges.extend(found.table)
    return {kind: (np.array(counts), np.array(edges)) for kind, counts in tables.items()}


@contextmanager
def _opened(trio: Trio, rules: Rules) -> Iterator[tuple[ClassRaster, ClassRaster, ClassRaster | None]]:
    """Open the prediction, the truth, and the truth without boundaries."""
    with ExitStack() as stack:
        ours = stack.enter_context(open_classes(trio.predicted, rules.scheme))
        theirs = stack.enter_context(_opened_truth(trio.truth, rules))
        require_same_grid(ours, theirs)
        bare = None
        if trio.eroded is not None:
            bare = stack.enter_context(_opened_truth(trio.eroded, rules))
            require_same_grid(theirs, bare)
        yield ours, theirs, bare


def _opened_truth(path: Path, rules: Rules) -> AbstractContextManager[ClassRaster]:
    published = rules.raw and written_scheme(path) is None
    return open_classes(path, (published and scheme_beside(path)) or rules.scheme, raw=published)


def _kinds(
    truth: NDArray[np.uint8], bare: NDArray[np.uint8] | None, rules: Rules
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    yield "full", truth
    if bare is not None:
        yield "eroded", bare
    elif rules.erode_px is not None:
        yield "eroded", erode_boundaries(truth, rules.erode_px)


def _windows(shape: tuple[int, int], margin: int) -> Iterator[tuple[Window, Window]]:
    """Give cores that tile a picture, each with the window around it."""
    rows, columns = shape
    for row in range(0, rows, _WINDOW_PX):
        for column in range(0, columns, _WINDOW_PX):
            core = Window(column, row, min(_WINDOW_PX, columns - column), min(_WINDOW_PX, rows - row))
            left, top = max(column - margin, 0), max(row - margin, 0)
            right = min(column + core.width + margin, columns)
            bottom = min(row + core.height + margin, rows)
            yield core, Window(left, top, right - left, bottom - top)


def _tiles(core: Window) -> Iterator[Window]:
    for row in range(core.row, core.row + core.height, TILE_PX):
        for column in range(core.column, core.column + core.width, TILE_PX):
            width = min(TILE_PX, core.column + core.width - column)
            yield Window(column, row, width, min(TILE_PX, core.row + core.height - row))


def _relative(inner: Window, window: Window) -> tuple[slice, slice]:
    return inner._replace(column=inner.column - window.column, row=inner.row - window.row).slices


def _names(trios: Sequence[Trio], rules: Rules) -> tuple[str, ...]:
    """Name the classes; without a scheme there are as many as the highest id that is met."""
    if rules.scheme is not None:
        return rules.scheme.names
    highest = 0
    for trio in trios:
        with _opened(trio, rules) as (ours, theirs, _):
            for raster in (ours, theirs):
                for core, _ in _windows(raster.shape, 0):
                    ids = raster.read(core)
                    highest = max(highest, int(ids[ids != IGNORE].max(initial=0)))
    return tuple(f"class {number}" for number in range(highest + 1))


def _protocol(
    names: tuple[str, ...], counted: tuple[int, ...], *, meaning: Meaning, rules: Rules
) -> Protocol:
    name = None if meaning.scheme is None else meaning.scheme.name
    return Protocol(
        counted=tuple(name for k, name in enumerate(names) if k in counted),
        others=tuple(name for k, name in enumerate(names) if k not in counted),
        tolerance_px=rules.tolerance_px,
        augmentation=rules.augmentation,
        carried=name if meaning.carried else None,
        beside=name if meaning.beside else None,
    )


def _radius_px(kind: str, trio: Trio, rules: Rules) -> float | None:
    if kind == "full":
        return None
    return rules.erode_px if trio.eroded is None else math.nan
