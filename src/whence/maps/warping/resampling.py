"""New values at given positions of a scan: nearest, bilinear, cubic, Lanczos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Floats32

__all__ = ["RESAMPLINGS", "STEP_PX", "Kernel", "kernel", "resample"]

STEP_PX = 1 / 64
"""OpenCV rounds positions to 1/32 pixel before it interpolates, so they are off by half of that at most."""

_CHANNELS_AT_ONCE = 4
_WORKING = {
    "uint8": "uint8",
    "uint16": "uint16",
    "int16": "int16",
    "float32": "float32",
    "float64": "float64",
}


@dataclass(frozen=True)
class Kernel:
    """A way to resample: its name, OpenCV's number and how many pixels it reaches."""

    name: str
    flag: int
    reach_px: int


RESAMPLINGS = {
    "nearest": Kernel("nearest", cv2.INTER_NEAREST, 1),
    "bilinear": Kernel("bilinear", cv2.INTER_LINEAR, 2),
    "cubic": Kernel("cubic", cv2.INTER_CUBIC, 3),
    "lanczos": Kernel("lanczos", cv2.INTER_LANCZOS4, 5),
}


def kernel(name: str) -> Kernel:
    """Look up a kernel.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in RESAMPLINGS:
        raise InputError(f"resampling {name!r} is unknown; there are {', '.join(RESAMPLINGS)}")
    return RESAMPLINGS[name]


def resample(
    values: NDArray[Any], indices: Floats32, *, kernel: Kernel, valid: Bools | None = None
) -> tuple[NDArray[Any], Bools | None]:
    """Give the values at positions.

    Parameters
    ----------
    values
        (height, width, bands). Beyond the border its pixels go on as they are there.
    indices
        (rows, columns, 2) column, row in `values`, (0, 0) the centre of its first pixel.
    kernel
        How.
    valid
        (height, width) where `values` means something; None for everywhere. What means nothing has no
        weight in any result.

    Returns
    -------
    values, valid
        (rows, columns, bands) of the same type, and (rows, columns) where at least half of the kernel's
        weight lay on valid pixels, or None for everywhere.
    """
    if valid is None or valid.all():
        return _remap(values, indices, kernel), None
    if kernel.name == "nearest":
        return _remap(values, indices, kernel), _remap(valid.view(np.uint8)[..., None], indices, kernel)[
            ..., 0
        ] > 0
    weight = _remap(valid.astype(np.float32)[..., None], indices, kernel)
    filled = np.where(valid[..., None], values, 0).astype(
        np.float64 if values.dtype.itemsize > 2 else np.float32
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mixed = _remap(filled, indices, kernel) / weight
    kept = weight[..., 0] >= 0.5
    return _as_type(np.where(kept[..., None], mixed, 0), values.dtype), kept


def _remap(values: NDArray[Any], indices: Floats32, kernel: Kernel) -> NDArray[Any]:
    """Remap in portions of bands, in a type that OpenCV knows."""
    working = values.astype(_WORKING.get(values.dtype.name, "float64"), copy=False)
    parts = [
        _remap_few(working[..., first : first + _CHANNELS_AT_ONCE], indices, kernel)
        for first in range(0, values.shape[-1], _CHANNELS_AT_ONCE)
    ]
    return _as_type(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1), values.dtype)


def _remap_few(values: NDArray[Any], indices: Floats32, kernel: Kernel) -> NDArray[Any]:
    remap: Any = cv2.remap  # its stubs miss that a map of pairs needs no second
    found = remap(values, indices, None, interpolation=kernel.flag, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found).reshape(*indices.shape[:2], -1)


def _as_type(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round and clip; cubic and Lanczos kernels overshoot at edges."""
    if dtype.kind == "f" or values.dtype == dtype:
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(values), limits.min, limits.max).astype(dtype))
