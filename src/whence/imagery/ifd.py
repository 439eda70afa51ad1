"""Directories of tags as TIFF and EXIF store them.

Pillow's reader is not used for this: it turns numbers with a zero denominator into NaN, mends some
damaged entries and drops others with a warning, and warnings are global state. Here a damaged entry is
one sentence, and the rest is read. Only the tags asked for are read, so that no other can do harm.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import SEEK_END, BytesIO
from typing import IO, NamedTuple, TypeAlias

__all__ = ["Directory", "Rational", "TiffReader", "Value", "first_number", "text"]


class Rational(NamedTuple):
    """A fraction as stored; the denominator may be zero."""

    numerator: int
    denominator: int

    def value(self) -> float:
        """Give the number; NaN where the denominator is zero."""
        return self.numerator / self.denominator if self.denominator else float("nan")


Value: TypeAlias = str | bytes | tuple[int, ...] | tuple[float, ...] | tuple[Rational, ...]
Directory: TypeAlias = Mapping[int, Value]

_FORMATS = {
    1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 12: "d", 13: "L", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_ASCII, _UNDEFINED, _UTF8 = 2, 7, 129
_RATIONALS = {5: "L", 10: "l"}
_SIZES = {_ASCII: 1, _UNDEFINED: 1, _UTF8: 1, 5: 8, 10: 8} | {
    code: struct.calcsize("<" + letter) for code, letter in _FORMATS.items()
}
_LARGEST_VALUE_BYTES = 16 * 2**20  # XMP packets of retouched photographs reach a few megabytes


@dataclass
class TiffReader:
    """Reads directories from a TIFF stream (a file, or an EXIF block) and collects what is wrong.

    Parameters
    ----------
    stream
        Seekable; the TIFF header stands at byte 0.
    problems
        Receives one sentence per damaged directory or entry.

    Raises
    ------
    ValueError
        When the stream has no TIFF header.
    """

    stream: IO[bytes]
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._length = self.stream.seek(0, SEEK_END)
        self.stream.seek(0)
        header = self.stream.read(16)
        self._order = {b"II": "<", b"MM": ">"}.get(header[:2], "")
        if not self._order or len(header) < 8:
            raise ValueError("no TIFF header")
        magic = struct.unpack(self._order + "H", header[2:4])[0]
        self._big = magic == 43
        if magic not in (42, 43) or (self._big and len(header) < 16):
            raise ValueError("no TIFF header")
        offset = header[8:16] if self._big else header[4:8]
        self.first = int(struct.unpack(self._order + ("Q" if self._big else "L"), offset)[0])

    @classmethod
    def of_exif(cls, block: bytes) -> TiffReader:
        """Open an EXIF block, with or without its ``Exif\\0\\0`` marks."""
        while block.startswith(b"Exif\0\0"):
            block = block[6:]
        return cls(BytesIO(block))

    def directory(self, offset: int, wanted: Iterable[int], *, name: str = "EXIF") -> dict[int, Value]:
        """Read the wanted tags of the directory at `offset` (bytes)."""
        tags = frozenset(wanted)
        found: dict[int, Value] = {}
        for tag, kind, count, inline in self._entries(offset, name):
            if tag not in tags or tag in found or not count:
                continue
            try:
                found[tag] = self._value(kind, count, inline)
            except ValueError as error:
                self.problems.append(f"{name} tag 0x{tag:04x} is damaged ({error})")
        return found

    def next_offset(self, offset: int) -> int:
        """Give where the directory after the one at `offset` stands; 0 when there is none."""
        try:
            count = self._unpack("Q" if self._big else "H", offset)[0]
            after = offset + (8 + 20 * count if self._big else 2 + 12 * count)
            return int(self._unpack("Q" if self._big else "L", after)[0])
        except ValueError:
            return 0

    def _entries(self, offset: int, name: str) -> Iterator[tuple[int, int, int, bytes]]:
        layout = "HHQ8s" if self._big else "HHL4s"
        size = 20 if self._big else 12
        try:
            count = self._unpack("Q" if self._big else "H", offset)[0]
            offset += 8 if self._big else 2
            for index in range(min(count, 65_535)):
                yield self._unpack(layout, offset + index * size)  # type: ignore[misc]
        except ValueError:
            self.problems.append(f"the {name} directory is cut off or lies outside of the file")

    def _value(self, kind: int, count: int, inline: bytes) -> Value:
        if kind not in _SIZES:
            raise ValueError(f"unknown type {kind}")
        size = _SIZES[kind] * count
        if size > _LARGEST_VALUE_BYTES:
            raise ValueError(f"{size} bytes announced")
        data = inline[:size]
        if size > len(inline):
            where = struct.unpack(self._order + ("Q" if self._big else "L"), inline)[0]
            data = self._read(where, size)
        return self._decode(kind, count, data)

    def _decode(self, kind: int, count: int, data: bytes) -> Value:
        if kind in (_ASCII, _UTF8):
            return text(data)
        if kind in (1, _UNDEFINED):
            return data
        if kind in _RATIONALS:
            numbers = struct.unpack(f"{self._order}{2 * count}{_RATIONALS[kind]}", data)
            return tuple(Rational(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))
        return struct.unpack(f"{self._order}{count}{_FORMATS[kind]}", data)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        layout = self._order + layout
        return struct.unpack(layout, self._read(offset, struct.calcsize(layout)))

    def _read(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self._length:
            raise ValueError("its value lies outside of the file")
        self.stream.seek(offset)
        return self.stream.read(size)


def text(value: Value | None) -> str:
    """Give a value as text up to its first zero byte, without surrounding blanks; empty when absent."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = _decoded(value)
    if isinstance(value, str):
        return value.partition("\0")[0].strip()
    return ", ".join(str(item.value() if isinstance(item, Rational) else item) for item in value)


def _decoded(data: bytes) -> str:
    """Read bytes as UTF-8 (EXIF 3.0 and most telephones), else as Latin-1 (older programs)."""
    data = data.partition(b"\0")[0]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def first_number(value: Value | None) -> float:
    """Give the first number of a value; NaN when there is none."""
    if value is None or isinstance(value, str):
        return float("nan")
    if not value:
        return float("nan")
    item = value[0]
    return item.value() if isinstance(item, Rational) else float(item)
