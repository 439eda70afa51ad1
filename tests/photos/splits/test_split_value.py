"""A split as a value: written, read, applied to other tables of the same photographs."""

from __future__ import annotations

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import SIDES, SPLITS, Split, make_split
from whence.photos.splits.making import settings_of


@pytest.fixture
def known() -> Catalogue:
    rng = np.random.default_rng(0)
    return Catalogue.of_arrays(rng.uniform(-60, 60, (500, 2)), ids=[f"é{i}" for i in range(500)])


@pytest.fixture
def split(known) -> Split:
    return Split.of(known, np.arange(500) % 4, name="by hand", seed=5, settings={"a": 1, "b": None})


def test_rows_and_counts(split):
    assert split.counts() == dict.fromkeys(SIDES, 125)
    for number, side in enumerate(SIDES):
        np.testing.assert_array_equal(split.rows(side), np.arange(number, 500, 4))
    assert split.sentence() == (
        "split by by hand (seed 5, a 1): 125 train, 125 validation, 125 test, 125 unused"
    )
    assert split.record()["settings"] == {"a": 1, "b": None}


def test_what_is_written_is_read(split, tmp_path):
    split.write(tmp_path / "s.parquet")
    read = Split.read(tmp_path / "s.parquet")
    assert (read.name, read.seed, read.settings) == (split.name, split.seed, split.settings)
    np.testing.assert_array_equal(read.sides, split.sides)
    assert read.ids.to_pylist() == split.ids.to_pylist()
    assert read.digest() == split.digest()
    assert set(pq.read_table(tmp_path / "s.parquet").to_pydict()["side"]) == set(SIDES)  # legible elsewhere


def test_it_follows_the_ids_into_another_order(split, known):
    order = np.random.default_rng(1).permutation(500)
    match = split.onto(known.take(order))
    np.testing.assert_array_equal(match.split.sides, split.sides[order])
    assert match.notes() == []
    assert split.onto(known).split is split


def test_what_is_on_one_side_only_is_told(split, known):
    some = known.take(np.arange(3, 500))
    more = Catalogue.of_arrays(
        np.concatenate([some.lonlat, [[1, 2], [3, 4]]]), ids=[*some.ids, "new 1", "new 2"]
    )
    match = split.onto(more)
    assert match.strangers == ("new 1", "new 2")
    assert match.absent == ("é0", "é1", "é2")
    np.testing.assert_array_equal(match.split.sides, [*split.sides[3:], 3, 3])
    assert match.notes() == [
        "2 photographs are not in the split and stay unused: new 1, new 2",
        "3 photographs of the split are not here: é0, é1, é2",
    ]
    with pytest.raises(InputError, match="knows none of the 2 photographs"):
        split.onto(Catalogue.of_arrays([[1, 2], [3, 4]], ids=["x", "y"]))


def test_a_side_of_a_feature_store(split, known, tmp_path, caplog):
    """Oracle: the vector of row i is the unit vector i, so a sample tells who it is."""
    store = FeatureStore.create(tmp_path / "f", np.eye(500)[7:], known.take(np.arange(7, 500)), identity="x")
    with caplog.at_level(logging.WARNING):
        samples = store.side(split, "validation")
    assert "7 photographs of the split are not here" in caplog.text
    np.testing.assert_array_equal(np.sort(np.argmax(samples.take(slice(None)), axis=1)), np.arange(9, 500, 4))
    np.testing.assert_array_equal(samples.lonlat, known.take(known.rows_of(samples.metadata.ids)).lonlat)


def test_what_cannot_be_is_refused(split, known, tmp_path):
    with pytest.raises(InputError, match="no side 'training'"):
        split.rows("training")
    with pytest.raises(InputError, match="do not fit 500"):
        Split.of(known, [0, 1], name="x")
    with pytest.raises(InputError, match="0 to 3"):
        Split.of(known, np.full(500, 4), name="x")
    with pytest.raises(NotFoundError, match="whence split"):
        Split.read(tmp_path / "none.parquet")
    known.write(tmp_path / "table.parquet")
    with pytest.raises(FormatError, match="a table, but no split"):
        Split.read(tmp_path / "table.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(FormatError, match="no split"):
        Split.read(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    ("about", "side", "told"),
    [
        (b'{"version": 9}', "train", "version 9"),
        (b'{"version": 1}', "train", "broken"),
        (b'{"version": 1, "name": "a", "seed": 0, "settings": {}}', "judge", "no side 'judge'"),
    ],
)
def test_a_foreign_or_broken_file(tmp_path, about, side, told):
    table = pa.table({"id": ["a"], "side": [side]}).replace_schema_metadata({b"whence-split": about})
    pq.write_table(table, tmp_path / "s.parquet")
    with pytest.raises(FormatError, match=told):
        Split.read(tmp_path / "s.parquet")


def test_a_failed_writing_leaves_the_old_file(split, tmp_path, monkeypatch):
    split.write(tmp_path / "s.parquet")
    before = (tmp_path / "s.parquet").read_bytes()
    monkeypatch.setattr(pq, "write_table", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("stop")))
    with pytest.raises(RuntimeError):
        split.write(tmp_path / "s.parquet")
    assert (tmp_path / "s.parquet").read_bytes() == before


def test_unknown_names_and_settings_list_the_known(known):
    with pytest.raises(InputError, match="there are grid, cells, blocks, distance, sequence"):
        make_split("nonsense", known)
    with pytest.raises(InputError, match=r"'grid' has no setting 'size'; it has step_deg = 0\.25"):
        make_split("grid", known, size=3)


@pytest.mark.parametrize(
    ("name", "setting", "told"),
    [
        ("grid", {"validation": "much"}, "'validation' is a number, not 'much'"),
        ("cells", {"resolution": 5.5}, "'resolution' is a whole number, not 5.5"),
        ("cells", {"folds": True}, "'folds' is a whole number, not True"),
        ("column", {"column": 3}, "'column' is text, not 3"),
        ("random", {"seed": -1}, "a seed is a whole number from 0, not -1"),
    ],
)
def test_settings_of_another_kind(known, name, setting, told):
    with pytest.raises(InputError, match=told):
        make_split(name, known, **setting)


def test_every_setting_has_a_kind_that_is_checked():
    for name in SPLITS:
        for key in settings_of(name):
            with pytest.raises(InputError, match=f"the setting '{key}' is"):
                make_split(name, Catalogue.of_arrays([[0, 0]]), **{key: object()})
