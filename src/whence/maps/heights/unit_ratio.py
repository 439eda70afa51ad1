"""Whether one of two height models is in feet: its heights rise 3.28 times as fast as those of the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.units import UNITS

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["UnitRatio"]

_NEAR = 0.05  # of the ratio
_CORRELATED = 0.9


@dataclass(eq=False)
class UnitRatio:
    """Sums over the cells of two models, gathered part by part."""

    sums: Floats = field(default_factory=lambda: np.zeros((3, 3)))

    def add(self, heights: Floats, reference: Floats) -> None:
        """Add cells; those where one has no height do not count."""
        known = np.isfinite(heights) & np.isfinite(reference)
        columns = np.stack([np.ones(int(known.sum())), heights[known], reference[known]])
        self.sums += columns @ columns.T

    @property
    def ratio(self) -> float | None:
        """How many of its units the model rises where the reference rises one; None where that is not plain.

        It is the ratio of the standard deviations.
        """
        count = self.sums[0, 0]
        if count < 3:
            return None
        mean = self.sums[0] / count
        spread = self.sums[1:, 1:] / count - np.outer(mean[1:], mean[1:])
        one, two = float(spread[0, 0]), float(spread[1, 1])
        if min(one, two) <= 0 or float(spread[0, 1]) < _CORRELATED * float(np.sqrt(one * two)):
            return None
        return float(np.sqrt(one / two))

    def sentence(self, names: tuple[str, str]) -> str | None:
        """Say which of the two seems to be in feet; None where neither does."""
        ratio, foot = self.ratio, UNITS["foot"].metres
        if ratio is None:
            return None
        for name, there in ((names[0], 1 / foot), (names[1], foot)):
            if abs(ratio / there - 1) < _NEAR:
                return (
                    f"{name} seems to be in feet: where the other rises by one, it rises by "
                    f"{max(ratio, 1 / ratio):.2f}; turn it into metres"
                )
        return None
