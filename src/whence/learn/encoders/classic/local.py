"""Keypoints of one image and the geometric check whether two images show the same place.

SIFT (Lowe, IJCV 2004) as RootSIFT (Arandjelović and Zisserman, CVPR 2012), matched both ways with the ratio
test, then a fundamental matrix by MAGSAC++ (Barath et al., CVPR 2020). Two views of one street are not
related by a homography, but any two views of a rigid scene obey a fundamental matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import ArrayLike, Bools, Floats, Floats32, Image, Ints

__all__ = ["LOCAL_INPUT_PX", "LocalFeatures", "count_inliers", "extract", "match", "rerank_bonus"]

LOCAL_INPUT_PX = 480
MAX_KEYPOINTS = 600
RATIO = 0.85

_DESCRIPTOR_DIM = 128
# RootSIFT values lie in 0..1 and rarely above 0.5; 512 levels to one keep the small ones apart in a byte.
_LEVELS = 512
_POSITION_LEVELS = 65_535
_MIN_MATCHES = 8
_EPIPOLAR_PX = 2.0
_ROUNDS = 1000
_CONFIDENCE = 0.999
# What two different places reach by chance at the least.
_CHANCE_INLIERS = 8
_BONUS = 0.1


@dataclass(frozen=True, eq=False)
class LocalFeatures:
    """Keypoints of an image, 132 bytes each.

    Attributes
    ----------
    positions
        (n, 2) uint16 column, row, in 1/65535 of the width and of the height.
    descriptors
        (n, 128) uint8 RootSIFT.
    aspect
        Width over height.
    """

    positions: NDArray[np.uint16]
    descriptors: NDArray[np.uint8]
    aspect: float

    def __post_init__(self) -> None:
        n = len(self.positions)
        if self.positions.shape != (n, 2) or self.descriptors.shape != (n, _DESCRIPTOR_DIM):
            raise InputError(
                f"local features are (n, 2) positions and (n, 128) descriptors, not {self.positions.shape} "
                f"and {self.descriptors.shape}"
            )

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def positions_px(self) -> Floats32:
        """(n, 2) column, row in the image scaled to a shorter side of 480 px."""
        short = np.array([max(self.aspect, 1), max(1 / self.aspect, 1)], np.float32) * LOCAL_INPUT_PX
        return self.positions * (short / np.float32(_POSITION_LEVELS))


def extract(image: Image, *, max_keypoints: int = MAX_KEYPOINTS) -> LocalFeatures:
    """Find the strongest keypoints of an image.

    Parameters
    ----------
    image
        (h, w, 3) RGB of any size; looked at with a shorter side of 480 px.
    max_keypoints
        How many to keep at most.

    Returns
    -------
    LocalFeatures
        Strongest first; none for a blank image.
    """
    height, width = image.shape[:2]
    scale = LOCAL_INPUT_PX / min(height, width)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    size = (round(width * scale), round(height * scale))
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    keypoints, descriptors = cv2.SIFT.create(nfeatures=max_keypoints).detectAndCompute(resized, None)
    order = sorted(range(len(keypoints)), key=lambda i: -keypoints[i].response)[:max_keypoints]
    if not order:
        return LocalFeatures(np.empty((0, 2), np.uint16), np.empty((0, 128), np.uint8), width / height)
    positions = np.array([keypoints[i].pt for i in order]) / size
    return LocalFeatures(
        np.round(positions.clip(0, 1) * _POSITION_LEVELS).astype(np.uint16),
        _root_bytes(descriptors[order].astype(np.float32)),
        width / height,
    )


def match(a: LocalFeatures, b: LocalFeatures, *, ratio: float = RATIO) -> Ints:
    """Pairs (m, 2) of keypoints of `a` and `b` that are each other's nearest, clearly before the second.

    Parameters
    ----------
    a, b
        Features of two images.
    ratio
        Largest distance to the nearest, relative to that to the second nearest.
    """
    if min(len(a), len(b)) < 2:
        return np.empty((0, 2), np.int64)
    # Rows have (nearly) equal lengths, so the largest inner product is the nearest.
    likeness = _unit(a.descriptors) @ _unit(b.descriptors).T
    nearest = np.argmax(likeness, axis=1)
    best, second = -np.partition(-likeness, 1, axis=1)[:, :2].T
    distinct = 1 - best <= ratio**2 * (1 - second)
    mutual = np.argmax(likeness, axis=0)[nearest] == np.arange(len(a))
    kept = np.flatnonzero(distinct & mutual)
    return np.stack([kept, nearest[kept]], axis=1)


def count_inliers(a: LocalFeatures, b: LocalFeatures) -> int:
    """Count the matches that obey one fundamental matrix; the same number on every run.

    At least 30 almost certainly means the same place; two different streets reach 12 to 20 by chance.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    >>> photo = extract(blocks.repeat(16, axis=0).repeat(16, axis=1))
    >>> count_inliers(photo, photo) > 300
    True
    """
    return int(np.count_nonzero(_obeying(a, b, match(a, b))))


def rerank_bonus(inliers: ArrayLike) -> Floats:
    """Give what to add to the cosine of each neighbour for its inliers (any shape).

    Added, never put in its place: sorting by inliers alone is worse than no check at all, because the numbers
    below about 20 are noise.
    """
    beyond_chance = np.maximum(np.asarray(inliers, np.float64) - _CHANCE_INLIERS, 0)
    return np.asarray(_BONUS * np.log1p(beyond_chance))


def _obeying(a: LocalFeatures, b: LocalFeatures, pairs: Ints) -> Bools:
    """Which of the matched pairs (m, 2) obey the best fundamental matrix."""
    none = np.zeros(len(pairs), np.bool_)
    if len(pairs) < _MIN_MATCHES:
        return none
    options = cv2.UsacParams()
    options.score, options.sampler = cv2.SCORE_METHOD_MAGSAC, cv2.SAMPLING_UNIFORM
    options.loMethod, options.maxIterations = cv2.LOCAL_OPTIM_SIGMA, _ROUNDS
    options.confidence, options.threshold, options.randomGeneratorState = _CONFIDENCE, _EPIPOLAR_PX, 0
    try:
        _, mask = cv2.findFundamentalMat(a.positions_px[pairs[:, 0]], b.positions_px[pairs[:, 1]], options)
    except cv2.error:  # its local optimisation may be left without a model, and asserts that it has one
        return none
    # The stub of OpenCV does not know that there may be no such matrix, and then no mask.
    return np.asarray(mask, np.bool_).ravel() if np.size(mask) == len(pairs) else none


def _root_bytes(sift: Floats32) -> NDArray[np.uint8]:
    """RootSIFT of OpenCV's descriptors (n, 128) in bytes."""
    root = np.sqrt(sift / np.maximum(sift.sum(axis=1, keepdims=True), np.float32(1e-12)))
    return np.asarray(np.minimum(np.round(root * _LEVELS), 255), np.uint8)


def _unit(descriptors: NDArray[np.uint8]) -> Floats32:
    """Descriptors as floats of unit length."""
    values = descriptors.astype(np.float32)
    unit: Floats32 = values / np.linalg.norm(values, axis=1, keepdims=True).clip(1e-12)
    return unit
