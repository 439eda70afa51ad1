"""What an image encoder is to the rest of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from whence.typing import Floats32, Image, PathLike

__all__ = ["Encoder", "Staged", "Trainable"]


@runtime_checkable
class Encoder(Protocol):
    """Turns images into vectors of unit length whose inner products say how alike two places look."""

    @property
    def identity(self) -> str:
        """Name, version and a hash of all that was learnt: only vectors of equal identity compare."""

    @property
    def dim(self) -> int:
        """Length of the vectors."""

    @property
    def input_px(self) -> int:
        """Pixels looked at on the short side: the ``size_hint_px`` to open images with."""

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of n images (h, w, 3) of any sizes; company alters the rounding at most."""

    def save(self, folder: PathLike) -> None:
        """Write what `load` needs into a folder, made if absent."""

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Read what `save` wrote; nothing is unpickled."""


@runtime_checkable
class Staged(Encoder, Protocol):
    """An encoder whose pictures can be prepared one by one, in any thread, before the model sees many.

    ``encode(images)`` equals ``encode_prepared(np.stack([prepare(image) for image in images]))``.
    """

    def prepare(self, image: Image) -> Floats32:
        """Input (3, h, w) of the model for one picture (h, w, 3) of any size."""

    def encode_prepared(self, pixels: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length of prepared pictures (n, 3, h, w)."""


@runtime_checkable
class Trainable(Encoder, Protocol):
    """An encoder that learns from the photos it is going to index."""

    useful_photos: ClassVar[int]
    """More photos than this only cost time: draw a sample at random."""

    @classmethod
    def fit(cls, images: Iterable[Image], *, rng: np.random.Generator) -> Self:
        """Learn from images; those of `rng` are the only random choices."""
