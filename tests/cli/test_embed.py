"""`whence embed` through the real entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from whence.photos.features import FeatureStore


@pytest.fixture
def known(tmp_path: Path, write_photo) -> Path:
    """Twelve pictures with EXIF positions, and one that is none."""
    for i in range(12):
        write_photo(tmp_path / "known" / f"{i:02}.jpg", lonlat=(13.0, 55 + i * 0.001), seed=i)
    (tmp_path / "known" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "known"


def test_the_example_of_the_help(run, known, tmp_path):
    result = run("embed", known, "--encoder", "thumbnail", "--out", "city.features", "--json")
    assert result.exit_code == 0
    assert "not encoded: broken.jpg: unreadable" in result.stderr
    assert "city.features: 12 photographs, 768 numbers each, by thumbnail" in result.stderr
    facts = json.loads(result.stdout)
    assert (facts["count"], facts["excluded"], facts["has_encoder"]) == (12, 1, True)
    store = FeatureStore.open(tmp_path / "city.features")
    row = store.metadata.ids.index("07.jpg")
    assert store.metadata.lonlat[row] == pytest.approx([13.0, 55.007], abs=1e-6)


def test_a_table_names_the_pictures(run, known, tmp_path):
    lines = [f"{i:02}.jpg,{50 + i},8,DE" for i in range(3)]
    (tmp_path / "t.csv").write_text("img_path,lat,lon,country\n" + "\n".join(lines) + "\n")
    result = run("embed", known, "--table", "t.csv", "--encoder", "thumbnail", "--out", "f", "--limit", 2)
    assert result.exit_code == 0
    store = FeatureStore.open(tmp_path / "f")
    assert sorted(store.metadata.ids) == ["00.jpg", "01.jpg"]
    assert store.metadata.column("country").tolist() == ["DE", "DE"]
    assert store.metadata.lonlat[store.metadata.ids.index("01.jpg")].tolist() == [8.0, 51.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--encoder", "nonsense", "--out", "f"), "no encoder"),
        (("--encoder", "thumbnail", "--out", "known"), "holds something else"),
        (("--encoder", "thumbnail", "--out", "f", "--limit", "0"), "0 is not in the range"),
    ],
)
def test_what_the_user_can_mend_ends_with_status_2(run, known, arguments, told):
    result = run("embed", known, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_twice_is_refused(run, known):
    assert run("embed", known, "--encoder", "thumbnail", "--out", "f").exit_code == 0
    again = run("embed", known, "--encoder", "thumbnail", "--out", "f")
    assert again.exit_code == 2
    assert "already holds a finished feature store" in again.stderr


def test_a_feature_store_is_told_by_dataset_info(run, known):
    run("embed", known, "--encoder", "thumbnail", "--out", "f")
    facts = json.loads(run("dataset", "info", "f", "--json").stdout)
    assert (facts["count"], facts["encoder"], facts["dim"]) == (12, "thumbnail-1", 768)
    assert "thumbnail-1" in run("dataset", "info", "f").stdout
