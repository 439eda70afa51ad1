"""Heights of a sheet brought to the modern system by the fit of its labels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotFoundError
from whence.maps.heights.terrain import Lake, Spots

if TYPE_CHECKING:
    from whence.maps.heights.terrain import Terrain
    from whence.typing import PathLike

__all__ = ["raised", "read_line_of_fit"]


def raised(terrain: Terrain, *, alpha: float, beta_m: float) -> Terrain:
    """Turn all heights z of a terrain into α z + β.

    Parameters
    ----------
    terrain
        Contours, spots and lakes, in the unit and above the zero of the sheet.
    alpha, beta_m
        Of the fit.

    Raises
    ------
    InputError
        When α is 0 or a number is not finite.

    Examples
    --------
    >>> from whence.maps.heights import Contours, Terrain
    >>> lines = Contours.of([[[0, 0], [9, 0]], [[0, 5], [9, 5]]], [10, 20])
    >>> raised(Terrain(lines), alpha=2.1336, beta_m=3.0).contours.heights_m.round(2).tolist()
    [24.34, 45.67]
    """
    if not (np.isfinite([alpha, beta_m]).all() and alpha != 0):
        raise InputError(f"α = {alpha} and β = {beta_m} make no heights; fit the labels again")
    spots = Spots(terrain.spots.positions, alpha * terrain.spots.heights_m + beta_m)
    lakes = tuple(Lake(lake.shore, alpha * lake.level_m + beta_m) for lake in terrain.lakes)
    contours = terrain.contours.relabel(alpha * terrain.contours.heights_m + beta_m)
    return replace(terrain, contours=contours, spots=spots, lakes=lakes)


def read_line_of_fit(path: PathLike) -> tuple[float, float]:
    """Read α and β out of the JSON that ``whence map heights fit --out`` writes.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no such file, or its fit has a tilt, which is no line.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}; whence map heights fit --out makes it")
    try:
        content = json.loads(file.read_text("utf-8"))
        alpha, beta_m, tilt = float(content["alpha"]), float(content["beta_m"]), content["tilt_m_per_km"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is no fit of heights; take the JSON of whence map heights fit --out"
        ) from error
    if tilt is not None:
        raise InputError(f"{file} applies a tilt, which contours do not follow; fit without --tilt")
    return alpha, beta_m
