"""How far two height models differ: bias, spread, where the ground is steep, which way it faces."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.maps.heights.alignment import Pair, padded
from whence.maps.heights.unit_ratio import UnitRatio

if TYPE_CHECKING:
    from typing import Self

    from whence.earth.crs import Crs
    from whence.maps.heights.alignment import Strip
    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats, Floats32, Ints, PathLike

__all__ = ["ASPECTS", "QUANTILES", "SLOPES_DEG", "Comparison", "Difference", "compare_models", "slope_deg"]

SLOPES_DEG = (0.0, 5.0, 10.0, 20.0, 30.0, 90.0)
"""Limits of the classes of slope."""

ASPECTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Where the ground falls to, in eighths of the compass."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHARES = (0.683, 0.95)

_ROWS = 512
_FACING_DEG = 3.0  # flatter ground faces nowhere

Class = tuple[int, float, float]
"""Cells, bias and root mean square error, metres."""


@dataclass(frozen=True)
class Difference:
    """Statistics of a model minus a reference, metres.

    Parameters
    ----------
    cells
        Cells in which both have a height.
    bias_m, rmse_m, max_m
        Mean, root mean square, and greatest absolute value.
    nmad_m
        1.4826 · median |difference − median|, the standard deviation of what is normal in it (Höhle & Höhle
        2009, eq. 5).
    quantiles_m
        Share of `QUANTILES` -> difference.
    within_m
        0.683 and 0.95 -> what so large a share of the differences does not exceed, either way (Höhle & Höhle
        2009, 3.3).
    by_slope
        Limits of slope of the reference in degrees -> (cells, bias, rmse); classes without cells are absent.
    by_aspect
        One of `ASPECTS`, of ground steeper than 3° -> the same.
    shift_m
        East and north: the shift of the whole model that would explain the most of the differences, to first
        order (they follow the slope as its aspect does; Nuth & Kääb 2011); None on a plane.
    volume_m3
        Sum of the differences times the area of a cell.
    """

    cells: int
    bias_m: float
    rmse_m: float
    max_m: float
    nmad_m: float
    by_slope: dict[tuple[float, float], Class]
    volume_m3: float
    quantiles_m: dict[float, float] = field(default_factory=dict)
    within_m: dict[float, float] = field(default_factory=dict)
    by_aspect: dict[str, Class] = field(default_factory=dict)
    shift_m: tuple[float, float] | None = None

    @classmethod
    def of(cls, heights_m: Floats, reference_m: Floats, *, cell_m: float) -> Self:
        """Compare (rows, columns) heights with those of a reference on the same grid; NaN is none.

        Raises
        ------
        InputError
            When the shapes differ or no cell has both.
        """
        if heights_m.shape != reference_m.shape:
            raise InputError(f"{heights_m.shape} and {reference_m.shape} are two grids; bring them to one")
        sums = _Sums()
        sides_m = np.full((len(heights_m), 2), cell_m)
        off = heights_m - reference_m
        sums.add(off, padded(reference_m), sides_m)
        return cls._of(off, sums)

    @classmethod
    def _of(cls, off_m: Floats | Floats32, sums: _Sums) -> Self:
        values = off_m[np.isfinite(off_m)]
        if not values.size:
            raise InputError("there is no cell in which both models have a height; check where they lie")
        quantiles = dict(zip(QUANTILES, np.quantile(values, QUANTILES).tolist(), strict=True))
        size = np.abs(values)
        return cls(
            cells=values.size,
            bias_m=float(values.mean(dtype=np.float64)),
            rmse_m=float(np.sqrt(np.mean(np.square(values), dtype=np.float64))),
            max_m=float(size.max()),
            nmad_m=float(1.4826 * np.median(np.abs(values - quantiles[0.5]))),
            by_slope=_classes(tuple(pairwise(SLOPES_DEG)), sums.slopes),
            volume_m3=sums.volume_m3,
            quantiles_m=quantiles,
            within_m=dict(zip(_SHARES, np.quantile(size, _SHARES).tolist(), strict=True)),
            by_aspect=_classes(ASPECTS, sums.aspects),
            shift_m=sums.shift_m(),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "cells": self.cells,
            "bias_m": self.bias_m,
            "rmse_m": self.rmse_m,
            "max_m": self.max_m,
            "nmad_m": self.nmad_m,
            "quantiles_m": {f"{share:g}": value for share, value in self.quantiles_m.items()},
            "within_m": {f"{share:g}": value for share, value in self.within_m.items()},
            "shift_m": self.shift_m,
            "volume_m3": self.volume_m3,
            "by_slope": [
                {"from_deg": low, "to_deg": high, "cells": count, "bias_m": bias, "rmse_m": rmse}
                for (low, high), (count, bias, rmse) in self.by_slope.items()
            ],
            "by_aspect": [
                {"facing": name, "cells": count, "bias_m": bias, "rmse_m": rmse}
                for name, (count, bias, rmse) in self.by_aspect.items()
            ],
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """A model held against a reference.

    Attributes
    ----------
    pair
        The files, the grid, and what was done to bring both to it.
    difference
        The statistics.
    off_m
        (rows, columns) float32, model minus reference; NaN where one has no height.
    sides_m
        (rows, 2) metres on the ground of a cell, eastward and northward.
    sigma_m
        Root mean square of the model's standard errors where it was compared; None if it has none.
    """

    pair: Pair
    difference: Difference
    off_m: Floats32
    sides_m: Floats
    sigma_m: float | None

    @property
    def lattice(self) -> Lattice:
        """The grid of the model."""
        return self.pair.lattice

    @property
    def crs(self) -> Crs | None:
        """Its horizontal system."""
        return self.pair.crs

    @property
    def facts(self) -> tuple[str, ...]:
        """What was done, and what could not be checked."""
        return self.pair.facts

    def write(self, path: PathLike, *, form: str = "cog") -> None:
        """Write the differences as a GeoTIFF, metres; see `model_file.FORMATS`."""
        from whence.imagery.raster import Window
        from whence.maps.heights.model_file import ModelFile, write_bands

        columns, rows = self.lattice.columns, self.lattice.rows
        windows = (Window(0, row, columns, min(_ROWS, rows - row)) for row in range(0, rows, _ROWS))
        parts = ((window, [self.off_m[window.slices].astype(np.float64)]) for window in windows)
        file = ModelFile(self.crs, format=form)
        write_bands(path, parts, self.lattice, names=("difference_m",), file=file)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {**self.difference.to_json(), "sigma_m": self.sigma_m, "facts": list(self.facts)}


def compare_models(model: PathLike, reference: PathLike) -> Comparison:
    """Compare two height models.

    Parameters
    ----------
    model
        A GeoTIFF with square cells, north up. A second band called ``standard_error_m`` is read as such.
    reference
        Any georeferenced raster of heights; resampled to the grid of the model where it has another.

    Raises
    ------
    NotFoundError
        When a file is not there.
    InputError
        When they have no cell in common, are in two vertical systems, or hold marks of no data that are not
        declared.

    Examples
    --------
    >>> compare_models("dem.tif", "modern.tif").difference.nmad_m          # doctest: +SKIP
    """
    pair = Pair.of(model, reference)
    off_m = np.empty(pair.lattice.shape, dtype=np.float32)
    sums, sigma, ratio = _Sums(), _MeanSquare(), UnitRatio()
    sides_m = np.empty((pair.lattice.rows, 2))
    for strip in pair.strips():
        rows, _ = strip.window.slices
        off = _off(strip)
        off_m[rows], sides_m[rows] = off, strip.sides_m
        assert strip.reference_m is not None
        sums.add(off, strip.reference_m, strip.sides_m)
        sigma.add(strip.sigma_m, off)
        ratio.add(strip.heights_m[1:-1, 1:-1], strip.reference_m[1:-1, 1:-1])
    try:
        found = Difference._of(off_m, sums)
    except InputError as error:
        raise InputError(
            f"{model} and {reference} have no cell with a height in common; check their places and "
            "coordinate systems"
        ) from error
    feet = ratio.sentence((pair.model.name, pair.reference.name))
    if feet is not None:
        pair = replace(pair, facts=(*pair.facts, feet))
    return Comparison(pair, found, off_m, sides_m, sigma.root)


def _off(strip: Strip) -> Floats:
    assert strip.reference_m is not None
    return (strip.heights_m - strip.reference_m)[1:-1, 1:-1]


def slope_deg(heights_m: Floats, cell_m: float) -> Floats:
    """Give the (rows, columns) slope in degrees, by central differences."""
    rise = _rise(padded(heights_m), np.full((len(heights_m), 2), cell_m))
    return np.asarray(np.degrees(np.arctan(np.hypot(*rise))))


def _rise(heights_m: Floats, sides_m: Floats) -> tuple[Floats, Floats]:
    """How much heights with a rim rise per metre, eastward and northward, by central differences."""
    east = (heights_m[1:-1, 2:] - heights_m[1:-1, :-2]) / (2 * sides_m[:, :1])
    north = (heights_m[:-2, 1:-1] - heights_m[2:, 1:-1]) / (2 * sides_m[:, 1:])
    return east, north


@dataclass(eq=False)
class _Sums:
    """Sums that are gathered strip by strip: cells, differences and squares of each class."""

    slopes: Floats = field(default_factory=lambda: np.zeros((len(SLOPES_DEG) - 1, 3)))
    aspects: Floats = field(default_factory=lambda: np.zeros((len(ASPECTS), 3)))
    volume_m3: float = 0.0
    normal: Floats = field(default_factory=lambda: np.zeros((3, 4)))

    def add(self, off_m: Floats, reference_m: Floats, sides_m: Floats) -> None:
        """Add the (rows, columns) differences of a strip, whose reference has a rim."""
        areas = np.broadcast_to(sides_m.prod(axis=1)[:, None], off_m.shape)
        self.volume_m3 += float(np.nansum(off_m * areas))
        east, north = _rise(reference_m, sides_m)
        known = np.isfinite(off_m) & np.isfinite(east) & np.isfinite(north)
        off, east, north = off_m[known], east[known], north[known]
        slope = np.degrees(np.arctan(np.hypot(east, north)))
        _gather(self.slopes, np.searchsorted(SLOPES_DEG, slope, side="right") - 1, off)
        facing = np.degrees(np.arctan2(-east, -north))
        steep = slope >= _FACING_DEG
        step = 360 / len(ASPECTS)
        _gather(self.aspects, (np.round(facing[steep] / step) % len(ASPECTS)).astype(np.int64), off[steep])
        columns = np.stack([np.ones_like(off), -east, -north, off])
        self.normal += columns[:3] @ columns.T

    def shift_m(self) -> tuple[float, float] | None:
        """Solve for the shift east and north; None where slopes do not differ enough to tell it."""
        count = self.normal[0, 0]
        if count < 10:
            return None
        mean = self.normal[0] / count
        spread = self.normal[1:] - count * np.outer(mean[1:3], mean)
        if np.linalg.cond(spread[:, 1:3]) > 1e6 or np.trace(spread[:, 1:3]) < 1e-9 * count:
            return None
        east, north = np.linalg.solve(spread[:, 1:3], spread[:, 3])
        return float(east), float(north)


def _gather(sums: Floats, classes: Ints, off_m: Floats) -> None:
    for k, power in enumerate((np.ones_like(off_m), off_m, off_m**2)):
        sums[:, k] += np.bincount(classes, weights=power, minlength=len(sums))[: len(sums)]


def _classes(names: Any, sums: Floats) -> dict[Any, Class]:
    return {
        name: (int(count), float(total / count), float(np.sqrt(squares / count)))
        for name, (count, total, squares) in zip(names, sums, strict=True)
        if count
    }


@dataclass
class _MeanSquare:
    """The mean square of standard errors, strip by strip."""

    count: int = 0
    total: float = 0.0

    def add(self, sigma_m: Floats | None, off_m: Floats) -> None:
        if sigma_m is None:
            return
        known = np.isfinite(off_m) & np.isfinite(sigma_m)
        self.count += int(known.sum())
        self.total += float(np.square(sigma_m[known]).sum())

    @property
    def root(self) -> float | None:
        return float(np.sqrt(self.total / self.count)) if self.count else None
