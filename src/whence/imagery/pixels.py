"""From whatever a picture file holds to upright 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import PIL.ImageChops
import PIL.ImageCms
from PIL.Image import Transpose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Image

__all__ = ["UPRIGHT", "flattened", "upright"]

UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""EXIF orientation -> what brings the stored picture upright (EXIF 2.32, table 6)."""

_WITH_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}
_PAPER = (255, 255, 255)


def flattened(image: PIL.Image.Image, *, adobe: bool = True) -> PIL.Image.Image:
    """Turn decoded pixels of any mode into mode ``RGB`` or, where there is no colour, ``L``.

    Transparent parts show white paper. Sixteen-bit values are scaled by 1/257, wider integers and floats
    by the range they fill. Colour profiles are not applied.

    Parameters
    ----------
    image
        A loaded picture.
    adobe
        Whether a CMYK picture follows Adobe's inverted convention, which Pillow assumes for every JPEG.
    """
    mode = image.mode
    if mode in ("RGB", "L") and "transparency" not in image.info:
        return image
    if mode.startswith("I") or mode == "F":
        return PIL.Image.fromarray(_eight_bits(np.asarray(image)))
    if mode == "CMYK":
        return (image if adobe else PIL.ImageChops.invert(image)).convert("RGB")
    if mode == "LAB":
        return _from_lab(image)
    if mode in _WITH_ALPHA or "transparency" in image.info:
        return _on_paper(image.convert("RGBA"))
    return image.convert("L" if mode == "1" else "RGB")


def upright(image: PIL.Image.Image, orientation: int) -> Image:
    """Rotate a flat picture upright and give its pixels.

    Parameters
    ----------
    image
        Mode ``RGB`` or ``L``.
    orientation
        EXIF orientation, 1 to 8; other values mean upright.

    Returns
    -------
    (h, w, 3) uint8, writable and contiguous.
    """
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _on_paper(image: PIL.Image.Image) -> PIL.Image.Image:
    paper = PIL.Image.new("RGB", image.size, _PAPER)
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _from_lab(image: PIL.Image.Image) -> PIL.Image.Image:
    lab, srgb = (PIL.ImageCms.createProfile(space) for space in ("LAB", "sRGB"))
    converted = PIL.ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:  # only when converting in place
        raise ValueError("the LAB picture could not be converted")
    return converted


def _eight_bits(values: NDArray[Any]) -> Image:
    """Scale one channel of wide integers or floats (h, w) to 8 bits."""
    finite = np.where(np.isfinite(values), values, 0).astype(np.float64)
    if values.dtype.itemsize == 2:
        return np.rint(finite / 257).astype(np.uint8)
    low, high = min(float(finite.min()), 0.0), float(finite.max())
    # The smallest usual white level that holds the values: fractions, 8 bits, 16 bits, or their own maximum.
    white = next((level for level in (1.0, 255.0, 65535.0) if low >= 0 and high <= level), high)
    if values.dtype.kind != "f" and white == 1.0:
        white = 255.0
    return np.rint((finite - low) * (255 / max(white - low, 1e-300))).astype(np.uint8)
