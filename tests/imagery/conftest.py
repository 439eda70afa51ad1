"""EXIF blocks with any content, also impossible ones, which no library agrees to write."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import PIL.Image
import pillow_heif
import pytest

pillow_heif.register_heif_opener()  # the tests write HEIC files, each in any order

Entry = tuple[int, Any]  # (TIFF type, value)
_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825


def _encoded(order: str, kind: int, value: Any) -> tuple[int, bytes]:
    """(count, bytes) of a value: text for type 2, bytes for 1 and 7, pairs for 5 and 10, else numbers."""
    if kind in (1, 2, 7):
        data = value if isinstance(value, bytes) else value.encode() + b"\0"
        return len(data), data
    letter = {3: "H", 4: "L", 5: "L", 9: "l", 10: "l", 11: "f", 12: "d"}[kind]
    numbers = [number for pair in value for number in pair] if kind in (5, 10) else list(value)
    return len(value), struct.pack(f"{order}{len(numbers)}{letter}", *numbers)


def _directory(order: str, entries: Mapping[int, Entry], start: int) -> bytes:
    head, tail = b"", b""
    after = start + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        kind, value = entries[tag]
        count, data = _encoded(order, kind, value)
        if len(data) <= 4:
            inline = data.ljust(4, b"\0")
        else:
            inline = struct.pack(order + "L", after + len(tail))
            tail += data + b"\0" * (len(data) % 2)
        head += struct.pack(order + "HHL", tag, kind, count) + inline
    return struct.pack(order + "H", len(entries)) + head + bytes(4) + tail


def make_block(
    main: Mapping[int, Entry] | None = None,
    exif: Mapping[int, Entry] | None = None,
    gps: Mapping[int, Entry] | None = None,
    *,
    order: str = "<",
) -> bytes:
    """An EXIF block, written by the TIFF 6.0 specification and by no library."""
    entries = dict(main or {})
    for pointer, below in ((_EXIF_POINTER, exif), (_GPS_POINTER, gps)):
        if below is not None:
            entries[pointer] = (4, [0])
    length = len(_directory(order, entries, 8))
    parts = b""
    for pointer, below in ((_EXIF_POINTER, exif), (_GPS_POINTER, gps)):
        if below is not None:
            entries[pointer] = (4, [8 + length + len(parts)])
            parts += _directory(order, below, 8 + length + len(parts))
    header = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HL", 42, 8)
    return b"Exif\0\0" + header + _directory(order, entries, 8) + parts


@pytest.fixture(scope="session")
def exif_block() -> Callable[..., bytes]:
    return make_block


@pytest.fixture(scope="session")
def jpeg_with() -> Callable[..., bytes]:
    """A small JPEG file that carries given EXIF directories."""

    def build(*args: Any, size: tuple[int, int] = (40, 30), xmp: bytes = b"", **kwargs: Any) -> bytes:
        file = BytesIO()
        block = make_block(*args, **kwargs) if args or kwargs else b""
        PIL.Image.new("RGB", size, (90, 120, 40)).save(
            file, "JPEG", exif=block, **({"xmp": xmp} if xmp else {})
        )
        return file.getvalue()

    return build


GPS_MADRID: dict[int, Entry] = {
    1: (2, "N"), 2: (5, [(40, 1), (26, 1), (4908, 100)]),
    3: (2, "W"), 4: (5, [(3, 1), (43, 1), (2911, 100)]),
}  # fmt: skip
"""40 deg 26' 49.08" north, 3 deg 43' 29.11" west."""


@pytest.fixture
def madrid() -> dict[int, Entry]:
    return dict(GPS_MADRID)
