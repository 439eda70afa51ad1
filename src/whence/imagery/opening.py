"""The only door to Pillow's file readers: which formats, how large, and one error for every failure."""

from __future__ import annotations

import stat
import struct
import threading
import warnings
import zlib
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import PIL.Image
import pillow_heif

from whence.errors import NotAnImageError, NotFoundError, WhenceError
from whence.typing import PathLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

__all__ = ["MAX_PIXELS", "Source", "image_suffixes", "opened", "source_name"]

Source: TypeAlias = PathLike | bytes
"""A file, or the content of one."""

MAX_PIXELS = 250_000_000
"""Largest picture that is decoded unless told otherwise: above the 200 megapixels of telephones."""

# Pictures that cameras, telephones, scanners and screenshots write. Pillow's other readers stay shut:
# some start programs (PostScript) and none is a photograph.
_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "HEIF": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "JPEG2000": (".jp2",),
    "PPM": (".ppm", ".pgm"),
}

# What Pillow's readers were seen to raise on damaged files.
_READER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError,
    ArithmeticError, RuntimeError, MemoryError, Warning, struct.error, zlib.error,
)  # fmt: skip

_OTHER_FILES = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"<svg", "an SVG drawing"),
    (b"%!PS", "a PostScript document"),
    (b"8BPS", "a Photoshop document"),
)

# Pillow keeps its size limit and Python its warning filters in globals: one header is read at a time.
_HEADER_LOCK = threading.Lock()


@cache
def _formats() -> tuple[str, ...]:
    """Give the readable formats, after the HEIF reader has been registered with Pillow."""
    pillow_heif.register_heif_opener()
    PIL.Image.init()
    return tuple(name for name in _SUFFIXES if name in PIL.Image.OPEN)


def image_suffixes() -> frozenset[str]:
    """Give the file name endings that mean a picture, in lower case with the dot."""
    return frozenset(suffix for name in _formats() for suffix in _SUFFIXES[name])


def source_name(source: Source) -> str:
    """Name the source in a message."""
    return "the image" if isinstance(source, bytes) else str(source)


@contextmanager
def opened(source: Source, *, max_pixels: int = MAX_PIXELS) -> Iterator[ImageFile]:
    """Open a picture and read its header; pixels are decoded when the block asks for them.

    Whatever a reader raises, here or in the block, becomes one error that names the file; so keep the
    block to calls into Pillow.

    Parameters
    ----------
    source
        A regular file, or its content.
    max_pixels
        Refuse headers that announce more pixels; nothing has been allocated by then.

    Raises
    ------
    NotFoundError
        When there is no such file.
    NotAnImageError
        When the file is no picture, is damaged, is no regular file, must not be read, or is too large.
    """
    name = source_name(source)
    with _stream(source) as stream:
        try:
            with _open_header(stream) as image:
                _check_size(image.size, name, max_pixels)
                yield image
        except WhenceError:  # what the block raises on purpose, some of it a ValueError
            raise
        except PIL.UnidentifiedImageError as error:
            raise NotAnImageError(f"{name} {_what_it_is(stream)}") from error
        except _READER_ERRORS as error:
            reason = _first_line(error)
            raise NotAnImageError(f"{name} is a damaged or incomplete picture ({reason})") from error


def _check_size(size_px: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size_px
    if width * height > max_pixels:
        raise NotAnImageError(
            f"{name} announces {width} x {height} pixels, more than the {max_pixels} allowed; "
            "scale it down, or raise max_pixels if it is what it says"
        )


@contextmanager
def _stream(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield BytesIO(source)
        return
    with _regular_file(Path(source)) as stream:
        yield stream


def _regular_file(path: Path) -> BinaryIO:
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            return path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = _first_line(error)
        raise NotAnImageError(f"{path} cannot be read ({reason}); check its permissions") from error
    if stat.S_ISDIR(kind):
        raise NotAnImageError(f"{path} is a folder; find_images lists the pictures in it")
    # Opening a pipe would wait for a writer for ever.
    raise NotAnImageError(f"{path} is not a regular file; save the picture to a file first")


def _open_header(stream: BinaryIO) -> ImageFile:
    formats = _formats()
    with _HEADER_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged tags: the EXIF reader reports them in its own words
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None  # the caller's limit counts, and is compared by the caller
        try:
            return PIL.Image.open(stream, formats=formats)
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit


def _what_it_is(stream: BinaryIO) -> str:
    """Say what a file is that no reader recognises."""
    stream.seek(0)
    start = stream.read(64)
    if not start:
        return "is empty (0 bytes)"
    for magic, kind in _OTHER_FILES:
        if start.lstrip().startswith(magic):
            return f"is {kind}, not a picture"
    if start[4:8] == b"ftyp":
        return "is a video or a picture of an unknown kind"
    if not start.strip(b"\0"):
        return "begins with zero bytes: its content was lost, copy it again"
    if all(byte >= 0x20 or byte in b"\t\r\n" for byte in start):
        return "is a text file, not a picture"
    return f"is not a picture of a known format ({', '.join(_formats())})"


def _first_line(error: BaseException) -> str:
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error)
    return (text.splitlines() or [type(error).__name__])[0] or type(error).__name__
