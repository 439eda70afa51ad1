"""`whence dataset` through the real entry point, on a miniature in the published layout."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import lmdb
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "photos" / "datasets"))

from fake_osv5m import fake_ids, write_fake_osv5m

COUNT = 12
LONLAT = np.column_stack([np.linspace(-170, 170, COUNT), np.linspace(-80, 80, COUNT)])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    write_fake_osv5m(tmp_path / "osv5m", LONLAT, faults=["broken_jpeg", "out_of_range"])
    return tmp_path / "osv5m"


@pytest.fixture
def store(run, published, tmp_path: Path) -> Path:
    result = run("dataset", "osv5m", published, "--out", "train.store")
    assert result.exit_code == 0
    assert "left out: 1 with: broken" in result.stderr
    assert "left out: 1 with: position out of range" in result.stderr
    assert "train.store: 10 pictures" in result.stderr
    return tmp_path / "train.store"


def test_info_tells_what_came_in_and_what_did_not(run, store):
    facts = json.loads(run("dataset", "info", store, "--json").stdout)
    assert facts["pictures"] == 10
    assert facts["left out"] == {"broken": 1, "position out of range": 1}
    assert facts["source"]["kind"] == "osv5m"
    assert facts["countries"] == 3
    # the first two positions are the ones with a fault
    assert facts["longitude, latitude"] == {"from": LONLAT[2].tolist(), "to": LONLAT[-1].tolist()}
    text = run("dataset", "info", store).stdout
    assert "broken: 1" in text


def test_every_exclusion_is_in_the_list(store):
    lines = (store / "excluded.csv").read_text().splitlines()
    assert lines[0] == "id,reason"
    assert [line.split(",")[0] for line in lines[1:]] == sorted(fake_ids(2))


def test_verify_is_silent_about_a_sound_store_and_names_what_is_wrong(run, store):
    sound = run("dataset", "verify", store, "--decode")
    assert sound.exit_code == 0
    assert sound.stdout.startswith("10 pictures, decoded; 10 rows; 0 problems")
    victim = fake_ids(COUNT)[5]
    path = str(store / "images.lmdb")
    with lmdb.open(path, map_size=2**28) as environment, environment.begin(write=True) as writing:
        writing.delete(victim.encode())
    wrong = run("dataset", "verify", store)
    assert wrong.exit_code == 1
    assert f"{victim}: a row without a picture" in wrong.stdout
    found = json.loads(run("dataset", "verify", store, "--json").stdout)
    assert found["problems"] == [{"id": victim, "reason": "a row without a picture"}]


def test_what_the_user_can_mend_has_status_2(run, published, store, tmp_path):
    again = run("dataset", "osv5m", published, "--out", "train.store")
    assert again.exit_code == 2
    assert "already holds a finished store of 10 pictures" in again.stderr
    assert run("dataset", "osv5m", published, "--out", "train.store", "--restart").exit_code == 0
    (published / "images/train/01.zip").unlink()
    absent = run("dataset", "osv5m", published, "--out", "other.store")
    assert absent.exit_code == 2
    assert "01.zip" in absent.stderr
    assert "--allow-missing" in absent.stderr
    allowed = run("dataset", "osv5m", published, "--out", "other.store", "--allow-missing")
    assert allowed.exit_code == 0
    assert run("dataset", "info", tmp_path / "osv5m").exit_code == 2
    kept = run("dataset", "osv5m", published, "--out", "x.store", "--delete-after")
    assert "those of a folder stay" in kept.stderr


def test_a_limit_makes_a_small_store(run, published):
    result = run("dataset", "osv5m", published, "--out", "few.store", "--limit", "3")
    assert "few.store: 3 pictures" in result.stderr


def test_a_folder_with_a_table(run, tmp_path, write_photo):
    for i in range(3):
        write_photo(tmp_path / "photos" / f"{i}.jpg", seed=i)
    (tmp_path / "photos" / "t.csv").write_text("img_path,lat,lon\n0.jpg,1,2\n1.jpg,3,4\ngone.jpg,5,6\n")
    result = run("dataset", "folder", "photos", "--table", "photos/t.csv", "--out", "city.store")
    assert result.exit_code == 0
    assert "1 pictures have no row in t.csv and are left out" in result.stderr
    assert "left out: 1 with: file missing" in result.stderr
    facts = json.loads(run("dataset", "info", "city.store", "--json").stdout)
    assert (facts["pictures"], facts["source"]["kind"]) == (2, "folder")


def test_an_interruption_says_that_nothing_is_lost(run, published, monkeypatch):
    from whence.imagery.store import StoreWriter

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(StoreWriter, "add", interrupted)
    result = run("dataset", "osv5m", published, "--out", "train.store")
    assert result.exit_code == 130
    assert "the same command goes on from there" in result.stderr
    refused = run("dataset", "info", "train.store")
    assert refused.exit_code == 2
    assert "go on with: whence dataset osv5m" in refused.stderr
    monkeypatch.undo()
    monkeypatch.chdir(published.parent)
    assert run("dataset", "osv5m", published, "--out", "train.store").exit_code == 0
