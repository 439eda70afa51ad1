"""The classic encoder: what an image shows, over vocabularies learnt from the photos to be indexed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from whence.errors import FormatError, NotEnoughDataError
from whence.learn.encoders.classic.description import INPUT_PX, PARTS, Describer, squashed
from whence.learn.encoders.classic.projection import Projection
from whence.learn.encoders.classic.vlad import Vocabulary
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.storage import (
    arrays_hash,
    read_arrays,
    read_settings,
    write_arrays,
    write_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whence.typing import Floats32, Image, PathLike

__all__ = ["ClassicEncoder"]

VERSION = 1
_PART_DIM = 512
_VOCABULARY_PHOTOS = 300
_BATCH = 64  # what is said of a photo takes 200 kB before it is compressed


@dataclass(frozen=True, eq=False)
class ClassicEncoder:
    """Dense RootSIFT and local colour, aggregated (VLAD), compressed and fused; no pretrained weights.

    Attributes
    ----------
    describer
        The vocabularies.
    projections
        The compression of each part.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> photos = list(rng.integers(0, 256, (3, 80, 80, 3), dtype=np.uint8))
    >>> encoder = ClassicEncoder.fit(photos, rng=rng)
    >>> encoder.encode(photos).shape
    (3, 1536)
    """

    describer: Describer
    projections: dict[str, Projection]

    useful_photos: ClassVar[int] = 1600
    input_px: ClassVar[int] = INPUT_PX

    @classmethod
    def fit(cls, images: Iterable[Image], *, rng: np.random.Generator) -> ClassicEncoder:
        """Learn vocabularies and projections from photos, in about a minute for 1,600 of them.

        Parameters
        ----------
        images
            A random sample of the photos to be indexed (a thousand is plenty), (h, w, 3) RGB of any sizes.
        rng
            Every random choice.

        Raises
        ------
        NotEnoughDataError
            Without photos, or when none of them shows any texture.
        """
        photos = [squashed(image) for image in images]
        if not photos:
            raise NotEnoughDataError(
                "there are no photos to learn the classic encoder from; give at least one"
            )
        chosen = rng.permutation(len(photos))[:_VOCABULARY_PHOTOS]
        describer = Describer.fit([photos[i] for i in chosen], rng=rng)
        return cls.with_projections(describer, describer.describe_all(photos), rng=rng)

    @classmethod
    def with_projections(
        cls, describer: Describer, described: Mapping[str, Floats32], *, rng: np.random.Generator
    ) -> ClassicEncoder:
        """Learn the projections only, from what `describer` said of n photos ((n, d) for each part)."""
        return cls(
            describer,
            {name: Projection.fit(described[name], dim=_PART_DIM, rng=rng) for name in PARTS},
        )

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return sum(projection.matrix.shape[1] for projection in self.projections.values())

    @cached_property
    def identity(self) -> str:
        """Name, version and a hash of everything learnt."""
        return f"classic-{VERSION}-{arrays_hash(self._arrays())}"

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, 1536) of unit length for n images (h, w, 3) RGB of any sizes."""
        batches = [
            self.fuse(self.describer.describe_all(images[i : i + _BATCH]))
            for i in range(0, len(images), _BATCH)
        ]
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def fuse(self, described: Mapping[str, Floats32]) -> Floats32:
        """Vectors (n, 1536) from what the describer said of n images ((n, d) for each part)."""
        parts = [
            np.float32(part.weight) * self.projections[name].apply(described[name])
            for name, part in PARTS.items()
        ]
        return unit_rows(np.concatenate(parts, axis=1))

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json`` and ``arrays.npz`` (about 54 MB)."""
        half = {
            key: array.astype(np.float16) if key.endswith(_HALF_PRECISION) else array
            for key, array in self._arrays().items()
        }
        write_arrays(folder, half)
        write_settings(folder, {"kind": "classic", "version": VERSION, "identity": self.identity})

    @classmethod
    def load(cls, folder: PathLike) -> ClassicEncoder:
        """Read what `save` wrote.

        Raises
        ------
        NotFoundError
            When a file is missing.
        FormatError
            When the folder is broken, of another kind or version, or changed since it was saved.
        """
        settings = read_settings(folder, kind="classic")
        if settings.get("version") != VERSION:
            raise FormatError(
                f"{folder} holds a classic encoder of version {settings.get('version')}; this release "
                f"reads version {VERSION}: build the index again"
            )
        try:
            encoder = cls._from_arrays(read_arrays(folder))
        except KeyError as error:
            raise FormatError(f"{folder} lacks the array {error}; build the index again") from error
        if encoder.identity != settings.get("identity"):
            raise FormatError(f"{folder} was changed since it was saved; build the index again")
        return encoder

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {}
        for name in PARTS:
            vocabulary, projection = self.describer.vocabularies[name], self.projections[name]
            arrays |= {
                f"{name}/descriptor_mean": vocabulary.mean,
                f"{name}/descriptor_axes": vocabulary.axes,
                f"{name}/words": vocabulary.words,
                f"{name}/projection_mean": projection.mean,
                f"{name}/projection_matrix": projection.matrix,
            }
        return arrays

    @classmethod
    def _from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ClassicEncoder:
        vocabularies, projections = {}, {}
        for name, part in PARTS.items():
            learnt = {key: arrays[f"{name}/{key}"].astype(np.float32) for key in _LEARNT}
            vocabularies[name] = Vocabulary(
                learnt["descriptor_mean"], learnt["descriptor_axes"], learnt["words"], part.unit
            )
            projections[name] = Projection(learnt["projection_mean"], learnt["projection_matrix"])
        return cls(Describer(vocabularies), projections)


_LEARNT = ("descriptor_mean", "descriptor_axes", "words", "projection_mean", "projection_matrix")
# `Projection` rounds these two to half precision as it is fitted, so that nothing is lost here.
_HALF_PRECISION = ("projection_mean", "projection_matrix")
