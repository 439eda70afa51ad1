"""Curves of training: the loss of every epoch on training and validation data, from the files of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import FormatError, NotEnoughDataError
from whence.imagery.cells import read_cells
from whence.report.drawing import INK, PALETTE, Footer, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whence.typing import Floats, PathLike

__all__ = ["History", "read_histories", "training_curves"]

_COLUMNS = ("epoch", "train_loss", "validation_loss")
_ACROSS = 4


@dataclass(frozen=True, eq=False)
class History:
    """Losses of one training run; NaN where an epoch has none.

    Attributes
    ----------
    epoch
        (n,) numbers of the epochs.
    train_loss, validation_loss
        (n,) mean losses.
    """

    epoch: Floats
    train_loss: Floats
    validation_loss: Floats

    @property
    def best(self) -> int:
        """Row of the lowest validation loss."""
        return int(np.nanargmin(self.validation_loss))


def read_histories(path: PathLike) -> dict[str, History]:
    """Read a file with the columns epoch, train_loss, validation_loss; others are passed over.

    A model may be trained in parts, one after the other; a column ``part`` then names them.

    Returns
    -------
    dict
        Part -> its losses; one entry, "", for a file without parts.

    Raises
    ------
    NotFoundError
        When there is no such file.
    FormatError
        When a column is missing, a cell is not a number, or no epoch has a validation loss.
    """
    source = Path(path)
    cells = read_cells(source)
    missing = [name for name in _COLUMNS if name not in cells.header]
    if missing:
        raise FormatError(f"{source}: no column {', '.join(missing)}; a history has {', '.join(_COLUMNS)}")
    at = [cells.header.index(name) for name in _COLUMNS]
    part = cells.header.index("part") if "part" in cells.header else None
    parts: dict[str, list[list[float]]] = {}
    try:
        for _, record in cells.records:
            losses = [float(record[place] or "nan") for place in at]
            parts.setdefault("" if part is None else record[part], []).append(losses)
    except ValueError as error:
        raise FormatError(f"{source}: {error}; a history holds numbers only") from None
    tables = {name: np.array(rows, dtype=np.float64) for name, rows in parts.items()}
    if not tables or any(not np.isfinite(table[:, 2]).any() for table in tables.values()):
        raise FormatError(f"{source}: no epoch has a validation loss; train for at least one epoch")
    return {name: History(*table.T) for name, table in tables.items()}


def training_curves(histories: Mapping[str, History], *, footer: Footer, title: str = "") -> Figure:
    """Draw every run in a small frame of its own, since losses of different kinds share no scale.

    Raises
    ------
    NotEnoughDataError
        When there is no run.
    """
    if not histories:
        raise NotEnoughDataError("there is no training run to draw; give at least one history.csv")
    across = min(_ACROSS, len(histories))
    down = math.ceil(len(histories) / across)
    width = 9.0 if across > 1 else 5.5
    figure = new_figure(width, 0.9 + (2.1 if across > 2 else 3.0) * down, footer=footer, title=title)
    frames = np.atleast_1d(np.array(figure.subplots(down, across), dtype=object)).ravel()
    for axes, (model, history) in zip(frames, histories.items(), strict=False):
        _frame(axes, model, history)
    for axes in frames[len(histories) :]:
        axes.axis("off")
    frames[0].legend(fontsize=7.5, frameon=False, loc="upper right")
    return figure


def _frame(axes: Axes, model: str, history: History) -> None:
    best = history.best
    axes.plot(history.epoch, history.train_loss, color=PALETTE[0], linestyle=(0, (5, 1.5)), label="training")
    axes.plot(history.epoch, history.validation_loss, color=PALETTE[1], label="validation")
    axes.plot(history.epoch[best], history.validation_loss[best], "o", color=PALETTE[1], markersize=5)
    tidy(axes, x="epoch", y="loss")
    axes.set_title(model, fontsize=8.5, loc="left", color=INK)
    axes.set_title(f"epoch {history.epoch[best]:g}", fontsize=7.5, loc="right", color=PALETTE[1])
