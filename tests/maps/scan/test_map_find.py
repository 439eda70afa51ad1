"""The command: from a scan alone to control points, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner, Result

from whence import maps
from whence.cli import whence
from whence.errors import WhenceError

if TYPE_CHECKING:
    from pathlib import Path

SAPPORO = "141°15′-141°30′E, 43°00′-43°10′N"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(whence, ["map", "find", *map(str, arguments)])


@pytest.mark.shared_data
@pytest.mark.slow
def test_a_real_sheet_from_the_scan_alone(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("rapidocr")
    out = tmp_path / "found.points"
    result = run(shared_data / "maps/rautjarvi/rautjarvi_map.jpg", "--crs", "EPSG:2392", "--out", out)
    assert result.exit_code == 0, result.output
    assert "the top of the map is at the right of the scan" in result.output
    found = maps.read_points(out)
    marked = maps.read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points")
    by_place = dict(zip(map(tuple, marked.world.tolist()), marked.pixels, strict=True))
    assert len(found) >= 6
    for world, pixel in zip(found.world.tolist(), found.pixels, strict=True):
        assert np.hypot(*(pixel - by_place[tuple(world)])) < 0.4
    assert maps.fit(found, kind="affine").quality.leave_one_out_rmse_m <= 1.6


@pytest.mark.shared_data
def test_corners_of_a_real_sheet_become_control_points(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "corners.points"
    scan = shared_data / "maps/gaihozu/sample1.jpg"
    result = run(
        scan, "--corners", SAPPORO, "--crs", "EPSG:4301", "--turn", 0, "--out-crs", "EPSG:3095", "--out", out
    )
    assert result.exit_code == 0, result.output
    assert "the innermost of 2 frames" in result.output
    assert "+0.22% between the two" in result.output
    points = maps.read_points(out)
    assert points.names == ("1", "2", "3", "4")  # .points files have no names
    # Sapporo's sheet is 1:50 000; its four corners agree on one affine map to 0.7 pixels of 29 m.
    fitted = maps.fit(points, kind="affine")
    assert fitted.quality.rmse_m < 25.0


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "say what is to be found"),
        (("--mirrored", "--crs", "EPSG:2392"), "--mirrored goes with --turn"),
        (("--sheet", "N-37", "--corners", SAPPORO), "give one of them"),
        (("--corners", SAPPORO), "without their geographic system"),
        (("--corners", SAPPORO, "--crs", "EPSG:4301", "--turn", "90"), "how the scan lies"),
        (("--crs", "EPSG:3095", "--turn", "0"), "no grid was found"),
        (("--sheet", "N-99-1", "--turn", "0"), "N-99-1"),
    ],
)
def test_what_cannot_be_done_is_said(
    shared_data: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    out = tmp_path / "out.points"
    result = run(shared_data / "maps/gaihozu/sample1.jpg", *arguments, "--out", out)
    assert isinstance(result.exception, WhenceError)
    assert reason in str(result.exception)
    assert not out.exists()
