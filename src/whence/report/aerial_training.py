"""Curves of an aerial training: losses, and the mean IoU of the validation scenes, over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.report.drawing import PALETTE, Footer, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from whence.aerial.training.history import Look

__all__ = ["aerial_curves"]


def aerial_curves(looks: Sequence[Look], *, protocol: str, title: str = "") -> Figure:
    """Draw the losses on the left and the mean IoU on the right, its best look marked.

    Parameters
    ----------
    looks
        What the looks found.
    protocol
        The rules of the figures; its first clause names what was held back.

    Raises
    ------
    NotEnoughDataError
        When there are none.
    """
    if not looks:
        raise NotEnoughDataError("there is no look to draw; train for at least one step")
    split, _, rules = protocol.partition("; ")
    footer = Footer(rules.split("; ", maxsplit=1)[0] or "none", split, f"{len(looks)} looks")
    figure = new_figure(9.0, 3.4, footer=footer, title=title)
    losses, scores = figure.subplots(1, 2)
    steps = np.array([look.step for look in looks])
    train = np.array([look.train_loss for look in looks])
    held = np.array([look.validation_loss for look in looks])
    mean_iou = np.array([look.mean_iou for look in looks])
    losses.plot(steps, train, ".-", color=PALETTE[0], linewidth=1.4, label="training (all parts)")
    if np.isfinite(held).any():
        losses.plot(steps, held, ".-", color=PALETTE[1], linewidth=1.4, label="validation (cross entropy)")
    losses.legend(fontsize=7.5, frameon=False, loc="upper right")
    tidy(losses, x="step", y="loss")
    tidy(scores, x="step", y="mean IoU, validation")
    if np.isfinite(mean_iou).any():
        best = int(np.nanargmax(mean_iou))
        scores.plot(steps, mean_iou, ".-", color=PALETTE[1], linewidth=1.4)
        scores.plot(steps[best], mean_iou[best], "o", color=PALETTE[1], markersize=6)
        scores.set_title(f"{mean_iou[best]:.3f} at step {steps[best]}", fontsize=8, loc="right")
    return figure
