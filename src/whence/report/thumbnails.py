"""Small pictures that travel inside a page."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING

import PIL.Image

from whence.errors import NotAnImageError, NotFoundError
from whence.imagery.photo import open_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import PathLike

__all__ = ["THUMBNAIL_PX", "thumbnails"]

THUMBNAIL_PX = 160
"""Longest side of a thumbnail, pixels."""

_QUALITY = 72  # about 5 kB each; blocks are not seen at this size
_THREADS = 4  # decoding releases the interpreter's lock


def thumbnails(paths: Sequence[PathLike]) -> list[str]:
    """Read photographs and make small JPEGs of them, without any of their metadata.

    Parameters
    ----------
    paths
        Photographs.

    Returns
    -------
    list of str
        One base64 text each; empty for a photograph that cannot be read, which has its reason elsewhere.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_thumbnail, paths))


def _thumbnail(path: PathLike) -> str:
    try:
        pixels = open_image(path, size_hint_px=THUMBNAIL_PX)
    except (NotAnImageError, NotFoundError):
        return ""
    image = PIL.Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    content = BytesIO()
    image.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return base64.b64encode(content.getvalue()).decode("ascii")
