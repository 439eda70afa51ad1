"""Learn a calibration: the numbers under which the truths were most probable.

For a given temperature and exponent, the weights of patches of many widths enter the likelihood linearly, so
the best ones are found without local minima (Kiefer and Wolfowitz 1956; by expectation-maximisation). Few of
them differ from zero; those are merged to four at most and polished. Temperature and exponent are searched
for around that, and the ranks of the truths are looked at last. The negative log likelihood is a proper score
(Gneiting and Raftery 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.errors import InputError, NotEnoughDataError
from whence.photos.calibration.calibration import Calibration
from whence.photos.calibration.promises import measured, plain_ranks
from whence.photos.calibration.ranks import fitted_ranks

if TYPE_CHECKING:
    from whence.photos.heads.mixtures import Mixtures
    from whence.typing import ArrayLike, Floats, Ints

__all__ = ["check_enough", "fit"]

_FEWEST = 30
_MOST, _PATCHES = 4000, 48  # photographs and patches of each that the fit looks at
_GRID = 2.0 ** np.arange(-5.0, 11.0)  # widths that are tried, relative to the head's
_EXPONENTS = (1.0, 0.75, 0.5, 0.25, 0.0)
_LOG_TEMPERATURES = (-2.5, 3.5)
_WIDTHS = 4  # concentric patches at most
_NEGLIGIBLE = 0.005
_SAME = 0.25  # ln of a ratio of widths below which two are one
_ROUNDS, _POLISH = 150, 60
_MOST_BACKGROUND = 0.9
_WORTH = 2.0  # nats that another exponent must gain, all photographs together


def fit(mixtures: Mixtures, truth: ArrayLike, *, seed: int = 0, check: bool = True) -> Calibration:
    """Learn the calibration of a head.

    Parameters
    ----------
    mixtures
        What the head says about n photographs that it did not learn from.
    truth
        (n, 2) where they were taken, longitude, latitude, degrees. Rows of NaN are left out.
    seed
        Seed of the sample that is looked at where there are many, and of the halves.
    check
        Also measure how promises are held, by fitting each half and measuring the other.

    Raises
    ------
    NotEnoughDataError
        With fewer than thirty photographs.

    Examples
    --------
    A head says 1 km where its errors are those of 3 km.

    >>> from whence.photos.heads.mixtures import Mixtures
    >>> rng = np.random.default_rng(0)
    >>> truth = np.tile([[13.2, 55.7]], (500, 1))
    >>> said = sphere.destination(truth, rng.uniform(0, 360, 500), rng.rayleigh(3000.0, 500))
    >>> found = fit(Mixtures.at(said, 1000.0), truth)
    >>> one_sigma = found.radii_m(Mixtures.at(said, 1000.0), said, 0.3935)     # 1 − e^{−1/2} of the truths
    >>> bool(2700 < one_sigma.mean() < 3300)
    True
    """
    where = np.asarray(truth, np.float64)
    if where.shape != (len(mixtures), 2):
        raise InputError(f"{len(mixtures)} mixtures need truths ({len(mixtures)}, 2), not {where.shape}")
    rows = np.flatnonzero(np.isfinite(where).all(axis=1))
    check_enough(len(rows))
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(rows)[:_MOST])
    found = _fitted(mixtures, where, drawn)
    if not check or len(drawn) < 2 * _FEWEST:
        return found
    halves = np.array_split(rng.permutation(drawn), 2)
    pairs = [(_fitted(mixtures, where, halves[i]), halves[1 - i]) for i in (0, 1)]
    return replace(found, promise=measured(mixtures, where, pairs))


def check_enough(count: int) -> None:
    """Refuse to calibrate on fewer photographs of known position than a fit needs.

    Raises
    ------
    NotEnoughDataError
        With fewer than thirty.
    """
    if count < _FEWEST:
        raise NotEnoughDataError(
            f"a calibration needs {_FEWEST} photographs of known position, here are {count}; "
            "give the validation side more, or train without: calibration.fit = false"
        )


@dataclass(frozen=True)
class _Read:
    """Squared distances and widths of n photographs' patches, one exponent applied."""

    squared: Floats  # (n, k) chord² in Earth radii
    spread_m: Floats  # (n, k)
    log_weights: Floats  # (n, k)

    def densities(self, factors: Floats) -> tuple[Floats, Floats]:
        """Densities (n, k, j) of the truth, times 4π, divided by exp of scales (n,)."""
        kappa = vmf.concentration(np.minimum(self.spread_m[:, :, None] * factors, 1.2e7))
        logs = vmf.log_peak(kappa) - kappa * self.squared[:, :, None] / 2.0 + np.log(4.0 * np.pi)
        scale = np.maximum(logs.max(axis=(1, 2)), 0.0)
        return np.exp(logs - scale[:, None, None]), scale

    def weights(self, log_temperature: float) -> Floats:
        """(n, k) tempered weights."""
        return np.asarray(special.softmax(self.log_weights / np.exp(log_temperature), axis=1))


def _fitted(mixtures: Mixtures, where: Floats, rows: Ints) -> Calibration:
    kept = mixtures.take(rows).heaviest(_PATCHES)
    squared = _squared_chords(kept.lonlat, where[rows])
    weighted = np.average(np.log(kept.spread_m), weights=kept.weights)
    reference_m = float(np.exp(weighted))
    even = bool(np.ptp(kept.spread_m) <= 1e-6 * reference_m)
    best: tuple[float, float, _Read, float] | None = None
    for exponent in _EXPONENTS[:1] if even else _EXPONENTS:
        spread_m = reference_m * (kept.spread_m / reference_m) ** exponent
        read = _Read(squared, spread_m, kept.log_weights)
        cost, log_temperature = _best_temperature(read)
        if best is None or cost * len(rows) < best[0] * len(rows) - _WORTH:
            best = (cost, exponent, read, log_temperature)
    assert best is not None
    _, exponent, read, log_temperature = best
    shares, factors, background = _profile(read, log_temperature)
    found = Calibration(
        temperature=float(np.exp(log_temperature)),
        exponent=exponent,
        reference_m=reference_m,
        shares=tuple(shares.tolist()),
        factors=tuple(factors.tolist()),
        background=background,
        samples=len(rows),
    )
    return replace(found, ranks=fitted_ranks(plain_ranks(found, mixtures.take(rows), where[rows])))


def _best_temperature(read: _Read) -> tuple[float, float]:
    """Cost and logarithm of the temperature under which the best widths explain the truths best."""
    densities, scale = read.densities(_GRID)

    def cost(log_temperature: float) -> float:
        explained = _explained(densities, scale, read.weights(log_temperature))
        return _cost(explained, scale, _proportions(explained))

    if read.log_weights.shape[1] == 1:
        return cost(0.0), 0.0
    found = optimize.minimize_scalar(
        cost, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": 0.02}
    )
    return float(found.fun), float(found.x)


def _explained(densities: Floats, scale: Floats, weights: Floats) -> Floats:
    """(n, 1 + j) density of each truth under the background and under each width, scaled."""
    widths = np.einsum("nk,nkj->nj", weights, densities)
    return np.column_stack([np.exp(-scale), widths])


def _proportions(explained: Floats, rounds: int = _ROUNDS) -> Floats:
    """Weights (1 + j,) of the background and the widths by expectation-maximisation."""
    shares = np.full(explained.shape[1], 1.0 / explained.shape[1])
    for _ in range(rounds):
        parts = explained * shares
        shares = (parts / parts.sum(axis=1, keepdims=True)).mean(axis=0)
        shares = _with_background(shares, len(explained))
    return shares


def _with_background(shares: Floats, samples: int) -> Floats:
    """Leave the background a little: with n photographs, one in 2n + 2 is not known to be impossible."""
    least = max(0.001, 0.5 / (samples + 1))
    background = float(np.clip(shares[0], least, _MOST_BACKGROUND))
    rest = max(float(shares[1:].sum()), 1e-300)
    return np.concatenate([[background], shares[1:] * ((1.0 - background) / rest)])


def _cost(explained: Floats, scale: Floats, shares: Floats) -> float:
    return -float(np.mean(np.log(explained @ shares) + scale))


def _profile(read: _Read, log_temperature: float) -> tuple[Floats, Floats, float]:
    """Shares and factors of few concentric patches, and the background."""
    weights = read.weights(log_temperature)
    densities, scale = read.densities(_GRID)
    every = _proportions(_explained(densities, scale, weights), 4 * _ROUNDS)
    shares, factors = _merged(every[1:], _GRID)
    shares, factors = _polished(read, weights, (np.append(every[0], shares), factors))
    order = np.argsort(factors)
    kept, factors = _merged(shares[1:][order], factors[order], apart=_SAME)
    return kept / kept.sum(), factors, float(shares[0])


def _merged(shares: Floats, factors: Floats, *, apart: float = 0.0) -> tuple[Floats, Floats]:
    """Merge neighbouring widths, the cheapest pair first, until there are few and all lie apart (in ln)."""
    counts = shares > _NEGLIGIBLE * shares.max()
    weight, logs = shares[counts], np.log(factors[counts])
    while len(weight) > _WIDTHS or (len(weight) > 1 and np.diff(logs).min() < apart):
        costs = weight[1:] * weight[:-1] / (weight[1:] + weight[:-1]) * np.diff(logs) ** 2
        if len(weight) <= _WIDTHS:
            costs = np.diff(logs)
        left = int(costs.argmin())
        both = weight[left] + weight[left + 1]
        middle = (weight[left] * logs[left] + weight[left + 1] * logs[left + 1]) / both
        weight = np.concatenate([weight[:left], [both], weight[left + 2 :]])
        logs = np.concatenate([logs[:left], [middle], logs[left + 2 :]])
    return weight, np.exp(logs)


def _polished(read: _Read, weights: Floats, start: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Expectation-maximisation over shares and widths together; keeps the best that it meets."""
    shares, factors = _with_background(start[0], len(weights)), start[1]
    best = (np.inf, shares, factors)
    standard = read.squared * (sphere.EARTH_RADIUS_M / read.spread_m) ** 2 / 2.0  # (n, k)
    for _ in range(_POLISH):
        densities, scale = read.densities(factors)
        explained = _explained(densities, scale, weights)
        cost = _cost(explained, scale, shares)
        if cost < best[0]:
            best = (cost, shares, factors)
        total = explained @ shares
        blame = weights[:, :, None] * densities * (shares[1:] / total[:, None])[:, None, :]  # (n, k, j)
        mass = blame.sum(axis=(0, 1))
        variance = np.einsum("nkj,nk->j", blame, standard) / np.maximum(mass, 1e-300)
        factors = np.where(mass > 0.0, np.clip(np.sqrt(variance), _GRID[0] / 8.0, _GRID[-1] * 4.0), factors)
        shares = _with_background(
            np.append((shares[0] * explained[:, 0] / total).mean(), mass / len(weights)), len(weights)
        )
    return best[1], best[2]


def _squared_chords(centers: Floats, truth: Floats) -> Floats:
    """(n, k) squared chords, from differences, which keep the digits of a city."""
    here = sphere.to_unit_vectors(truth)[:, None, :]
    return np.asarray(((sphere.to_unit_vectors(centers) - here) ** 2).sum(axis=2))
