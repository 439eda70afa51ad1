"""How far two height models differ: bias, spread, and where the ground is steep."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Floats

__all__ = ["SLOPES_DEG", "Difference", "slope_deg"]

SLOPES_DEG = (0.0, 5.0, 10.0, 20.0, 30.0, 90.0)
"""Limits of the classes of slope."""


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
    by_slope
        Limits of slope of the reference in degrees -> (cells, bias, rmse); classes without cells are absent.
    volume_m3
        Sum of the differences times the area of a cell.
    """

    cells: int
    bias_m: float
    rmse_m: float
    max_m: float
    nmad_m: float
    by_slope: dict[tuple[float, float], tuple[int, float, float]]
    volume_m3: float

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
        off = heights_m - reference_m
        known = np.isfinite(off)
        if not known.any():
            raise InputError("there is no cell in which both models have a height; check where they lie")
        slope = slope_deg(reference_m, cell_m)
        by_slope = {}
        for low, high in pairwise(SLOPES_DEG):
            within = off[known & (slope >= low) & (slope < high)]
            if within.size:
                by_slope[low, high] = (within.size, float(within.mean()), float(np.sqrt((within**2).mean())))
        values = off[known]
        return cls(
            cells=values.size,
            bias_m=float(values.mean()),
            rmse_m=float(np.sqrt((values**2).mean())),
            max_m=float(np.abs(values).max()),
            nmad_m=float(1.4826 * np.median(np.abs(values - np.median(values)))),
            by_slope=by_slope,
            volume_m3=float(values.sum() * cell_m**2),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "cells": self.cells,
            "bias_m": self.bias_m,
            "rmse_m": self.rmse_m,
            "max_m": self.max_m,
            "nmad_m": self.nmad_m,
            "volume_m3": self.volume_m3,
            "by_slope": [
                {"from_deg": low, "to_deg": high, "cells": count, "bias_m": bias, "rmse_m": rmse}
                for (low, high), (count, bias, rmse) in self.by_slope.items()
            ],
        }


def slope_deg(heights_m: Floats, cell_m: float) -> Floats:
    """Give the (rows, columns) slope in degrees, by central differences."""
    down, along = np.gradient(heights_m, cell_m)
    return np.asarray(np.degrees(np.arctan(np.hypot(down, along))))
