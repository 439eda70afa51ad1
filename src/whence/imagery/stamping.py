"""Write metadata into a picture: for pictures that are made by code, and for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image as PillowImage
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from whence.errors import InputError, NotAnImageError
from whence.imagery.atomic import atomic_path
from whence.imagery.gps import check_position
from whence.imagery.opening import opened
from whence.imagery.surgery import SURGEONS

if TYPE_CHECKING:
    from whence.imagery.exif import Metadata
    from whence.typing import PathLike

__all__ = ["exif_block", "write_metadata"]

_SECOND_PARTS = 1_000_000  # of an arc second: 0.03 mm
_FRACTION = 1000


def write_metadata(path: PathLike, metadata: Metadata) -> None:
    """Make a picture state some metadata and nothing else; its coded pixels stay as they are.

    Parameters
    ----------
    path
        A JPEG, PNG or WebP file; replaced when the new one is complete.
    metadata
        What `read_metadata` shall give. Fields that describe rather than state (`size_px`, `resolution_m`,
        `captured_at_tag`, `problems`) are ignored, and so is an inferred offset from UTC.

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no such picture.
    InputError
        For another format, or a position that cannot be.

    Examples
    --------
    >>> import tempfile
    >>> from whence.imagery.exif import Metadata, read_metadata
    >>> path = Path(tempfile.mkdtemp()) / "photo.jpg"
    >>> PillowImage.new("RGB", (8, 8)).save(path)
    >>> write_metadata(path, Metadata(longitude_deg=13.1952, latitude_deg=55.6982))
    >>> read_metadata(path).latitude_deg
    55.6982
    """
    with opened(path) as image:
        kind = str(image.format)
    if kind not in SURGEONS:
        raise InputError(f"{path} is {kind}; metadata are written into JPEG, PNG and WebP only")
    try:
        stamped = SURGEONS[kind](Path(path).read_bytes(), exif_block(metadata))
    except ValueError as error:
        raise NotAnImageError(f"{path} is a damaged picture ({error}); nothing was written") from error
    with atomic_path(path) as beside:
        beside.write_bytes(stamped)


def exif_block(metadata: Metadata) -> bytes:
    """Make an EXIF block, ``Exif\\0\\0`` first."""
    exif = PillowImage.Exif()
    for tag, value in (
        (Base.Make, metadata.camera_make.encode()),
        (Base.Model, metadata.camera_model.encode()),
        (Base.Orientation, metadata.orientation),
    ):
        if value:
            exif[tag] = value
    exif.get_ifd(IFD.Exif).update(_exif_tags(metadata))
    exif.get_ifd(IFD.GPSInfo).update(_gps_tags(metadata))
    return exif.tobytes()


def _exif_tags(metadata: Metadata) -> dict[int, Any]:
    tags: dict[int, Any] = {Base.ExifVersion: b"0232"}
    if metadata.captured_at is not None:
        tags |= _time_tags(metadata.captured_at, metadata)
    if metadata.camera_serial:
        tags[Base.BodySerialNumber] = metadata.camera_serial.encode()
    if metadata.focal_35mm:
        tags[Base.FocalLengthIn35mmFilm] = round(metadata.focal_35mm)
    return tags


def _time_tags(moment: datetime, metadata: Metadata) -> dict[int, Any]:
    tags: dict[int, Any] = {Base.DateTimeOriginal: moment.strftime("%Y:%m:%d %H:%M:%S")}
    if moment.microsecond:
        tags[Base.SubsecTimeOriginal] = f"{moment.microsecond:06d}"
    inside = moment.utcoffset()
    minutes = round(inside.total_seconds() / 60) if inside is not None else metadata.utc_offset_minutes
    if minutes is not None and (inside is not None or metadata.utc_offset_is_stated):
        hours, rest = divmod(abs(minutes), 60)
        tags[Base.OffsetTimeOriginal] = f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
    return tags


def _gps_tags(metadata: Metadata) -> dict[int, Any]:
    tags: dict[int, Any] = {}
    if metadata.longitude_deg is not None and metadata.latitude_deg is not None:
        doubt = check_position(metadata.longitude_deg, metadata.latitude_deg)
        if doubt:
            raise InputError(f"{doubt}; it is not written")
        tags[GPS.GPSVersionID] = bytes((2, 3, 0, 0))
        tags[GPS.GPSLatitudeRef], tags[GPS.GPSLatitude] = _sexagesimal(metadata.latitude_deg, "NS")
        tags[GPS.GPSLongitudeRef], tags[GPS.GPSLongitude] = _sexagesimal(metadata.longitude_deg, "EW")
    if metadata.altitude_m is not None:
        tags[GPS.GPSAltitudeRef] = b"\1" if metadata.altitude_m < 0 else b"\0"
        tags[GPS.GPSAltitude] = _rational(abs(metadata.altitude_m))
    if metadata.direction_deg is not None:
        tags[GPS.GPSImgDirectionRef] = "M" if metadata.direction_is_magnetic else "T"
        tags[GPS.GPSImgDirection] = _rational(metadata.direction_deg)
    if metadata.position_error_m is not None:
        tags[GPS.GPSHPositioningError] = _rational(metadata.position_error_m)
    if metadata.gps_at is not None:
        tags |= _gps_time(metadata.gps_at)
    return tags


def _gps_time(moment: datetime) -> dict[int, Any]:
    utc = moment.astimezone(UTC)
    second = IFDRational(utc.second * 1_000_000 + utc.microsecond, 1_000_000)
    return {
        GPS.GPSDateStamp: utc.strftime("%Y:%m:%d"),
        GPS.GPSTimeStamp: (IFDRational(utc.hour, 1), IFDRational(utc.minute, 1), second),
    }


def _sexagesimal(degrees: float, letters: str) -> tuple[str, tuple[IFDRational, ...]]:
    """Split into hemisphere and degrees, minutes, seconds; carried over, so that no 60 appears."""
    parts = round(abs(degrees) * 3600 * _SECOND_PARTS)
    minutes, parts = divmod(parts, 60 * _SECOND_PARTS)
    whole, minutes = divmod(minutes, 60)
    letter = letters[1] if degrees < 0 else letters[0]
    return letter, (IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(parts, _SECOND_PARTS))


def _rational(value: float) -> IFDRational:
    return IFDRational(round(value * _FRACTION), _FRACTION)
