"""Gradient histograms on a regular grid at three scales (dense RootSIFT).

Lowe's descriptor (IJCV 2004) without a detector, upright, on a fixed grid: every part of a street view is
described, textured or not, which serves place recognition better than keypoints. The square root of the
L1-normalised histogram ("RootSIFT") is that of Arandjelović and Zisserman (CVPR 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats32

__all__ = ["DESCRIPTOR_DIM", "Described", "dense_sift"]

ORIENTATIONS = 8
BINS = 4
BIN_SIZES_PX = (4, 6, 9)
STEP_PX = 8
DESCRIPTOR_DIM = BINS * BINS * ORIENTATIONS

_WINDOW_SIGMA_BINS = 2.0
_CLIP = 0.2
# Mean gradient, in grey levels of 0..255, below which a patch holds sensor noise and JPEG ringing only (sky).
_MIN_NORM = 1.5


class Described(NamedTuple):
    """Descriptors of one image and where they sit."""

    descriptors: Floats32
    """(n, d)."""
    centres_px: Floats32
    """(n, 2) column, row of each descriptor's centre."""


def dense_sift(grey: Floats32) -> Described:
    """Describe every patch of a grey image that shows some texture.

    Parameters
    ----------
    grey
        (h, w) grey levels 0..255, at least 36 px on each side.

    Returns
    -------
    Described
        (n, 128) descriptors of unit length, scales one after another; n is about 4,300 less the flat patches
        for 320 x 320 px.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).uniform(0, 255, (64, 64)).astype(np.float32)
    >>> dense_sift(noise).descriptors.shape
    (77, 128)
    """
    planes = orientation_planes(grey)
    scales = [_describe_scale(planes, bin_px) for bin_px in BIN_SIZES_PX]
    return Described(*(np.concatenate(arrays) for arrays in zip(*scales, strict=True)))


def orientation_planes(grey: Floats32) -> Floats32:
    """Gradient magnitude, (h, w, 8), shared linearly between the two nearest of eight directions."""
    dx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    dy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    magnitude, angle_rad = cv2.cartToPolar(dx, dy)
    turn = angle_rad * np.float32(ORIENTATIONS / (2 * np.pi))
    offset = turn[..., None] - np.arange(ORIENTATIONS, dtype=np.float32)
    np.abs(offset, out=offset)
    # Distance round the circle of eight: direction 7.5 is half a step from direction 0.
    np.minimum(offset, ORIENTATIONS - offset, out=offset)
    share = np.subtract(1, offset, out=offset)
    np.maximum(share, 0, out=share)
    share *= magnitude[..., None]
    return share


def _describe_scale(planes: Floats32, bin_px: int) -> Described:
    """RootSIFT with 4 x 4 bins of `bin_px` on a grid of `STEP_PX`."""
    ramp = np.arange(1, bin_px + 1, dtype=np.float32)
    triangle = np.concatenate([ramp, ramp[-2::-1]]) / bin_px**2
    pooled = cv2.sepFilter2D(planes, cv2.CV_32F, triangle, triangle)
    first_px = bin_px // 2
    height, width = pooled.shape[:2]
    span_px = (BINS - 1) * bin_px
    rows = np.arange(first_px, height - span_px - first_px, STEP_PX)
    columns = np.arange(first_px, width - span_px - first_px, STEP_PX)
    descriptors = np.empty((rows.size, columns.size, BINS, BINS, ORIENTATIONS), np.float32)
    for i in range(BINS):
        for j in range(BINS):
            # Slices, not index arrays: this copy is the dearest step after the filter.
            block = pooled[first_px + i * bin_px :: STEP_PX, first_px + j * bin_px :: STEP_PX]
            descriptors[:, :, i, j] = block[: rows.size, : columns.size]
    descriptors *= _window()[:, :, None]
    centres = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2) + (span_px + 1) / 2
    return _root_normalise(descriptors.reshape(-1, DESCRIPTOR_DIM), centres.astype(np.float32))


def _window() -> Floats32:
    """Gaussian weight of the 4 x 4 bins."""
    offset = np.arange(BINS) - (BINS - 1) / 2
    profile = np.exp(-0.5 * (offset / _WINDOW_SIGMA_BINS) ** 2)
    return np.outer(profile, profile).astype(np.float32)


def _root_normalise(histograms: Floats32, centres_px: Floats32) -> Described:
    """Drop flat patches; L2, clip at 0.2, L1, square root."""
    norm = np.sqrt(np.einsum("nd,nd->n", histograms, histograms))
    textured = norm > _MIN_NORM
    kept = histograms[textured] / norm[textured, None]
    np.minimum(kept, _CLIP, out=kept)
    kept /= kept.sum(axis=1, keepdims=True)
    return Described(np.sqrt(kept, out=kept), centres_px[textured])
