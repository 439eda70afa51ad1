"""The questions asked and how the answers are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cambridge.city import DUPLICATE_M, FOLDS, VIEWS, City
from whence.earth.ellipsoid import geodesic_distance_m
from whence.learn.encoders.classic.local import count_inliers
from whence.learn.encoders.classic.whitening import LearnedWhitening
from whence.learn.encoders.normalisation import unit_rows
from whence.photos.index.consensus import (
    consensus_of,
    inlier_feature,
    kde_mode,
    neighbour_weights,
    weighted_geometric_median,
)
from whence.photos.index.logistic import Logistic
from whence.photos.index.neighbours import Neighbours
from whence.photos.index.search import exact_top
from whence.photos.index.vectors import UnitVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whence.photos.index.local_store import LocalStore
    from whence.typing import Bools, Floats, Floats32, Ints

NEIGHBOURS = 20
RERANKED = 20
RIGHT_M = 25.0


@dataclass(frozen=True, eq=False)
class Answers:
    """Twenty neighbours of every query, and where each query really was ((q, 2) longitude, latitude)."""

    neighbours: Sequence[Neighbours]
    truth: Floats

    @staticmethod
    def joined(parts: Sequence[Answers]) -> Answers:
        """Answers of several folds as one."""
        return Answers(
            [n for part in parts for n in part.neighbours], np.concatenate([p.truth for p in parts])
        )

    def neighbour_errors_m(self) -> Floats:
        """(q, 20) distance of every neighbour from the truth."""
        lonlat = np.stack([n.lonlat for n in self.neighbours])
        return geodesic_distance_m(lonlat, self.truth[:, None])

    def errors_m(self, points: Sequence[Floats]) -> Floats:
        """Distances (q,) of one point per query from the truth."""
        return geodesic_distance_m(np.stack(list(points)), self.truth)

    def recall(self) -> dict[str, float]:
        """Share (%) of queries with a neighbour within 25 m among the first 1, 5, 10."""
        right = self.neighbour_errors_m() < RIGHT_M
        return {f"R@{k}": _percent(right[:, :k].any(axis=1)) for k in (1, 5, 10)}

    def modes_m(self) -> Floats:
        """Errors (q,) of the densest point of the neighbours."""
        return self.errors_m(
            [kde_mode(n.lonlat, weights=neighbour_weights(n.score)) for n in self.neighbours]
        )

    def medians_m(self) -> Floats:
        """Errors (q,) of the weighted geometric median of the neighbours."""
        return self.errors_m(
            [weighted_geometric_median(n.lonlat, similarity=n.score) for n in self.neighbours]
        )

    def evidence(self) -> Floats:
        """(q, 4) what certainty is read from: likeness, margin, mass and inliers of the consensus."""
        found = [consensus_of(n, bandwidth_m=15.0, near_m=RIGHT_M) for n in self.neighbours]
        return np.array([[*consensus.features, inlier_feature(consensus)] for consensus in found])

    def nearest_right(self) -> Bools:
        """(q,) whether the most similar photo is within 25 m of the truth."""
        return self.neighbour_errors_m()[:, 0] < RIGHT_M

    def modes_right(self) -> Bools:
        """(q,) whether the densest point of the neighbours is."""
        return self.modes_m() < RIGHT_M


def ask(
    city: City,
    vectors: Floats32,
    fold: int,
    *,
    views: int = 1,
    left_out_m: float | None,
    rows: Ints | None = None,
    queries: Floats32 | None = None,
) -> Answers:
    """Ask where the views of a fold were taken.

    Parameters
    ----------
    vectors
        (4096, d) of all views.
    views
        1: view by view; 4: the four views of a location together, their vectors summed.
    left_out_m
        Locations within this distance may not answer; None: only those known to the fold may.
    rows, queries
        Views asked about and their vectors, instead of all views of the fold as they are stored.
    """
    located = np.repeat(np.arange(len(city.lonlat)), VIEWS // views)
    stored = vectors if views == 1 else unit_rows(vectors.reshape(len(city.lonlat), VIEWS, -1).sum(axis=1))
    asked = np.flatnonzero(city.fold[located] == fold) if rows is None else rows
    known = city.known(fold)[located] if left_out_m is None else None
    near = (
        [np.flatnonzero(city.distances_m[i, located] < left_out_m) for i in located[asked]]
        if left_out_m
        else None
    )
    database = UnitVectors.encode(stored, dtype="int8")
    found, similarity = exact_top(
        database, stored[asked] if queries is None else queries, NEIGHBOURS, excluded=near, candidates=known
    )
    answers = [
        Neighbours(row, city.lonlat[located[row]], score, tuple(map(str, row)))
        for row, score in zip(found, similarity, strict=True)
    ]
    return Answers(answers, city.lonlat[located[asked]])


def fine(city: City, vectors: Sequence[Floats32]) -> dict[str, float]:
    """Protocol (a): all other locations may answer; nothing is learnt from the query's blocks."""
    parts = _each_fold(city, vectors, views=1, left_out_m=DUPLICATE_M)
    one = Answers.joined(parts)
    four = _over_folds(city, vectors, views=4, left_out_m=DUPLICATE_M)
    sparse = {views: _over_folds(city, vectors, views=views, left_out_m=10.0) for views in (1, 4)}
    return one.recall() | {
        "median 1-NN, m": _median(one.neighbour_errors_m()[:, 0]),
        "median mode, m": _median(one.modes_m()),
        "surest half R@1": surest_half(parts, Answers.nearest_right),
        "surest half, mode within 25 m": surest_half(parts, Answers.modes_right),
        "four views R@1": four.recall()["R@1"],
        "four views median mode, m": _median(four.modes_m()),
        "places < 10 m out R@1": sparse[1].recall()["R@1"],
        "places < 10 m out, four views R@1": sparse[4].recall()["R@1"],
    }


def surest_half(parts: Sequence[Answers], right_of: Callable[[Answers], Bools]) -> float:
    """Share (%) that is right among the half of the answers that are surest of themselves.

    Surest by the probability that the product's regression gives, fitted for each fold on the other folds.
    """
    evidence = [part.evidence() for part in parts]
    right = [right_of(part) for part in parts]
    sure = []
    for fold in range(len(parts)):
        others = [k for k in range(len(parts)) if k != fold]
        model = Logistic.fit(
            np.concatenate([evidence[k] for k in others]), np.concatenate([right[k] for k in others])
        )
        sure.append(model.probability(evidence[fold]))
    order = np.argsort(np.concatenate(sure))
    return _percent(np.concatenate(right)[order[len(order) // 2 :]])


def coarse(city: City, vectors: Sequence[Floats32]) -> dict[str, float]:
    """Protocol (b): no photo of the query's block, nor within 25 m of it, may answer."""
    scores: dict[str, float] = {}
    for views, name in ((1, "one view"), (4, "four views")):
        answers = _over_folds(city, vectors, views=views, left_out_m=None)
        medians = answers.medians_m()
        scores[f"{name} 1-NN, m"] = _median(answers.neighbour_errors_m()[:, 0])
        scores[f"{name} median of 20, m"] = _median(medians)
        scores |= {f"{name} < {near} m": _percent(medians < near) for near in (50, 100, 200)}
    return scores


def learned(city: City, vectors: Sequence[Floats32]) -> list[Floats32]:
    """For each fold the vectors under a whitening learnt from the positions known to it."""
    turned = []
    for fold, all_vectors in enumerate(vectors):
        known = np.repeat(city.known(fold), VIEWS)
        positions = np.repeat(city.lonlat, VIEWS, axis=0)[known]
        turned.append(LearnedWhitening.fit(all_vectors[known], positions).apply(all_vectors))
    return turned


def under_cast(
    city: City, vectors: Sequence[Floats32], cast: Sequence[Floats32], rows: Ints
) -> dict[str, float]:
    """R@1 (%) of the same queries with their own colours and with others."""
    fold = city.fold[rows // VIEWS]
    scores = {}
    for name, changed in (("clean", False), ("cast", True)):
        parts = [
            ask(
                city,
                vectors[k],
                k,
                left_out_m=DUPLICATE_M,
                rows=rows[fold == k],
                queries=cast[k][fold == k] if changed else None,
            )
            for k in range(FOLDS)
        ]
        scores[f"{name} R@1"] = Answers.joined(parts).recall()["R@1"]
    return scores | {"points lost": scores["clean R@1"] - scores["cast R@1"]}


def checked_by_geometry(
    city: City, vectors: Sequence[Floats32], keypoints: LocalStore, *, sample: int | None
) -> dict[str, float]:
    """Protocol (a), one view, before and after the geometric check of the first neighbours."""
    scores: dict[str, float] = {}
    for left_out_m, name in ((DUPLICATE_M, ""), (10.0, ", places < 10 m out")):
        parts = _both_ways(city, vectors, keypoints, left_out_m=left_out_m, sample=sample)
        plain, checked = (Answers.joined(way) for way in parts)
        scores[f"R@1 without{name}"] = plain.recall()["R@1"]
        scores[f"R@1 with{name}"] = checked.recall()["R@1"]
        scores[f"median mode with{name}, m"] = _median(checked.modes_m())
        scores[f"surest half R@1 with{name}"] = surest_half(parts[1], Answers.nearest_right)
    return scores


def bounds(city: City) -> dict[str, dict[str, float]]:
    """Protocol (b) for an answer that never changes, and for the best answer any neighbour could give."""
    scores = {}
    for name, errors_of in (("constant point", city.constant_m), ("oracle", city.oracle_m)):
        errors = np.concatenate([errors_of(fold) for fold in range(FOLDS)])
        shares = {f"< {near} m": _percent(errors < near) for near in (50, 100, 200)}
        scores[name] = {"median, m": _median(errors)} | shares
    return scores


def _over_folds(city: City, vectors: Sequence[Floats32], *, views: int, left_out_m: float | None) -> Answers:
    return Answers.joined(_each_fold(city, vectors, views=views, left_out_m=left_out_m))


def _each_fold(
    city: City, vectors: Sequence[Floats32], *, views: int, left_out_m: float | None
) -> list[Answers]:
    return [ask(city, vectors[fold], fold, views=views, left_out_m=left_out_m) for fold in range(FOLDS)]


def _both_ways(
    city: City, vectors: Sequence[Floats32], keypoints: LocalStore, *, left_out_m: float, sample: int | None
) -> tuple[list[Answers], list[Answers]]:
    """Answers of each fold without and with the geometric check."""
    total = VIEWS * len(city.lonlat)
    chosen = np.sort(np.random.default_rng(3).permutation(total)[:sample])
    fold = city.fold[chosen // VIEWS]
    plain, checked = [], []
    for k in range(FOLDS):
        rows = chosen[fold == k]
        answers = ask(city, vectors[k], k, left_out_m=left_out_m, rows=rows)
        found = [_check(n, int(row), keypoints) for n, row in zip(answers.neighbours, rows, strict=True)]
        plain.append(answers)
        checked.append(Answers(found, answers.truth))
    return plain, checked


def _check(neighbours: Neighbours, query: int, keypoints: LocalStore) -> Neighbours:
    inliers = np.full(len(neighbours), -1, np.int64)
    for i, row in enumerate(neighbours.rows[:RERANKED].tolist()):
        inliers[i] = count_inliers(keypoints[query], keypoints[row])
    return neighbours.with_inliers(inliers)


def _percent(hits: Bools) -> float:
    return round(100 * float(np.mean(hits)), 1)


def _median(errors_m: Floats) -> float:
    return round(float(np.median(errors_m)), 1)
