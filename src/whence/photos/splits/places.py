"""Splits by place: the grid of the thesis, held-out cells, blocks of a city, a least distance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.partitions import DegreeGrid, H3Partition
from whence.earth.sphere import distance_m, mean_point
from whence.earth.tangent import TangentPlane
from whence.errors import InputError
from whence.photos.splits.located import Dealing, located
from whence.photos.splits.nearness import apart
from whence.photos.splits.shares import check_shares, ranks_within, stratified_quota
from whence.photos.splits.split import TRAIN, VALIDATION, Sides, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.imagery.catalogue import Catalogue
    from whence.typing import Ints

__all__ = ["blocks", "cells", "distance", "grid", "stratified"]

_WIDEST_CITY_M = 300_000.0
_CELLS_ACROSS = 5.0  # sides of held-out cells, in least distances: the strip that is lost stays narrow


def grid(metadata: Catalogue, *, seed: int = 0, step_deg: float = 0.25, validation: float = 0.18) -> Split:
    """Split each cell of a grid in degrees in the same proportion; a lonely photograph goes to validation.

    The split of the thesis, which on OpenStreetView-5M has 4,011,646 photographs for training and 883,038
    for validation in 37,824 cells. Neighbouring photographs are on both sides: look at the leak.

    Parameters
    ----------
    metadata
        What is known of the photographs.
    seed
        Of the choice within the cells.
    step_deg
        Side of a cell, degrees.
    validation
        Share of the photographs of cells with two or more.
    """
    check_shares(validation, 0.0)
    settings = {"step_deg": step_deg, "validation": validation}
    here = located(metadata)
    cell = DegreeGrid.fit(here.lonlat, step_deg=step_deg).assign(here.lonlat)
    sides = stratified(cell, np.random.default_rng(seed), validation=validation)
    return here.split(sides, name="grid", seed=seed, settings=settings)


def stratified(cell: Ints, rng: np.random.Generator, *, validation: float) -> NDArray[np.int8]:
    """Divide photographs (n,) of numbered cells as the thesis does: sides (n,).

    With N′ photographs in cells that have two or more, ⌈validation · N′⌉ of them go to validation: as many
    of each cell as its share of the training side leaves, the largest remainders first. Those of the other
    cells join them.
    """
    counts = np.bincount(cell)
    shared = counts >= 2
    several = int(counts[shared].sum())
    train = np.zeros(len(counts), np.int64)
    # rounding first: 0.18 · 100 is 18.000000000000004 for some shares
    held_out = math.ceil(round(validation * several, 6))
    train[shared] = stratified_quota(counts[shared], several - held_out, rng)
    return np.where(ranks_within(cell, rng) < train[cell], TRAIN, VALIDATION).astype(Sides)


def cells(
    metadata: Catalogue,
    *,
    seed: int = 0,
    resolution: int = 5,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
    margin_m: float = 0.0,
) -> Split:
    """Hold out whole H3 cells.

    Parameters
    ----------
    metadata
        What is known of the photographs.
    seed
        Of the choice of cells.
    resolution
        0 to 15; a cell's side is 10 km at 5, 1.4 km at 7, 530 m at 8.
    validation, test
        Shares of the photographs.
    folds, fold
        Instead of shares: cells are dealt to so many folds; this one is test, the next one validation.
    margin_m
        Photographs nearer than this to a held-out one are left out of training.
    """
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    settings = {"resolution": resolution, **dealing.settings(), "margin_m": margin_m}
    here = located(metadata)
    cell = H3Partition.fit(here.lonlat, resolution=resolution).assign(here.lonlat)
    sides = apart(dealing.sides(cell, np.random.default_rng(seed)), here.lonlat, margin_m)
    return here.split(sides, name="cells", seed=seed, settings=settings)


def blocks(
    metadata: Catalogue,
    *,
    seed: int = 0,
    block_m: float = 100.0,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
    margin_m: float = 25.0,
) -> Split:
    """Hold out whole squares of a city.

    Parameters
    ----------
    metadata
        What is known of the photographs, of one city or region.
    seed
        Of the choice of squares.
    block_m
        Side of a square, metres east and north.
    validation, test, folds, fold, margin_m
        As for `cells`.

    Raises
    ------
    InputError
        When the photographs lie further apart than one city's plane allows.
    """
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    settings = {"block_m": block_m, **dealing.settings(), "margin_m": margin_m}
    here = located(metadata)
    square = _squares(here.lonlat, block_m)
    sides = apart(dealing.sides(square, np.random.default_rng(seed)), here.lonlat, margin_m)
    return here.split(sides, name="blocks", seed=seed, settings=settings)


def distance(
    metadata: Catalogue,
    *,
    seed: int = 0,
    minimum_m: float = 1000.0,
    resolution: int | None = None,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
) -> Split:
    """Keep every held-out photograph at least so far from every training photograph.

    Whole H3 cells are held out, and what lies nearer than the least distance to a held-out photograph is
    left out of training; OpenStreetView-5M keeps 1 km between its test set and its training set.

    Parameters
    ----------
    metadata
        What is known of the photographs.
    seed
        Of the choice of cells.
    minimum_m
        Least distance, metres.
    resolution
        Of the cells; by default the finest whose sides are five least distances long.
    validation, test, folds, fold
        As for `cells`.
    """
    if minimum_m <= 0:
        raise InputError(f"a least distance of {minimum_m:g} m keeps nothing apart; give metres above 0")
    if resolution is None:
        resolution = _resolution(_CELLS_ACROSS * minimum_m)
    shares: dict[str, Any] = {"validation": validation, "test": test, "folds": folds, "fold": fold}
    made = cells(metadata, seed=seed, resolution=resolution, margin_m=minimum_m, **shares)
    settings = dict(made.settings) | {"minimum_m": minimum_m}
    del settings["margin_m"]
    return Split("distance", seed, settings, made.sides, made.ids)


def _squares(lonlat: NDArray[np.float64], block_m: float) -> Ints:
    """Find the square of each position (n, 2): numbers (n,), column by column."""
    if block_m <= 0:
        raise InputError(f"squares of {block_m:g} m cannot be; give the side in metres, such as 100")
    middle = mean_point(lonlat)
    reach_m = float(distance_m(middle, lonlat).max())
    if reach_m > _WIDEST_CITY_M:
        raise InputError(
            f"the photographs reach {reach_m / 1000:.0f} km from their middle, too far for squares on one "
            "plane; split by cells, distance or grid"
        )
    east_north_m = TangentPlane(middle).to_enu(lonlat)
    column, row = np.floor((east_north_m - east_north_m.min(axis=0)) / block_m).astype(np.int64).T
    return np.unique(column * (row.max() + 1) + row, return_inverse=True)[1].astype(np.int64)


def _resolution(side_m: float) -> int:
    """Finest resolution of H3 whose cells have on average at least this side, metres."""
    import h3.api.numpy_int as h3

    wide = [r for r in range(16) if h3.average_hexagon_edge_length(r, unit="m") >= side_m]
    if not wide:
        raise InputError(f"no H3 cell has sides of {side_m / 1000:.0f} km; take a smaller least distance")
    return wide[-1]
