"""`whence split` through the real entry point."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import Split


@pytest.fixture
def known(tmp_path: Path) -> Catalogue:
    """Two hundred photographs 111 m apart on a meridian, in sequences of ten."""
    lonlat = np.column_stack([np.full(200, 13.0), 55 + 0.001 * np.arange(200)])
    metadata = Catalogue.of_arrays(lonlat, sequence_id=[f"s{i // 10}" for i in range(200)])
    metadata.write(tmp_path / "known.parquet")
    return metadata


def test_a_table_is_split_and_the_leak_is_told(run, known, tmp_path):
    result = run("split", "known.parquet", "--by", "grid", "--seed", 3, "--out", "grid.parquet")
    assert result.exit_code == 0
    first, leak = result.stdout.splitlines()
    assert first.startswith(
        "split by grid (seed 3, step_deg 0.25, validation 0.18): 164 train, 36 validation"
    )
    assert leak.startswith(
        "validation: 36 photographs, median 111.2 m from the training side (0.0% within 1 m"
    )
    assert "share their sequence with it" in leak
    read = Split.read(tmp_path / "grid.parquet")
    assert read.counts() == {"train": 164, "validation": 36, "test": 0, "unused": 0}


def test_stores_are_split_by_their_metadata(run, known, tmp_path):
    FeatureStore.create(tmp_path / "f", np.eye(200), known, identity="by hand")
    result = run("split", "f", "--by", "blocks", "--set", "block_m=500", "--set", "folds=5", "--json")
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert record["settings"] == {"block_m": 500, "folds": 5, "fold": 0, "margin_m": 25.0}
    assert sum(record["counts"].values()) == 200
    assert record["leak"]["test"]["within"]["25 m"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--by", "nonsense"), "there are grid, cells, blocks"),
        (("--set", "size=3"), "no setting 'size'; it has step_deg = 0.25, validation = 0.18"),
        (("--set", "size"), "write it as key=value"),
        (("--by", "camera"), "no column 'camera_id'"),
    ],
)
def test_what_the_user_can_mend_ends_with_status_2(run, known, arguments, told):
    result = run("split", "known.parquet", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_plain_folder_is_no_source(run, tmp_path):
    (tmp_path / "p").mkdir()
    result = run("split", "p")
    assert result.exit_code == 2
    assert "give its table" in result.stderr
