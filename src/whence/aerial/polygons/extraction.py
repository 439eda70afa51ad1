"""From a raster of classes to clean polygons in real coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import shapely

from whence.aerial.class_raster import open_classes
from whence.aerial.polygons.arcs import Arcs, find_arcs
from whence.aerial.polygons.faces import Faces, faces_of
from whence.aerial.polygons.files import Layer, check_format, format_of, write_layer
from whence.aerial.polygons.ground import Ground
from whence.aerial.polygons.lacking import why_lacking
from whence.aerial.polygons.replacing import replaced
from whence.aerial.polygons.right_angles import GUARD_IOU, Squared, squared_together
from whence.aerial.polygons.rows import BLOCK_PX, Rows
from whence.aerial.polygons.separation import Separation, separated
from whence.aerial.polygons.sieve import sieved
from whence.aerial.polygons.zonal import Probabilities
from whence.aerial.scheme import IGNORE
from whence.aerial.written_scheme import check_scheme, written_scheme
from whence.errors import InputError
from whence.imagery.atomic import check_target
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import PathLike

__all__ = ["Cleaning", "Extraction", "class_names", "extract", "polygonise"]


@dataclass(frozen=True)
class Cleaning:
    """What is done to the polygons. Lengths are metres, or pixels where a raster has no coordinate system.

    Attributes
    ----------
    classes
        Names of the classes to keep; all when not given. The others are neighbours none the less.
    min_area
        Parts smaller than this many square metres are filled by their neighbours.
    simplify
        How far a simplified boundary may be from that of the pixels.
    right_angles
        Names of the classes whose polygons get right angles.
    guard_iou
        Overlap with the outline as traced below which right angles are refused.
    separate
        How touching objects are told apart; None leaves them joined.
    """

    classes: tuple[str, ...] = ()
    min_area: float = 0.0
    simplify: float = 0.0
    right_angles: tuple[str, ...] = ()
    guard_iou: float = GUARD_IOU
    separate: Separation | None = None


@dataclass(frozen=True, eq=False)
class Extraction:
    """Polygons with ``class``, ``area_m2``, ``perimeter_m`` and perhaps ``probability``.

    Attributes
    ----------
    layer
        The polygons; their columns end in ``_px`` where the raster has no coordinate system.
    notes
        What is to be said with them: how areas are measured, how many got right angles, of what there are
        no polygons and why, how many have no probability.
    """

    layer: Layer
    notes: tuple[str, ...] = field(default=())


def polygonise(
    raster: PathLike,
    out: PathLike,
    cleaning: Cleaning = Cleaning(),
    *,
    scheme: Scheme | None = None,
    probabilities: PathLike | None = None,
    format: str | None = None,  # noqa: A002 - its name
) -> Extraction:
    """Turn a raster of classes into a file of polygons; see `extract`.

    Raises
    ------
    InputError
        As `extract`; for an unknown format, GeoJSON of a raster that has no place on Earth, or a target that
        cannot be written, before the work.
    """
    check_format(out, format_of(out, format), Ground.of_raster(raster).crs)
    check_target(out)
    found = extract(raster, cleaning, scheme=scheme, probabilities=probabilities)
    write_layer(out, found.layer, format=format)
    return found


def extract(
    raster: PathLike,
    cleaning: Cleaning = Cleaning(),
    *,
    scheme: Scheme | None = None,
    probabilities: PathLike | None = None,
) -> Extraction:
    """Turn a raster of classes into polygons.

    Small parts are filled, boundaries traced and simplified so that neighbours keep their common walls,
    objects told apart and squared. The raster is read in blocks of rows that are joined exactly.

    Parameters
    ----------
    raster
        One band of ids, as `whence.aerial.predict` writes it, or colours with the scheme.
    cleaning
        What is done.
    scheme
        Names of the classes; None takes those that are written beside the raster, or in its metadata.
    probabilities
        Raster with a band for each class over the same pixels, or some of them; adds the mean probability of
        each polygon. The notes tell how many have none.

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no such raster.
    InputError
        When classes are asked for that it does not have, or files do not fit together.
    """
    ground = Ground.of_raster(raster)
    shares = None if probabilities is None else Probabilities.over(raster, probabilities)
    names = class_names(raster, scheme)
    kept = [_number(name, names) for name in cleaning.classes]
    with _rows(raster, scheme) as rows:
        traced, parents = _traced(rows, ground, cleaning, names)
    polygons, notes = _squared(traced, parents, ground=ground, cleaning=cleaning, names=names)
    classes = parents[traced.faces.values]
    chosen = (np.isin(classes, kept) if kept else np.ones(len(classes), np.bool_)) & ~shapely.is_empty(
        polygons
    )
    layer = _layer(polygons[chosen], classes[chosen], ground=ground, names=names)
    lacking = [number for number in dict.fromkeys(kept) if number not in classes[chosen]]
    if lacking or not len(layer):
        with _rows(raster, scheme) as rows:
            called = _called(range(IGNORE), names)
            notes += why_lacking(rows, lacking, called, ground=ground, min_area=cleaning.min_area)
    if shares is not None:
        layer, told = shares.added(layer, polygons[chosen], classes[chosen])
        notes = (*notes, *told)
    return Extraction(layer, (ground.measure, *notes))


def class_names(raster: PathLike, scheme: Scheme | None = None) -> tuple[str, ...]:
    """Name the classes of a raster: by the scheme, by what stands beside it, by its metadata, or not at all.

    Raises
    ------
    InputError
        When the raster carries other classes than the scheme has, or what stands beside it is damaged.
    """
    if scheme is not None:
        check_scheme(raster, scheme)
        return scheme.names
    named = _names_beside(raster)
    if named:
        return named
    carried = written_scheme(raster)
    return () if carried is None else carried.names


def _names_beside(raster: PathLike) -> tuple[str, ...]:
    beside = Path(f"{raster}.aux.xml")
    if not beside.is_file():
        return ()
    try:
        root = ET.fromstring(beside.read_bytes())  # noqa: S314 - entities are not expanded by expat's defaults
    except ET.ParseError as error:
        raise InputError(f"{beside} is damaged ({error}); remove it, or give the scheme") from error
    return tuple(entry.text or "" for entry in root.iterfind(".//PAMRasterBand[@band='1']//Category"))


@contextmanager
def _rows(raster: PathLike, scheme: Scheme | None) -> Iterator[Rows]:
    with open_classes(raster, scheme) as file:
        height, width = file.shape

        def read(start: int, end: int) -> NDArray[Any]:
            return file.read(Window(0, start, width, end - start))

        yield Rows((height, width), read, max(1, BLOCK_PX // max(width, 1)))


@dataclass(frozen=True, eq=False)
class _Traced:
    """Faces with simplified boundaries in pixels, and the arcs that they were made of."""

    arcs: Arcs
    faces: Faces


def _traced(
    rows: Rows, ground: Ground, cleaning: Cleaning, names: tuple[str, ...]
) -> tuple[_Traced, NDArray[np.int64]]:
    """Trace what is left after cleaning; also give the class of every value of the faces."""
    parents = np.arange(IGNORE + 1)
    least_px = cleaning.min_area / ground.cell_m2
    rule = cleaning.separate
    if rule is None:
        rows = sieved(rows, least_px) if least_px > 1.0 else rows
    else:
        core, edge = _number(rule.name, names), None if rule.edge is None else _number(rule.edge, names)
        depth_px = None if rule.depth is None else rule.depth / math.sqrt(ground.cell_m2)
        rows, parents = separated(rows, core=core, edge=edge, depth_px=depth_px, least_px=least_px)
    arcs = find_arcs(rows)
    return _Traced(arcs, faces_of(arcs, tolerance=cleaning.simplify, plane=ground.plane)), parents


def _squared(
    traced: _Traced,
    parents: NDArray[np.int64],
    *,
    ground: Ground,
    cleaning: Cleaning,
    names: tuple[str, ...],
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Give right angles to the polygons of some classes, in pixels; the others make room for them."""
    faces = traced.faces
    classes = [_number(name, names) for name in cleaning.right_angles]
    asked = np.isin(parents[faces.values], classes)
    if not asked.any():
        return faces.polygons, ()
    raw = faces_of(traced.arcs)
    place = np.argsort(raw.keys)[np.searchsorted(np.sort(raw.keys), faces.keys[asked])]
    found = squared_together(
        raw.polygons[place], plane=ground.plane, tolerance=cleaning.simplify, guard_iou=cleaning.guard_iou
    )
    numbers = np.flatnonzero(asked)
    new = {int(numbers[k]): polygon for k, polygon in found.polygons.items()}
    refused = np.setdiff1d(numbers, list(new))
    return replaced(faces.polygons, new, beside=refused), (_told(found, len(numbers)),)


def _told(found: Squared, asked: int) -> str:
    told = f"{len(found.polygons)} of {asked} polygons got right angles"
    if found.yielding:
        told += f", {len(found.yielding)} keep their outline for the sake of those that they touch"
    return f"{told}; the others do not fit any"


def _layer(
    polygons: NDArray[Any], classes: NDArray[np.int64], *, ground: Ground, names: tuple[str, ...]
) -> Layer:
    placed = ground.placed(polygons)
    areas, lengths = ground.sizes(placed)
    columns = {
        "class": np.array(_called(classes.tolist(), names), dtype=object),
        "class_id": classes.astype(np.int32),
        f"area_{ground.unit}2": areas,
        f"perimeter_{ground.unit}": lengths,
    }
    return Layer(placed, ground.crs, columns)


def _called(classes: Iterable[int], names: tuple[str, ...]) -> list[str]:
    return [names[number] if number < len(names) else f"class {number}" for number in classes]


def _number(name: str, names: tuple[str, ...]) -> int:
    """Give the id of a class by its name, or by its number."""
    if name in names:
        return names.index(name)
    number = name.removeprefix("class ")
    if number.isdecimal() and int(number) < IGNORE and (not names or int(number) < len(names)):
        return int(number)
    offer = ", ".join(names) if names else "numbers alone, since no names stand beside the raster"
    raise InputError(f"there is no class {name!r}; the raster has {offer}")
