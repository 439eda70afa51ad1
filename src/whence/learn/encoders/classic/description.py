"""What the classic encoder sees of an image before any compression: structure and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.learn.encoders.classic.colour import equalised, local_colour_statistics
from whence.learn.encoders.classic.dense_sift import Described, dense_sift
from whence.learn.encoders.classic.vlad import Vocabulary
from whence.learn.encoders.normalisation import signed_sqrt, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whence.typing import Floats32, Image

__all__ = ["INPUT_PX", "PARTS", "Describer", "Part", "squashed"]

INPUT_PX = 320
_WORDS = 64
_SAMPLES = 180_000
_QUADRANTS = 4
_QUADRANT_WEIGHT = np.float32(0.5)


def _structure(image: Image) -> Described:
    return dense_sift(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32))


def _equalised_colour(image: Image) -> Described:
    return local_colour_statistics(equalised(image))


@dataclass(frozen=True)
class Part:
    """One kind of local descriptor and how it is aggregated.

    Attributes
    ----------
    describe
        Local descriptors of an image of 320 x 320 px.
    axes
        Principal axes kept of the descriptor.
    unit
        Whether projected descriptors are scaled to unit length.
    weight
        Of this part in the final vector.
    """

    describe: Callable[[Image], Described]
    axes: int
    unit: bool
    weight: float


# Colour alone would bind an index to the hour at which its photos were taken; its equalised twin survives
# another white balance, exposure or gamma, and structure survives most of the rest. Weighing plain colour 0.6
# would gain half a point of recall among photos of one hour, and lose a point and a half under another light.
PARTS = {
    "structure": Part(_structure, axes=64, unit=False, weight=1.0),
    "colour": Part(local_colour_statistics, axes=48, unit=True, weight=0.5),
    "equalised": Part(_equalised_colour, axes=48, unit=True, weight=0.6),
}


def squashed(image: Image) -> Image:
    """Resize an image (h, w, 3) to 320 x 320 px, whatever its shape."""
    if image.shape[:2] == (INPUT_PX, INPUT_PX):
        return image
    shrinks = min(image.shape[:2]) >= INPUT_PX
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (INPUT_PX, INPUT_PX), interpolation=mode), np.uint8)


@dataclass(frozen=True, eq=False)
class Describer:
    """The vocabularies of all parts.

    Attributes
    ----------
    vocabularies
        One for each name in `PARTS`.
    """

    vocabularies: dict[str, Vocabulary]

    @classmethod
    def fit(cls, images: Sequence[Image], *, rng: np.random.Generator) -> Describer:
        """Learn the vocabularies from images of any sizes."""
        small = [squashed(image) for image in images]
        return cls({name: _learn(part, small, rng) for name, part in PARTS.items()})

    def describe_all(self, images: Sequence[Image]) -> dict[str, Floats32]:
        """Describe n images: (n, d) for each name in `PARTS`."""
        # Filled row by row: at 50,000 numbers a photo there is no room for a second copy of a whole sample.
        described = {
            name: np.empty((len(images), (1 + _QUADRANTS) * vocabulary.size), np.float32)
            for name, vocabulary in self.vocabularies.items()
        }
        for i, image in enumerate(images):
            for name, vector in self.describe(image).items():
                described[name][i] = vector
        return described

    def describe(self, image: Image) -> dict[str, Floats32]:
        """Aggregate the local descriptors of an image: a long vector for each name in `PARTS`."""
        small = squashed(image)
        return {
            name: _aggregate(part.describe(small), self.vocabularies[name]) for name, part in PARTS.items()
        }


def _learn(part: Part, images: Sequence[Image], rng: np.random.Generator) -> Vocabulary:
    share = -(-_SAMPLES // len(images))
    samples = []
    for image in images:
        descriptors = part.describe(image).descriptors
        samples.append(descriptors[rng.permutation(len(descriptors))[:share]])
    return Vocabulary.fit(np.concatenate(samples), axes=part.axes, words=_WORDS, rng=rng, unit=part.unit)


def _aggregate(described: Described, vocabulary: Vocabulary) -> Floats32:
    """VLAD of the whole image and, at half the weight, of its quadrants."""
    column, row = (described.centres_px >= INPUT_PX / 2).T.astype(np.int64)
    quadrants = vocabulary.aggregate(described.descriptors, 2 * row + column, n_cells=_QUADRANTS)
    whole = unit_rows(signed_sqrt(quadrants.sum(axis=0)))
    return np.concatenate([whole, _QUADRANT_WEIGHT * unit_rows(signed_sqrt(quadrants)).ravel()])
