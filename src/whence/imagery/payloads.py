"""The EXIF block and the XMP packet of a picture, wherever its format keeps them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import SEEK_CUR
from typing import IO, TYPE_CHECKING

from whence.imagery.ifd import TiffReader, Value, first_number

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["ORIENTATION", "Payloads", "exif_reader", "orientation_of", "payloads_of"]

ORIENTATION = 0x0112
_TIFF_XMP = 700
_PNG_XMP = "XML:com.adobe.xmp"
_PNG_RAW_EXIF = "Raw profile type exif"
_LARGEST_CHUNK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Payloads:
    """What a picture carries besides its pixels.

    Attributes
    ----------
    exif
        A TIFF stream with or without ``Exif\\0\\0`` before it; empty when there is none.
    xmp
        An XMP packet (UTF-8 XML); empty when there is none.
    """

    exif: bytes = b""
    xmp: bytes = b""


def payloads_of(image: ImageFile) -> Payloads:
    """Take the EXIF block and the XMP packet of a picture that is opened but not yet loaded."""
    exif, xmp = image.info.get("exif"), image.info.get("xmp") or image.info.get(_PNG_XMP)
    if image.format == "PNG" and not exif:
        exif = _raw_profile(image.info.get(_PNG_RAW_EXIF))
        if not exif and image.fp is not None:  # behind the pixels, which Pillow would decode first
            exif = _png_chunk(image.fp, b"eXIf")
    return Payloads(_as_bytes(exif), _as_bytes(xmp))


def exif_reader(image: ImageFile, payloads: Payloads) -> TiffReader | None:
    """Open the EXIF directories: the block, or the whole file when it is a TIFF; None without either.

    Raises
    ------
    ValueError
        When there is a block but it does not begin as a TIFF stream does.
    """
    if image.format == "TIFF" and image.fp is not None:
        return TiffReader(image.fp)
    return TiffReader.of_exif(payloads.exif) if payloads.exif else None


def orientation_of(image: ImageFile, payloads: Payloads) -> int:
    """Give the EXIF orientation that is still to be applied after Pillow has decoded; 1 when none is.

    The HEIF reader rotates by the container's own transforms, and Pillow rotates TIFF while decoding.
    AVIF keeps the container's rotation, which Pillow offers in the words of EXIF.
    """
    if image.format in ("HEIF", "TIFF"):
        return 1
    if image.format == "AVIF":
        return int(image.getexif().get(ORIENTATION, 1))
    return _stated_orientation(payloads)


def _stated_orientation(payloads: Payloads) -> int:
    try:
        reader = TiffReader.of_exif(payloads.exif)
    except ValueError:
        return 1
    value: Value | None = reader.directory(reader.first, {ORIENTATION}).get(ORIENTATION)
    number = first_number(value)
    return int(number) if 1 <= number <= 8 else 1


def _as_bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return bytes(value) if isinstance(value, bytes | bytearray) else b""


def _raw_profile(value: object) -> bytes:
    """Decode ImageMagick's hexadecimal EXIF text: a blank line, the kind, the length, then the digits."""
    if not isinstance(value, str):
        return b""
    try:
        return bytes.fromhex("".join(value.split("\n")[3:]))
    except ValueError:
        return b""


def _png_chunk(stream: IO[bytes], wanted: bytes) -> bytes:
    """Find one chunk by its name, stepping over the others."""
    before = stream.tell()
    try:
        stream.seek(8)
        while len(head := stream.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            if name == wanted and length <= _LARGEST_CHUNK_BYTES:
                return stream.read(length)
            stream.seek(length + 4, SEEK_CUR)
        return b""
    finally:
        stream.seek(before)
