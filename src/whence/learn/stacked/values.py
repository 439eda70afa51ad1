"""What goes into the training of a stack of heads, and what comes out: plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats, Floats32, Ints

__all__ = [
    "Numbers",
    "Products",
    "StackedData",
    "StackedHead",
    "StackedProgress",
    "StackedSettings",
    "Status",
    "TrainedHead",
]

Numbers = Literal["float32", "bfloat16", "float64"]
Products = Literal["auto", "mm", "onednn"]
Status = Literal["stopped early", "finished", "failed"]


@dataclass(frozen=True)
class StackedHead:
    """One head of the stack: features -> hidden -> ReLU -> hidden -> ReLU -> 2 -> longitude, latitude.

    Attributes
    ----------
    name
        Unlike every other name of the stack.
    loss
        Name in `whence.learn.losses.LOSSES` of a loss of positions.
    last_layer
        ``clamp``, ``tanh`` or ``logistic``.
    seed
        Of its initial weights.
    lr
        Learning rate of Adam.
    """

    name: str
    loss: str
    last_layer: str
    seed: int
    lr: float = 1e-3


@dataclass(frozen=True, eq=False)
class StackedData:
    """Features and the true positions of the rows that are used.

    Attributes
    ----------
    features
        (N, d) float16 or float32, in memory or memory-mapped.
    rows
        (n,) the rows of `features` that are used; all when None. Ascending rows are read fastest.
    lonlat
        (n, 2) longitude, latitude of those rows, degrees.
    """

    features: NDArray[Any]
    rows: Ints | None
    lonlat: Floats

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.features.dtype.kind != "f":
            raise InputError(f"features must be (N, d) floats; these are {_described(self.features)}")
        if self.lonlat.shape != (len(self), 2) or len(self) == 0:
            raise NotEnoughDataError(
                f"{len(self)} rows need as many positions (n, 2), and one at least; "
                f"the positions given are {_described(self.lonlat)}"
            )
        if not np.isfinite(self.lonlat).all():
            raise InputError("a position is not finite: leave out the rows without a known position")
        self._check_rows()

    def __len__(self) -> int:
        return len(self.features) if self.rows is None else len(self.rows)

    @property
    def dim(self) -> int:
        """Length of a feature vector."""
        return int(self.features.shape[1])

    def _check_rows(self) -> None:
        if self.rows is None:
            return
        if self.rows.ndim != 1 or self.rows.dtype.kind not in "iu":
            raise InputError(f"rows must be (n,) whole numbers; these are {_described(self.rows)}")
        if self.rows.min() < 0 or self.rows.max() >= len(self.features):
            raise InputError(f"a row lies outside the {len(self.features)} rows of the features")


@dataclass(frozen=True)
class StackedSettings:
    """How a stack is trained. The defaults are those of the thesis.

    Attributes
    ----------
    batch_size
        Rows per step, the same rows for every head.
    epochs
        At most so many passes over the training rows.
    patience
        A head stops after so many epochs in a row without a lower validation loss.
    hidden
        Widths of the two hidden layers.
    numbers
        Of the products: ``float32``, ``bfloat16`` (the weights stay float32) or ``float64``.
    products
        ``mm``, ``onednn``, or ``auto``: both are timed at the start and the faster one is kept.
    beta1, beta2, epsilon
        Of Adam.
    shuffle_seed
        Of the order of the rows.
    block_rows, buffer_blocks
        Blocks of so many rows are read in a random order, and shuffled within a buffer of so many blocks.
    validation_rows
        Rows per step of the validation.
    checkpoint_epochs
        A checkpoint is written after every so many epochs.
    device
        ``cpu`` or a CUDA device.
    """

    batch_size: int = 64
    epochs: int = 1000
    patience: int = 5
    hidden: tuple[int, int] = (256, 128)
    numbers: Numbers = "float32"
    products: Products = "auto"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    shuffle_seed: int = 0
    block_rows: int = 4096
    buffer_blocks: int = 16
    validation_rows: int = 512
    checkpoint_epochs: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        counts = {
            name: getattr(self, name)
            for name in (
                "batch_size", "epochs", "patience", "block_rows", "buffer_blocks", "validation_rows",
                "checkpoint_epochs",
            )
        }  # fmt: skip
        if min(*counts.values(), *self.hidden) < 1:
            raise InputError(f"{counts} and hidden {self.hidden} must all be one or more")
        if self.numbers not in get_args(Numbers) or self.products not in get_args(Products):
            raise InputError(
                f"numbers {self.numbers!r} and products {self.products!r} must be one of "
                f"{', '.join(get_args(Numbers))} and one of {', '.join(get_args(Products))}"
            )


@dataclass(frozen=True)
class StackedProgress:
    """Where the training is.

    Attributes
    ----------
    epoch
        The pass under way, from 0.
    rows, of_rows
        Training rows seen in it, and how many there are.
    heads
        How many heads are still being trained.
    train_loss, validation_loss
        Name of a head -> loss of the epoch; filled in the last report of an epoch only.
    """

    epoch: int
    rows: int
    of_rows: int
    heads: int
    train_loss: dict[str, float] | None = None
    validation_loss: dict[str, float] | None = None


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """What became of a head.

    Attributes
    ----------
    name
        Its name.
    weights
        ``0.weight`` (hidden, d), ``0.bias``, ``2.weight``, ``2.bias``, ``4.weight`` (2, hidden), ``4.bias``,
        as ``torch.nn.Sequential`` names them, float32 (float64 if trained so), from the epoch with the
        lowest validation loss. Empty where a head failed in its first epoch.
    train_loss, validation_loss
        Mean loss of each epoch; that of the training is taken while the weights change.
    stopped_at
        How many epochs it was trained.
    best_epoch
        The epoch of the weights, from 0; None without one.
    status
        ``stopped early``, ``finished`` (all epochs were used) or ``failed``.
    failure
        What happened, in a sentence; None otherwise.
    """

    name: str
    weights: dict[str, Floats32]
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    stopped_at: int
    best_epoch: int | None
    status: Status
    failure: str | None = None

    @property
    def history(self) -> dict[str, tuple[float, ...]]:
        """Both curves by name."""
        return {"train_loss": self.train_loss, "validation_loss": self.validation_loss}


def _described(array: NDArray[Any]) -> str:
    return f"{array.shape} {array.dtype}"
