"""Take metadata out of picture files, and put EXIF in, without touching the coded pixels.

What is kept is listed, not what is removed: a block that nobody has heard of may hold anything.
The formats: JPEG (ITU T.81, annex B; JFIF 1.02), PNG (W3C, third edition), WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

__all__ = ["SURGEONS", "Surgeon"]

Surgeon = Callable[[bytes, bytes], bytes]
"""(content of a file, EXIF block or nothing) -> the file with that block as its only metadata.

The block begins with ``Exif\\0\\0``. ValueError when the file lacks the structure of its format.
"""

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_JPEG_CODING = frozenset(range(0xC0, 0xE0)) - {_START, _END}
_JFIF, _ICC, _ADOBE = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
_JFIF_BYTES, _ADOBE_BYTES = 12, 12  # without the thumbnail, and what may follow Adobe's transform flag
# In coded pixels FF is followed by 00, a restart marker or another FF; anything else ends the scan.
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_LARGEST_SEGMENT_BYTES = 65_533

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD cICP mDCV cLLI pHYs acTL fcTL fdAT".split()
)

_WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_HAS_EXIF, _WEBP_HAS_XMP, _WEBP_HAS_ALPHA = 0x08, 0x04, 0x10


def _jpeg(content: bytes, exif: bytes) -> bytes:
    """Keep what decodes the first picture: tables, scans, JFIF, Adobe's transform flag, the profile."""
    kept = [(marker, body) for marker, body in map(_without_extras, _segments(content)) if body is not None]
    head = [piece for piece in kept if piece[0] == 0xE0]
    rest = [piece for piece in kept if piece[0] != 0xE0]
    pieces = [_segment(*piece) for piece in head]
    if exif:
        pieces.append(_segment(0xE1, exif))
    pieces += [_segment(marker, body or b"") for marker, body in rest]
    return b"\xff\xd8" + b"".join(pieces) + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    if marker == _SCAN:  # carries its own length and the coded pixels
        return bytes((0xFF, marker)) + body
    if len(body) > _LARGEST_SEGMENT_BYTES:
        raise ValueError(f"{len(body)} bytes do not fit a JPEG segment")
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _without_extras(piece: tuple[int, bytes]) -> tuple[int, bytes | None]:
    """Give a segment as it is kept; None as its body when it is not."""
    marker, body = piece
    if marker in _JPEG_CODING:
        return marker, body
    if marker == 0xE0 and body.startswith(_JFIF) and len(body) >= _JFIF_BYTES:
        return marker, body[:_JFIF_BYTES] + b"\0\0"  # a thumbnail of 0 x 0 pixels
    if marker == 0xE2 and body.startswith(_ICC):
        return marker, body
    if marker == 0xEE and body.startswith(_ADOBE) and len(body) >= _ADOBE_BYTES:
        return marker, body[:_ADOBE_BYTES]
    return marker, None


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk to the end of the first picture; what stands behind it (more pictures, a film) is left."""
    if not content.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG start")
    at = 2
    while True:
        at = _next_marker(content, at)
        marker = content[at + 1] if at + 1 < len(content) else _END  # a file that was cut off ends here
        if marker == _END:
            return
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise ValueError(f"a segment at byte {at} reaches beyond the file")
        if marker == _SCAN:
            found = _SCAN_END.search(content, end)
            end = found.start() if found else len(content)
            yield marker, content[at + 2 : end]
        else:
            yield marker, content[at + 4 : end]
        at = end


def _next_marker(content: bytes, at: int) -> int:
    """Step over fill bytes; anything else between segments is damage."""
    if content[at : at + 1] not in (b"\xff", b""):
        raise ValueError(f"no segment at byte {at}")
    while content[at + 1 : at + 2] == b"\xff":
        at += 1
    return at


def _png(content: bytes, exif: bytes) -> bytes:
    """Keep the chunks that decode and colour the picture; EXIF goes before the pixels."""
    pieces = [_PNG_SIGNATURE]
    for name, body in _chunks(content):
        if name in _PNG_KEPT:
            pieces.append(_chunk(name, body))
        if name == b"IHDR" and exif:
            pieces.append(_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")))
    return b"".join(pieces)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(_PNG_SIGNATURE):
        raise ValueError("no PNG signature")
    at = len(_PNG_SIGNATURE)
    name = b""
    while name != b"IEND":
        length = int.from_bytes(content[at : at + 4], "big")
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        if len(name) < 4 or len(body) < length:
            raise ValueError("the file ends within a chunk")
        yield name, body
        at += length + 12


def _webp(content: bytes, exif: bytes) -> bytes:
    """Keep the picture, its animation, transparency and profile; EXIF goes last, announced in front."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise ValueError("no WebP signature")
    kept = [piece for piece in _riff(content) if piece[0] in _WEBP_KEPT]
    if exif and kept and kept[0][0] != b"VP8X":
        kept.insert(0, (b"VP8X", _extended_header(*kept[0])))
    pieces = []
    for name, body in kept:
        if name == b"VP8X":
            flags = body[0] & ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP) | (_WEBP_HAS_EXIF if exif else 0)
            body = bytes((flags,)) + body[1:]
        pieces.append(_riff_chunk(name, body))
    if exif:
        pieces.append(_riff_chunk(b"EXIF", exif))
    joined = b"".join(pieces)
    return b"RIFF" + struct.pack("<I", len(joined) + 4) + b"WEBP" + joined


def _riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _riff(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        body = content[at + 8 : at + 8 + length]
        if len(body) < length:
            raise ValueError("the file ends within a chunk")
        yield name, body
        at += 8 + length + length % 2


def _extended_header(name: bytes, body: bytes) -> bytes:
    """Make the VP8X body that a simple file lacks: flags and the size of the canvas (RFC 9649, 2.7)."""
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1  # each size less one
    else:
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", body[6:10]))
        width, height, alpha = width - 1, height - 1, 0
    flags = _WEBP_HAS_ALPHA if alpha else 0
    return bytes((flags, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


SURGEONS: Mapping[str, Surgeon] = MappingProxyType({"JPEG": _jpeg, "MPO": _jpeg, "PNG": _png, "WEBP": _webp})
"""Pillow's name of a format -> what takes its metadata out."""
