"""How far apart the lines of a grid are on the ground."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whence.typing import Floats

__all__ = ["round_spacing", "spacing_between", "spacing_dividing"]

_MANTISSAS = (1.0, 2.0, 2.5, 5.0)
_EXACT = 1e-6


def round_spacing(value: float) -> bool:
    """Tell whether a spacing is 1, 2, 2.5 or 5 times a power of ten, as grids have.

    Examples
    --------
    >>> round_spacing(1000), round_spacing(250), round_spacing(3000)
    (True, True, False)
    """
    if value <= 0:
        return False
    mantissa = value / 10.0 ** np.floor(np.log10(value) + _EXACT)
    return any(abs(mantissa - one) < _EXACT * one for one in _MANTISSAS)


def spacing_between(values: Sequence[float], steps: Sequence[float]) -> set[float]:
    """Round spacings that two labels some steps apart would mean.

    Parameters
    ----------
    values
        (n,) what labels of one coordinate say.
    steps
        (n,) how many steps along that coordinate they stand.
    """
    found = set()
    for (value, step), (other, beyond) in itertools.combinations(zip(values, steps, strict=True), 2):
        if step != beyond and round_spacing(apart := abs((value - other) / (step - beyond))):
            found.add(float(apart))
    return found


def spacing_dividing(values: Iterable[float] | Floats) -> float:
    """Give the largest 1, 2 or 5 times a power of ten that divides all numbers.

    Raises
    ------
    InputError
        Without any number but zeros.

    Examples
    --------
    >>> spacing_dividing([2557000, 6786000]), spacing_dividing([560000, 6780000])
    (1000.0, 20000.0)
    """
    whole = [round(value) for value in values]
    common = int(np.gcd.reduce(np.array(whole, dtype=np.int64))) if whole else 0
    if common == 0:
        raise InputError("no label other than 0 was read, so the spacing of the grid is not known; give it")
    candidates = (m * 10**k for k in range(len(str(common)) - 1, -1, -1) for m in (5, 2, 1))
    return float(next(step for step in candidates if common % step == 0))
