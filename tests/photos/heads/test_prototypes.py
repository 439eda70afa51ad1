"""Refinement within the best cells against a loop over photographs, cells and prototypes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import special

from whence.earth.sphere import distance_m, mean_point
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads.cells import CellHead
from whence.photos.heads.partitions import CellSettings
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.protocol import Task
from whence.photos.heads.prototypes import PrototypeHead, Prototypes, PrototypeTable


def small_head(*, cells: int = 7, refined: int = 3, per_cell: int = 9, seed: int = 0) -> PrototypeHead:
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 6, cells))])
    lonlat = np.column_stack([rng.uniform(-170, 170, starts[-1]), rng.uniform(-60, 60, starts[-1])])
    vectors = rng.normal(size=(starts[-1], 4)).astype(np.float16)
    table = PrototypeTable(starts, vectors, lonlat, np.full(starts[-1], 1e4))
    centers = np.array([mean_point(lonlat[a:b]) for a, b in pairwise(starts)])
    network = Perceptron((rng.normal(size=(cells, 4)),), (rng.normal(size=cells),))
    classifier = CellHead(network, centers, np.full(cells, 5e4), refined)
    return PrototypeHead(classifier, table, 0.7, 0.5, per_cell)


def test_weights_are_a_loop_over_cells_and_prototypes() -> None:
    """Oracle: P(c) softmax_K(−nearest/T) scaled to the mass of the K cells, times softmax(−distance/T)."""
    head = small_head()
    features = np.random.default_rng(1).normal(size=(11, 4)).astype(np.float32)
    found = head.mixtures(features)
    for row, feature in enumerate(features):
        logits = head.classifier.network(feature[None])[0]
        p = special.softmax(logits.astype(float))
        top = np.argsort(-p)[:3]
        vectors = [
            head.table.vectors[head.table.starts[c] : head.table.starts[c + 1]].astype(float) for c in top
        ]
        apart = [np.linalg.norm(own - feature, axis=1) for own in vectors]
        cell = np.array([p[c] * np.exp(-min(d) / 0.7) for c, d in zip(top, apart, strict=True)])
        cell *= p[top].sum() / cell.sum()
        expected = {}
        for c, mass, d in zip(top, cell, apart, strict=True):
            for number, share in enumerate(np.exp(-d / 0.7) / np.exp(-d / 0.7).sum()):
                lon, lat = head.table.lonlat[head.table.starts[c] + number]
                expected[round(lon, 6), round(lat, 6)] = mass * share
        counts = np.isfinite(found.log_weights[row, :-1])
        here = zip(found.lonlat[row, :-1][counts], np.exp(found.log_weights[row, :-1][counts]), strict=True)
        got = {(round(lon, 6), round(lat, 6)): weight for (lon, lat), weight in here}
        assert got == pytest.approx(expected, rel=1e-4)
        assert np.exp(found.log_weights[row, -1]) == pytest.approx(1 - p[top].sum(), rel=1e-6)


def test_fewer_prototypes_keep_the_weight_of_the_cell() -> None:
    features = np.random.default_rng(1).normal(size=(11, 4)).astype(np.float32)
    one = small_head(per_cell=1).mixtures(features)
    assert one.patches == 4
    np.testing.assert_allclose(np.exp(special.logsumexp(one.log_weights, axis=1)), 1.0)
    everything = small_head(refined=7).mixtures(features)
    np.testing.assert_allclose(np.exp(special.logsumexp(everything.log_weights, axis=1)), 1.0)


def test_one_photograph_a_cluster_is_the_photograph_itself(planet: Task) -> None:
    """The nearest image wins, not the farthest: a training photograph finds itself."""
    settings = Prototypes(photos_per_cluster=1, most_clusters=500)
    partition = CellSettings(max_points=40).fit_partition(planet.train.lonlat)
    table = PrototypeTable.of(partition, planet.train, settings, seed=0)
    assert len(table.vectors) == 500
    features, cell = planet.train.take(slice(None)), partition.assign(planet.train.lonlat)
    for number, photo, _, apart in table.distances(features, cell[:, None]):
        found = table.lonlat[table.starts[number] + apart.argmin(axis=1)]
        np.testing.assert_allclose(found, planet.train.lonlat[photo])


def test_prototypes_are_means_of_their_photographs(planet: Task) -> None:
    settings = Prototypes(photos_per_cluster=6)
    partition = CellSettings(max_points=100).fit_partition(planet.train.lonlat)
    table = PrototypeTable.of(partition, planet.train, settings, seed=0)
    cell = partition.assign(planet.train.lonlat)
    for number in range(len(partition)):
        own = slice(table.starts[number], table.starts[number + 1])
        count = int((cell == number).sum())
        assert 1 <= len(table.vectors[own]) <= -(-count // 6)
        # Means of groups of a set are within its range, and their weighted mean is that of the set.
        features = planet.train.take(np.flatnonzero(cell == number))
        assert (table.vectors[own] <= features.max(axis=0) + 1e-3).all()
        assert (table.vectors[own] >= features.min(axis=0) - 1e-3).all()


@pytest.mark.parametrize(
    "recipe", [Prototypes(max_points=60), Prototypes(max_points=60, photos_per_cluster=1)], ids=str
)
def test_refining_beats_the_cells_alone(recipe: Prototypes, planet: Task) -> None:
    head = recipe.fit(planet)
    features, truth = planet.validation.take(slice(None)), planet.validation.lonlat
    refined = np.median(distance_m(head.mixtures(features).points(), truth))
    alone = np.median(distance_m(replace(head.classifier, patches=32).mixtures(features).points(), truth))
    assert refined < 0.9 * alone
    settings, arrays = head.to_parts()
    again = PrototypeHead.from_parts(settings, arrays)
    for name in ("lonlat", "log_weights", "spread_m"):
        first, second = (getattr(h.mixtures(features), name) for h in (head, again))
        np.testing.assert_array_equal(first, second)


def test_finite_at_extremes() -> None:
    head = replace(small_head(), temperature=1e-3)
    features = np.array([[1e4, 0, 0, 0], [0, 0, 0, 0], [-1e4, 1e4, 0, 1]], np.float32)
    mixtures = head.mixtures(features)
    assert np.isfinite(mixtures.points()).all()
    assert len(head.mixtures(features[:0])) == 0


def test_what_is_refused(planet: Task) -> None:
    few = Task(planet.train.subset(np.arange(10)), planet.validation, planet.optimise)
    with pytest.raises(NotEnoughDataError, match="at least 20"):
        Prototypes().fit(few)
    for wrong in ({"refined_cells": 0}, {"photos_per_cluster": 0}, {"temperature": -1.0}):
        with pytest.raises(InputError):
            Prototypes(**wrong)
    settings, arrays = small_head().to_parts()
    for name in ("vectors", "lonlat", "starts"):
        with pytest.raises(FormatError):
            PrototypeHead.from_parts(
                settings, arrays | {f"prototype.{name}": arrays[f"prototype.{name}"][:-1]}
            )
    with pytest.raises(FormatError, match="temperature"):
        PrototypeHead.from_parts({k: v for k, v in settings.items() if k != "temperature"}, arrays)
