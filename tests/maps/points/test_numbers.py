"""Numbers and angles as people write them; the oracle is the arithmetic of the sexagesimal system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.errors import InputError
from whence.maps.points.numbers import as_angle_deg, as_flag, as_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6786000", 6786000.0),
        (" -473.5 ", -473.5),
        ("−473.5", -473.5),
        ("2 557 000,25", 2557000.25),
        ("6'786'000", 6786000.0),
        ("6 786 000.5", 6786000.5),
        ("2.557e6", 2557000.0),
        ("473,5", 473.5),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert as_number(text, "here") == value


@pytest.mark.parametrize("text", ["", "abc", "1,2,3", "nan", "inf", "12 34", "1.2.3"])
def test_no_numbers(text: str) -> None:
    with pytest.raises(InputError, match=r"^line 3: "):
        as_number(text, "line 3")


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("24.5", 24.5),
        ("-24.5", -24.5),
        ("24°30′15″E", 24 + 30 / 60 + 15 / 3600),
        ("24°30'15\"W", -(24 + 30 / 60 + 15 / 3600)),
        ("24° 30.25' N", 24 + 30.25 / 60),
        ("N 59 30 36", 59.51),
        ("59:30:36S", -59.51),
        ("59d30m36s", 59.51),
        ("37°37′ в", 37 + 37 / 60),
        ("55,75", 55.75),
        ("0 30 S", -0.5),
        ("60N", 60.0),
        ("24°30s", 24 + 30 / 3600),
        ("24°30S", -24.5),
        ("-0°30′", -0.5),
    ],
)
def test_angles(text: str, degrees: float) -> None:
    assert as_angle_deg(text, "here") == pytest.approx(degrees, abs=1e-12)


@given(
    st.integers(0, 179),
    st.integers(0, 59),
    st.integers(0, 59_999),
    st.sampled_from(["E", "W", "N", "S", "-", ""]),
)
def test_every_spelling_says_the_same(degrees: int, minutes: int, thousandths: int, mark: str) -> None:
    seconds = thousandths / 1000
    size = degrees + minutes / 60 + seconds / 3600
    expected = -size if mark in ("W", "S", "-") else size
    sign, hemisphere = (mark, "") if mark == "-" else ("", mark)
    for text in (
        f"{sign}{degrees}°{minutes}′{seconds}″{hemisphere}",
        f"{sign}{degrees} {minutes} {seconds} {hemisphere}".strip(),
        f"{sign}{degrees}:{minutes:02d}:{seconds:06.3f}{hemisphere}",
    ):
        assert as_angle_deg(text, "here") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("24°60′", "from 60 on"),
        ("24 10 75", "from 60 on"),
        ("-24°30′W", "says the hemisphere twice"),
        ("N 24 30 N", "says the hemisphere twice"),
        ("24°30′N", "is a latitude where a longitude should be"),
        ("north", "is not an angle"),
        ("", "is not an angle"),
    ],
)
def test_no_angles(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_angle_deg(text, "line 3", axis="longitude")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("No", False)])
def test_flags(text: str, value: bool) -> None:
    assert as_flag(text, "here") is value


def test_no_flag() -> None:
    with pytest.raises(InputError, match="'2' is neither 1 nor 0"):
        as_flag("2", "here")
