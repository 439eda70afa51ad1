"""XMP packets: the same facts as EXIF, written as XML (ISO 16684-1; Exif for XMP, CIPA DC-010)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from whence.imagery.clock import parse_time
from whence.imagery.gps import METRES_PER_DEGREE, GpsFix, check_position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["parse_xmp", "xmp_fix", "xmp_time"]

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES = {
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
}
_LARGEST_PACKET_BYTES = 16 * 2**20
_COORDINATE = re.compile(r"([+-]?[\d.]+)(?:[, ]+([\d.]+))?(?:[, ]+([\d.]+))?[, ]*([NSEW]?)", re.IGNORECASE)


def parse_xmp(packet: bytes) -> dict[str, str]:
    """Read the simple properties of a packet, such as ``{"exif:GPSLatitude": "43,28.04N"}``.

    Raises
    ------
    ValueError
        When the packet is not well-formed, or declares entities (which can be made to fill the memory).
    """
    packet = packet.strip(b"\0 \r\n\t")
    if len(packet) > _LARGEST_PACKET_BYTES:
        raise ValueError(f"{len(packet)} bytes are too many")
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise ValueError("it declares a document type")
    try:
        root = ET.fromstring(packet)  # noqa: S314 - entities were refused above
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"it is not well-formed: {error}") from error
    properties: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            _keep(properties, name, value)
        for element in description:
            _keep(properties, element.tag, element.text or "")
    return properties


def _keep(properties: dict[str, str], qualified: str, value: str) -> None:
    namespace, _, name = qualified.lstrip("{").partition("}")
    if namespace in _PREFIXES and value.strip():
        properties.setdefault(f"{_PREFIXES[namespace]}:{name}", value.strip())


def xmp_fix(properties: Mapping[str, str]) -> GpsFix:
    """Read the position, altitude, direction and UTC of a packet's properties."""
    problems: list[str] = []
    position = _position(properties, problems)
    altitude_m = _number(properties.get("exif:GPSAltitude"))
    if altitude_m is not None and properties.get("exif:GPSAltitudeRef") == "1":
        altitude_m = -abs(altitude_m)
    direction_deg = _first(properties, "exif:GPSImgDirection", "GPano:PoseHeadingDegrees")
    error_m = _first(properties, "exifEX:GPSHPositioningError", "exif:GPSHPositioningError")
    return GpsFix(
        longitude_deg=position[0] if position else None,
        latitude_deg=position[1] if position else None,
        resolution_m=position[2] * METRES_PER_DEGREE if position else None,
        position_error_m=error_m if position and error_m and error_m > 0 else None,
        altitude_m=altitude_m,
        direction_deg=direction_deg if direction_deg is not None and 0 <= direction_deg <= 360 else None,
        direction_is_magnetic=properties.get("exif:GPSImgDirectionRef", "").upper() == "M",
        at=xmp_time(properties, ("exif:GPSTimeStamp",), problems),
        problems=tuple(problems),
    )


def xmp_time(properties: Mapping[str, str], names: tuple[str, ...], problems: list[str]) -> datetime | None:
    """Read the first of the named times that is there."""
    for name in names:
        if name in properties:
            try:
                return parse_time(properties[name])
            except ValueError as error:
                problems.append(f"XMP {name}: {error}")
    return None


def _position(properties: Mapping[str, str], problems: list[str]) -> tuple[float, float, float] | None:
    """Give longitude, latitude and rounding step in degrees."""
    written = [properties.get(f"exif:GPS{name}") for name in ("Longitude", "Latitude")]
    if written == [None, None]:
        return None
    longitude, latitude = (
        _coordinate(value or "", letters) for value, letters in zip(written, ("EW", "NS"), strict=True)
    )
    if longitude is None or latitude is None:
        problems.append(f"XMP position {written[1]}, {written[0]} cannot be read")
        return None
    if properties.get("exif:GPSStatus", "").upper() == "V":
        problems.append("XMP GPSStatus V says that the receiver had no fix: its position is not believed")
        return None
    doubt = check_position(longitude[0], latitude[0])
    if doubt:
        problems.append(f"XMP: {doubt}")
        return None
    return longitude[0], latitude[0], min(longitude[1], latitude[1])


def _coordinate(written: str, letters: str) -> tuple[float, float] | None:
    """Read ``43,28.04N`` or ``43,28,2N`` or signed decimal degrees: degrees and rounding step."""
    match = _COORDINATE.fullmatch(written.strip())
    if not match or (match[4] and match[4].upper() not in letters):
        return None
    used = [group for group in match.groups()[:3] if group]
    try:
        numbers = [float(group) for group in used]
    except ValueError:
        return None
    letter = match[4].upper()
    if (not letter and len(used) > 1) or (letter and numbers[0] < 0) or any(n > 60 for n in numbers[1:]):
        return None  # hemisphere unknown or contradictory, or no minutes
    size = sum(number / 60**place for place, number in enumerate(numbers))
    step_deg = 60.0 ** (1 - len(used)) * 10.0 ** -len(used[-1].partition(".")[2])
    return (-size if letter == letters[1] else size), step_deg


def _first(properties: Mapping[str, str], *names: str) -> float | None:
    return next((number for name in names if (number := _number(properties.get(name))) is not None), None)


def _number(written: str | None) -> float | None:
    """Read a decimal number or a fraction; None when it is neither."""
    above, slash, below = (written or "").partition("/")
    try:
        value = float(above) / (float(below) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None
