"""From the values of a mask as it is published to training ids; what is not known is told, never guessed."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Bools

__all__ = ["IGNORE", "Colour", "encode_colours", "encode_numbers", "hex_of"]

IGNORE = 255
"""The id of pixels that are neither trained on nor scored."""

Colour: TypeAlias = tuple[int, int, int]

_UNKNOWN = 254
_SHOWN = 8
_BAND_ROWS = 1024
_BY_NUMBER = 1 << 16


def encode_colours(
    scheme: Scheme, mask: NDArray[Any], valid: Bools | None = None, *, tolerance: int = 0
) -> NDArray[np.uint8]:
    """Turn colours (rows, cols, 3) of 8 bits into ids; see `Scheme.encode`."""
    if mask.dtype != np.uint8:
        raise InputError(f"the mask has colours of type {mask.dtype}; colours of classes have 8 bits (uint8)")
    table = _colour_table(tuple(scheme.colours.items()))
    ids = np.empty(mask.shape[:2], np.uint8)
    unknown: Counter[int] = Counter()
    for row in range(0, len(mask), _BAND_ROWS):
        band = slice(row, row + _BAND_ROWS)
        packed = _packed(mask[band])
        part = table[packed]
        strange = _strange(part, None if valid is None else valid[band])
        if strange.any():
            part[strange], found = _near(scheme, packed[strange], tolerance)
            unknown.update(found)
        ids[band] = part
    if unknown:
        raise InputError(_about_colours(scheme, unknown, pixels=ids.size, tolerance=tolerance))
    return ids


def encode_numbers(scheme: Scheme, mask: NDArray[Any], valid: Bools | None = None) -> NDArray[np.uint8]:
    """Turn whole numbers (rows, cols) into ids; see `Scheme.encode`."""
    table: NDArray[np.uint8] = np.full(_BY_NUMBER, _UNKNOWN, np.uint8)
    for value, number in scheme.raw.items():
        table[value] = number
    whole = _whole(mask)
    ids: NDArray[np.uint8]
    if whole.dtype.itemsize == 1 and whole.dtype.kind == "u":
        ids = table[whole]
    else:
        inside = (whole >= 0) & (whole < _BY_NUMBER)
        ids = table[np.where(inside, whole, 0).astype(np.uint16)]
        ids[~inside] = _UNKNOWN
    strange = _strange(ids, valid)
    if strange.any():
        raise InputError(_about_numbers(scheme, mask[strange], mask.size))
    return ids


def hex_of(colour: Iterable[int]) -> str:
    """Write a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


@functools.lru_cache(maxsize=4)
def _colour_table(known: tuple[tuple[Colour, int], ...]) -> NDArray[np.uint8]:
    """Make the table from packed colour to id, (2 ** 24,)."""
    table: NDArray[np.uint8] = np.full(1 << 24, _UNKNOWN, np.uint8)
    for (red, green, blue), number in known:
        table[red << 16 | green << 8 | blue] = number
    return table


def _packed(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    packed = colours[..., 0].astype(np.int32)
    for channel in (1, 2):
        packed <<= 8
        packed |= colours[..., channel]
    return packed


def _unpacked(packed: Any) -> NDArray[np.int64]:
    wide = np.asarray(packed, np.int64)
    return np.stack([wide >> 16, wide >> 8 & 255, wide & 255], axis=-1)


def _strange(ids: NDArray[np.uint8], valid: Bools | None) -> Bools:
    """Ignore what is not valid, in place, and tell what of the rest is unknown."""
    if valid is not None:
        ids[~valid] = IGNORE
    strange: Bools = ids == _UNKNOWN
    return strange


def _near(
    scheme: Scheme, packed: NDArray[np.int32], tolerance: int
) -> tuple[NDArray[np.uint8], dict[int, int]]:
    """Give ids of unknown colours (n,) within the tolerance, and the count of each colour beyond it."""
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    apart = np.abs(_unpacked(colours)[:, None] - np.array(list(scheme.colours), np.int64)[None])
    nearest = (apart**2).sum(axis=-1).argmin(axis=1)
    close = apart[np.arange(len(colours)), nearest].max(axis=1) <= tolerance
    ids = np.array(list(scheme.colours.values()), np.uint8)[nearest]
    ids[~close] = IGNORE
    return ids[places], dict(zip(colours[~close].tolist(), counts[~close].tolist(), strict=True))


def _about_colours(scheme: Scheme, unknown: Counter[int], *, pixels: int, tolerance: int) -> str:
    told = []
    for value, count in unknown.most_common(_SHOWN):
        name, known, apart = _nearest(scheme, value)
        told.append(f"{hex_of(_unpacked(value))} {count} pixels (nearest: {name} {known}, {apart} apart)")
    more = f", and {len(unknown) - _SHOWN} more colours" if len(unknown) > _SHOWN else ""
    return (
        f"{sum(unknown.values())} of {pixels} pixels of the mask have colours that the scheme {scheme.name} "
        f"does not know: {', '.join(told)}{more}; {_way_out(scheme, unknown, tolerance)}"
    )


def _way_out(scheme: Scheme, unknown: Counter[int], tolerance: int) -> str:
    exchanged = {(value & 255, value >> 8 & 255, value >> 16) for value in unknown}
    if exchanged <= set(scheme.colours):
        return (
            "each is known with red and blue exchanged: the mask was written as BGR and is to be written as "
            "RGB, or it follows another scheme"
        )
    known = np.array(list(scheme.colours), np.int64)
    between = np.abs(known[:, None] - known[None]).max(axis=-1)
    clear = (int(between[between > 0].min()) - 1) // 2 if len(known) > 1 else 0
    colours = _unpacked(np.fromiter(unknown, np.int64))
    worst = int(np.abs(colours[:, None] - known[None]).max(axis=-1).min(axis=1).max())
    if tolerance < worst <= clear:
        return (
            "the mask was stored with losses (JPEG) or resampled; with a tolerance "
            f"of {worst} the nearest colours are taken"
        )
    return "name the scheme that the mask follows, or add the colour to its classes or ignored_colours"


def _nearest(scheme: Scheme, packed: int) -> tuple[str, str, int]:
    """Give name and colour of the nearest known colour, and the largest difference of a channel."""
    known = list(scheme.colours)
    apart = np.abs(np.array(known, np.int64) - _unpacked(packed))
    best = int((apart**2).sum(axis=1).argmin())
    number = scheme.colours[known[best]]
    name = "ignored" if number == IGNORE else scheme.names[number]
    return name, hex_of(known[best]), int(apart[best].max())


def _whole(mask: NDArray[Any]) -> NDArray[Any]:
    """Give whole numbers; what is no number becomes -1."""
    if mask.dtype.kind == "b":
        return mask.astype(np.uint8)
    if mask.dtype.kind in "iu":
        return mask
    finite = np.isfinite(mask) if mask.dtype.kind == "f" else np.zeros(mask.shape, np.bool_)
    if mask.dtype.kind != "f" or (mask[finite] != np.rint(mask[finite])).any():
        raise InputError(f"the mask holds fractions ({mask.dtype}); classes are whole numbers")
    return np.where(finite & (np.abs(mask) < _BY_NUMBER), mask, -1).astype(np.int64)


def _about_numbers(scheme: Scheme, values: NDArray[Any], pixels: int) -> str:
    found, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_SHOWN]
    told = [f"{found[place]:g}: {counts[place]} pixels" for place in order]
    more = f", and {len(found) - _SHOWN} more values" if len(found) > _SHOWN else ""
    known = ", ".join(
        f"{value} {'ignored' if number == IGNORE else scheme.names[number]}"
        for value, number in sorted(scheme.raw.items())
    )
    return (
        f"{values.size} of {pixels} pixels of the mask have values that the scheme {scheme.name} does not "
        f"know: {', '.join(told)}{more}; it knows {known}; {_from_one(scheme, found)}name the scheme that "
        "the mask follows, or add the value to the raw values of a class or to ignored_raw"
    )


def _from_one(scheme: Scheme, unknown: NDArray[Any]) -> str:
    """Tell of masks that count the classes from 1 where the scheme counts from 0."""
    count = len(scheme.classes)
    by_place = all(not one.raw or one.raw == (number,) for number, one in enumerate(scheme.classes))
    if not by_place or unknown.tolist() != [count]:
        return ""
    return f"if 1 to {count} are the classes, a scheme of your own says so (raw = [1] for the first); "
