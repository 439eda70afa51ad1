"""Grid references with letters, as maps of Great Britain and Ireland print them: ``TQ 300 804``.

The Ordnance Survey divides the National Grid into squares of 500 km, and each of these into 25 of 100 km;
both are lettered A to Z without I in rows from the north-west, and the two letters stand before the digits
(Ordnance Survey, "A guide to coordinate systems in Great Britain"). The Irish Grid has one letter, of 100 km.
"""

from __future__ import annotations

import re

from whence.errors import InputError

__all__ = ["BRITISH", "IRISH", "as_grid_reference"]

BRITISH = "EPSG:27700"
IRISH = "EPSG:29903"

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # without I
_SQUARE_M = 100_000
_MOST_DIGITS = 5
_REFERENCE = re.compile(r"(?P<letters>[A-HJ-Z]{1,2})(?P<digits>\d*)")
_FORM = "write it like TQ 300 804, with as many digits for the easting as for the northing"


def as_grid_reference(text: str, where: str) -> tuple[float, float, str]:
    """Read a grid reference with letters.

    The place is the middle of the square that the digits name: ``TQ 30 80`` is a square of a kilometre.

    Parameters
    ----------
    text
        Two letters (Great Britain) or one (Ireland), and an even number of digits up to ten.
    where
        Begins the message.

    Returns
    -------
    easting_m, northing_m, crs
        The place, and `BRITISH` or `IRISH`.

    Raises
    ------
    InputError
        When it is no such reference, or lies outside the grid.

    Examples
    --------
    >>> as_grid_reference("TQ 30080 80030", "line 2")
    (530080.5, 180030.5, 'EPSG:27700')
    >>> as_grid_reference("O 15 34", "line 3")
    (315500.0, 234500.0, 'EPSG:29903')
    """
    found = _REFERENCE.fullmatch(re.sub(r"[\s,]+", "", text).upper())
    if found is None or len(found["digits"]) % 2 or len(found["digits"]) > 2 * _MOST_DIGITS:
        raise InputError(f"{where}: {text.strip()!r} is no grid reference; {_FORM}")
    corner_m = _corner_m(found["letters"])
    if corner_m is None:
        raise InputError(f"{where}: the square {found['letters']} of {text.strip()!r} lies outside the grid")
    half = len(found["digits"]) // 2
    unit_m = 10.0 ** (_MOST_DIGITS - half)
    parts = (found["digits"][:half] or "0", found["digits"][half:] or "0")
    easting_m, northing_m = (
        corner + int(part) * unit_m + unit_m / 2.0 for corner, part in zip(corner_m, parts, strict=True)
    )
    return easting_m, northing_m, BRITISH if len(found["letters"]) == 2 else IRISH


def _corner_m(letters: str) -> tuple[float, float] | None:
    """South-west corner of a square of 100 km; None outside the grid."""
    squares = [divmod(_LETTERS.index(letter), 5) for letter in letters]
    row, column = squares[-1]
    if len(squares) == 1:
        return float(column * _SQUARE_M), float((4 - row) * _SQUARE_M)
    # The false origin lies in the south-west of S: two squares of 500 km east and one north of the first.
    (great_row, great_column) = squares[0]
    east = (great_column - 2) * 5 + column
    north = (3 - great_row) * 5 + (4 - row)
    if not (0 <= east < 7 and 0 <= north < 13):
        return None
    return float(east * _SQUARE_M), float(north * _SQUARE_M)
