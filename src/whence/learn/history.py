"""What happened in each epoch of a training, as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import FormatError
from whence.imagery.atomic import atomic_path

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
    """Write epochs as CSV, whole or not at all; numbers come back to the last bit."""
    with atomic_path(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Epoch)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)


def read_history(path: PathLike) -> list[Epoch]:
    """Read what `write_history` wrote.

    Raises
    ------
    FormatError
        When a line is not what it wrote.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    try:
        return [
            Epoch(line["part"], int(line["epoch"]), *(float(line[name]) for name in _NUMBERS))
            for line in lines
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is no history of a training ({error}); train again") from error


_NUMBERS = ("train_loss", "validation_loss", "lr", "seconds")
