"""Rasters of classes read by windows: what a prediction wrote, and masks as they are published."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.georeference import Georeference, georeference, place_of
from whence.aerial.scheme import IGNORE
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.imagery.raster import RasterReader
    from whence.typing import PathLike

__all__ = ["ClassRaster", "open_classes", "require_same_grid"]

_APART_PX = 0.01


@dataclass(frozen=True, eq=False)
class ClassRaster:
    """An open raster of classes; made by `open_classes`.

    Attributes
    ----------
    reader
        Of its values.
    place
        Where it lies.
    scheme
        What its values or colours mean; None where they are ids from 0.
    """

    reader: RasterReader
    place: Georeference
    scheme: Scheme | None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.reader.raster.height, self.reader.raster.width

    def read(self, window: Window | None = None) -> NDArray[np.uint8]:
        """Read (rows, cols) ids of a window, or of all; 255 where there is none.

        Raises
        ------
        InputError
            When values are no class.
        NotAnImageError
            When the file is damaged there.
        """
        rows, columns = self.shape
        values, valid = self.reader.read(window or Window(0, 0, columns, rows))
        if self.scheme is not None:
            try:
                return self.scheme.encode(values[..., :3] if values.shape[2] > 3 else values, valid=valid)
            except InputError as error:
                raise InputError(f"{self.reader.raster.path}: {error}") from error
        ids = _whole(values[..., 0], valid, self.reader.raster.path)
        return ids if valid is None else np.where(valid, ids, np.uint8(IGNORE)).astype(np.uint8)


@contextmanager
def open_classes(path: PathLike, scheme: Scheme | None = None, *, raw: bool = False) -> Iterator[ClassRaster]:
    """Open a raster of classes.

    Parameters
    ----------
    path
        One band of ids, or three of colours.
    scheme
        What colours mean.
    raw
        Whether one band holds the values as they are published (a mask) rather than ids from 0 on (a
        prediction).

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no such raster.
    InputError
        When it holds colours and there is no scheme, or two bands.
    """
    place = georeference(path)
    with open_raster(path) as reader:
        bands = reader.raster.bands
        if bands == 2 or (bands > 1 and scheme is None):
            raise InputError(
                f"{path} has {bands} bands; classes are one band of ids, or three of colours with the scheme "
                "that says what they mean"
            )
        yield ClassRaster(reader, place, scheme if bands > 1 or raw else None)


def require_same_grid(one: ClassRaster, other: ClassRaster) -> None:
    """Refuse rasters that do not cover the same pixels.

    A raster that says no place is taken to lie where the other does, if the sizes agree.

    Raises
    ------
    InputError
        When sizes, coordinate systems or corners differ; the message says which.
    """
    names = f"{one.place.path} and {other.place.path}"
    if one.shape != other.shape:
        sizes = [f"{columns} × {rows}" for rows, columns in (one.shape, other.shape)]
        raise InputError(f"{names} have {' and '.join(sizes)} pixels; warp or cut one to the other's grid")
    first, second = one.place, other.place
    if first.crs and second.crs and first.crs != second.crs:
        raise InputError(
            f"{names} are in two coordinate systems, {_label(first.crs)} and {_label(second.crs)}; "
            "warp one to the other's grid"
        )
    if first.transform is None or second.transform is None:
        return
    rows, columns = one.shape
    away = [
        np.subtract(place_of(~first.transform, place_of(second.transform, corner)), corner)
        for corner in ((0, 0), (columns, 0), (0, rows), (columns, rows))
    ]
    worst = float(np.abs(away).max())
    if worst > _APART_PX:
        raise InputError(f"{names} lie {worst:.2f} px apart; warp one to the other's grid")


def _label(crs: Any) -> str:
    return str(crs.to_string())[:60]


def _whole(values: NDArray[Any], valid: NDArray[Any] | None, path: Any) -> NDArray[np.uint8]:
    """Check that all values that are there are ids of 8 bits."""
    if values.dtype == np.uint8:
        return values
    there = values if valid is None else values[valid]
    if there.size and not ((there == np.round(there)).all() and there.min() >= 0 and there.max() <= IGNORE):
        raise InputError(
            f"{path} holds {values.dtype} values from {there.min():g} to {there.max():g}; "
            "classes are whole numbers from 0, 255 is none"
        )
    known = values if valid is None else np.where(valid, values, IGNORE)
    return known.astype(np.uint8)
