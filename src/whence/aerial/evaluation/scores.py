"""The scores of one or many pictures: pooled figures, intervals over pictures or tiles, the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.evaluation.boundary import BoundaryCounts
from whence.aerial.evaluation.confusion import FIGURES, Confusion
from whence.aerial.evaluation.intervals import (
    DRAWS,
    boundary_intervals,
    class_intervals,
    mean_intervals,
)

if TYPE_CHECKING:
    from whence.aerial.evaluation.intervals import Interval
    from whence.aerial.evaluation.places import Sample
    from whence.aerial.evaluation.protocol import Protocol
    from whence.typing import Ints, Json

__all__ = ["Scores"]

_TITLES = {
    "mean_iou": "mean IoU",
    "mean_f1": "mean F1",
    "overall_accuracy": "overall accuracy",
    "kappa": "kappa",
    "mean_boundary_f1": "mean boundary F1",
}


@dataclass(frozen=True, eq=False)
class Scores:
    """Figures of all pictures together.

    Attributes
    ----------
    names
        Of the K classes.
    counted
        Ids of those of the means.
    tables
        (n, K, K + 1) `Confusion.table` of each picture or tile.
    edges
        (n, K, 4) `BoundaryCounts.table` of each.
    sample
        What is drawn for the intervals: places, images or tiles.
    protocol
        The rules, printed with every figure.
    """

    names: tuple[str, ...]
    counted: tuple[int, ...]
    tables: Ints
    edges: Ints
    sample: Sample
    protocol: Protocol

    @property
    def confusion(self) -> Confusion:
        """The matrix of all pictures together."""
        whole = self.tables.sum(axis=0)
        return Confusion(whole[:, :-1], self.names, self.counted, whole[:, -1])

    @property
    def boundary(self) -> BoundaryCounts:
        """Boundaries of all pictures together."""
        return BoundaryCounts.of_table(self.edges.sum(axis=0), self.protocol.tolerance_px)

    def figures(self) -> dict[str, float]:
        """Give the figures of all classes together."""
        seen = self.confusion
        means = {f"mean_{name}": seen.mean(name) for name in FIGURES}
        return means | {
            "overall_accuracy": seen.overall_accuracy,
            "kappa": seen.kappa,
            "mean_boundary_f1": float(self.boundary.mean_f1(self.counted)),
        }

    def intervals(self, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
        """Give 95 % intervals of `figures`; none with a single picture, which says nothing of others."""
        if self.sample.units < 2:
            return {}
        tables, edges = self.sample.pooled(self.tables), self.sample.pooled(self.edges)
        ends = mean_intervals(tables, self.counted, draws=draws, seed=seed)
        ends = {**ends, **boundary_intervals(edges, self.counted, draws=draws, seed=seed)}
        return {name: (float(low), float(high)) for name, (low, high) in ends.items()}

    def to_json(self) -> Json:
        """Return everything as JSON types; what is not defined is null."""
        seen, boundary = self.confusion.to_json(), self.boundary
        several = self.sample.units > 1
        ends = class_intervals(self.sample.pooled(self.tables)) if several else {}
        for k, name in enumerate(self.names):
            of_class = seen["classes"][name]
            of_class["boundary_f1"] = _or_none(boundary.f1[k])
            of_class["intervals"] = {figure: _pair(values[k]) for figure, values in ends.items()}
        return seen | {
            "mean_boundary_f1": _or_none(boundary.mean_f1(self.counted)),
            "intervals": {name: _pair(values) for name, values in self.intervals().items()},
            "units": self.sample.units,
            "drawn": self.sample.told,
            "protocol": self.protocol.to_json(),
        }

    def summary(self) -> str:
        """Tell the figures to people, the protocol with them."""
        return "\n".join([*self._of_classes(), "", *self._of_all(), *self._notes(), self.protocol.line])

    def _of_classes(self) -> list[str]:
        seen, boundary = self.confusion, self.boundary.f1
        width = max(len(name) for name in self.names) + 1
        titles = f"{'IoU':>7} {'F1':>7} {'precision':>9} {'recall':>7} {'boundary':>8} pixels"
        rows = [
            f"{name + ('' if k in self.counted else '*'):<{width}} {_text(seen.iou[k]):>7} "
            f"{_text(seen.f1[k]):>7} {_text(seen.precision[k]):>9} {_text(seen.recall[k]):>7} "
            f"{_text(boundary[k]):>8} {int(seen.table[k].sum())}"
            for k, name in enumerate(self.names)
        ]
        return [f"{'class':<{width}} {titles}", *rows]

    def _of_all(self) -> list[str]:
        ends, figures = self.intervals(), self.figures()
        lines = []
        for name, title in _TITLES.items():
            low, high = ends.get(name, (np.nan, np.nan))
            between = "" if np.isnan(low) else f" ({low:.3f} to {high:.3f})"
            lines.append(f"{title} {_text(figures[name])}{between}")
        return lines

    def _notes(self) -> list[str]:
        seen, notes = self.confusion, []
        if seen.absent:
            notes.append(f"neither true nor predicted, so left out of the means: {', '.join(seen.absent)}")
        if len(self.counted) < len(self.names):
            notes.append("* not counted in the means")
        if seen.unanswered.any():
            notes.append(f"{int(seen.unanswered.sum())} pixels have no prediction and count as errors")
        return notes


def _text(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:.3f}"


def _or_none(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _pair(values: Any) -> list[float | None]:
    return [_or_none(value) for value in values]
