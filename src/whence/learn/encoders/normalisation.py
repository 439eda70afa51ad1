"""Vectors brought to one length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats32

__all__ = ["signed_sqrt", "unit_rows"]


def unit_rows(vectors: Floats32) -> Floats32:
    """Scale rows (..., d) to unit length; a row of zeros stays one."""
    norm = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))[..., None]
    scaled: Floats32 = vectors / np.maximum(norm, np.float32(1e-12))
    return scaled


def signed_sqrt(vectors: Floats32) -> Floats32:
    """Take the square root of the magnitude under the old sign: tames bursts of one repeated texture."""
    return np.copysign(np.sqrt(np.abs(vectors)), vectors)
