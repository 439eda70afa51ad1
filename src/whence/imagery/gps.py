"""The GPS directory of EXIF: a position that is believed, or the reason why it is not.

Tag numbers and meanings follow CIPA DC-008 (Exif 2.32), section 4.6.6.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from whence.earth.sphere import EARTH_RADIUS_M
from whence.imagery.ifd import Directory, Rational, Value, first_number, text

__all__ = ["GPS_TAGS", "METRES_PER_DEGREE", "GpsFix", "check_position", "read_gps"]

GPS_TAGS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 11, 16, 17, 18, 29, 31})

METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
_UNITS_DEG = (1.0, 1 / 60, 1 / 3600)
_DOP_TO_M = 5.0  # user range error of a civil receiver: a dilution of one is about five metres
_DATUM_SHIFT_M = 500.0  # the usual size of a local datum's distance from WGS 84
_WGS84_NAMES = ("", "WGS84", "WGS1984", "WORLDGEODETICSYSTEM1984")
_LONE_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*[A-Za-z]?\s*")
_NO_LETTERS = "0123456789.'\"°′″ "
_LOWEST_M, _HIGHEST_M = -500.0, 50_000.0
_HALF_CIRCUMFERENCE_M = 20_037_509.0


@dataclass(frozen=True)
class GpsFix:
    """What the GPS directory says and is believed.

    Attributes
    ----------
    longitude_deg, latitude_deg
        WGS 84; None when nothing is stated or what is stated is impossible.
    resolution_m
        Step to which the stored position was rounded.
    position_error_m
        Stated horizontal error, or 5 m times the dilution of precision.
    altitude_m
        Above sea level.
    direction_deg, direction_is_magnetic
        Where the camera looked, clockwise from north, and which north.
    at
        Time of the fix, UTC.
    problems
        Sentences about what was not believed.
    """

    longitude_deg: float | None = None
    latitude_deg: float | None = None
    resolution_m: float | None = None
    position_error_m: float | None = None
    altitude_m: float | None = None
    direction_deg: float | None = None
    direction_is_magnetic: bool = False
    at: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Coordinate:
    degrees: float
    step_deg: float


def read_gps(tags: Directory) -> GpsFix:
    """Read a GPS directory.

    Parameters
    ----------
    tags
        Tag number -> stored value, as `TiffReader.directory` gives them for `GPS_TAGS`.
    """
    problems: list[str] = []
    latitude = _coordinate(tags.get(2), tags.get(1), name="latitude", problems=problems)
    longitude = _coordinate(tags.get(4), tags.get(3), name="longitude", problems=problems)
    believed = _believed(tags, latitude, longitude, problems=problems)
    error_m = _error_m(tags, problems) if believed else None
    step_deg = min((item.step_deg for item in (latitude, longitude) if item), default=0.0)
    return GpsFix(
        longitude_deg=longitude.degrees if believed and longitude else None,
        latitude_deg=latitude.degrees if believed and latitude else None,
        resolution_m=step_deg * METRES_PER_DEGREE if believed else None,
        position_error_m=error_m,
        altitude_m=_altitude_m(tags, problems),
        direction_deg=_direction_deg(tags, problems),
        direction_is_magnetic=text(tags.get(16)).upper() == "M",
        at=_time(tags, problems),
        problems=tuple(problems),
    )


def check_position(longitude_deg: float, latitude_deg: float) -> str | None:
    """Tell why a position cannot be believed, or None when it can."""
    if not (math.isfinite(latitude_deg) and math.isfinite(longitude_deg)):
        return "the position is not a number"
    if abs(latitude_deg) > 90:
        return f"latitude {latitude_deg:g} lies beyond the pole"
    if abs(longitude_deg) > 180:
        return f"longitude {longitude_deg:g} lies beyond 180 degrees"
    if abs(latitude_deg) < 1e-6 and abs(longitude_deg) < 1e-6:
        return "the position 0, 0 means that the camera had no fix"
    return None


def _believed(
    tags: Directory, latitude: _Coordinate | None, longitude: _Coordinate | None, *, problems: list[str]
) -> bool:
    if not (2 in tags or 4 in tags):
        return False
    if latitude is None or longitude is None:
        missing = [name for name, tag in (("latitude", 2), ("longitude", 4)) if tag not in tags]
        problems.extend(f"GPS {name} is missing" for name in missing)
        return False
    if text(tags.get(9)).upper().startswith("V"):
        problems.append("GPSStatus V says that the receiver had no fix: its position is not believed")
        return False
    doubt = check_position(longitude.degrees, latitude.degrees)
    if doubt:
        problems.append(f"GPS: {doubt}")
    return doubt is None


def _coordinate(
    value: Value | None, reference: Value | None, *, name: str, problems: list[str]
) -> _Coordinate | None:
    """Read degrees, minutes, seconds and the hemisphere letter."""
    if value is None:
        return None
    written = text(value) if isinstance(value, str | bytes) else ""
    parts = _parts(value)
    doubt = _doubt_parts(parts) or _doubt_comma(written)
    if doubt:
        problems.append(f"GPS {name} {doubt}")
        return None
    numbers = [part.value() if isinstance(part, Rational) else part for part in parts]
    size = sum(abs(number) * unit for number, unit in zip(numbers, _UNITS_DEG, strict=False))
    letter = text(reference) or written[-1:].strip(_NO_LETTERS)  # "33.865 S" tells its own hemisphere
    sign = _sign(letter, name, problems, negative=any(number < 0 for number in numbers))
    return None if sign is None else _Coordinate(sign * size, _step_deg(parts))


def _parts(value: Value) -> tuple[float | Rational, ...]:
    """Split a coordinate into its numbers; some programs write them as text."""
    if isinstance(value, bytes):
        value = text(value)
    if isinstance(value, str):
        words = "".join(mark if mark.isdigit() or mark in ".-" else " " for mark in value).split()
        try:
            return tuple(float(word) for word in words)
        except ValueError:
            return ()
    return value


def _doubt_parts(parts: tuple[float | Rational, ...]) -> str | None:
    if not 1 <= len(parts) <= 3:
        return f"has {len(parts)} numbers instead of degrees, minutes, seconds"
    if any(isinstance(part, Rational) and not part.denominator for part in parts):
        return "has a zero denominator"
    numbers = [part.value() if isinstance(part, Rational) else part for part in parts]
    if not all(map(math.isfinite, numbers)):
        return "is not a number"
    # Exactly 60 is what rounding makes of 59.9999; more is another unit or damage.
    if any(abs(number) > 60 for number in numbers[1:]):
        return f"has {max(numbers[1:], key=abs):g} minutes or seconds"
    return None


def _doubt_comma(written: str) -> str | None:
    """Tell a decimal comma from the comma between degrees and minutes; alone it may be either."""
    if _LONE_COMMA.fullmatch(written):
        return f"is {written!r}: a decimal comma, or degrees and minutes?"
    return None


def _sign(reference: str, name: str, problems: list[str], *, negative: bool) -> int | None:
    """Give +1 or -1 by the hemisphere letter; None when it cannot be known."""
    plus, minus = ("N", "S") if name == "latitude" else ("E", "W")
    letter = reference[:1].upper()
    if letter not in (plus, minus):
        stated = f"{reference!r} is no hemisphere" if letter else "is missing"
        problems.append(f"GPS {name} reference {stated} ({plus} or {minus})")
        return -1 if negative else None  # a minus sign tells the hemisphere, its absence does not
    if negative and letter == plus:
        problems.append(f"GPS {name} is negative but its reference is {letter}")
        return None
    return 1 if letter == plus else -1


def _step_deg(parts: tuple[float | Rational, ...]) -> float:
    """Give the rounding step: one count of the smallest unit that is in use.

    Trailing zeros say nothing: 43 deg 28.04 min 0 s was rounded to a hundredth of a minute.
    """
    used = list(zip(parts, _UNITS_DEG, strict=False))
    while len(used) > 1 and not (used[-1][0].value() if isinstance(used[-1][0], Rational) else used[-1][0]):
        used.pop()
    last, unit_deg = used[-1]
    if isinstance(last, Rational):
        return unit_deg / abs(last.denominator)
    return unit_deg * 10.0 ** -len(f"{last!r}".partition(".")[2])


def _error_m(tags: Directory, problems: list[str]) -> float | None:
    stated, dilution = first_number(tags.get(31)), first_number(tags.get(11))
    error_m = None
    if 0 < stated <= _HALF_CIRCUMFERENCE_M:
        error_m = stated
    elif 31 in tags and stated:
        problems.append(f"GPSHPositioningError {stated:g} m is impossible")
    if error_m is None and 0 < dilution < 1000:
        error_m = dilution * _DOP_TO_M
    datum = text(tags.get(18))
    if "".join(filter(str.isalnum, datum)).upper() not in _WGS84_NAMES:
        problems.append(f"the position refers to the datum {datum!r}, not to WGS 84: it can be 500 m off")
        error_m = max(error_m or 0.0, _DATUM_SHIFT_M)
    return error_m


def _altitude_m(tags: Directory, problems: list[str]) -> float | None:
    if 6 not in tags:
        return None
    altitude_m = first_number(tags[6])
    reference = tags.get(5)
    if (reference[:1] == b"\x01") if isinstance(reference, bytes) else first_number(reference) == 1:
        altitude_m = -abs(altitude_m)
    if _LOWEST_M <= altitude_m <= _HIGHEST_M:
        return altitude_m
    problems.append(f"GPS altitude {altitude_m:g} m is impossible")
    return None


def _direction_deg(tags: Directory, problems: list[str]) -> float | None:
    if 17 not in tags:
        return None
    direction_deg = first_number(tags[17])
    if 0 <= direction_deg <= 360:
        return direction_deg % 360
    problems.append(f"GPS image direction {direction_deg:g} is impossible")
    return None


def _time(tags: Directory, problems: list[str]) -> datetime | None:
    """Join GPSDateStamp and GPSTimeStamp; a clock without a date tells nothing."""
    day, clock = text(tags.get(29)), tags.get(7)
    if not day.strip(":- 0") or clock is None:
        return None
    digits = "".join(filter(str.isdigit, day))
    parts = [part.value() if isinstance(part, Rational) else float(part) for part in _parts(clock)]
    try:
        hours, minutes, seconds = parts
        start = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC)
        inside = 0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds <= 60
        if len(digits) == 8 and inside:
            return start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except ValueError:
        pass
    stated = ":".join(f"{part:g}" for part in parts)
    problems.append(f"GPS time {day} {stated} is impossible")
    return None
