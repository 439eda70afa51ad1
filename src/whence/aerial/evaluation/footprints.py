"""Footprints of buildings matched one to one with the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whence.typing import Floats, Ints, Json

__all__ = ["IOU", "FootprintMatch", "match_footprints"]

IOU = 0.5
_MOSTLY = 0.5  # a part belongs to what holds more of it than this


@dataclass(frozen=True, eq=False)
class FootprintMatch:
    """Which predicted footprint is which true one.

    Attributes
    ----------
    pairs
        (m, 2) numbers of the predicted and the true one of each match.
    ious
        (m,) intersection over union of each match.
    predicted, true
        How many there are.
    threshold
        The intersection over union that makes a match.
    splits
        True footprints that hold two or more predicted ones, each by more than half of its area.
    merges
        Predicted footprints that hold two or more true ones, each by more than half of its area.
    notes
        What is to be said with the figures, such as that both lie nowhere near each other.
    """

    pairs: Ints
    ious: Floats
    predicted: int
    true: int
    threshold: float
    splits: int
    merges: int
    notes: tuple[str, ...] = ()

    @property
    def precision(self) -> float:
        """Share of the predicted ones that are matched; NaN without any."""
        return len(self.pairs) / self.predicted if self.predicted else float("nan")

    @property
    def recall(self) -> float:
        """Share of the true ones that are matched; NaN without any."""
        return len(self.pairs) / self.true if self.true else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of both, 2 m / (predicted + true); NaN without any footprint."""
        both = self.predicted + self.true
        return 2.0 * len(self.pairs) / both if both else float("nan")

    @property
    def protocol(self) -> str:
        """How it was matched, for printing beside the figures."""
        return f"footprints matched one to one at IoU ≥ {self.threshold:g}"

    def to_json(self) -> Json:
        """Return the figures as JSON types; what is not defined is null."""
        figures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        mean = float(self.ious.mean()) if len(self.ious) else float("nan")
        return {
            "protocol": self.protocol,
            "threshold": self.threshold,
            "predicted": self.predicted,
            "true": self.true,
            "matched": len(self.pairs),
            "splits": self.splits,
            "merges": self.merges,
            "notes": list(self.notes),
        } | {
            name: None if np.isnan(value) else value for name, value in (figures | {"mean_iou": mean}).items()
        }


def match_footprints(
    predicted: Sequence[Any] | NDArray[Any],
    truth: Sequence[Any] | NDArray[Any],
    *,
    iou: float = IOU,
    within: Any = None,
) -> FootprintMatch:
    """Match footprints so that as many as possible are, and then so that they overlap most.

    Above 0.5 a footprint cannot overlap two others so much, and the match is the only one possible; below,
    the assignment is solved (Kuhn 1955).

    Parameters
    ----------
    predicted, truth
        Polygons of shapely in one plane coordinate system. Broken rings are mended first.
    iou
        Intersection over union from which on two are the same building.
    within
        A polygon that was looked at: footprints are cut at it, and those with at most half of their area in
        it are left out on both sides.

    Raises
    ------
    InputError
        When the threshold is not above 0 and up to 1.

    Examples
    --------
    >>> import shapely
    >>> true = [shapely.box(0, 0, 4, 5), shapely.box(9, 9, 10, 10)]
    >>> found = match_footprints([shapely.box(0, 0, 4, 4)], true)
    >>> found.pairs.tolist(), found.ious.tolist(), found.precision, found.recall
    ([[0, 0]], [0.8], 1.0, 0.5)
    """
    import shapely

    if not 0.0 < iou <= 1.0:
        raise InputError(f"an IoU of {iou} matches nothing or everything; give one above 0, up to 1")
    ours, theirs = _usable(predicted, within), _usable(truth, within)
    first, second = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shared = shapely.area(shapely.intersection(ours[first], theirs[second]))
    areas = shapely.area(ours), shapely.area(theirs)
    overlap = shared / (areas[0][first] + areas[1][second] - shared)
    enough = overlap >= iou
    pairs, ious = _assign(np.stack([first, second], axis=1)[enough], overlap[enough])
    return FootprintMatch(
        pairs=pairs,
        ious=ious,
        predicted=len(ours),
        true=len(theirs),
        threshold=iou,
        splits=_holding_several(second[shared > _MOSTLY * areas[0][first]]),
        merges=_holding_several(first[shared > _MOSTLY * areas[1][second]]),
    )


def _usable(polygons: Sequence[Any] | NDArray[Any], within: Any) -> NDArray[Any]:
    import shapely

    shapes = np.array(list(polygons), dtype=object)
    shapes = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    if within is not None:
        cut = shapely.intersection(shapes, within)
        shapes = cut[shapely.area(cut) > _MOSTLY * shapely.area(shapes)]
    usable: NDArray[Any] = shapes[shapely.area(shapes) > 0.0]
    return usable


def _assign(pairs: Ints, overlap: Floats) -> tuple[Ints, Floats]:
    """Choose pairs in which nothing stands twice, group by group of those that touch."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return np.zeros((0, 2), np.int64), np.zeros(0)
    offset = int(pairs[:, 0].max()) + 1
    nodes = offset + int(pairs[:, 1].max()) + 1
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1] + offset)), shape=(nodes, nodes))
    group = connected_components(links, directed=False)[1][pairs[:, 0]]
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    kept = [one for part in np.split(order, starts[1:]) for one in _of_group(part, pairs, overlap)]
    chosen = np.sort(np.array(kept, np.int64))
    return pairs[chosen], overlap[chosen]


def _of_group(part: Ints, pairs: Ints, overlap: Floats) -> Ints:
    from scipy.optimize import linear_sum_assignment

    if len(part) == 1:
        return part
    rows, row = np.unique(pairs[part, 0], return_inverse=True)
    columns, column = np.unique(pairs[part, 1], return_inverse=True)
    gain = np.zeros((len(rows), len(columns)))
    gain[row, column] = len(part) + overlap[part]  # one more match outweighs any overlap
    place = np.full(gain.shape, -1)
    place[row, column] = part
    chosen: Ints = place[linear_sum_assignment(gain, maximize=True)]
    return chosen[chosen >= 0]


def _holding_several(holders: Ints) -> int:
    return int((np.unique(holders, return_counts=True)[1] > 1).sum())
