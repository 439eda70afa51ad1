"""Frames given as text: the limits or corners that are printed on a sheet."""

from __future__ import annotations

import re
from typing import Any

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points.numbers import as_angle_deg
from whence.maps.sheets.frame import SheetFrame

__all__ = ["quadrangle"]

_FORM = 'write both limits of each, such as "141°15′E to 141°30′E, 43°00′N to 43°10′N"'
_RANGE = re.compile(
    r"\s*(?:\bto\b|\.\.\.?|…|–|—|(?<=[\d°′’'\"″dmEWNSewnsвзсю])\s*-\s*(?=\d))\s*", re.IGNORECASE
)
_LONGITUDE = re.compile(r"[EWewВвЗз]")
_LATITUDE = re.compile(r"[NSnСсЮю]|(?<=[\d°′’'\"″])\s*s\b")


def quadrangle(text: str, *, crs: Any, name: str = "", scale: int = 0) -> SheetFrame:
    """Read the frame of a sheet from the limits printed on it.

    Parameters
    ----------
    text
        A range of longitude and one of latitude, in any order, separated by a comma or semicolon; degrees
        decimal or with minutes and seconds. Each names its hemisphere at least once; without any hemisphere
        the order is longitude, then latitude.
    crs
        Geographic system in which the sheet was drawn, such as ``EPSG:4301`` for the Tokyo datum.
    name
        Title of the sheet; the text if not given.
    scale
        Denominator of its scale.

    Raises
    ------
    InputError
        When the text is no two ranges, or they bound no area.

    Examples
    --------
    >>> frame = quadrangle("141°15′-141°30′E, 43°00′-43°10′N", crs="EPSG:4301", name="Sapporo")
    >>> frame.west, frame.east, round(frame.north, 4)
    (141.25, 141.5, 43.1667)
    """
    ranges = [part.strip() for part in re.split(r"[;,](?!\d)", text) if part.strip()]
    if len(ranges) != 2:
        raise InputError(f"{text!r} is not a range of longitude and one of latitude; {_FORM}")
    axes = [_axis(part) for part in ranges]
    if axes == [None, None]:
        axes = ["longitude", "latitude"]
    if sorted(axes, key=str) != ["latitude", "longitude"]:
        raise InputError(f"{text!r} does not say which range is longitude and which latitude; {_FORM}")
    limits = dict(
        zip(
            axes,
            (_limits(part, str(axis), text) for part, axis in zip(ranges, axes, strict=True)),
            strict=True,
        )
    )
    west, east = limits["longitude"]
    if east < west:  # over the date line
        east += 360.0
    south, north = sorted(limits["latitude"])
    return SheetFrame(name or text.strip(), west, south, east, north, Crs.parse(crs), scale)


def _axis(part: str) -> str | None:
    longitude, latitude = bool(_LONGITUDE.search(part)), bool(_LATITUDE.search(part))
    if longitude == latitude:
        return None
    return "longitude" if longitude else "latitude"


def _limits(part: str, axis: str, text: str) -> tuple[float, float]:
    ends = _RANGE.split(part)
    if len(ends) != 2:
        raise InputError(f"{part!r} is not a range; {_FORM}")
    hemisphere = _hemisphere(ends[1])
    if hemisphere and not _hemisphere(ends[0]):  # 141°15′-141°30′E
        ends[0] += hemisphere
    first, second = (as_angle_deg(end, f"limits {text!r}", axis=axis) for end in ends)
    return first, second


def _hemisphere(end: str) -> str:
    found = re.search(r"(?:[NSEWnewСсЮюВвЗз]|(?<=[\d°′’'\"″\s])s)\s*$", end.strip())
    return found.group(0).strip() if found else ""
