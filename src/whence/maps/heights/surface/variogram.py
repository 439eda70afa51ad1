"""Variograms: how much heights differ by their distance, measured in bins and fitted with a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.typing import Floats

__all__ = ["MODELS", "Bin", "Variogram", "experimental"]

_PAIRS = 200_000
_BINS = 12
_FEWEST_PAIRS = 30


class Bin(NamedTuple):
    """Mean distance of some pairs, half the mean square of their differences, and how many they are."""

    distance_m: float
    gamma_m2: float
    pairs: int


def _spherical(share: Floats) -> Floats:
    near = np.minimum(share, 1.0)
    return np.asarray(1.5 * near - 0.5 * near**3)


MODELS: dict[str, Callable[[Floats], Floats]] = {
    "spherical": _spherical,
    "exponential": lambda share: np.asarray(1.0 - np.exp(-3.0 * share)),
    "gaussian": lambda share: np.asarray(1.0 - np.exp(-3.0 * share**2)),
}
"""Models with a sill, 0 at 0 and 1 (or 95 %) at the range (Chilès & Delfiner 2012, section 2.5.1)."""


@dataclass(frozen=True)
class Variogram:
    """γ(h), half the mean squared difference of heights at a distance h > 0; γ(0) = 0.

    Parameters
    ----------
    model
        ``"power"``: nugget + slope · hᵉ; or one of `MODELS`: nugget + (sill − nugget) · model(h / range).
    nugget_m2
        What differs at once.
    slope, exponent
        Of the power model, m² per mᵉ and between 0 and 2; None for the others.
    sill_m2, range_m
        Of the others: the level reached, and where (for exponential and Gaussian, where 95 % are reached).
    bins
        What it was fitted to, by distance; empty when it was given.

    Examples
    --------
    >>> ball = Variogram("spherical", nugget_m2=1.0, sill_m2=5.0, range_m=100.0)
    >>> ball(np.array([0.0, 50.0, 200.0])).tolist()
    [0.0, 3.75, 5.0]
    """

    model: str
    nugget_m2: float = 0.0
    slope: float | None = None
    exponent: float | None = None
    sill_m2: float | None = None
    range_m: float | None = None
    bins: tuple[Bin, ...] = ()

    def __post_init__(self) -> None:
        if self.model == "power":
            known = self.slope is not None and self.exponent is not None and 0 < self.exponent < 2
        elif self.model in MODELS:
            known = self.sill_m2 is not None and self.range_m is not None and self.range_m > 0
        else:
            raise InputError(f"no variogram is called {self.model!r}; there are power, {', '.join(MODELS)}")
        if not known:
            raise InputError(
                f"a {self.model} variogram needs "
                + (
                    "a slope and an exponent between 0 and 2"
                    if self.model == "power"
                    else "a sill and a range"
                )
            )

    def __call__(self, distances_m: Floats) -> Floats:
        """Give γ at distances, m²."""
        if self.slope is not None and self.exponent is not None:
            rise = self.nugget_m2 + self.slope * np.power(distances_m, self.exponent)
        else:
            share = distances_m / float(self.range_m or 1.0)
            rise = self.nugget_m2 + (float(self.sill_m2 or 0.0) - self.nugget_m2) * MODELS[self.model](share)
        return np.where(distances_m > 0, rise, 0.0)

    @classmethod
    def fit(cls, positions: Floats, heights_m: Floats, *, model: str = "power", seed: int = 0) -> Variogram:
        """Fit a model to pairs of heights.

        The power model is a straight line in logarithms without a nugget. The others are fitted by least
        squares weighted by N(h)/γ(h)² (Cressie 1985). ``"best"`` takes that with the least of these sums.

        Parameters
        ----------
        positions, heights_m
            (n, 2) and (n,).
        model
            ``"power"``, one of `MODELS`, or ``"best"``.
        seed
            Of the pairs that are drawn; see `experimental`.

        Raises
        ------
        InputError
            When there is no such model.
        NotEnoughDataError
            When too few pairs differ.
        """
        if model not in ("best", "power", *MODELS):
            raise InputError(
                f"no variogram is called {model!r}; there are power, {', '.join(MODELS)} and best"
            )
        bins = experimental(positions, heights_m, seed=seed)
        names = ("power", *MODELS) if model == "best" else (model,)
        fitted = [_power(bins) if name == "power" else _bounded(bins, name) for name in names]
        return min(fitted, key=lambda one: _misfit(one, bins))

    def to_json(self) -> dict[str, Any]:
        """Return model, parameters and bins as JSON types."""
        values = {
            "nugget_m2": self.nugget_m2,
            "slope": self.slope,
            "exponent": self.exponent,
            "sill_m2": self.sill_m2,
            "range_m": self.range_m,
        }
        known = {name: value for name, value in values.items() if value is not None}
        return {"model": self.model, **known, "bins": [one._asdict() for one in self.bins]}

    def __str__(self) -> str:
        if self.model == "power":
            return (
                f"power variogram {self.slope:.3g} m² · h^{self.exponent:.3g}, nugget {self.nugget_m2:.3g} m²"
            )
        return (
            f"{self.model} variogram: nugget {self.nugget_m2:.3g} m², sill {self.sill_m2:.3g} m², "
            f"range {self.range_m:.3g} m"
        )


def experimental(positions: Floats, heights_m: Floats, *, seed: int = 0) -> tuple[Bin, ...]:
    """Measure half the mean squared difference of pairs, in bins of distance (Matheron's estimator).

    Parameters
    ----------
    positions, heights_m
        (n, 2) and (n,).
    seed
        Of the pairs that are drawn. Only those within a tenth of the extent count: what is nearer than
        the contours are apart says only that a line is level.

    Raises
    ------
    NotEnoughDataError
        When fewer than three bins have pairs that differ.
    """
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    one = rng.integers(0, len(heights_m), _PAIRS)
    centre, reach = positions[one], float(np.ptp(positions, axis=0).max()) / 10
    aim = centre + reach * np.sqrt(rng.uniform(size=(_PAIRS, 1))) * _directions(_PAIRS, rng)
    other = cKDTree(positions).query(aim)[1]
    distance = np.hypot(*(centre - positions[other]).T)
    half_square = (heights_m[one] - heights_m[other]) ** 2 / 2
    number = np.digitize(distance, reach * np.linspace(0.1, 1.0, _BINS + 1)) - 1
    found = []
    for k in range(_BINS):
        within = number == k
        if within.sum() > _FEWEST_PAIRS and half_square[within].mean() > 0:
            found.append(
                Bin(float(distance[within].mean()), float(half_square[within].mean()), int(within.sum()))
            )
    if len(found) < 3:
        raise NotEnoughDataError("too few pairs of heights differ to fit a variogram; give one")
    return tuple(found)


def _directions(count: int, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _power(bins: tuple[Bin, ...]) -> Variogram:
    middle, gamma = np.log([one.distance_m for one in bins]), np.log([one.gamma_m2 for one in bins])
    exponent = float(np.clip(np.polyfit(middle, gamma, 1)[0], 0.1, 1.95))
    return Variogram("power", 0.0, float(np.exp(np.mean(gamma - exponent * middle))), exponent, bins=bins)


def _bounded(bins: tuple[Bin, ...], model: str) -> Variogram:
    """Fit nugget, rise to the sill, and range."""
    from scipy.optimize import least_squares

    distance, gamma, pairs = (np.array(column, dtype=float) for column in zip(*bins, strict=True))
    weights = np.sqrt(pairs) / gamma
    top, reach = float(gamma.max()), float(distance.max())

    def off(values: Floats) -> Floats:
        nugget, rise, extent = values
        return np.asarray(weights * (nugget + rise * MODELS[model](distance / extent) - gamma))

    limits = ([0.0, 0.0, distance.min() / 4], [top, 100 * top, 20 * reach])
    nugget, rise, extent = least_squares(
        off, [0.01 * top, top, reach], bounds=limits, x_scale=[top, top, reach]
    ).x
    return Variogram(model, float(nugget), sill_m2=float(nugget + rise), range_m=float(extent), bins=bins)


def _misfit(found: Variogram, bins: tuple[Bin, ...]) -> float:
    distance, gamma, pairs = (np.array(column, dtype=float) for column in zip(*bins, strict=True))
    return float((pairs * ((found(distance) - gamma) / gamma) ** 2).sum())
