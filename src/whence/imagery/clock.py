"""Times as cameras write them, and the offset from UTC as they state or betray it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

__all__ = ["inferred_offset_minutes", "parse_offset_minutes", "parse_time", "with_offset"]

_TIME = re.compile(
    r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?"
    r"\s*(Z|[+-]\d{1,2}:?\d{2})?"
)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?")
_EARLIEST_MINUTES, _LATEST_MINUTES = -12 * 60, 14 * 60
_QUARTER_S = 15 * 60
_SLACK_S = 5 * 60  # a fix may be some minutes old, a camera's clock some minutes off
_DAY_S = 86_400


def parse_time(written: str) -> datetime | None:
    """Read an EXIF or ISO 8601 time; aware when it carries an offset.

    Parameters
    ----------
    written
        ``2008:10:22 16:28:39``, ``2008-10-22T16:28:39.25+02:00`` and the like. Blank and all-zero times mean
        "unknown" by the EXIF standard.

    Returns
    -------
    The time, or None when it is stated to be unknown.

    Raises
    ------
    ValueError
        When it is neither a time nor "unknown".
    """
    written = written.strip().strip("\0")
    if not written.strip(" :0-"):
        return None
    match = _TIME.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a time")
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    fraction = (match[7] or "0")[:6].ljust(6, "0")
    try:
        # A leap second and the hour 24 are written by some clocks; the sum gives the next minute or day.
        moment = datetime(year, month, day) + timedelta(
            hours=hour, minutes=minute, seconds=second, microseconds=int(fraction)
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{written!r} is not a time") from error
    if hour > 24 or minute > 59 or second > 60:
        raise ValueError(f"{written!r} is not a time")
    return with_offset(moment, parse_offset_minutes(match[8])) if match[8] else moment


def parse_offset_minutes(written: str) -> int | None:
    """Read ``+01:00``, ``-0330`` or ``Z``; None when it is blank.

    Raises
    ------
    ValueError
        When it is something else, or lies outside of -12:00 to +14:00.
    """
    written = written.strip().strip("\0")
    if not written.strip(" :"):
        return None
    if written.upper() == "Z":
        return 0
    match = _OFFSET.fullmatch(written)
    minutes = int(match[2]) * 60 + int(match[3] or 0) if match else 10_000
    signed = -minutes if match and match[1] == "-" else minutes
    if not _EARLIEST_MINUTES <= signed <= _LATEST_MINUTES:
        raise ValueError(f"{written!r} is not an offset from UTC between -12:00 and +14:00")
    return signed


def with_offset(moment: datetime, minutes: int | None) -> datetime:
    """Make a local time aware of its offset; without an offset it stays as it is."""
    return moment if minutes is None else moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))


def inferred_offset_minutes(local: datetime, utc: datetime) -> tuple[int | None, str | None]:
    """Infer the offset from UTC out of the camera's local time and the receiver's UTC.

    The difference is believed when it lies within five minutes of a quarter of an hour (all offsets in use
    are multiples of one) between -12 and +14 hours. A date that is off by one day is reported and passed
    over: some receivers keep yesterday's or tomorrow's date.

    Parameters
    ----------
    local
        The camera's clock; its own offset, if any, is ignored.
    utc
        Time of the fix.

    Returns
    -------
    Minutes east of UTC or None, and a sentence about what is odd or None.
    """
    difference_s = (local.replace(tzinfo=None) - utc.replace(tzinfo=None)).total_seconds()
    for days in (0, -1, 1):
        shifted_s = difference_s - days * _DAY_S
        quarters = round(shifted_s / _QUARTER_S)
        minutes = quarters * 15
        near = abs(shifted_s - quarters * _QUARTER_S) <= _SLACK_S
        if near and _EARLIEST_MINUTES <= minutes <= _LATEST_MINUTES:
            odd = "the GPS date and the camera's date differ by a day" if days else None
            return minutes, odd
    hours = difference_s / 3600
    return None, f"the camera's clock is {hours:+.2f} hours from GPS time, which is no offset from UTC"
