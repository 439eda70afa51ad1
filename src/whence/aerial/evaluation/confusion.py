"""The confusion matrix of classes, and every figure that follows from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Floats, Ints, Json

__all__ = ["FIGURES", "Confusion", "figures_of", "means_of"]

FIGURES = ("iou", "f1", "precision", "recall")
"""Figures of a single class."""

_TYPES = 256
_AT_ONCE = 1 << 22  # pixels whose codes are held at a time: 32 MB


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often pixels of each class were taken for each other class.

    Pixels without a true class (255) never count. Pixels that have a true class and no prediction (255) are
    kept apart in `unanswered`; they count as errors everywhere, never as left out.

    Attributes
    ----------
    counts
        (K, K) pixels; rows are the truth, columns what was predicted.
    names
        K names of the classes.
    counted
        Ids of the classes that means are taken over; all when not given.
    unanswered
        (K,) pixels of each true class without a prediction; none when not given.

    Raises
    ------
    InputError
        When the shapes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> seen = Confusion.empty(("ground", "roof"))
    >>> truth = np.array([[0, 0, 1], [0, 1, 255]])
    >>> _ = seen.add(truth, np.array([[0, 1, 1], [0, 1, 0]]))
    >>> seen.counts.tolist()
    [[2, 1], [0, 2]]
    >>> seen.iou.round(3).tolist()
    [0.667, 0.667]
    >>> seen.overall_accuracy, round(seen.mean("f1"), 3)
    (0.8, 0.8)
    """

    counts: Ints
    names: tuple[str, ...]
    counted: tuple[int, ...] = ()
    unanswered: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        size = len(self.names)
        counts = np.array(self.counts, dtype=np.int64)
        without = np.array(self.unanswered, np.int64) if len(self.unanswered) else np.zeros(size, np.int64)
        if counts.shape != (size, size) or without.shape != (size,):
            raise InputError(
                f"counts {counts.shape} and unanswered {without.shape} do not fit {size} names; "
                "counts are (K, K), unanswered (K,)"
            )
        if any(number not in range(size) for number in self.counted):
            raise InputError(f"counted classes {self.counted} are not all among 0 to {size - 1}")
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "unanswered", without)
        if not self.counted:
            object.__setattr__(self, "counted", tuple(range(size)))

    @classmethod
    def empty(cls, names: Iterable[str], counted: tuple[int, ...] = ()) -> Self:
        """Start with nothing counted."""
        listed = tuple(names)
        return cls(np.zeros((len(listed), len(listed)), np.int64), listed, counted)

    @classmethod
    def of_scheme(cls, scheme: Scheme) -> Self:
        """Start with nothing counted, means over the classes that the scheme's protocol counts."""
        return cls.empty(scheme.names, scheme.counted)

    def add(self, truth: NDArray[Any], predicted: NDArray[Any]) -> Self:
        """Count pixels, in place; windows of an image may come one after another.

        Parameters
        ----------
        truth, predicted
            Ids of the same shape; 255 in the truth is left out, 255 in the prediction is unanswered.

        Returns
        -------
        Confusion
            This very one, so that calls can be chained.

        Raises
        ------
        InputError
            When the shapes differ or there are ids that are no class.
        """
        if truth.shape != predicted.shape:
            raise InputError(
                f"the truth is {truth.shape}, the prediction {predicted.shape}; "
                "both must cover the same pixels"
            )
        size = len(self.names)
        for name, ids in (("truth", truth), ("prediction", predicted)):
            _check_ids(ids, size, name)
        flat, answers = truth.reshape(-1), predicted.reshape(-1)
        for start in range(0, flat.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            table = _pairs(flat[part], answers[part])
            self.counts[...] += table[:size, :size]
            self.unanswered[...] += table[:size, IGNORE]
        return self

    def __add__(self, other: Confusion) -> Confusion:
        if other.names != self.names:
            raise InputError(
                f"counts of classes {', '.join(self.names)} and of {', '.join(other.names)} do not add up"
            )
        return dataclasses.replace(
            self, counts=self.counts + other.counts, unanswered=self.unanswered + other.unanswered
        )

    @classmethod
    def total(cls, several: Iterable[Confusion]) -> Confusion:
        """Add up the matrices of several images.

        Raises
        ------
        InputError
            When there are none, or their classes differ.
        """
        parts = list(several)
        if not parts:
            raise InputError("there is nothing to add up; give at least one confusion matrix")
        whole = parts[0]
        for part in parts[1:]:
            whole = whole + part
        return whole

    @property
    def table(self) -> Ints:
        """(K, K + 1) counts with the unanswered as last column."""
        return np.concatenate([self.counts, self.unanswered[:, None]], axis=1)

    @property
    def pixels(self) -> int:
        """Pixels with a true class."""
        return int(self.table.sum())

    @property
    def present(self) -> tuple[bool, ...]:
        """For each class whether it occurs in the truth."""
        return tuple((self.table.sum(axis=1) > 0).tolist())

    @property
    def absent(self) -> tuple[str, ...]:
        """Counted classes that occur neither in truth nor prediction; their figures are NaN."""
        return tuple(self.names[k] for k in self.counted if np.isnan(self.iou[k]))

    @property
    def iou(self) -> Floats:
        """(K,) intersection over union; NaN where truth and prediction lack the class."""
        return figures_of(self.table)["iou"]

    @property
    def f1(self) -> Floats:
        """(K,) harmonic mean of precision and recall; NaN where truth and prediction lack the class."""
        return figures_of(self.table)["f1"]

    @property
    def precision(self) -> Floats:
        """(K,) share of the pixels taken for the class that are of it; NaN where none was."""
        return figures_of(self.table)["precision"]

    @property
    def recall(self) -> Floats:
        """(K,) share of the pixels of the class that were found; NaN where there are none."""
        return figures_of(self.table)["recall"]

    @property
    def overall_accuracy(self) -> float:
        """Share of all pixels with a true class, counted or not, that are right; NaN without any."""
        return float(means_of(self.table, self.counted)["overall_accuracy"])

    @property
    def kappa(self) -> float:
        """Cohen's kappa (1960): agreement beyond chance; NaN where chance alone would agree."""
        return float(means_of(self.table, self.counted)["kappa"])

    def mean(self, figure: str) -> float:
        """Mean of a figure over the counted classes that have one; the others are named in `absent`.

        Raises
        ------
        InputError
            For an unknown figure.
        """
        if figure not in FIGURES:
            raise InputError(f"there is no figure {figure!r}; choose one of: {', '.join(FIGURES)}")
        return float(means_of(self.table, self.counted)[f"mean_{figure}"])

    def to_json(self) -> Json:
        """Return counts and figures as JSON types; what is not defined is null."""
        figures = figures_of(self.table)
        return {
            "names": list(self.names),
            "counted": [self.names[k] for k in self.counted],
            "absent": list(self.absent),
            "pixels": self.pixels,
            "confusion": self.counts.tolist(),
            "unanswered": self.unanswered.tolist(),
            "classes": {
                name: {figure: _or_none(figures[figure][k]) for figure in FIGURES}
                | {"pixels": int(self.table[k].sum())}
                for k, name in enumerate(self.names)
            },
        } | {name: _or_none(value) for name, value in means_of(self.table, self.counted).items()}


def figures_of(table: NDArray[Any]) -> dict[str, Floats]:
    """Compute the figures of every class from one or many tables.

    Parameters
    ----------
    table
        (..., K, K + 1) counts or weighted counts, rows truth; the last column is unanswered.

    Returns
    -------
    dict
        Of each of `FIGURES` an array (..., K); NaN where it is not defined.
    """
    hit = np.diagonal(table, axis1=-2, axis2=-1).astype(np.float64)
    true = table.sum(axis=-1).astype(np.float64)
    taken = table[..., :-1].sum(axis=-2).astype(np.float64)
    return {
        "iou": _share(hit, true + taken - hit),
        "f1": _share(2.0 * hit, true + taken),
        "precision": _share(hit, taken),
        "recall": _share(hit, true),
    }


def means_of(table: NDArray[Any], counted: tuple[int, ...]) -> Mapping[str, Floats]:
    """Compute the figures of all classes together from one or many tables.

    Parameters
    ----------
    table
        As for `figures_of`.
    counted
        Ids of the classes of the means.

    Returns
    -------
    dict
        Arrays (...): ``mean_iou`` and the like, ``overall_accuracy``, ``kappa``; NaN where not defined.
    """
    figures = figures_of(table)
    chosen = list(counted)
    means = {f"mean_{name}": _mean(figures[name][..., chosen]) for name in FIGURES}
    total = table.sum(axis=(-2, -1)).astype(np.float64)
    agreed = _share(np.trace(table, axis1=-2, axis2=-1).astype(np.float64), total)
    true, taken = table.sum(axis=-1), table[..., :-1].sum(axis=-2)
    chance = _share((true.astype(np.float64) * taken).sum(axis=-1), total * total)
    return means | {"overall_accuracy": agreed, "kappa": _share(agreed - chance, 1.0 - chance)}


def _pairs(truth: NDArray[Any], predicted: NDArray[Any]) -> Ints:
    code = truth.astype(np.int64) * _TYPES
    code += predicted
    return np.bincount(code, minlength=_TYPES * _TYPES).reshape(_TYPES, _TYPES)


def _check_ids(ids: NDArray[Any], size: int, name: str) -> None:
    if ids.dtype.kind not in "ui":
        raise InputError(
            f"the {name} holds {ids.dtype} values; classes are whole numbers from 0, 255 is none"
        )
    if not ids.size:
        return
    strange = (ids < 0) | ((ids >= size) & (ids != IGNORE))
    if strange.any():
        values, counts = np.unique(ids[strange], return_counts=True)
        told = ", ".join(f"{value} ({count} pixels)" for value, count in zip(values, counts, strict=True))
        raise InputError(
            f"the {name} has ids that are none of the {size} classes: {told}; "
            "name the scheme that it follows, or mark such pixels with 255"
        )


def _share(above: Floats, below: Floats) -> Floats:
    """Divide, NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0.0, above / below, np.nan)


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return _share(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))


def _or_none(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
