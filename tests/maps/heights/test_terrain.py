"""Contours, lattices and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Contours, Lattice, Spots, Terrain, contours_of


def test_the_contours_of_a_cone_are_circles() -> None:
    lattice = Lattice(500_000.0, 6_000_000.0, 10.0, 101, 101)
    middle = lattice.to_world(np.array([50.5, 50.5]))
    distance = np.hypot(*(lattice.centres() - middle).transpose(2, 0, 1))
    lines = contours_of(300.0 - distance / 2, lattice, interval_m=50.0, base_m=25.0)
    inner = lines.choose(lines.heights_m > 60)
    assert sorted(inner.heights_m) == [75.0, 125.0, 175.0, 225.0, 275.0]
    assert inner.closed.all()
    for line, height in zip(inner.lines, inner.heights_m, strict=True):
        # a chord of the linear interpolation between centres lies inside by at most cell² / 8r
        assert_allclose(
            np.hypot(*(line - middle).T), 2 * (300 - height), atol=10.0**2 / (8 * 2 * (300 - height))
        )


def test_the_interval_is_the_commonest_step() -> None:
    line = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert Contours.of([line] * 5, [20, 25, 30, 35, 50]).interval_m == 5.0


def test_samples_along_lines_stand_for_their_length() -> None:
    rng = np.random.default_rng(0)
    lines = Contours.of([rng.normal(size=(9, 2)) * 100, rng.normal(size=(4, 2)) * 100], [10, 20])
    positions, owner, lengths = lines.densified(3.0)
    for number, line in enumerate(lines.lines):
        segments = np.hypot(*np.diff(line, axis=0).T)
        assert_allclose(lengths[owner == number].sum(), segments.sum())
        middle = (lengths[owner == number, None] * positions[owner == number]).sum(0) / segments.sum()
        centroid = (segments[:, None] * (line[1:] + line[:-1]) / 2).sum(0) / segments.sum()
        assert_allclose(middle, centroid)
    assert lengths.max() <= 3.0


def test_vertices_hold_what_was_drawn() -> None:
    lines = Contours.of([[[0, 0], [10, 0], [10, 4]], [[5, 5], [6, 5]]], [1, 2])
    drawn, owner = lines.vertices()
    assert sorted(map(tuple, drawn)) == sorted(tuple(p) for line in lines.lines for p in line)
    assert np.bincount(owner).tolist() == [3, 2]
    closer, owner = lines.vertices(5.0)
    assert np.bincount(owner).tolist() == [4, 2]
    assert [5.0, 0.0] in closer.tolist()


def test_cells_and_world_are_inverse() -> None:
    lattice = Lattice(4_078_250.0, 2_434_950.0, 25.0, 285, 256)
    cells = np.random.default_rng(0).uniform(0, 250, (50, 2))
    assert_allclose(lattice.to_cells(lattice.to_world(cells)), cells, atol=1e-7)
    part = lattice.window(row=3, column=7, rows=10, columns=9)
    assert_allclose(part.centres(), lattice.centres()[3:13, 7:16])


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Contours.of([[[0, 0]]], [1]), "path"),
        (lambda: Contours.of([[[0, 0], [1, np.nan]]], [1]), "path"),
        (lambda: Contours.of([[[0, 0], [1, 1]]], [np.nan]), "no height"),
        (lambda: Contours.of([[[0, 0], [1, 1]]], [1, 2]), "one for each"),
        (lambda: Spots(np.zeros((2, 2)), np.zeros(3)), "spot"),
        (lambda: Lattice(0, 0, -5.0, 10, 10), "positive"),
        (lambda: Lattice(0, 0, 5.0, 10, 1), "no grid"),
        (lambda: Lattice(0, 0, 5.0, 10**6, 10**6), "too many"),
        (lambda: contours_of(np.full((5, 5), np.nan), Lattice(0, 0, 1, 5, 5), interval_m=1), "no height"),
        (lambda: contours_of(np.eye(5), Lattice(0, 0, 1, 5, 5), interval_m=0), "positive"),
        (lambda: contours_of(np.eye(5), Lattice(0, 0, 1, 5, 5), interval_m=1e-9), "too many"),
        (lambda: contours_of(np.eye(4), Lattice(0, 0, 1, 5, 5), interval_m=1), "grid"),
    ],
)
def test_bad_input_is_refused(make, word) -> None:
    with pytest.raises(InputError, match=word):
        make()


def test_equal_heights_and_none_are_refused() -> None:
    none = Terrain(Contours((), np.empty(0)))
    with pytest.raises(NotEnoughDataError, match="no height"):
        none.samples()
    flat = Terrain(Contours.of([[[0, 0], [1, 1]], [[0, 5], [1, 6]]], [7, 7]))
    with pytest.raises(NotEnoughDataError, match="all heights are 7"):
        flat.samples()
