"""What every look at the validation scenes found, as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.learn.record_file import read_records, write_records

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["Look", "read_looks", "write_looks"]


@dataclass(frozen=True)
class Look:
    """How the training stood after some steps.

    Attributes
    ----------
    epoch
        Number of the look, from 1.
    step
        Steps done.
    train_loss
        Mean loss of the steps since the last look, each with the weights of its time.
    validation_loss
        Mean of −ln p of the true class over the validation pixels; NaN without validation scenes.
    mean_iou
        Mean over the counted classes that occur there; NaN without.
    lr
        Rate of the last step.
    seconds
        Time since the last look.
    """

    epoch: int
    step: int
    train_loss: float
    validation_loss: float
    mean_iou: float
    lr: float
    seconds: float


def write_looks(path: PathLike, looks: Sequence[Look]) -> None:
    """Write looks as CSV; see `whence.learn.record_file`."""
    write_records(path, looks, Look)


def read_looks(path: PathLike) -> list[Look]:
    """Read what `write_looks` wrote.

    Raises
    ------
    FormatError
        When a line is not what it wrote.
    """
    return read_records(path, Look)
