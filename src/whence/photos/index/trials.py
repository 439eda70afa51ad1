"""Queries whose truth is known: the photos of an index, each asked about without its own surroundings.

Two cases, because a map answers differently where it knows the place and where it does not:

*covered*
    Only the own place of the photo is left out (and, when the index has several sequences, its whole sequence
    nearby: photos of one drive resemble each other more than a later photo will). Photos that then have
    nothing within `near_m` left are not covered and are not asked.
*uncovered*
    Square blocks of the map are drawn into five folds; a photo is asked about without all blocks of its
    fold and without everything within `near_m` of their photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.photos.index.places import SAME_PLACE_M, scores_of_groups
from whence.photos.index.search import exact_top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.index.neighbours import Neighbours
    from whence.photos.index.place_index import PlaceIndex
    from whence.typing import Bools, Floats, Ints

__all__ = [
    "FOLDS",
    "NEIGHBOURS",
    "Trial",
    "block_folds",
    "covered_trials",
    "group_trials",
    "uncovered_trials",
]

FOLDS = 5
NEIGHBOURS = 20
_SEQUENCE_NEAR = 4.0
_GROUPS_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Trial:
    """One question with its answer.

    Attributes
    ----------
    neighbours
        What the search gave.
    truth
        (2,) longitude, latitude, degrees.
    fold
        Spatial fold of the photo: a fit never sees the folds it is measured on.
    covered
        Which of the two cases.
    row
        Of the photo in the index (the first one there, for a place).
    """

    neighbours: Neighbours
    truth: Floats
    fold: int
    covered: bool
    row: int


def block_folds(lonlat: Floats, *, block_m: float, rng: np.random.Generator) -> Ints:
    """Draw the square blocks of a map into five folds of about equal numbers of blocks.

    Parameters
    ----------
    lonlat
        (n, 2) longitude, latitude, degrees.
    block_m
        Side of a block, metres.
    rng
        Draws the folds.

    Returns
    -------
    Ints
        (n,) fold of each position, 0 to 4.
    """
    # Rows of blocks by latitude; columns by longitude at that row, so that blocks are square everywhere.
    rows = np.floor(np.radians(lonlat[:, 1]) * EARTH_RADIUS_M / block_m)
    parallel = np.cos(rows * block_m / EARTH_RADIUS_M)
    columns = np.floor(np.radians(lonlat[:, 0]) * EARTH_RADIUS_M * parallel / block_m)
    _, block = np.unique(np.column_stack([rows, columns]), axis=0, return_inverse=True)
    block = block.reshape(-1)
    folds = rng.permutation(np.arange(block.max() + 1) % FOLDS)
    return folds[block].astype(np.int64)


def covered_trials(index: PlaceIndex, rows: Ints, folds: Ints, *, near_m: float) -> list[Trial]:
    """Ask about photos (rows of the index) without their own place."""
    hidden = [_own_rows(index, int(row), near_m=near_m) for row in rows]
    keep = [i for i, row in enumerate(rows) if _is_covered(index, int(row), hidden[i], near_m=near_m)]
    queries = index.vectors.take(rows[keep])
    found, similarity = exact_top(index.vectors, queries, NEIGHBOURS, excluded=[hidden[i] for i in keep])
    return [
        _trial(index, int(rows[i]), folds, (found[j], similarity[j]), covered=True)
        for j, i in enumerate(keep)
    ]


def uncovered_trials(index: PlaceIndex, rows: Ints, folds: Ints, *, near_m: float) -> list[Trial]:
    """Ask about photos without the blocks of their fold and what is near them."""
    trials: list[Trial] = []
    for fold in range(FOLDS):
        asked = rows[folds[rows] == fold]
        candidates = _far_from_fold(index, folds == fold, near_m=near_m)
        if not len(asked) or not candidates.any():
            continue
        found, similarity = exact_top(
            index.vectors, index.vectors.take(asked), NEIGHBOURS, candidates=candidates
        )
        trials += [
            _trial(index, int(row), folds, answer, covered=False)
            for row, *answer in zip(asked, found, similarity, strict=True)
        ]
    return trials


def group_trials(
    index: PlaceIndex, places: Ints, folds: Ints, *, near_m: float, covered: bool
) -> list[Trial]:
    """Ask about places by all their photos together, without themselves or without their blocks."""
    sizes = np.bincount(index.places.of_row)
    trials: list[Trial] = []
    far = {
        fold: _places_of(index, ~_far_from_fold(index, folds == fold, near_m=near_m)) for fold in range(FOLDS)
    }
    for start in range(0, len(places), _GROUPS_AT_ONCE):
        chunk = places[start : start + _GROUPS_AT_ONCE]
        sums = np.stack([index.vectors.take(index.places.rows_at(int(p))).sum(axis=0) for p in chunk])
        scores = scores_of_groups(index.vectors, index.places, sums, norms=index.place_norms)
        for place, own in zip(chunk, scores, strict=True):
            row = int(index.places.first_rows[place])
            hidden = (
                index.places.of_row[_own_rows(index, row, near_m=near_m)] if covered else far[int(folds[row])]
            )
            own[hidden] = -np.inf
            neighbours = index.best_places(own, k=NEIGHBOURS, photos=int(sizes[place]))
            if len(neighbours):
                trials.append(Trial(neighbours, index.records.lonlat[row], int(folds[row]), covered, row))
    return trials


def _trial(
    index: PlaceIndex, row: int, folds: Ints, answer: Sequence[Floats | Ints], *, covered: bool
) -> Trial:
    rows, similarity = np.asarray(answer[0], np.int64), np.asarray(answer[1], np.float64)
    kept = rows >= 0
    neighbours = index.neighbours_at(rows[kept], similarity[kept])
    return Trial(neighbours, index.records.lonlat[row], int(folds[row]), covered, row)


def _own_rows(index: PlaceIndex, row: int, *, near_m: float) -> Ints:
    """Rows that a later photo of the place would not find: the place itself, and the drive it was made on."""
    own = index.rows_within(index.records.lonlat[row], SAME_PLACE_M)
    sequence = index.records.sequence_ids[row]
    if not sequence or not index.has_sequences:
        return own
    around = index.rows_within(index.records.lonlat[row], _SEQUENCE_NEAR * near_m)
    same = [r for r in around.tolist() if index.records.sequence_ids[r] == sequence]
    return np.union1d(own, np.array(same, np.int64))


def _is_covered(index: PlaceIndex, row: int, hidden: Ints, *, near_m: float) -> bool:
    around = index.rows_within(index.records.lonlat[row], near_m)
    return len(np.setdiff1d(around, hidden)) > 0


def _far_from_fold(index: PlaceIndex, inside: Bools, *, near_m: float) -> Bools:
    """(n,) photos outside the blocks of a fold, and not near any photo inside."""
    points = to_unit_vectors(index.records.lonlat)
    if not inside.any():
        return np.ones(len(points), np.bool_)
    chords, _ = cKDTree(points[inside]).query(points)
    far: Bools = ~inside & (chords * EARTH_RADIUS_M > near_m)
    return far


def _places_of(index: PlaceIndex, rows: Bools) -> Ints:
    """Places with any of the marked photos."""
    return np.unique(index.places.of_row[rows])
