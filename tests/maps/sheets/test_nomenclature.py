"""Sheet numbers: known sheets, the arithmetic of the grid, and every number there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.errors import InputError
from whence.maps.sheets import SheetFrame, sheet_frame, sheet_number
from whence.maps.sheets.nomenclature import SCALES


def limits(frame: SheetFrame) -> tuple[float, float, float, float]:
    return frame.west, frame.south, frame.east, frame.north


@pytest.mark.parametrize(
    ("number", "scale", "expected"),
    [
        ("N-37", 1_000_000, (36, 52, 42, 56)),
        ("N-37-Б", 500_000, (39, 54, 42, 56)),
        ("IV-N-37", 300_000, (36, 53 + 1 / 3, 38, 54 + 2 / 3)),
        ("N-37-II", 200_000, (37, 55 + 1 / 3, 38, 56)),  # the sheet named Moscow
        ("N-37-004", 100_000, (37.5, 55 + 2 / 3, 38, 56)),  # Moscow again
        ("N-37-144", 100_000, (41.5, 52, 42, 52 + 1 / 3)),
        ("N-37-112-Б", 50_000, (37.75, 52 + 5 / 6, 38, 53)),
        ("N-37-112-Б-г", 25_000, (37.875, 52 + 5 / 6, 38, 52 + 11 / 12)),
        ("N-37-112-Б-г-4", 10_000, (37.9375, 52 + 5 / 6, 38, 52 + 7 / 8)),
        ("P-37,38", 1_000_000, (36, 60, 48, 64)),
        ("P-37-81,82", 100_000, (40, 61 + 2 / 3, 41, 62)),
        ("SC-23", 1_000_000, (-48, -12, -42, -8)),
        ("A-1 (S)", 1_000_000, (-180, -4, -174, 0)),
    ],
)
def test_known_sheets(number: str, scale: int, expected: tuple[float, ...]) -> None:
    frame = sheet_frame(number)
    assert frame.scale == scale
    assert limits(frame) == pytest.approx(expected, abs=1e-12)
    assert frame.crs.label.startswith("EPSG:4284")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("М-38-А", "M-38-A"),  # Cyrillic letters that look Latin
        ("n 37 112 b", "N-37-112-Б"),
        ("N37-112-Б", "N-37-112-Б"),
        ("N–37–112–В–г", "N-37-112-C-d"),
        ("N-37-112-V-g", "N-37-112-В-г"),
        ("NN-37", "N-37"),
        ("C-23 (ю.п.)", "SC-23"),
    ],
)
def test_other_ways_to_write_them(written: str, meant: str) -> None:
    assert limits(sheet_frame(written)) == limits(sheet_frame(meant))


def test_letters_that_are_roman_numbers_too() -> None:
    assert sheet_frame("I-37").scale == 1_000_000  # the row of 32° to 36°
    assert sheet_frame("I-N-37").scale == 300_000
    assert sheet_frame("N-37-V").scale == 200_000


@given(
    longitude=st.floats(-179.999, 179.999),
    latitude=st.floats(-87.99, 87.99),
    scale=st.sampled_from(SCALES),
)
def test_the_sheet_of_a_place_holds_it(longitude: float, latitude: float, scale: int) -> None:
    frame = sheet_frame(sheet_number((longitude, latitude), scale))
    assert frame.scale == scale
    assert frame.west - 1e-9 <= longitude <= frame.east + 1e-9
    assert frame.south - 1e-9 <= latitude <= frame.north + 1e-9


@pytest.mark.parametrize(("scale", "pieces"), [(500_000, 4), (300_000, 9), (200_000, 36), (100_000, 144)])
def test_the_pieces_of_a_sheet_tile_it_in_reading_order(scale: int, pieces: int) -> None:
    side = int(np.sqrt(pieces))
    middles = [
        (36 + 6 * (column + 0.5) / side, 56 - 4 * (row + 0.5) / side)
        for row in range(side)
        for column in range(side)
    ]
    frames = [sheet_frame(sheet_number(middle, scale)) for middle in middles]
    assert sum((frame.east - frame.west) * (frame.north - frame.south) for frame in frames) == pytest.approx(
        24
    )
    for frame, middle in zip(frames, middles, strict=True):
        assert ((frame.west + frame.east) / 2, (frame.south + frame.north) / 2) == pytest.approx(middle)


def test_corners_run_clockwise_from_the_north_west() -> None:
    assert sheet_frame("N-37").corners.tolist() == [[36, 56], [42, 56], [42, 52], [36, 52]]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("", "row letter"),
        ("W-37", "row letter"),
        ("Н-37", "row letter"),  # Cyrillic: H by its looks, N by its sound
        ("N-61", "from 1 to 60"),
        ("N-37-145", "from 1 to 144"),
        ("N-37-XXXVII", "from 1 to 36"),
        ("N-37-XVI-А", "not divided further"),
        ("N-37-112-Д", "should be"),
        ("N-37-112-Б-г-5", "should be"),
        ("N-37-112-Б-г-4-1", "more parts"),
        ("P-37-81,83", "no neighbours"),
        ("P-37,38-81", "only the last"),
    ],
)
def test_what_is_no_sheet_number_is_refused_with_the_reason(number: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        sheet_frame(number)


def test_places_and_scales_without_sheets() -> None:
    with pytest.raises(InputError, match="beyond the last row"):
        sheet_number((0, 89), 50_000)
    with pytest.raises(InputError, match="no sheet numbers"):
        sheet_number((0, 0), 75_000)
