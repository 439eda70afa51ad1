"""What a network is to whoever trains it or predicts with it: any size in, logits of that size out."""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

from torch import nn
from torch.nn import functional

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import Json

__all__ = ["LEAST_PX", "Network", "Outputs", "enlarged", "pad_to_multiple"]

LEAST_PX = 32
"""Shortest side of an image that every network takes."""


class Outputs(NamedTuple):
    """What a network gives while it learns.

    Attributes
    ----------
    logits
        (B, classes, H, W), of the size of the images.
    auxiliary
        More logits (B, classes, H, W) of the same classes, from heads that only help the training.
    edges
        Logits (B, 1, H, W) of "a border between classes is here"; None where there is no such head.
    """

    logits: Tensor
    auxiliary: tuple[Tensor, ...] = ()
    edges: Tensor | None = None


class Network(nn.Module, ABC):
    """The base of all networks: it pads, calls `raw`, enlarges what comes back and crops it.

    Images are mirrored at their right and lower rims up to the next multiple of `multiple_px`; the logits
    of `raw` may be coarser than the image and are enlarged bilinearly. A subclass keeps what pretrained
    weights may fill in an attribute ``backbone``, so that a training can tell its parameters by their
    names.

    Attributes
    ----------
    multiple_px
        Side that `raw` can take a multiple of, pixels; at most `LEAST_PX`.
    """

    multiple_px: int = LEAST_PX

    def __init__(self) -> None:
        super().__init__()
        self._settings: Json = {}

    @classmethod
    def of_settings(cls, settings: Json) -> Self:
        """Build from keyword arguments.

        Raises
        ------
        InputError
            When the class does not take one of them, or lacks one.
        """
        try:
            inspect.signature(cls).bind(**settings)
        except TypeError as error:
            raise InputError(f"{cls.__name__}: {error}") from error
        return cls(**settings)

    def remember(self, settings: Json) -> None:
        """Keep what `settings` gives back."""
        self._settings = copy.deepcopy(settings)

    def settings(self) -> Json:
        """Keyword arguments of `whence.aerial.models.network` that build this network again."""
        return copy.deepcopy(self._settings)

    @abstractmethod
    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at any whole fraction of the size of images (B, bands, H, W), H and W multiples.

        With `training` unset the auxiliary parts may be left out.
        """

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes, H, W) of images (B, bands, H, W) float32, normalised."""
        return self._whole(images, training=False).logits

    def outputs(self, images: Tensor) -> Outputs:
        """Logits of images (B, bands, H, W), with those of the heads that help the training."""
        return self._whole(images, training=True)

    def _whole(self, images: Tensor, *, training: bool) -> Outputs:
        rows, columns = images.shape[-2:]
        padded = pad_to_multiple(images, self.multiple_px)
        found = self.raw(padded, training=training)

        def fitted(logits: Tensor) -> Tensor:
            return enlarged(logits, padded)[..., :rows, :columns]

        edges = None if found.edges is None else fitted(found.edges)
        return Outputs(fitted(found.logits), tuple(map(fitted, found.auxiliary)), edges)


def pad_to_multiple(images: Tensor, multiple_px: int) -> Tensor:
    """Mirror images (B, C, H, W) at the right and below, up to multiples of `multiple_px`.

    The arithmetic is done even where nothing is missing, so that a traced network takes any size.
    """
    rows, columns = images.shape[-2:]
    below = (multiple_px - rows % multiple_px) % multiple_px
    right = (multiple_px - columns % multiple_px) % multiple_px
    return functional.pad(images, (0, right, 0, below), mode="reflect")


def enlarged(maps: Tensor, like: Tensor) -> Tensor:
    """Enlarge maps (B, K, h, w) to the size of `like` (B, any, H, W), bilinearly, centres in register."""
    return functional.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)
