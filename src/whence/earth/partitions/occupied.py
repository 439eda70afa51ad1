"""What all partitions share: cells occupied by data, their mean points, and the nearest of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.points import as_lonlat
from whence.earth.sphere import EARTH_RADIUS_M, from_unit_vectors, to_unit_vectors
from whence.errors import FormatError, InputError, NotEnoughDataError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = [
    "Nearest",
    "area_radius_m",
    "box_areas_m2",
    "check_cell",
    "mean_points",
    "open_record",
    "training_positions",
    "whole_numbers",
]

_VERSION = 1


@dataclass(frozen=True, eq=False)
class Nearest:
    """Finds the nearest of some positions on the sphere."""

    tree: Any

    @classmethod
    def of(cls, lonlat: Floats) -> Self:
        """Index (n, 2) positions."""
        return cls(cKDTree(to_unit_vectors(lonlat)))

    def find(self, lonlat: Floats) -> Ints:
        """Find the number (m,) of the position nearest to each of (m, 2)."""
        return np.asarray(self.tree.query(to_unit_vectors(lonlat))[1], dtype=np.int64)


def training_positions(lonlat: ArrayLike) -> Floats:
    """Check the (n, 2) positions a partition is fitted to.

    Raises
    ------
    NotEnoughDataError
        When there is none.
    """
    points = as_lonlat(lonlat)
    if points.ndim != 2 or len(points) == 0:
        raise NotEnoughDataError(
            "a partition is fitted to at least one position, as rows of (n, 2); "
            f"the shape given is {points.shape}"
        )
    return points


def mean_points(lonlat: Floats, cell: Ints, fallback: Floats) -> Floats:
    """Mean position (k, 2) of the positions (n, 2) of each of k cells.

    Where the positions of a cell cancel out, as antipodes do, `fallback` (k, 2) stands.
    """
    vectors = to_unit_vectors(lonlat)
    total = np.stack([np.bincount(cell, vectors[:, axis], len(fallback)) for axis in range(3)], axis=-1)
    vanishing = np.linalg.norm(total, axis=1) < 1e-9
    total[vanishing] = to_unit_vectors(fallback[vanishing])
    return from_unit_vectors(total)


def area_radius_m(areas_m2: Floats) -> Floats:
    """Radius (n,) of the circles of areas (n,), at least 1 m."""
    return np.asarray(np.maximum(np.sqrt(areas_m2 / np.pi), 1.0))


def box_areas_m2(boxes: Floats) -> Floats:
    """Area (n,) on the sphere of boxes (n, 4), west, south, east, north."""
    west, south, east, north = np.deg2rad(boxes).T
    height = 2.0 * np.cos((north + south) / 2.0) * np.sin((north - south) / 2.0)
    return np.asarray(EARTH_RADIUS_M**2 * (east - west) * height)


def check_cell(cell: int, count: int, rings: int) -> None:
    """Refuse a cell number or a number of rings that cannot be."""
    if not 0 <= cell < count:
        raise InputError(f"no cell {cell}; they are numbered 0 to {count - 1}")
    if rings < 0:
        raise InputError(f"rings must be zero or more, not {rings}")


def open_record(content: Json, name: str, *, values: Iterable[str] = (), columns: Iterable[str]) -> Json:
    """Check the JSON form of a partition before it is read.

    Parameters
    ----------
    content
        What `to_json` gave.
    name
        The kind of partition expected.
    values, columns
        Keys that must be there; the columns are lists with one entry a cell.

    Raises
    ------
    FormatError
        When it is of another kind or version, or a part is missing or of another length.
    """
    columns = list(columns)
    if content.get("partition") != name or content.get("version") != _VERSION:
        raise FormatError(
            f"not a {name} partition of version {_VERSION}: it says {content.get('partition')!r}, version "
            f"{content.get('version')!r}; fit it anew, or read it with the whence that wrote it"
        )
    missing = [key for key in (*values, *columns) if key not in content]
    if missing:
        raise FormatError(f"the {name} partition lacks {', '.join(missing)}; its file is incomplete")
    lengths = {key: len(content[key]) for key in columns}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise FormatError(f"the {name} partition has columns of lengths {lengths}; its file is broken")
    return content


def whole_numbers(record: Json, key: str) -> Ints:
    """Read a column (n,) of whole numbers.

    Raises
    ------
    FormatError
        When it holds something else.
    """
    column = np.asarray(record[key])
    if column.ndim != 1 or column.dtype.kind != "i":
        raise FormatError(f"the column {key} of a partition is not whole numbers; its file is broken")
    return column.astype(np.int64)
