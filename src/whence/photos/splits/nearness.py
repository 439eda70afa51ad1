"""Nearest distances between many positions, by a k-d tree of unit vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.photos.splits.split import TEST, TRAIN, UNUSED, VALIDATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats

__all__ = ["apart", "nearest_m"]


def nearest_m(lonlat: Floats, targets: Floats, *, within_m: float = np.inf) -> Floats:
    """Great-circle distance from each position to the nearest target.

    Parameters
    ----------
    lonlat
        (n, 2) longitude, latitude, degrees.
    targets
        (m, 2) longitude, latitude, degrees.
    within_m
        Look no further than this.

    Returns
    -------
    Floats
        (n,) metres on the sphere; infinite where there is no target within `within_m`.
    """
    if not len(targets) or not len(lonlat):
        return np.full(len(lonlat), np.inf)
    chords, _ = _tree(targets).query(
        to_unit_vectors(lonlat), distance_upper_bound=_chord(within_m), workers=-1
    )
    angles = 2.0 * np.arcsin(np.minimum(chords / 2.0, 1.0))
    return np.where(np.isfinite(chords), EARTH_RADIUS_M * angles, np.inf)


def apart(sides: NDArray[np.int8], lonlat: Floats, margin_m: float) -> NDArray[np.int8]:
    """Leave out photographs of the other sides that are too near to a held-out one.

    A training photograph within the margin of one of validation or test becomes unused, and so does one of
    validation within the margin of one of test: what judges has no neighbour among what teaches or chooses.

    Parameters
    ----------
    sides
        (n,) side of each photograph.
    lonlat
        (n, 2) longitude, latitude, degrees.
    margin_m
        Least distance between the sides, metres.
    """
    kept = sides.copy()
    if margin_m <= 0:
        return kept
    for held_out, others in ((TEST, (TRAIN, VALIDATION)), (VALIDATION, (TRAIN,))):
        rows = np.flatnonzero(np.isin(kept, others))
        near = nearest_m(lonlat[rows], lonlat[kept == held_out], within_m=margin_m) < margin_m
        kept[rows[near]] = UNUSED
    return kept


def _tree(lonlat: Floats) -> Any:
    from scipy.spatial import cKDTree

    # Photographs of one place coincide; splits at the middle of a box stay quick where medians do not.
    return cKDTree(to_unit_vectors(lonlat), balanced_tree=False, compact_nodes=True)


def _chord(distance_m: float) -> float:
    """Straight line through a sphere of radius one, a hair too long rather than too short."""
    if distance_m >= np.pi * EARTH_RADIUS_M:
        return np.inf
    return float(2.0 * np.sin(distance_m / EARTH_RADIUS_M / 2.0)) * (1.0 + 1e-9)
