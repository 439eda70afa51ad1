"""Common mistakes with control points, undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["Slip", "number_slips", "point_slips"]

_Pair: TypeAlias = "tuple[float, float]"
_DIGITS = 10  # significant ones that people type


@dataclass(frozen=True)
class Slip:
    """What a point would be if one mistake had not been made.

    Parameters
    ----------
    cause
        A word for the mistake.
    story
        The mistake in words.
    pixel, world
        The values without it: column, row; easting, northing.
    """

    cause: str
    story: str
    pixel: _Pair
    world: _Pair


def point_slips(pixel: Floats, world: Floats, *, geographic: bool) -> list[Slip]:
    """Undo mistakes with a whole point, likeliest first.

    Parameters
    ----------
    pixel, world
        (2,) column, row; (2,) easting, northing or longitude, latitude.
    geographic
        Whether the world coordinates are degrees.
    """
    column, row = pixel.tolist()
    x, y = world.tolist()
    first, second = ("longitude", "latitude") if geographic else ("easting", "northing")
    slips = [
        Slip("columns and rows", "column and row were exchanged", (row, column), (x, y)),
        Slip("easting and northing", f"{first} and {second} were exchanged", (column, row), (y, x)),
    ]
    for sign_x, sign_y, which in ((-1, 1, first), (1, -1, second), (-1, -1, f"{first} and of the {second}")):
        story = f"the sign of the {which} is wrong" + (" (other hemisphere)" if geographic else "")
        slips.append(Slip("hemisphere", story, (column, row), (sign_x * x, sign_y * y)))
    if geographic:
        mended = ((_minutes(x), y), (x, _minutes(y)), (_minutes(x), _minutes(y)))
        story = "minutes were written as decimals of a degree"
        slips += [Slip("minutes", story, (column, row), new) for new in mended]
    return slips


def number_slips(pixel: Floats, world: Floats) -> list[Slip]:
    """Undo a mistyped digit, or two neighbouring digits swapped, in any one of the four numbers.

    Parameters
    ----------
    pixel, world
        (2,) column, row; (2,) easting, northing.
    """
    numbers = [*pixel.tolist(), *world.tolist()]
    names = ("column", "row", "first coordinate", "second coordinate")
    slips = []
    for place, (number, name) in enumerate(zip(numbers, names, strict=True)):
        for other in _misspellings(number):
            mended = [*numbers[:place], other, *numbers[place + 1 :]]
            story = f"its {name} may be mistyped: {_written(other)} would agree, not {_written(number)}"
            slips.append(Slip("digit", story, (mended[0], mended[1]), (mended[2], mended[3])))
    return slips


def _minutes(degrees: float) -> float:
    """Read the first two decimals of degrees as minutes: 55.30 was meant as 55° 30′."""
    whole = np.trunc(degrees)
    return float(whole + (degrees - whole) * 100 / 60)


def _written(number: float) -> str:
    return f"{number:.{_DIGITS}g}"


def _misspellings(number: float) -> Iterator[float]:
    """Every number that differs in one digit or by a swap of two neighbours, the largest change first."""
    text = _written(number)
    if "e" in text:
        return
    for k, digit in enumerate(text):
        if not digit.isdigit():
            continue
        for other in "0123456789":
            if other != digit:
                yield float(text[:k] + other + text[k + 1 :])
        follower = text[k + 1 : k + 2]
        if follower.isdigit() and follower != digit:
            yield float(text[:k] + follower + digit + text[k + 2 :])
