"""What a height may have been before it was misread: digits that look alike, swapped, dropped, or added."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.units import Unit

__all__ = ["Misreading", "find_misreading", "misreadings"]

_ALIKE = {
    frozenset(pair)
    for pair in (
        "17", "38", "56", "06", "49", "08", "68", "35", "27", "14", "89", "09", "23", "58",
    )  # what script, engraving and character recognition confuse
}  # fmt: skip
_DIGITS = 10


@dataclass(frozen=True)
class Misreading:
    """Another reading of a height.

    Parameters
    ----------
    cause
        ``"alike"`` (digits that look alike), ``"swapped"``, ``"point"`` (lost, added or moved),
        ``"missing"``, ``"extra"``, ``"digit"`` (one digit, not alike), ``"sign"`` or ``"unit"``.
    height
        What it would say, in the unit of the map.
    story
        The mistake in words.
    """

    cause: str
    height: float
    story: str


def misreadings(height: float) -> Iterator[Misreading]:
    """Give every reading that one mistake may have turned into `height`, likeliest first.

    Examples
    --------
    >>> [one.height for one in misreadings(183.4) if one.cause == "alike"][:3]
    [483.4, 783.4, 103.4]
    """
    text = f"{abs(height):.{_DIGITS}g}"
    if "e" in text or not np.isfinite(height):
        return
    sign = -1.0 if height < 0 else 1.0
    yield from _changed(text, sign, alike=True)
    yield from _swapped(text, sign)
    yield from _pointed(text, sign)
    yield from _lengthened(text, sign)
    yield from _changed(text, sign, alike=False)
    if height != 0:
        yield Misreading("sign", -height, "the sign may be wrong")


def find_misreading(
    height: float, expected: float, *, tolerance: float, unit_m: float = 1.0, units: tuple[Unit, ...] = ()
) -> Misreading | None:
    """Find the likeliest mistake that explains a height.

    Parameters
    ----------
    height
        What was read.
    expected, tolerance
        What the other heights let one expect, and how far off it may be, in the unit of the map.
    unit_m
        Metres of that unit.
    units
        Other units in which single heights of the sheet may stand.

    Returns
    -------
    Misreading or None
        Of equally likely ones the nearest to what is expected.

    Examples
    --------
    >>> find_misreading(183.4, 133.0, tolerance=2.0).story
    '133.4 may have been read as 183.4 (3↔8)'
    """
    found: Misreading | None = None
    for one in misreadings(height):
        if found is not None and one.cause != found.cause:
            break
        off = abs(one.height - expected)
        if off <= tolerance and (found is None or off < abs(found.height - expected)):
            found = one
    if found is not None:
        return found
    for other in units:
        mended = height * other.metres / unit_m
        if other.metres != unit_m and abs(mended - expected) <= tolerance:
            return Misreading("unit", mended, f"{_text(height)} agrees as {other.name}")
    return None


def _changed(text: str, sign: float, *, alike: bool) -> Iterator[Misreading]:
    """Put one digit instead of another."""
    for place, digit in enumerate(text):
        if not digit.isdigit():
            continue
        for other in "0123456789":
            if other == digit or (frozenset((digit, other)) in _ALIKE) is not alike:
                continue
            true = text[:place] + other + text[place + 1 :]
            cause = "alike" if alike else "digit"
            yield _reading(cause, true, text, sign, f"{min(digit, other)}↔{max(digit, other)}")


def _swapped(text: str, sign: float) -> Iterator[Misreading]:
    """Exchange two neighbouring digits."""
    places = [place for place, digit in enumerate(text) if digit.isdigit()]
    for first, second in pairwise(places):
        if text[first] != text[second]:
            mended = list(text)
            mended[first], mended[second] = text[second], text[first]
            yield _reading(
                "swapped", "".join(mended), text, sign, f"{text[first]} and {text[second]} swapped"
            )


def _pointed(text: str, sign: float) -> Iterator[Misreading]:
    """Move, add or lose the decimal point."""
    digits = text.replace(".", "")
    now = text.index(".") if "." in text else len(text)
    for place in sorted(range(1, len(digits) + 3), key=lambda place: abs(place - now)):
        if place == now:
            continue
        padded = digits.ljust(place, "0")
        true = padded[:place] + ("." + padded[place:] if padded[place:] else "")
        yield _reading("point", true, text, sign, "the decimal point")


def _lengthened(text: str, sign: float) -> Iterator[Misreading]:
    """Add or drop a digit, first at the ends."""
    whole = text.split(".")[0]
    for digit in "123456789":
        yield _reading("missing", digit + text, text, sign, f"a {digit} before it is missing")
    for place in range(1, len(whole) + 1):
        for digit in "0123456789":
            yield _reading(
                "missing", text[:place] + digit + text[place:], text, sign, f"a {digit} is missing"
            )
    for place, digit in enumerate(text):
        shorter = text[:place] + text[place + 1 :]
        if digit.isdigit() and shorter.strip("."):
            yield _reading("extra", shorter, text, sign, f"a {digit} too many")


def _reading(cause: str, true: str, read: str, sign: float, how: str) -> Misreading:
    value = sign * float(true)
    shown = "-" if sign < 0 else ""
    return Misreading(cause, value, f"{shown}{true} may have been read as {shown}{read} ({how})")


def _text(height: float) -> str:
    return f"{height:.{_DIGITS}g}"
