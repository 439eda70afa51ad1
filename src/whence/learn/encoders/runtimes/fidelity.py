"""How far a runtime's vectors are from those of plain torch in float32, on pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, Image, Json

__all__ = ["Fidelity", "probe_pictures"]

PROBES = 12
_AGREES = 1e-4


@dataclass(frozen=True)
class Fidelity:
    """Comparison of two sets of vectors of the same pictures.

    Attributes
    ----------
    pictures
        How many were compared.
    min_cosine, mean_cosine
        Of the vectors of one picture.
    max_difference
        Largest difference of any component of the unit vectors.
    relative
        Mean squared distance between the two vectors of one picture, over that between the vectors of
        two pictures. Cosines alone flatter networks that give similar vectors to everything.
    """

    pictures: int
    min_cosine: float
    mean_cosine: float
    max_difference: float
    relative: float

    @classmethod
    def measure(cls, vectors: Floats32, reference: Floats32) -> Self:
        """Compare unit vectors (n, d) with those of float32 (n, d), n at least 2."""
        found, true = np.asarray(vectors, np.float64), np.asarray(reference, np.float64)
        cosines = np.einsum("nd,nd->n", found, true)
        # The mean over ordered pairs i != j of |a_i - a_j|^2 is 2 n / (n - 1) times the variance.
        apart = 2 * len(true) / (len(true) - 1) * ((true - true.mean(axis=0)) ** 2).sum(axis=1).mean()
        off = ((found - true) ** 2).sum(axis=1).mean()
        return cls(
            pictures=len(true),
            min_cosine=float(cosines.min()),
            mean_cosine=float(cosines.mean()),
            max_difference=float(np.abs(found - true).max()),
            relative=float(off / max(apart, 1e-30)),
        )

    @property
    def agrees(self) -> bool:
        """Tell whether no component differs by more than 1e-4: the vectors may be mixed."""
        return self.max_difference <= _AGREES

    def to_json(self) -> Json:
        """Give the figures as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave."""
        return cls(**content)


def probe_pictures(side_px: int, *, count: int = PROBES, seed: int = 0) -> Sequence[Image]:
    """Draw pictures with the spectrum of photographs: amplitudes fall as 1/f (Field 1987), colours correlate.

    Parameters
    ----------
    side_px
        Their height; the width is 4/3 of it.
    count
        How many.
    seed
        Of the only random choices.

    Returns
    -------
    `count` arrays (h, w, 3) uint8.
    """
    rng = np.random.default_rng(seed)
    return [_picture(rng, side_px, side_px * 4 // 3) for _ in range(count)]


def _picture(rng: np.random.Generator, height: int, width: int) -> Image:
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    noise = rng.normal(size=(3, *frequency.shape)) + 1j * rng.normal(size=(3, *frequency.shape))
    planes = np.fft.irfft2(noise / frequency, s=(height, width))
    planes /= planes.std(axis=(1, 2), keepdims=True)
    shared = 0.85 * planes[:1] + 0.35 * planes  # brightness is common to the three channels
    sky = np.linspace(1, -1, height)[None, :, None] * rng.uniform(0, 1)
    level = rng.uniform(80, 170, (3, 1, 1)) + 45 * (shared + sky)
    blurred = cv2.GaussianBlur(level.transpose(1, 2, 0), (0, 0), 0.7)
    image: Image = np.clip(blurred, 0, 255).astype(np.uint8)
    return image
