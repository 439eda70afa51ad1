"""What every look at the validation scenes found, as a CSV file."""

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
    """Write looks as CSV, whole or not at all."""
    with atomic_path(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Look)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(look) for look in looks)


def read_looks(path: PathLike) -> list[Look]:
    """Read what `write_looks` wrote.

    Raises
    ------
    FormatError
        When a line is not what it wrote.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    numbers = [field.name for field in fields(Look)][2:]
    try:
        return [
            Look(int(line["epoch"]), int(line["step"]), *(float(line[name]) for name in numbers))
            for line in lines
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is no history of an aerial training ({error}); train again") from error
