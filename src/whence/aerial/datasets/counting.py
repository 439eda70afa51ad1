"""A scheme for masks that come without one: the values that they hold, counted."""

from __future__ import annotations

import colorsys
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.encoding import IGNORE, Colour, hex_of
from whence.aerial.scheme import LandClass, Scheme
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["counted_scheme", "distinct_colours"]

_MOST = 64
_BAND_ROWS = 1024


def counted_scheme(masks: Iterable[Path], *, name: str = "counted") -> Scheme:
    """Make a scheme of what masks hold: a class for each number or colour, in ascending order.

    Parameters
    ----------
    masks
        Files of one band (numbers; 255 is ignored unless it is the only one beside 0) or of colours.
    name
        What the scheme is called.

    Raises
    ------
    InputError
        When masks by colour and by number are mixed, or there are more than 64 values, as in masks that
        were stored with losses.
    """
    counts: Counter[tuple[int, ...]] = Counter()
    for path in masks:
        counts.update(_counts(path))
        if len(counts) > _MOST:
            raise InputError(
                f"the masks hold more than {_MOST} values by {path}; they were stored with losses (JPEG) or "
                "are no masks; name their scheme, and a tolerance"
            )
    kinds = {len(value) for value in counts}
    if len(kinds) != 1:
        raise InputError("there are masks by colour and masks by number; name the scheme of each")
    values = sorted(counts)
    if kinds == {3}:
        return Scheme(name, tuple(LandClass(hex_of(value), _colour(value)) for value in values))
    numbers = [value for (value,) in values]
    ignored = (IGNORE,) if IGNORE in numbers and numbers != [0, IGNORE] else ()
    kept = [value for value in numbers if value not in ignored]
    palette = distinct_colours(len(kept))
    classes = tuple(
        LandClass(f"class {value}", colour, (value,)) for value, colour in zip(kept, palette, strict=True)
    )
    return Scheme(name, classes, ignored_raw=ignored)


def distinct_colours(count: int) -> list[Colour]:
    """Give colours that are told apart, none of them black: hues a golden section apart."""
    colours: list[Colour] = []
    for number in range(count):
        rgb = colorsys.hsv_to_rgb(number * 0.618034 % 1, 0.75, 1 - 0.12 * (number // 5 % 5))
        colours.append(_colour([round(255 * part) for part in rgb]))
    return colours


def _colour(value: Iterable[int]) -> Colour:
    red, green, blue = value
    return red, green, blue


def _counts(path: Path) -> Counter[tuple[int, ...]]:
    counts: Counter[tuple[int, ...]] = Counter()
    with open_raster(path) as reader:
        raster = reader.raster
        for row in range(0, raster.height, _BAND_ROWS):
            values, valid = reader.read(Window(0, row, raster.width, min(_BAND_ROWS, raster.height - row)))
            counts.update(
                _of_values(values[valid] if valid is not None else values.reshape(-1, raster.bands))
            )
            if len(counts) > _MOST:
                break
    return counts


def _of_values(values: NDArray[Any]) -> dict[tuple[int, ...], int]:
    """Count rows of (n, 1) numbers or (n, 3) colours."""
    if values.shape[1] not in (1, 3) or values.dtype.kind not in "iu":
        raise InputError(
            f"a mask of {values.shape[1]} bands of {values.dtype} is neither numbers nor colours; masks have "
            "one band of whole numbers, or three of 8 bits"
        )
    packed = values[:, 0].astype(np.int64)
    for band in range(1, values.shape[1]):
        packed = packed << 8 | values[:, band]
    found, counts = np.unique(packed, return_counts=True)
    if values.shape[1] == 1:
        return {(value,): count for value, count in zip(found.tolist(), counts.tolist(), strict=True)}
    return {
        (value >> 16, value >> 8 & 255, value & 255): count
        for value, count in zip(found.tolist(), counts.tolist(), strict=True)
    }
