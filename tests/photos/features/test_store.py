"""Feature stores made of arrays: what goes in comes out, and nothing broken is opened."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError
from whence.imagery.catalogue import Catalogue
from whence.learn.encoders import load_encoder
from whence.photos.features import FeatureStore
from whence.photos.features.rows import Parts, write_rows

COUNT, DIM = 300, 24


def known(count: int = COUNT, prefix: str = "p") -> Catalogue:
    rng = np.random.default_rng(1)
    lonlat = np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-80, 80, count)])
    cities = [f"city {i}" for i in range(count)]
    return Catalogue.of_arrays(lonlat, ids=[f"{prefix}{i:04}" for i in range(count)], city=cities)


def vectors(count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 7, (count, DIM))


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore.create(tmp_path / "some.features", vectors(), known(), identity="by hand 1")


def test_every_row_keeps_its_vector_and_its_metadata(store):
    """Oracle: the unit vectors in float64, looked up by id."""
    units = vectors() / np.linalg.norm(vectors(), axis=1, keepdims=True)
    rows = known().rows_of(store.metadata.ids)
    assert (len(store), store.dim, store.identity) == (COUNT, DIM, "by hand 1")
    assert store.features.dtype == np.float16
    np.testing.assert_allclose(store.features, units[rows], atol=2**-11)
    np.testing.assert_array_equal(store.metadata.lonlat, known().lonlat[rows])
    assert store.metadata.column("city")[5] == f"city {rows[5]}"
    store.verify()


def test_the_order_is_random_and_given_by_the_seed(store, tmp_path):
    rows = known().rows_of(store.metadata.ids)
    np.testing.assert_array_equal(np.sort(rows), np.arange(COUNT))
    assert abs(np.corrcoef(rows, np.arange(COUNT))[0, 1]) < 0.2
    again = FeatureStore.create(tmp_path / "b", vectors(), known(), identity="by hand 1")
    other = FeatureStore.create(tmp_path / "c", vectors(), known(), identity="by hand 1", shuffle_seed=1)
    kept = FeatureStore.create(tmp_path / "d", vectors(), known(), identity="by hand 1", shuffle_seed=None)
    assert again.metadata.ids == store.metadata.ids != other.metadata.ids
    assert kept.metadata.ids == known().ids


def test_samples_are_rows_of_the_store(store):
    some = store.samples(np.array([7, 3]))
    assert some.metadata.ids == [store.metadata.ids[7], store.metadata.ids[3]]
    np.testing.assert_array_equal(some.take(slice(None)), store.features[[7, 3]].astype(np.float32))
    assert len(store.samples()) == COUNT


def test_rows_written_piece_by_piece_are_those_of_one_fancy_index(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(n, 5)).astype(np.float16) for n in (3, 0, 11, 6)]
    order = rng.permutation(20)[:17]
    parts = Parts(5, [len(array) for array in arrays], arrays.__getitem__)
    for budget in (1, 70, 10_000):  # a row, seven rows, everything at a time
        write_rows(tmp_path / "rows.npy", parts, order, budget_bytes=budget)
        np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), np.concatenate(arrays)[order])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_is_refused_by_id(tmp_path, value):
    wrong = vectors()
    wrong[41] = value
    with pytest.raises(InputError, match=r"1 of 300 vectors .* 'p0041'"):
        FeatureStore.create(tmp_path / "x", wrong, known(), identity="by hand 1")
    assert list(tmp_path.iterdir()) == []


def test_shapes_that_do_not_fit_are_refused(tmp_path, store):
    with pytest.raises(InputError, match="do not fit 300 rows"):
        FeatureStore.create(tmp_path / "x", vectors(20), known(), identity="by hand 1")
    with pytest.raises(NotEnoughDataError, match="at least one"):
        FeatureStore.create(tmp_path / "x", vectors(0), known(0), identity="by hand 1")
    with pytest.raises(InputError, match="exists; choose another name"):
        FeatureStore.create(store.folder, vectors(), known(), identity="by hand 1")


def test_the_encoder_is_kept_or_said_to_be_absent(tmp_path, store):
    thumbnail = load_encoder("thumbnail")
    assert not store.has_encoder
    with pytest.raises(NotFoundError, match="came from outside, by 'by hand 1'"):
        store.encoder()
    kept = FeatureStore.create(
        tmp_path / "kept", vectors(), known(), identity=thumbnail.identity, encoder=thumbnail
    )
    assert kept.encoder().identity == thumbnail.identity
    with pytest.raises(InputError, match="by hand 1"):
        FeatureStore.create(tmp_path / "x", vectors(), known(), identity="by hand 1", encoder=thumbnail)
    load_encoder("gist").save(kept.folder / "encoder")
    with pytest.raises(FormatError, match="vectors were made by"):
        kept.encoder()


def test_joined_stores_hold_all_and_never_mix_encoders(tmp_path, store):
    second = FeatureStore.create(tmp_path / "2", vectors(50) + 1, known(50, "q"), identity="by hand 1")
    foreign = FeatureStore.create(tmp_path / "3", vectors(50), known(50, "r"), identity="by hand 2")
    both = FeatureStore.join([store, second], tmp_path / "both")
    assert len(both) == COUNT + 50
    for one in (store, second):
        np.testing.assert_array_equal(
            both.features[both.metadata.rows_of(one.metadata.ids)], np.asarray(one.features)
        )
    both.verify()
    with pytest.raises(InputError, match=r"'by hand 2'.*'by hand 1'"):
        FeatureStore.join([store, foreign], tmp_path / "x")
    with pytest.raises(InputError, match="stand on more than one row"):
        FeatureStore.join([store, store], tmp_path / "x")


def test_another_process_gets_the_place_not_the_vectors(store):
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent).features, store.features)


class TestBroken:
    """Each damage is told with the way out, and never opened."""

    def test_no_store(self, tmp_path):
        with pytest.raises(NotFoundError, match="whence embed"):
            FeatureStore.open(tmp_path)

    def test_cut_off_vectors(self, store):
        path = store.folder / "features.npy"
        path.write_bytes(path.read_bytes()[:-7])
        with pytest.raises(FormatError, match="cut off or broken"):
            FeatureStore.open(store.folder)

    def test_empty_vectors(self, store):
        (store.folder / "features.npy").write_bytes(b"")
        with pytest.raises(FormatError, match="cut off or broken"):
            FeatureStore.open(store.folder)

    def test_fewer_vectors(self, store):
        np.save(store.folder / "features.npy", np.array(store.features)[:-1])
        with pytest.raises(FormatError, match="promises"):
            FeatureStore.open(store.folder)

    @pytest.mark.parametrize("name", ["features.npy", "metadata.parquet"])
    def test_a_file_is_missing(self, store, name):
        (store.folder / name).unlink()
        with pytest.raises(FormatError, match=f"{name} is missing"):
            FeatureStore.open(store.folder)

    def test_metadata_of_other_photographs(self, store):
        known(COUNT - 1).write(store.folder / "metadata.parquet")
        with pytest.raises(FormatError, match="has 299 rows"):
            FeatureStore.open(store.folder)
        known(COUNT).write(store.folder / "metadata.parquet")
        with pytest.raises(FormatError, match="digest"):
            FeatureStore.open(store.folder).verify()

    def test_metadata_cut_off(self, store):
        path = store.folder / "metadata.parquet"
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(FormatError, match="broken"):
            FeatureStore.open(store.folder)

    def test_a_vector_of_another_length(self, store):
        wrong = np.array(store.features)
        wrong[17] *= 2
        np.save(store.folder / "features.npy", wrong)
        with pytest.raises(FormatError, match=f"{store.metadata.ids[17]!r} has length 2"):
            FeatureStore.open(store.folder).verify()

    @pytest.mark.parametrize(
        ("key", "value", "told"),
        [
            ("version", 99, "version 99"),
            ("format", "other", "'other'"),
            ("complete", False, "whence embed"),
            ("surprise", 1, "surprise"),
        ],
    )
    def test_a_foreign_header(self, store, key, value, told):
        path = store.folder / "features.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
        with pytest.raises(FormatError, match=told):
            FeatureStore.open(store.folder)

    def test_a_header_that_is_no_json(self, store):
        (store.folder / "features.json").write_text("{")
        with pytest.raises(FormatError, match="broken"):
            FeatureStore.open(store.folder)
