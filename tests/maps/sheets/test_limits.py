"""Frames from the limits printed on a sheet: the oracle is arithmetic by hand."""

from __future__ import annotations

import pytest

from whence.errors import InputError
from whence.maps.sheets import quadrangle


@pytest.mark.parametrize(
    "text",
    [
        "141°15′-141°30′E, 43°00′-43°10′N",
        "141d15'E-141d30'E; 43d00'N-43d10'N",
        "43 00 N to 43 10 N, 141 15 E to 141 30 E",
        "N 43°00' – N 43°10', E 141°15' – E 141°30'",
        "141.25 to 141.5, 43 to 43.16666666666667",
    ],
)
def test_ways_to_write_the_same_frame(text: str) -> None:
    frame = quadrangle(text, crs="EPSG:4301")
    assert (frame.west, frame.south, frame.east, frame.north) == pytest.approx(
        (141.25, 43, 141.5, 43 + 1 / 6)
    )


def test_south_west_and_the_date_line() -> None:
    frame = quadrangle("179°30′E to 179°30′W, 10°S to 9°S", crs="EPSG:4326", name="Fiji", scale=50_000)
    assert (frame.west, frame.south, frame.east, frame.north) == (179.5, -10, 180.5, -9)
    assert frame.name == "Fiji"
    minus = quadrangle("-70.5 to -70.25, -10 to -9.5", crs="EPSG:4326")
    assert (minus.west, minus.north) == (-70.5, -9.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("141°15′-141°30′E", "not a range of longitude and one"),
        ("141°E, 43°N", "not a range"),
        ("141-142E, 143-144E", "which range is longitude"),
        ("141°75′-141°80′E, 43-44N", "60"),
        ("10E-10E, 43-44N", "bound no area"),
    ],
)
def test_text_that_is_no_frame_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        quadrangle(text, crs="EPSG:4326")
