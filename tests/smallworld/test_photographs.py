"""The town's photographs are real files: EXIF that reads back, and a table of the truth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from whence.earth.ellipsoid import geodesic_distance_m
from whence.imagery.exif import read_metadata
from whence.imagery.table import PhotoTable, read_table
from whence.smallworld import Town, write_photographs

COUNT = 20


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> PhotoTable:
    folder = tmp_path_factory.mktemp("town")
    return read_table(write_photographs(Town.build(seed=0), folder, count=COUNT))


def test_every_row_has_its_file_and_position(table: PhotoTable) -> None:
    assert len(table) == COUNT
    assert not [row.problem for row in table if row.problem]
    assert np.isfinite(table.lonlat).all()
    assert {row.camera_id for row in table} == {"phone", "compact"}


def test_the_phone_states_its_place_with_an_error_and_the_compact_does_not(table: PhotoTable) -> None:
    errors_m = []
    for row in table:
        metadata = read_metadata(row.path)
        assert metadata.problems == ()
        assert metadata.utc_offset_minutes == 120
        assert metadata.captured_at is not None
        assert metadata.captured_at.utcoffset() == timedelta(hours=2)
        if row.camera_id == "compact":
            assert metadata.lonlat is None
            continue
        assert metadata.lonlat is not None
        errors_m.append(float(geodesic_distance_m(metadata.lonlat, row.position)))
    # Two normal errors of 4 m: a Rayleigh distance, median 4.7 m, hardly ever beyond 20 m.
    assert 1.0 < np.median(errors_m) < 10.0
    assert max(errors_m) < 20.0


def test_drawing_is_reproducible(tmp_path: Path, table: PhotoTable) -> None:
    again = read_table(write_photographs(Town.build(seed=0), tmp_path, count=COUNT))
    for one, two in zip(table, again, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes()


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_photographs(
        Town.build(seed=0), tmp_path, count=3, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
