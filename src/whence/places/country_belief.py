"""Where a photograph is when all that is known is its country: half where land is, half where people live."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from whence.earth.belief import Belief
from whence.earth.sphere import EARTH_RADIUS_M, distance_m, from_unit_vectors, to_unit_vectors
from whence.errors import InputError, NotFoundError
from whence.places.country_table import country
from whence.places.gazetteer import gazetteer
from whence.places.outlines import country_outline, outlined_countries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whence.typing import Floats, Ints

__all__ = ["belief", "belief_of_countries"]

_PATCHES = 450  # of each half, shared by all countries in question; products of beliefs keep 1000 at most
_STEPS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 150)  # patches of one country, so that the cache serves
_SMALLEST_SPREAD_M = 1500.0  # half the width of a small town
_LEAST_SHARE = 1e-4  # countries with less go to the background
_ISLET_CELLS = 0.05  # islands smaller than this share of a grid cell have no patch, unless all are


@dataclass(frozen=True, eq=False)
class _Patches:
    """Centres (n, 2), spreads (n,) in metres and weights (n,) that sum to 1."""

    centers: Floats
    spreads_m: Floats
    weights: Floats


def belief(code: str, *, background: float = 0.02) -> Belief:
    """Return the belief that a photograph was taken in a country.

    Half of it is spread evenly over the land, half over the inhabitants of the gazetteer's places.

    Parameters
    ----------
    code
        ISO 3166-1 alpha-2.
    background
        Probability that it is not so.

    Raises
    ------
    NotFoundError
        When there is no such country, or nothing is known of where it lies.

    Examples
    --------
    >>> belief("FR").mass_within((2.5, 46.5), 700_000.0) > 0.9
    True
    """
    return belief_of_countries({code: 1.0}, background=background)


def belief_of_countries(weights: Mapping[str, float], *, background: float = 0.02) -> Belief:
    """Return the belief that a photograph was taken in one of several countries.

    Parameters
    ----------
    weights
        Alpha-2 code -> weight in any scale. Countries of little weight are drawn with fewer patches; those
        below a ten thousandth of the whole go to the background.
    background
        Probability that it is none of them.

    Raises
    ------
    InputError
        When no weight is positive, or one is negative.
    NotFoundError
        When a code is no country's, or nothing is known of where it lies.
    """
    total = float(sum(weights.values()))
    if not (np.isfinite(total) and total > 0.0) or min(weights.values()) < 0.0:
        raise InputError("weights of countries must be finite, none negative and at least one positive")
    shares = {country(code).code: weight / total for code, weight in weights.items()}
    kept = {code: share for code, share in shares.items() if share >= _LEAST_SHARE}
    roots = sum(share**0.5 for share in kept.values())
    parts = [_patches(code, _detail(_PATCHES * share**0.5 / roots)) for code, share in kept.items()]
    return Belief.patches(
        np.concatenate([part.centers for part in parts]),
        np.concatenate([part.spreads_m for part in parts]),
        np.concatenate([part.weights * share for part, share in zip(parts, kept.values(), strict=True)]),
        background=background + (1.0 - background) * (1.0 - sum(kept.values())),
    )


def _detail(wished: float) -> int:
    """Return the largest usual number of patches that is not above the wished one."""
    return max((step for step in _STEPS if step <= wished), default=_STEPS[0])


@functools.lru_cache(maxsize=2048)
def _patches(code: str, count: int) -> _Patches:
    halves = [half for half in (_land(code, count), _people(code, count)) if half is not None]
    if not halves:
        raise NotFoundError(f"neither an outline nor a place of {country(code).name} ({code}) is known")
    return _Patches(
        np.concatenate([half.centers for half in halves]),
        np.concatenate([half.spreads_m for half in halves]),
        np.concatenate([half.weights for half in halves]) / len(halves),
    )


def _land(code: str, count: int) -> _Patches | None:
    """Cover the outline by patches on a square grid of equal areas, about `count` of them."""
    if code not in outlined_countries():
        return None
    parts = sorted(shapely.get_parts(country_outline(code)), key=lambda part: -_sinusoidal(part).area)
    areas = np.array([_sinusoidal(part).area for part in parts])
    step = max(float(np.sqrt(areas.sum() / count)), 2.0 * _SMALLEST_SPREAD_M)
    kept = max(int((areas > _ISLET_CELLS * step**2).sum()), min(len(parts), _STEPS[0]))
    grids = [_grid(part, step) for part in parts[:kept]]
    spreads = [
        np.full(len(grid), min(step, float(np.sqrt(area / len(grid)))) / 2.0)
        for grid, area in zip(grids, areas, strict=False)
    ]
    weights = [np.full(len(grid), area / len(grid)) for grid, area in zip(grids, areas, strict=False)]
    weight = np.concatenate(weights)
    return _Patches(
        np.concatenate(grids),
        np.maximum(np.concatenate(spreads), _SMALLEST_SPREAD_M),
        weight / weight.sum(),
    )


def _sinusoidal(part: Any, meridian_deg: float | None = None) -> Any:
    """Project to metres, equal areas: x = R cos φ (λ - λ0), y = R φ; λ0 the middle by default."""
    center = _meridian(part) if meridian_deg is None else meridian_deg
    radius = EARTH_RADIUS_M * np.pi / 180.0

    def project(lonlat: Floats) -> Floats:
        x = radius * np.cos(np.radians(lonlat[:, 1])) * (lonlat[:, 0] - center)
        return np.column_stack([x, radius * lonlat[:, 1]])

    return shapely.transform(part, project)


def _meridian(part: Any) -> float:
    west, _, east, _ = part.bounds
    return float((west + east) / 2.0)


def _grid(part: Any, step: float) -> Floats:
    """Return the grid points inside a polygon, longitude and latitude; its middle where there is none."""
    flat = _sinusoidal(part)
    west, south, east, north = flat.bounds
    x, y = np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step))
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points[shapely.contains_xy(flat, points[:, 0], points[:, 1])]
    if not len(points):
        points = shapely.get_coordinates(shapely.point_on_surface(flat))
    latitude = points[:, 1] / (EARTH_RADIUS_M * np.pi / 180.0)
    longitude = points[:, 0] / (EARTH_RADIUS_M * np.pi / 180.0 * np.cos(np.radians(latitude)))
    return np.column_stack([longitude + _meridian(part), latitude])


def _people(code: str, count: int) -> _Patches | None:
    """Gather the places of a country into at most `count` patches with their mean and spread."""
    places = gazetteer()
    rows = places.places_in(code)
    if not len(rows):
        return None
    lonlat, people = places.lonlat[rows], places.population[rows] + 300.0
    group = _groups(lonlat, count)
    weight = np.bincount(group, people)
    sums = np.column_stack([np.bincount(group, people * axis) for axis in to_unit_vectors(lonlat).T])
    centers = from_unit_vectors(sums / np.linalg.norm(sums, axis=1, keepdims=True))
    square = np.bincount(group, people * distance_m(lonlat, centers[group]) ** 2) / weight
    spread = np.sqrt(square / 2.0 + _SMALLEST_SPREAD_M**2)  # one-dimensional, as Belief counts it
    return _Patches(centers, spread, weight / weight.sum())


def _groups(lonlat: Floats, count: int) -> Ints:
    """Sort places into the cells of a square grid, the finest that has at most `count` cells with places."""
    finest_deg, coarsest_deg = 0.01, 180.0
    while coarsest_deg / finest_deg > 1.1:
        step_deg = float(np.sqrt(finest_deg * coarsest_deg))
        if _cells(lonlat, step_deg).max() + 1 > count:
            finest_deg = step_deg
        else:
            coarsest_deg = step_deg
    return _cells(lonlat, coarsest_deg)


def _cells(lonlat: Floats, step_deg: float) -> Ints:
    row = np.floor(lonlat[:, 1] / step_deg)
    narrowing = np.cos(np.radians(np.clip((row + 0.5) * step_deg, -89.0, 89.0)))
    column = np.floor(lonlat[:, 0] * narrowing / step_deg)
    _, cell = np.unique(np.column_stack([row, column]), axis=0, return_inverse=True)
    return np.asarray(cell.ravel(), np.int64)
