"""What a picture file states about itself: position, time, camera; and what of it cannot be true."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.imagery.clock import inferred_offset_minutes, parse_offset_minutes, parse_time, with_offset
from whence.imagery.gps import GPS_TAGS, GpsFix, read_gps
from whence.imagery.ifd import Directory, TiffReader, first_number, text
from whence.imagery.opening import Source, opened
from whence.imagery.payloads import ORIENTATION, Payloads, exif_reader, orientation_of, payloads_of
from whence.imagery.removal import remove_metadata
from whence.imagery.stamping import write_metadata
from whence.imagery.xmp import parse_xmp, xmp_fix, xmp_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from PIL.ImageFile import ImageFile

    from whence.typing import Floats

__all__ = ["Metadata", "read_metadata", "remove_metadata", "write_metadata"]

_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_MAKE, _MODEL, _CHANGED, _SERIAL, _FOCAL_35MM, _ZONE_HOURS = 0x010F, 0x0110, 0x0132, 0xA431, 0xA405, 0x882A
# In the order in which they are believed: name, tags of the time, of its fraction, of its offset.
_TIMES = (
    ("DateTimeOriginal", 0x9003, 0x9291, 0x9011),
    ("DateTimeDigitized", 0x9004, 0x9292, 0x9012),
    ("DateTime", _CHANGED, 0x9290, 0x9010),
)
# The second is when a program made the file, by the clock of its computer.
_XMP_TIMES, _XMP_FILE_TIMES = ("exif:DateTimeOriginal", "photoshop:DateCreated"), ("xmp:CreateDate",)
_MAIN_TAGS = frozenset({_MAKE, _MODEL, ORIENTATION, _CHANGED, _EXIF_POINTER, _GPS_POINTER})
_EXIF_TAGS = frozenset({_SERIAL, _FOCAL_35MM, _ZONE_HOURS} | {tag for _, *tags in _TIMES for tag in tags})
_DISAGREE_DEG = 0.001  # about 100 m: more than any rounding of one and the same position


@dataclass(frozen=True)
class Metadata:
    """What a picture file states, as far as it can be true.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Position, WGS 84; both or neither.
    position_error_m
        Horizontal error as stated by the receiver, else five metres times its dilution of precision.
    resolution_m
        Step to which the stored position was rounded.
    altitude_m
        Above sea level.
    direction_deg, direction_is_magnetic
        Where the camera looked, clockwise from north, and whether that is magnetic north.
    captured_at
        When the picture was taken: aware if the file states the offset from UTC, else the camera's clock.
    captured_at_tag
        Which tag that was; ``DateTime`` may be the time of the last change instead.
    utc_offset_minutes
        East of UTC, stated or inferred from the receiver's UTC.
    utc_offset_is_stated
        False when it was inferred.
    gps_at
        The receiver's time, UTC.
    camera_make, camera_model, camera_serial
        Empty when not stated.
    focal_35mm
        Focal length in millimetres for a 36 mm wide frame.
    orientation
        EXIF orientation as stored, 1 to 8; it is applied by `open_image`.
    size_px
        Width and height of the upright picture.
    problems
        Sentences about values that are impossible or contradictory, and were not believed.
    """

    longitude_deg: float | None = None
    latitude_deg: float | None = None
    position_error_m: float | None = None
    resolution_m: float | None = None
    altitude_m: float | None = None
    direction_deg: float | None = None
    direction_is_magnetic: bool = False
    captured_at: datetime | None = None
    captured_at_tag: str = ""
    utc_offset_minutes: int | None = None
    utc_offset_is_stated: bool = False
    gps_at: datetime | None = None
    camera_make: str = ""
    camera_model: str = ""
    camera_serial: str = ""
    focal_35mm: float | None = None
    orientation: int = 1
    size_px: tuple[int, int] = (0, 0)
    problems: tuple[str, ...] = ()

    @property
    def lonlat(self) -> Floats | None:
        """The position as an array (2,), longitude and latitude in degrees; None when there is none."""
        if self.longitude_deg is None or self.latitude_deg is None:
            return None
        return np.array([self.longitude_deg, self.latitude_deg])


@dataclass(frozen=True)
class _Stored:
    """The directories of a file, and what was wrong with them."""

    main: Directory
    exif: Directory
    gps: Directory
    xmp: Mapping[str, str]
    problems: tuple[str, ...]


def read_metadata(source: Source) -> Metadata:
    """Read position, time and camera from EXIF and XMP; pixels are not decoded.

    JPEG, HEIC, AVIF, PNG, WebP and TIFF carry EXIF and XMP; EXIF goes first, XMP fills what it lacks.
    Damaged or impossible values never raise: they are left out and told in `Metadata.problems`.

    Parameters
    ----------
    source
        A picture file, or its content.

    Raises
    ------
    NotFoundError
        When there is no such file.
    NotAnImageError
        When the file is no picture (see `open_image`).

    Examples
    --------
    >>> metadata = read_metadata("photo.jpg")                                   # doctest: +SKIP
    >>> metadata.longitude_deg, metadata.latitude_deg, metadata.problems        # doctest: +SKIP
    (11.885126666663888, 43.46744833333334, ())
    """
    # The size limit protects decoding; a header is read whatever it announces.
    with opened(source, max_pixels=2**62) as image:
        payloads = payloads_of(image)
        stored = _stored(image, payloads)
        width, height = image.size
        if orientation_of(image, payloads) >= 5:
            width, height = height, width
    return replace(_assembled(stored), size_px=(width, height))


def _stored(image: ImageFile, payloads: Payloads) -> _Stored:
    problems: list[str] = []
    main: Directory = {}
    exif: Directory = {}
    gps: Directory = {}
    try:
        reader = exif_reader(image, payloads)
    except ValueError:
        problems.append("the EXIF block is damaged: it does not begin with a byte order")
        reader = None
    if reader:
        main = reader.directory(reader.first, _MAIN_TAGS)
        exif = _below(reader, main, _EXIF_POINTER, wanted=_EXIF_TAGS, name="EXIF")
        gps = _below(reader, main, _GPS_POINTER, wanted=GPS_TAGS, name="GPS")
        problems += reader.problems
    return _Stored(main, exif, gps, _xmp(payloads.xmp, problems), tuple(problems))


def _below(
    reader: TiffReader, main: Directory, pointer: int, *, wanted: frozenset[int], name: str
) -> Directory:
    """Read the directory that a tag of the main one points to."""
    offset = first_number(main.get(pointer))
    return reader.directory(int(offset), wanted, name=name) if offset > 0 else {}


def _xmp(packet: bytes, problems: list[str]) -> Mapping[str, str]:
    if not packet.strip(b"\0 \r\n\t"):
        return {}
    try:
        return parse_xmp(packet)
    except ValueError as error:
        problems.append(f"the XMP packet cannot be read: {error}")
        return {}


def _assembled(stored: _Stored) -> Metadata:
    problems = list(stored.problems)
    gps = _fix(stored, problems)
    captured_at, tag, stated = _captured(stored, problems)
    offset = _offset_minutes(captured_at, stated, gps.at, problems=problems)
    focal = first_number(stored.exif.get(_FOCAL_35MM))
    orientation = first_number(stored.main.get(ORIENTATION))
    return Metadata(
        longitude_deg=gps.longitude_deg,
        latitude_deg=gps.latitude_deg,
        position_error_m=gps.position_error_m,
        resolution_m=gps.resolution_m,
        altitude_m=gps.altitude_m,
        direction_deg=gps.direction_deg,
        direction_is_magnetic=gps.direction_is_magnetic,
        captured_at=captured_at,
        captured_at_tag=tag,
        utc_offset_minutes=offset,
        utc_offset_is_stated=stated is not None,
        gps_at=gps.at,
        camera_make=text(stored.main.get(_MAKE)) or stored.xmp.get("tiff:Make", ""),
        camera_model=text(stored.main.get(_MODEL)) or stored.xmp.get("tiff:Model", ""),
        camera_serial=text(stored.exif.get(_SERIAL)) or stored.xmp.get("aux:SerialNumber", ""),
        focal_35mm=focal if 0 < focal < 10_000 else None,
        orientation=int(orientation) if 1 <= orientation <= 8 else 1,
        problems=tuple(dict.fromkeys(problems)),
    )


def _fix(stored: _Stored, problems: list[str]) -> GpsFix:
    """Take the fix of EXIF, and from XMP what EXIF lacks."""
    first, second = read_gps(stored.gps), xmp_fix(stored.xmp)
    problems += [*first.problems, *second.problems]
    if _disagree(first, second):
        problems.append(
            f"EXIF says {first.latitude_deg:.6f}, {first.longitude_deg:.6f} but XMP says "
            f"{second.latitude_deg:.6f}, {second.longitude_deg:.6f}: EXIF was taken"
        )
    position = first if first.longitude_deg is not None else second
    facing = first if first.direction_deg is not None else second
    return replace(
        position,
        altitude_m=first.altitude_m if first.altitude_m is not None else second.altitude_m,
        direction_deg=facing.direction_deg,
        direction_is_magnetic=facing.direction_is_magnetic,
        at=first.at or second.at,
    )


def _disagree(first: GpsFix, second: GpsFix) -> bool:
    if first.longitude_deg is None or first.latitude_deg is None:
        return False
    if second.longitude_deg is None or second.latitude_deg is None:
        return False
    east_deg = abs(first.longitude_deg - second.longitude_deg)
    east_deg = min(east_deg, 360 - east_deg) * math.cos(math.radians(first.latitude_deg))
    return math.hypot(east_deg, first.latitude_deg - second.latitude_deg) > _DISAGREE_DEG


def _captured(stored: _Stored, problems: list[str]) -> tuple[datetime | None, str, int | None]:
    """Give the time (aware if an offset is stated), its tag, and the stated offset in minutes."""
    for name, tag, fraction, offset in _TIMES:
        moment = _time(stored, name, tag=tag, fraction=fraction, problems=problems)
        if moment is not None:
            stated = _stated_offset(stored, offset, problems)
            return _split(moment, name, stated)
    moment = xmp_time(stored.xmp, _XMP_TIMES, problems)
    if moment is not None:
        return _split(moment, "XMP", None)
    moment = xmp_time(stored.xmp, _XMP_FILE_TIMES, problems)
    return (moment, "XMP", None) if moment else (None, "", None)


def _split(moment: datetime, name: str, stated: int | None) -> tuple[datetime, str, int | None]:
    """Prefer the offset inside a time over the one beside it; a time in UTC tells no offset."""
    inside = moment.utcoffset()
    if inside and stated is None:
        stated = round(inside.total_seconds() / 60)
    return (moment if inside is not None else with_offset(moment, stated)), name, stated


def _time(stored: _Stored, name: str, *, tag: int, fraction: int, problems: list[str]) -> datetime | None:
    written = text((stored.main if tag == _CHANGED else stored.exif).get(tag))
    try:
        moment = parse_time(written)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return None
    digits = text(stored.exif.get(fraction))
    if moment is None or not digits.isascii() or not digits.isdigit():
        return moment
    return moment.replace(microsecond=int(digits[:6].ljust(6, "0")))


def _stated_offset(stored: _Stored, tag: int, problems: list[str]) -> int | None:
    """Give the offset that belongs to a time; the other offset tags describe the same camera clock."""
    for candidate in (tag, *(offset for *_, offset in _TIMES)):
        try:
            minutes = parse_offset_minutes(text(stored.exif.get(candidate)))
        except ValueError as error:
            problems.append(f"OffsetTime: {error}")
            continue
        if minutes is not None:
            return minutes
    hours = first_number(stored.exif.get(_ZONE_HOURS))
    return round(hours * 60) if -12 <= hours <= 14 else None


def _offset_minutes(
    captured_at: datetime | None, stated: int | None, gps_at: datetime | None, *, problems: list[str]
) -> int | None:
    """Give the stated offset, else the one inferred from GPS time; tell where they contradict."""
    if captured_at is None or gps_at is None:
        return stated
    if stated is None and captured_at.tzinfo is not None:
        return None  # the time itself is in UTC, so it tells nothing about the camera's clock
    inferred, odd = inferred_offset_minutes(captured_at, gps_at)
    if odd:
        problems.append(odd)
    if stated is not None and inferred is not None and stated != inferred:
        problems.append(
            f"the stated offset from UTC is {stated:+d} min, by GPS time {inferred:+d}: the stated was taken"
        )
    return inferred if stated is None else stated
