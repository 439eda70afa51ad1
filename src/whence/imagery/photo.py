"""One way to open a picture, and the value that stands for a photograph."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.errors import InputError
from whence.imagery.exif import Metadata, read_metadata
from whence.imagery.finding import find_images
from whence.imagery.naming import legible
from whence.imagery.opening import MAX_PIXELS, Source, opened
from whence.imagery.payloads import orientation_of, payloads_of
from whence.imagery.pixels import flattened, upright

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.imagery.table import TableRow
    from whence.typing import Image, PathLike

__all__ = ["Photo", "find_images", "open_image"]

# The halvings that a JPEG decoder does for free; other formats are averaged by the same factors, so that
# a picture has the same size whatever it was stored as.
_REDUCTIONS = (8, 4, 2)
_END_OF_JPEG = b"\xff\xd9"


def open_image(
    source: Source,
    *,
    size_hint_px: int | None = None,
    max_pixels: int = MAX_PIXELS,
    truncated: Literal["error", "allow"] = "error",
) -> Image:
    """Open a picture as upright 8-bit RGB.

    JPEG, PNG, TIFF, WebP, HEIC, AVIF, GIF, BMP, JPEG 2000 and PPM are read, with EXIF orientation applied,
    in any colour mode; of an animation the first frame. Transparent parts show white paper. Colour
    profiles are not applied.

    Parameters
    ----------
    source
        A file, or the content of one.
    size_hint_px
        About how many pixels of the short side are needed. The picture is divided by 2, 4 or 8 while its
        short side keeps at least so many; JPEG files are decoded at that size, several times faster.
    max_pixels
        Refuse pictures with more pixels, before anything is allocated.
    truncated
        ``"allow"`` decodes what there is of a JPEG file that was cut off (the rest is grey).

    Returns
    -------
    (h, w, 3) uint8.

    Raises
    ------
    NotFoundError
        When there is no such file.
    NotAnImageError
        When the file is no picture, is damaged, is a folder or a pipe, must not be read, or is too large.

    Examples
    --------
    >>> from io import BytesIO
    >>> from PIL import Image
    >>> file = BytesIO()
    >>> Image.new("L", (64, 48), 200).save(file, "PNG")
    >>> pixels = open_image(file.getvalue())
    >>> pixels.shape, pixels[0, 0].tolist()
    ((48, 64, 3), [200, 200, 200])
    """
    if size_hint_px is not None and size_hint_px < 1:
        raise InputError(f"size_hint_px is {size_hint_px}; give a number of pixels, or None for all of them")
    if truncated == "allow":
        source = _closed(source)
    with opened(source, max_pixels=max_pixels) as image:
        reduction = 1 if size_hint_px is None else _reduction(min(image.size), size_hint_px)
        if image.format in ("JPEG", "MPO") and reduction > 1:
            width, height = image.size
            image.draft(None, (width // reduction, height // reduction))
            reduction = 1
        orientation = orientation_of(image, payloads_of(image))
        image.load()
        adobe = image.format not in ("JPEG", "MPO") or "adobe" in image.info
        flat = flattened(image, adobe=adobe)
        return upright(flat if reduction == 1 else flat.reduce(reduction), orientation)


def _reduction(short_side_px: int, size_hint_px: int) -> int:
    return next((factor for factor in _REDUCTIONS if short_side_px // factor >= size_hint_px), 1)


def _closed(source: Source) -> bytes:
    """Give a file's content with the mark that ends a JPEG, which makes its decoder accept what there is."""
    if not isinstance(source, bytes):
        with opened(source):  # the errors of a missing file, a folder, a text
            pass
        source = Path(source).read_bytes()
    return source + _END_OF_JPEG if source.startswith(b"\xff\xd8") else source


@lru_cache(maxsize=4)
def _decoded(path: Path, size_hint_px: int | None, _version: tuple[int, int]) -> Image:
    """Decode once for the sources that look at the same photograph one after another."""
    pixels = open_image(path, size_hint_px=size_hint_px)
    pixels.setflags(write=False)
    return pixels


@dataclass(frozen=True)
class Photo:
    """A photograph: where it is kept, and what a table says about it. Nothing is read until asked for.

    Attributes
    ----------
    path
        The file.
    row
        Its row in a table, if it has one.
    pixels
        The picture itself, where there is no file.
    """

    path: Path
    row: TableRow | None = None
    pixels: Image | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_pixels(cls, pixels: Image, *, name: PathLike = "image") -> Photo:
        """Make a photograph of (h, w, 3) uint8 RGB pixels; it has no metadata."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise InputError(
                f"a picture is an array (h, w, 3) of uint8, this one is {pixels.shape} of {pixels.dtype}"
            )
        return cls(Path(name), pixels=pixels)

    @classmethod
    def of_rows(cls, rows: Iterable[TableRow]) -> list[Photo]:
        """Make a photograph of every row of a table, also of those whose file is missing."""
        return [cls(row.path, row=row) for row in rows]

    @property
    def name(self) -> str:
        """What results call it: the path as the table writes it, else the path, made legible."""
        return legible(self.row.name if self.row is not None else str(self.path))

    @cached_property
    def metadata(self) -> Metadata:
        """Position, time and camera as the file states them (see `read_metadata` for the errors)."""
        if self.pixels is not None:
            height, width = self.pixels.shape[:2]
            return Metadata(size_px=(width, height))
        return read_metadata(self.path)

    def image(self, size_hint_px: int | None = None) -> Image:
        """Give the pixels, (h, w, 3) uint8, read-only; the latest few pictures are kept decoded.

        See `open_image` for `size_hint_px` and the errors.
        """
        if self.pixels is not None:
            return self.pixels
        try:
            status = self.path.stat()
        except OSError:
            return open_image(self.path, size_hint_px=size_hint_px)  # raises the error that fits
        return _decoded(self.path, size_hint_px, (status.st_mtime_ns, status.st_size))
