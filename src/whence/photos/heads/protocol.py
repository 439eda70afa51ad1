"""What a head is to the rest of the house, and what it is fitted to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.samples import Samples
    from whence.typing import Floats32, Json

__all__ = ["Head", "Learner", "Recipe", "Task"]


@runtime_checkable
class Head(Protocol):
    """Turns features into mixtures; finished, frozen, the same on every machine."""

    kind: ClassVar[str]
    """Its key in `whence.photos.heads.HEADS`."""

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""

    def mixtures(self, features: Floats32) -> Mixtures:
        """Say where n photographs may have been taken, from their unit vectors (n, dim)."""

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again: values that JSON can hold, and named arrays."""

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """


class Learner(Protocol):
    """A head under training by gradients: what the training loop asks of it."""

    module: torch.nn.Module
    """Everything that changes in training, buffers included: its state is what a checkpoint holds."""

    def targets(self, samples: Samples) -> Mapping[str, torch.Tensor]:
        """Give what the loss compares with: named tensors whose first axis is that of the samples."""

    def loss(
        self, features: torch.Tensor, targets: Mapping[str, torch.Tensor], generator: torch.Generator | None
    ) -> torch.Tensor:
        """Mean loss () of a batch: features (b, d), the targets of its samples.

        Without a generator the loss is that of validation: nothing random, nothing remembered.
        """


@dataclass(frozen=True, eq=False)
class Task:
    """What a head is fitted to.

    Attributes
    ----------
    train
        Samples to learn from.
    validation
        Samples to stop by, never to learn from.
    optimise
        Runs the training loop on a learner until it stops improving; afterwards the learner's module holds
        the best weights. A name tells apart the parts of a head that is trained in several steps.
    seed
        Seed of all that is random outside the loop, such as first weights.
    """

    train: Samples
    validation: Samples
    optimise: Callable[[Learner, str], None]
    seed: int = 0


class Recipe(Protocol):
    """The settings of a head: a frozen dataclass whose fields are the keys under ``[head]``."""

    def fit(self, task: Task) -> Head:
        """Make the finished head.

        Raises
        ------
        NotEnoughDataError
            When the samples cannot carry such a head.
        """
