"""What the fitting of heads shares: enough samples, scaled inputs, a spread that keeps its promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import brentq

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.earth.points import as_lonlat
from whence.errors import InputError, NotEnoughDataError
from whence.photos.heads.kernel import FEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.heads.protocol import Head, Task
    from whence.photos.samples import Samples
    from whence.typing import ArrayLike, Floats

__all__ = [
    "LEAST_TRAINING",
    "LEAST_VALIDATION",
    "Standardisation",
    "check_enough",
    "check_share",
    "layer_sizes",
    "predicted_points",
    "spread_holding",
]

LEAST_TRAINING = 20
"""Training samples without which no network is fitted."""

LEAST_VALIDATION = 5
"""Validation samples without which nothing says when to stop."""

_STUDIED = 20_000  # samples that tell the mean and the deviation of the inputs
_NARROWEST_M, _WIDEST_M = 0.1, 1.2e7


def check_enough(task: Task, *, train: int = LEAST_TRAINING, validation: int = LEAST_VALIDATION) -> None:
    """Refuse a task with too few samples, or with samples of no known position.

    Raises
    ------
    NotEnoughDataError
        When there are fewer.
    InputError
        When a position is missing.
    """
    if len(task.train) < train or len(task.validation) < validation:
        few = "retrieval" if len(task.validation) >= FEWEST else "constant"
        raise NotEnoughDataError(
            f"{len(task.train)} training and {len(task.validation)} validation samples are too few: this "
            f"head takes at least {train} and {validation}; with so few use {few}"
        )
    as_lonlat(task.train.lonlat, "training positions")
    as_lonlat(task.validation.lonlat, "validation positions")


def check_share(value: float, name: str) -> None:
    """Refuse a dropout or smoothing outside [0, 1).

    Raises
    ------
    InputError
        When it is.
    """
    if not 0.0 <= value < 1.0:
        raise InputError(f"{name} must be at least 0 and less than 1, not {value}")


def layer_sizes(hidden: Sequence[int]) -> tuple[int, ...]:
    """Check the widths of hidden layers, as TOML or Python gives them.

    Raises
    ------
    InputError
        When one is not a positive whole number.
    """
    sizes = tuple(hidden)
    if not all(size > 0 and int(size) == size for size in sizes):
        raise InputError(f"hidden must be a list of widths such as [256, 128], not {list(sizes)}")
    return sizes


@dataclass(frozen=True, eq=False)
class Standardisation:
    """(features − shift) · scale has about mean 0 and deviation 1 in every component.

    Attributes
    ----------
    shift, scale
        (d,) each.
    """

    shift: Floats
    scale: Floats

    @classmethod
    def none(cls, dim: int) -> Self:
        """Leave features as they are."""
        return cls(np.zeros(dim), np.ones(dim))

    @classmethod
    def of(cls, samples: Samples, rng: np.random.Generator) -> Self:
        """Measure a random part of the samples; a component that hardly varies is not blown up."""
        chosen = np.sort(rng.permutation(len(samples))[:_STUDIED])
        features = samples.take(chosen).astype(np.float64)
        deviation = features.std(axis=0)
        floor = max(0.05 * float(np.sqrt(np.mean(deviation**2))), 1e-6)
        return cls(features.mean(axis=0), 1.0 / np.maximum(deviation, floor))


def predicted_points(head: Head, samples: Samples) -> Floats:
    """Best point (n, 2) of each sample, longitude, latitude, degrees; block by block."""
    parts = [head.mixtures(features).points() for _, features in samples.blocks()]
    return np.concatenate(parts) if parts else np.zeros((0, 2))


def spread_holding(distance_m: ArrayLike, share: float = 0.8) -> float:
    """Spread of a patch that holds so large a share within the same distance as the distances given do.

    80 % is what whence promises, and unlike the mean square it does not follow a few answers on the wrong
    continent.

    Parameters
    ----------
    distance_m
        (n,) errors, metres.
    share
        Between 0 and 1.

    Returns
    -------
    float
        One-dimensional standard deviation on the ground, metres: that of the von Mises-Fisher patch whose cap
        of the quantile's radius has this mass.
    """
    radius_m = float(np.quantile(np.asarray(distance_m, np.float64), share))
    angle = np.array(min(radius_m / sphere.EARTH_RADIUS_M, np.pi))

    def lacking(log_spread: float) -> float:
        kappa = vmf.concentration(np.array(np.exp(log_spread)))
        return share - float(vmf.cap_mass(kappa, angle))

    low, high = np.log(_NARROWEST_M), np.log(_WIDEST_M)
    if lacking(low) >= 0.0:
        return _NARROWEST_M
    if lacking(high) <= 0.0:
        return _WIDEST_M
    return float(np.exp(brentq(lacking, low, high, xtol=1e-9)))
