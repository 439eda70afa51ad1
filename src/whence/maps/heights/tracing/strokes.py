"""Chains of thinned ink made into strokes: spurs off, lines led straight through forks, letters aside."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.tracing.forks import simplified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.maps.heights.tracing.forks import Link
    from whence.maps.heights.tracing.thinning import Chain
    from whence.typing import Bools, Floats

__all__ = ["Stroke", "Strokes", "strokes_of"]

_LETTER = 7.0  # strokes wide: as large as letters and digits are
_DASH = 0.86  # of its length that a dash reaches
_ALONE = 1.8  # of its size that a ring keeps clear of other small things


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line of ink.

    Attributes
    ----------
    points_px
        (n, 2) column, row; of a ring the last is the first.
    """

    points_px: Floats

    @property
    def closed(self) -> bool:
        """Whether it ends where it begins."""
        return len(self.points_px) > 3 and bool((self.points_px[0] == self.points_px[-1]).all())

    @property
    def length_px(self) -> float:
        """Length."""
        return float(np.hypot(*np.diff(self.points_px, axis=0).T).sum())

    @property
    def size_px(self) -> float:
        """Longer side of the box round it."""
        return float(np.ptp(self.points_px, axis=0).max())

    @property
    def is_dash(self) -> bool:
        """Whether it is nearly straight."""
        reach = float(np.hypot(*(self.points_px[-1] - self.points_px[0])))
        return not self.closed and reach >= _DASH * self.length_px


@dataclass(frozen=True, eq=False)
class Strokes:
    """What the ink of a sheet consists of.

    Attributes
    ----------
    lines
        Lines.
    dashes
        Straight pieces as small as letters, which may be parts of interrupted lines.
    letters
        (n, 4) left, top, right, bottom of what is as small as letters and no dash.
    """

    lines: tuple[Stroke, ...]
    dashes: tuple[Stroke, ...]
    letters: Floats


def strokes_of(chains: Iterable[Chain], stroke_px: float) -> Strokes:
    """Make strokes of chains.

    Parameters
    ----------
    chains
        As from `chains_of`.
    stroke_px
        Width of a common line, by which everything is measured.
    """
    links = simplified(chains, stroke_px)
    components = _components(links)
    letter = _LETTER * stroke_px
    boxes = np.array([_box(group) for group in components]).reshape(-1, 4)
    small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) < letter
    lines, dashes, letters = [], [], []
    for number, group in enumerate(components):
        if not small[number]:
            lines += _without_stubs(group, 0.6 * letter)
        elif len(group) == 1 and group[0].is_dash and group[0].length_px > 2 * stroke_px:
            dashes.append(group[0])
            letters.append(boxes[number])
        elif len(group) == 1 and group[0].closed and _is_alone(number, boxes, small):
            lines.append(group[0])
        else:
            letters.append(boxes[number])
    return Strokes(tuple(lines), tuple(dashes), np.array(letters).reshape(-1, 4))


def _box(group: list[Stroke]) -> Floats:
    points = np.concatenate([stroke.points_px for stroke in group])
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def _is_alone(number: int, boxes: Floats, small: Bools) -> bool:
    """Whether a small ring is a knoll: digits such as 0 stand beside others, and no knoll is a dot."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = float((boxes[number, 2:] - boxes[number, :2]).max())
    away = np.hypot(*(middle - middle[number]).T)
    away[number] = np.inf
    return size >= 8 and not bool((away[small] < _ALONE * size).any())


def _without_stubs(group: list[Stroke], least_px: float) -> list[Stroke]:
    """Leave out what hangs on a line and is as short as a letter."""
    kept = [stroke for stroke in group if stroke.length_px >= least_px or stroke.closed]
    return kept or [max(group, key=lambda stroke: stroke.length_px)]


def _components(links: list[Link]) -> list[list[Stroke]]:
    """Strokes in groups whose ink hangs together."""
    groups: dict[int, list[Stroke]] = defaultdict(list)
    for link in links:
        groups[link.component].append(Stroke(link.points_px))
    return list(groups.values())
