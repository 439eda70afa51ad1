"""Numbers as people and programs write them: decimal commas, groups, degrees with minutes and seconds."""

from __future__ import annotations

import math
import re

from whence.errors import InputError

__all__ = ["as_angle_deg", "as_flag", "as_number"]

_YES, _NO = {"1", "true", "yes", "y", "t", "on"}, {"0", "false", "no", "n", "f", "off"}
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_SEPARATORS = re.compile(r"[ '’\u00a0\u202f]")
_LETTERS = "NSEWnewСсЮюВвЗз"  # without s, which also stands for seconds
_NUMBER = r"\d+(?:[.,]\d+)?"
_ANGLE = re.compile(
    rf"""(?P<before>[s{_LETTERS}])?\s*(?P<sign>[+\-−]?)\s*
    (?P<degrees>{_NUMBER})\s*(?:[°ºd:\s]\s*|(?=[{_LETTERS}])|$)
    (?:(?P<minutes>{_NUMBER})\s*(?:['′’m:\s]\s*|(?=[{_LETTERS}])|$))?
    (?:(?P<seconds>{_NUMBER})\s*(?:["″”s]|''|′′|’’)?\s*)?
    (?P<after>[s{_LETTERS}])?""",
    re.VERBOSE,
)
_HEMISPHERES = {**dict.fromkeys("NnEeСсВв", 1.0), **dict.fromkeys("SsWwЮюЗз", -1.0)}
_AXES = {**dict.fromkeys("NnSsСсЮю", "latitude"), **dict.fromkeys("EeWwВвЗз", "longitude")}


def as_number(text: str, where: str) -> float:
    """Read a finite number; ``6 786 000``, ``6'786'000`` and a decimal comma are understood.

    Raises
    ------
    InputError
        When it is none; the message begins with `where`.

    Examples
    --------
    >>> as_number("2 557 000,5", "line 2")
    2557000.5
    """
    plain = text.strip().replace("−", "-")
    if _GROUPED.fullmatch(plain):
        plain = _SEPARATORS.sub("", plain)
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError as error:
        raise InputError(f"{where}: {text.strip()!r} is not a number") from error
    if not math.isfinite(value):
        raise InputError(f"{where}: {text.strip()!r} is not a position; remove the line or complete it")
    return value


def as_angle_deg(text: str, where: str, *, axis: str | None = None) -> float:
    """Read an angle in degrees: decimal, or with minutes and seconds, with a sign or a hemisphere.

    Parameters
    ----------
    text
        Such as ``24.5``, ``24°30′15″E``, ``N 59 30.5``, ``-24:30:15``, ``24d30m``.
    where
        Begins the message.
    axis
        ``"longitude"`` or ``"latitude"``: a hemisphere of the other one is refused.

    Raises
    ------
    InputError
        When it is no angle, minutes or seconds reach 60, or it has both a minus and a hemisphere.

    Examples
    --------
    >>> as_angle_deg("24°30′E", "line 2"), as_angle_deg("12 15 36 S", "line 3")
    (24.5, -12.26)
    """
    found = _ANGLE.fullmatch(text.strip())
    if found is None:
        raise InputError(f"{where}: {text.strip()!r} is not an angle; write 24.5 or 24°30′15″E")
    hemispheres = [mark for mark in (found["before"], found["after"]) if mark]
    negative = found["sign"] in {"-", "−"}
    if len(hemispheres) == 2 or (hemispheres and negative):
        raise InputError(f"{where}: {text.strip()!r} says the hemisphere twice; keep one of the two")
    if hemispheres and axis and _AXES[hemispheres[0]] != axis:
        raise InputError(f"{where}: {text.strip()!r} is a {_AXES[hemispheres[0]]} where a {axis} should be")
    minutes, seconds = (float((found[part] or "0").replace(",", ".")) for part in ("minutes", "seconds"))
    if minutes >= 60.0 or seconds >= 60.0:
        raise InputError(f"{where}: {text.strip()!r} has minutes or seconds from 60 on")
    size = float(found["degrees"].replace(",", ".")) + minutes / 60.0 + seconds / 3600.0
    return size * (_HEMISPHERES[hemispheres[0]] if hemispheres else -1.0 if negative else 1.0)


def as_flag(text: str, where: str) -> bool:
    """Read yes or no, as programs write it.

    Raises
    ------
    InputError
        When it is neither.
    """
    word = text.strip().lower()
    if word in _YES | _NO:
        return word in _YES
    raise InputError(f"{where}: {text.strip()!r} is neither 1 nor 0")
