"""Exact and approximate search against a slow loop; exclusions; groups of photos."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.sphere import destination
from whence.errors import InputError
from whence.photos.index import Exclude, PlaceIndex
from whence.photos.index.approximate import approximate_top, opened_lists
from whence.photos.index.neighbours import Neighbours
from whence.photos.index.places import Places, scores_of_groups
from whence.photos.index.search import exact_top
from whence.photos.index.store import Header, Records
from whence.photos.index.vectors import UnitVectors


def unit(rng, n, dim):
    vectors = rng.normal(size=(n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def index_of(vectors, lonlat, tmp_path):
    n = len(vectors)
    names = tuple(f"{i}.jpg" for i in range(n))
    records = Records(names, lonlat, ("",) * n, ("",) * n)
    stored = UnitVectors.encode(vectors, dtype="float16")
    return PlaceIndex(tmp_path, Header("fake", vectors.shape[1], count=n, complete=True), records, stored)


@pytest.mark.parametrize(("dtype", "largest_error"), [("int8", 0.01), ("float16", 0.0005)])
def test_quantised_vectors_keep_length_and_likeness(dtype, largest_error):
    rng = np.random.default_rng(0)
    vectors = unit(rng, 200, 128)
    stored = UnitVectors.encode(vectors * 7.0, dtype=dtype)
    decoded = stored.take(slice(None))
    assert np.allclose(np.linalg.norm(decoded, axis=1), 1.0, atol=1e-6)
    assert np.abs(decoded @ decoded.T - vectors @ vectors.T).max() < largest_error


def test_a_vector_without_direction_is_named():
    vectors = np.ones((3, 4), np.float32)
    vectors[1] = 0
    with pytest.raises(InputError, match="vector 1"):
        UnitVectors.encode(vectors)


def test_exact_search_equals_a_full_sort_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    stored = UnitVectors.encode(unit(rng, 500, 16))
    queries = unit(rng, 9, 16)
    excluded = [rng.permutation(500)[:50] for _ in queries]
    products = queries @ stored.take(slice(None)).T
    for query, rows in enumerate(excluded):
        products[query, rows] = -np.inf
    truth = np.argsort(-products, axis=1, kind="stable")[:, :30]
    blocks = UnitVectors.blocks
    for block_bytes in (64 * 7, 64 * 100, 1 << 20):
        monkeypatch.setattr(
            UnitVectors, "blocks", lambda self, size=block_bytes: blocks(self, block_bytes=size)
        )
        rows, similarity = exact_top(stored, queries, 30, excluded=excluded)
        assert np.array_equal(rows, truth)
        assert np.allclose(similarity, np.take_along_axis(products, truth, axis=1), atol=1e-6)


def test_fewer_candidates_than_asked_for_are_padded():
    rng = np.random.default_rng(2)
    stored = UnitVectors.encode(unit(rng, 5, 8))
    rows, similarity = exact_top(stored, unit(rng, 1, 8), 5, excluded=[np.array([0, 3])])
    assert sorted(rows[0].tolist()) == [-1, -1, 1, 2, 4]
    assert np.isneginf(similarity[0, 3:]).all()


def test_exclusion_by_name_row_and_radius(tmp_path):
    rng = np.random.default_rng(3)
    lonlat = destination(np.array([0.12, 52.2]), np.full(30, 90.0), 10.0 * np.arange(30))
    index = index_of(unit(rng, 30, 8), lonlat, tmp_path)
    query = index.vectors.take(np.array([10]))
    within = Exclude(around=lonlat[10], radius_m=25.0)  # oracle: places 10 m apart, so 8..12
    assert set(index.query_vectors(query, k=30, exclude=within)[0].rows) == set(range(30)) - {
        8,
        9,
        10,
        11,
        12,
    }
    named = Exclude(names=frozenset({"10.jpg", "unknown.jpg"}), rows=np.array([3]))
    assert set(index.query_vectors(query, k=30, exclude=named)[0].rows) == set(range(30)) - {3, 10}
    with pytest.raises(InputError, match="2 exclusions for 1 queries"):
        index.query_vectors(query, exclude=[within, named])


def test_radii_hold_across_the_date_line(tmp_path):
    lonlat = np.array([[179.9999, 0.0], [-179.9999, 0.0], [179.0, 0.0]])
    index = index_of(unit(np.random.default_rng(4), 3, 8), lonlat, tmp_path)
    assert index.rows_within(lonlat[0], 50.0).tolist() == [0, 1]


def test_groups_compare_the_sums_of_unit_vectors(tmp_path):
    rng = np.random.default_rng(5)
    lonlat = destination(np.array([0.12, 52.2]), np.full(12, 0.0), 10.0 * np.arange(12)).repeat(4, axis=0)
    vectors = unit(rng, 48, 16)
    index = index_of(vectors, lonlat, tmp_path)
    query = unit(rng, 3, 16)
    found = index.query_group(query, k=12)
    sums = index.vectors.take(slice(None)).reshape(12, 4, 16).sum(axis=1)  # slow loop of the definition
    total = query.sum(axis=0)
    cosines = sums @ total / np.linalg.norm(sums, axis=1) / np.linalg.norm(total)
    assert np.array_equal(found.rows, 4 * np.argsort(-cosines))
    assert np.allclose(found.similarity, np.sort(cosines)[::-1], atol=1e-5)
    assert found.photos == 3
    hidden = index.query_group(query, k=12, exclude=Exclude(rows=found.rows[:1] + 2))
    assert np.array_equal(hidden.rows, found.rows[1:])


def test_a_group_of_one_is_an_ordinary_query_where_places_have_one_photo(tmp_path):
    rng = np.random.default_rng(6)
    lonlat = destination(np.array([0.12, 52.2]), np.full(25, 0.0), 10.0 * np.arange(25))
    index = index_of(unit(rng, 25, 16), lonlat, tmp_path)
    query = unit(rng, 1, 16)
    single, group = index.query_vectors(query, k=5)[0], index.query_group(query, k=5)
    assert np.array_equal(single.rows, group.rows)
    assert np.allclose(single.similarity, group.similarity, atol=1e-6)


def test_places_chain_photos_closer_than_half_a_metre():
    start = np.array([0.12, 52.2])
    lonlat = np.stack([start, *(destination(start, 90.0, d) for d in (0.4, 0.8, 6.8, 12.8))])
    places = Places.of(lonlat)
    assert places.of_row.tolist() == [0, 0, 0, 1, 2]
    assert places.spacing_m == pytest.approx(6.0, abs=0.01)  # 6.8, 6.0, 6.0
    assert places.sums(np.arange(5.0)).tolist() == [3.0, 3.0, 4.0]


def test_places_in_any_order_keep_their_sums():
    rng = np.random.default_rng(7)
    lonlat = destination(np.array([0.0, 50.0]), np.full(20, 45.0), 10.0 * np.arange(20)).repeat(3, axis=0)
    order = rng.permutation(60)
    places = Places.of(lonlat[order])
    values = rng.normal(size=60)
    slow = [values[places.of_row == place].sum() for place in range(len(places))]
    assert np.allclose(places.sums(values), slow)
    assert all((places.of_row[places.rows_at(p)] == p).all() for p in range(len(places)))
    stored = UnitVectors.encode(unit(rng, 60, 8))
    norms = [np.linalg.norm(stored.take(places.rows_at(p)).sum(axis=0)) for p in range(len(places))]
    assert np.allclose(places.norms(stored), norms)
    assert scores_of_groups(stored, places, unit(rng, 2, 8), norms=places.norms(stored)).shape == (2, 20)


def test_wrong_queries_are_refused(tmp_path):
    index = index_of(unit(np.random.default_rng(8), 3, 8), np.zeros((3, 2)), tmp_path)
    with pytest.raises(InputError, match="vectors of 8 components"):
        index.query_vectors(np.ones((1, 9), np.float32))
    with pytest.raises(InputError, match="zero or not finite"):
        index.query_vectors(np.zeros((1, 8), np.float32))
    with pytest.raises(InputError, match="at least 1"):
        index.query_vectors(np.ones((1, 8), np.float32), k=0)


def test_photos_are_recognised_by_the_end_of_their_path(tmp_path):
    rng = np.random.default_rng(9)
    index = index_of(unit(rng, 3, 8), np.zeros((3, 2)), tmp_path)
    names = ("data/lund/01.jpg", "data/berlin/01.jpg", "02.jpg")
    object.__setattr__(index.records, "names", names)
    assert index.names_of("/home/me/lund/01.jpg") == {"data/lund/01.jpg"}
    assert index.names_of("elsewhere/01.jpg") == {"data/lund/01.jpg", "data/berlin/01.jpg"}
    assert index.names_of("03.jpg") == frozenset()


def test_a_neighbour_list_is_checked():
    with pytest.raises(InputError, match="as many rows"):
        Neighbours(np.arange(2), np.zeros((2, 2)), np.zeros(3), ("a", "b"))


def test_approximate_search_finds_nearly_all_true_neighbours(tmp_path):
    pytest.importorskip("faiss")
    rng = np.random.default_rng(10)
    centers = unit(rng, 800, 64)
    vectors = centers[rng.integers(0, 800, 12_000)] + 0.06 * rng.normal(size=(12_000, 64)).astype(np.float32)
    stored = UnitVectors.encode(vectors)
    queries = stored.take(np.arange(0, 12_000, 60))
    excluded = [np.array([row]) for row in range(0, 12_000, 60)]
    truth, best = exact_top(stored, queries, 10, excluded=excluded)
    lists = opened_lists(stored, tmp_path)
    rows, similarity = approximate_top(lists, stored, queries, 10, excluded=excluded)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows, truth, strict=True)])
    assert recall > 0.95
    same = rows == truth
    assert np.allclose(similarity[same], best[same], atol=1e-5)  # refined by the stored vectors
    assert all(row[0] not in found for row, found in zip(excluded, rows, strict=True))
    again = opened_lists(stored, tmp_path)  # read back from disk
    assert np.array_equal(approximate_top(again, stored, queries, 10, excluded=excluded)[0], rows)
