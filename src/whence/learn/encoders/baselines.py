"""Global descriptors without learning: the baselines of IM2GPS, to be beaten and to be shown beside.

Hays and Efros, "IM2GPS: estimating geographic information from a single image", CVPR 2008: tiny images,
colour histograms, and the gist of Oliva and Torralba ("Modeling the shape of the scene", IJCV 2001).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import cv2
import numpy as np

from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.storage import read_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats, Floats32, Image, PathLike

__all__ = ["Gist", "LabHistogram", "Thumbnail"]


@dataclass(frozen=True)
class Baseline(ABC):
    """An encoder that has nothing to learn: its kind and version are all there is to save."""

    kind: ClassVar[str]
    dim: ClassVar[int]
    input_px: ClassVar[int]

    @property
    def identity(self) -> str:
        """Name and version."""
        return f"{self.kind}-1"

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of unit length; a blank image may have a vector of zeros."""
        rows = [self._describe(image) for image in images]
        return unit_rows(np.stack(rows)) if rows else np.empty((0, self.dim), np.float32)

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json``."""
        write_settings(folder, {"kind": self.kind, "version": 1, "identity": self.identity})

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Read what `save` wrote."""
        read_settings(folder, kind=cls.kind)
        return cls()

    @abstractmethod
    def _describe(self, image: Image) -> Floats32:
        """Vector (dim,) of one image, of any length."""


class Thumbnail(Baseline):
    """The image at 16 x 16 px in CIELAB, each channel less its mean.

    Examples
    --------
    >>> Thumbnail().encode([np.full((20, 30, 3), 7, np.uint8)]).shape
    (1, 768)
    """

    kind = "thumbnail"
    dim = 768
    input_px = 64

    def _describe(self, image: Image) -> Floats32:
        lab = cv2.resize(_lab(image), (16, 16), interpolation=cv2.INTER_AREA)
        return np.asarray(lab - lab.mean(axis=(0, 1)), np.float32).ravel()


class LabHistogram(Baseline):
    """Square roots of a joint histogram of CIELAB with 4 x 14 x 14 bins; products are Hellinger's."""

    kind = "lab-histogram"
    dim = 784
    input_px = 128

    def _describe(self, image: Image) -> Floats32:
        lab = _lab(image)
        spans = [0, 100, -100, 100, -100, 100]
        counts = cv2.calcHist([lab], [0, 1, 2], None, [4, 14, 14], spans)
        return np.sqrt(np.asarray(counts, np.float32).ravel())


class Gist(Baseline):
    """Energy of 4 scales x 8 directions of Gabor filters on grey, in 4 x 4 cells of a 128 x 128 image."""

    kind = "gist"
    dim = 512
    input_px = 128

    def _describe(self, image: Image) -> Floats32:
        grey = cv2.cvtColor(cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        spectrum = np.fft.fft2(np.log1p(grey.astype(np.float64)))
        responses = np.abs(np.fft.ifft2(spectrum * _gabor_bank()))
        cells = responses.reshape(-1, 4, 32, 4, 32).mean(axis=(2, 4))
        return np.asarray(cells.ravel(), np.float32)


def _lab(image: Image) -> Floats32:
    """CIELAB (h, w, 3): L 0..100, a and b in their own units."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


@lru_cache(maxsize=1)
def _gabor_bank() -> Floats:
    """Transfer functions (32, 128, 128): Gaussians in the logarithm of frequency and in direction.

    Scales lie an octave apart, from a quarter of the sampling frequency down; none passes the mean.
    """
    frequency = np.fft.fftfreq(128)
    across, down = np.meshgrid(frequency, frequency)
    radius = np.hypot(across, down)
    radius[0, 0] = np.inf
    direction_rad = np.arctan2(down, across)
    centres = 0.25 * 2.0 ** -np.arange(4)
    radial = np.exp(-0.5 * (np.log2(radius / centres[:, None, None]) / 0.5) ** 2)
    turn_rad = direction_rad - (np.arange(8) * np.pi / 8)[:, None, None]
    # Both ends of a line have one direction: the angle repeats after half a turn.
    off_rad = np.abs((turn_rad + np.pi / 2) % np.pi - np.pi / 2)
    angular = np.exp(-0.5 * (off_rad / (np.pi / 16)) ** 2)
    bank: Floats = (radial[:, None] * angular[None]).reshape(32, 128, 128)
    return bank
