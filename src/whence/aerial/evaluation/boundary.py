"""Boundary F1: how much of the drawn boundaries lies near true ones, and the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whence.typing import Bools, Floats, Ints

__all__ = ["TOLERANCE_PX", "BoundaryCounts", "boundary_f1", "boundary_pixels", "count_boundaries"]

TOLERANCE_PX = 3.0
_UNANSWERED = 254
_ROUNDING_PX = 1e-3  # distances are computed in float32


@dataclass(frozen=True, eq=False)
class BoundaryCounts:
    """Pixels of boundaries, and how many of them have the other boundary near.

    Attributes
    ----------
    true, true_near
        (..., K) pixels of the true boundary of each class; those with a predicted one within the tolerance.
    predicted, predicted_near
        The same of the predicted boundary.
    tolerance_px
        What is near, between centres of pixels.
    """

    true: Ints
    true_near: Ints
    predicted: Ints
    predicted_near: Ints
    tolerance_px: float

    @classmethod
    def of_table(cls, table: NDArray[Any], tolerance_px: float) -> BoundaryCounts:
        """Read (..., K, 4) counts, in the order of the attributes."""
        true, true_near, predicted, predicted_near = np.moveaxis(table, -1, 0)
        return cls(true, true_near, predicted, predicted_near, tolerance_px)

    @property
    def table(self) -> Ints:
        """(..., K, 4) counts, in the order of the attributes."""
        return np.stack([self.true, self.true_near, self.predicted, self.predicted_near], axis=-1)

    def __add__(self, other: BoundaryCounts) -> BoundaryCounts:
        if other.tolerance_px != self.tolerance_px:
            raise InputError("boundaries that were counted with different tolerances do not add up")
        return self.of_table(self.table + other.table, self.tolerance_px)

    @property
    def precision(self) -> Floats:
        """(..., K) share of the predicted boundary that is near the true one; NaN without any."""
        return _share(self.predicted_near, self.predicted)

    @property
    def recall(self) -> Floats:
        """(..., K) share of the true boundary that is near the predicted one; NaN without any."""
        return _share(self.true_near, self.true)

    @property
    def f1(self) -> Floats:
        """(..., K) harmonic mean of both; 0 where only one has the boundary, NaN where neither has."""
        precision, recall = np.nan_to_num(self.precision), np.nan_to_num(self.recall)
        either = (np.asarray(self.true) > 0) | (np.asarray(self.predicted) > 0)
        return np.where(either, _share(2.0 * precision * recall, precision + recall, empty=0.0), np.nan)

    def mean_f1(self, counted: tuple[int, ...]) -> Any:
        """(...) mean over the counted classes that have a boundary at all; NaN where none has."""
        values = self.f1[..., list(counted)]
        known = ~np.isnan(values)
        return _share(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def boundary_f1(
    truth: NDArray[np.uint8],
    predicted: NDArray[np.uint8],
    *,
    classes: int,
    tolerance_px: float = TOLERANCE_PX,
) -> Floats:
    """Compute the boundary F1 of every class of one picture (Csurka et al. 2013, section 3).

    Parameters
    ----------
    truth, predicted
        (rows, cols) ids; where the truth is 255 neither has a boundary.
    classes
        How many there are.
    tolerance_px
        How far apart boundaries may be, between centres of pixels.

    Returns
    -------
    Floats
        (K,); NaN where neither has a boundary of the class.

    Examples
    --------
    >>> truth = np.repeat(np.array([[0, 0, 0, 1, 1, 1, 1, 1]], np.uint8), 5, axis=0)
    >>> boundary_f1(truth, np.roll(truth, 1, axis=1), classes=2, tolerance_px=0.5).tolist()
    [0.0, 0.0]
    >>> boundary_f1(truth, truth, classes=2, tolerance_px=0.0).tolist()
    [1.0, 1.0]
    """
    f1: Floats = count_boundaries(truth, predicted, classes=classes, tolerance_px=tolerance_px).f1[0]
    return f1


def count_boundaries(
    truth: NDArray[np.uint8],
    predicted: NDArray[np.uint8],
    *,
    classes: int,
    tolerance_px: float = TOLERANCE_PX,
    cores: Sequence[tuple[slice, slice]] = ((slice(None), slice(None)),),
) -> BoundaryCounts:
    """Count boundaries of a picture, or of parts of a window of it.

    Parameters
    ----------
    truth, predicted, classes, tolerance_px
        As for `boundary_f1`.
    cores
        Rows and columns of n parts whose boundary pixels are counted. Windows whose cores tile a picture,
        with a margin of more than the tolerance around each, have the counts of the whole together.

    Returns
    -------
    BoundaryCounts
        With arrays (n, K).

    Raises
    ------
    InputError
        When the shapes differ.
    """
    if truth.shape != predicted.shape:
        raise InputError(f"the truth is {truth.shape}, the prediction {predicted.shape}; cut them alike")
    answers = np.where(truth == IGNORE, IGNORE, np.where(predicted == IGNORE, _UNANSWERED, predicted))
    edges = [np.where(boundary_pixels(ids), ids, IGNORE) for ids in (truth, answers)]
    near = [np.zeros(truth.shape, np.bool_) for _ in edges]
    for number in np.intersect1d(np.unique(edges[0]), np.arange(classes)):
        drawn = [ids == number for ids in edges]
        near[0] |= drawn[0] & _near(drawn[1], tolerance_px)
        near[1] |= drawn[1] & _near(drawn[0], tolerance_px)
    table = [
        [_counts(ids[core][some], classes) for ids, close in zip(edges, near, strict=True)
         for some in (slice(None), close[core])]
        for core in cores
    ]  # fmt: skip
    return BoundaryCounts.of_table(np.moveaxis(np.array(table), 1, -1), tolerance_px)


def _counts(ids: NDArray[Any], classes: int) -> Ints:
    return np.bincount(ids.reshape(-1), minlength=IGNORE + 1)[:classes]


def boundary_pixels(ids: NDArray[Any]) -> Bools:
    """Find the pixels with one of another class beside, above or below; ignored ones do not count."""
    edges = np.zeros(ids.shape, np.bool_)
    for one, other in (((slice(1, None),), (slice(-1),)), ((..., slice(1, None)), (..., slice(-1)))):
        differs = (ids[one] != ids[other]) & (ids[one] != IGNORE) & (ids[other] != IGNORE)
        edges[one] |= differs
        edges[other] |= differs
    return edges


def _near(edges: Bools, tolerance_px: float) -> Bools:
    """Find the pixels within the tolerance of an edge."""
    import cv2

    if not edges.any():
        return edges
    away = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= tolerance_px + _ROUNDING_PX)


def _share(above: NDArray[Any], below: NDArray[Any], empty: float = np.nan) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.asarray(below) > 0, np.asarray(above) / below, empty)
