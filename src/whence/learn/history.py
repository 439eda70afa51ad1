"""What happened in each epoch of a training, as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.learn.record_file import read_records, write_records

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["Epoch", "read_history", "write_history"]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training samples.

    Attributes
    ----------
    part
        Which part of the head was trained.
    epoch
        From 1.
    train_loss
        Mean loss of the batches, each with the weights of its time, what is random included.
    validation_loss
        Mean loss over the validation samples with the weights at the end.
    lr
        Learning rate of the last step.
    seconds
        Time that it took.
    """

    part: str
    epoch: int
    train_loss: float
    validation_loss: float
    lr: float
    seconds: float


def write_history(path: PathLike, history: Sequence[Epoch]) -> None:
    """Write epochs as CSV; see `whence.learn.record_file`."""
    write_records(path, history, Epoch)


def read_history(path: PathLike) -> list[Epoch]:
    """Read what `write_history` wrote.

    Raises
    ------
    FormatError
        When a line is not what it wrote.
    """
    return read_records(path, Epoch)
