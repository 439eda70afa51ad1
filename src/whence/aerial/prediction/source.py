"""Tiles of a raster as a network wants them: its bands, its resolution, whole squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.prediction.grid import Taps, resampled
from whence.errors import InputError
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.prediction.plan import Axis
    from whence.imagery.raster import Raster, RasterReader
    from whence.typing import Bools

__all__ = ["Cutter", "Piece", "band_choice", "bands_of"]

_LEAST_COVER = 0.5


@dataclass(frozen=True, eq=False)
class Piece:
    """A tile that was read.

    Attributes
    ----------
    values
        (side, side, bands), or None where nothing of the raster is there.
    valid
        (side, side) where something is there, or None for everywhere.
    window
        The part of the image that it was made of.
    there
        (height, width) of that part: which pixels hold something, or None for all.
    """

    values: NDArray[Any] | None
    valid: Bools | None
    window: Window
    there: Bools | None


@dataclass(frozen=True, eq=False)
class Cutter:
    """How tiles are cut out of a part of a raster.

    Attributes
    ----------
    area
        The part of the raster that is predicted: the image.
    rows, columns
        The tiles, in cells of the network.
    bands
        Which bands, counted from 1.
    nodata
        A value that means nothing where all of those bands have it, besides what the file declares.
    value_range
        Values that are brought to 0 and 1, in floating point; what is beyond is cut off. None: values go to
        the model as they are.
    alpha
        The band, counted from 1, that is 0 where nothing is, of a file that does not declare it.
    """

    area: Window
    rows: Axis
    columns: Axis
    bands: tuple[int, ...]
    nodata: float | None
    value_range: tuple[float, float] | None = None
    alpha: int | None = None

    @property
    def taps(self) -> tuple[Taps, Taps]:
        """From pixels of the image to cells of the network, down and across."""
        return Taps(self.area.height, self.rows.size), Taps(self.area.width, self.columns.size)

    def cut(self, reader: RasterReader, row: int, column: int) -> Piece:
        """Read one tile.

        Raises
        ------
        NotAnImageError
            When the file ends early or is damaged there.
        """
        window = self._window(row, column)
        shifted = window._replace(column=window.column + self.area.column, row=window.row + self.area.row)
        values, there = self._read(reader, shifted)
        if there is not None and not there.any():
            return Piece(None, None, window, there)
        squares, valid = self._squared(self.ranged(values), there, row, column)
        return Piece(squares, valid, window, there)

    def looked_at(self, reader: RasterReader, window: Window) -> NDArray[Any]:
        """Give the values (n, bands) of a window of the raster, of pixels that hold something."""
        values, there = self._read(reader, window)
        return self.ranged(values.reshape(-1, values.shape[-1]) if there is None else values[there])

    def ranged(self, values: NDArray[Any]) -> NDArray[Any]:
        """Bring values (…, bands) to 0 and 1 where that is asked for."""
        if self.value_range is None:
            return values
        low, high = self.value_range
        shares = (values.astype(np.float64) - low) / (high - low)
        return np.asarray(np.clip(shares, 0.0, 1.0), np.float32)

    def _read(self, reader: RasterReader, window: Window) -> tuple[NDArray[Any], Bools | None]:
        """Give the bands that are used, and where they hold something."""
        values, there = reader.read(window)
        if self.alpha is not None:
            opaque = values[..., self.alpha - 1] > 0
            there = opaque if there is None else there & opaque
        values = self._chosen(values, reader.raster)
        return values, self._there(values, there)

    def _window(self, row: int, column: int) -> Window:
        """Give the pixels of the image that the tile, or what is brought back from it, can depend on."""
        top, bottom = _reach(self.taps[0], self.rows, row)
        left, right = _reach(self.taps[1], self.columns, column)
        return Window(left, top, right - left, bottom - top)

    def _chosen(self, values: NDArray[Any], raster: Raster) -> NDArray[Any]:
        if raster.colors is not None:
            values = _painted(values, raster.colors)
        places = [band - 1 for band in self.bands]
        whole = places == list(range(values.shape[-1]))
        return values if whole else np.ascontiguousarray(values[..., places])

    def _there(self, values: NDArray[Any], there: Bools | None) -> Bools | None:
        """Leave out what is no number and what has the value for nothing."""
        if there is None and self.nodata is None and values.dtype.kind != "f":
            return None
        found = np.ones(values.shape[:2], np.bool_) if there is None else there.copy()
        if values.dtype.kind == "f":
            finite = np.isfinite(values).all(axis=-1)
            values[~finite] = 0
            found &= finite
        if self.nodata is not None:
            found &= (values != self.nodata).any(axis=-1)
        return None if found.all() else found

    def _squared(
        self, values: NDArray[Any], there: Bools | None, row: int, column: int
    ) -> tuple[NDArray[Any], Bools | None]:
        """Bring a window to the cells of the network and fill the square up by mirroring."""
        top, left = self.rows.starts[row], self.columns.starts[column]
        bottom, right = self.rows.end(row), self.columns.end(column)
        window, (down, across) = self._window(row, column), self.taps
        if down.step == 1 and across.step == 1:
            tile, valid = values, there
        else:
            ends = (down.needed(top, bottom), across.needed(left, right))
            near = (
                slice(ends[0][0] - window.row, ends[0][1] - window.row),
                slice(ends[1][0] - window.column, ends[1][1] - window.column),
            )
            matrices = down.matrix(top, bottom), across.matrix(left, right)
            tile, valid = _resampled(values[near], None if there is None else there[near], *matrices)
        missing = ((0, self.rows.side - (bottom - top)), (0, self.columns.side - (right - left)))
        if not any(after for _, after in missing):
            return tile, valid
        filled = np.pad(tile, (*missing, (0, 0)), mode="symmetric")
        return filled, None if valid is None else np.pad(valid, missing, mode="symmetric")


def bands_of(raster: Raster) -> int:
    """How many bands there are to choose from; a palette counts as red, green and blue."""
    return 3 if raster.colors is not None else raster.bands


def band_choice(raster: Raster, wanted: int, chosen: tuple[int, ...] | None) -> tuple[int, ...]:
    """Settle which bands are used.

    Raises
    ------
    InputError
        When the raster has fewer than the model wants, or those chosen do not fit.
    """
    held = bands_of(raster)
    if chosen is None and held < wanted:
        raise InputError(
            f"{raster.path} has {held} band{'s' * (held != 1)} and the model wants {wanted}; give an image "
            "with all of them, or a model for fewer"
        )
    bands = tuple(range(1, wanted + 1)) if chosen is None else tuple(chosen)
    if len(bands) != wanted:
        raise InputError(f"{len(bands)} bands are chosen and the model wants {wanted}; choose as many")
    wrong = [band for band in bands if not 1 <= band <= held]
    if wrong:
        raise InputError(f"{raster.path} has the bands 1 to {held}, not {', '.join(map(str, wrong))}")
    return bands


def _reach(taps: Taps, axis: Axis, number: int) -> tuple[int, int]:
    """Pixels under a tile; where scales differ, with all that may be brought back from its cells."""
    first, last = axis.starts[number], axis.end(number)
    if taps.step == 1:
        return first, last
    margin = 2
    return taps.needed(max(first - margin, 0), min(last + margin, axis.size))


def _resampled(
    values: NDArray[Any], there: Bools | None, rows: Any, columns: Any
) -> tuple[NDArray[Any], Bools | None]:
    """Take means over what is there only, in the type of the values."""
    if there is None:
        return _typed(resampled(values, rows, columns), values.dtype), None
    cover = resampled(there, rows, columns)
    mean = (
        resampled(np.where(there[..., None], values, 0), rows, columns) / np.maximum(cover, 1e-6)[..., None]
    )
    valid = cover >= _LEAST_COVER
    return _typed(mean, values.dtype), None if valid.all() else valid


def _typed(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return np.asarray(values, dtype)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(values), limits.min, limits.max)).astype(dtype)


def _painted(values: NDArray[Any], colors: dict[int, tuple[int, int, int, int]]) -> NDArray[np.uint8]:
    table = np.zeros((max(256, max(colors) + 1), 3), np.uint8)
    for value, (red, green, blue, _) in colors.items():
        table[value] = red, green, blue
    painted: NDArray[np.uint8] = table[values[..., 0]]
    return painted
