"""What a head says about many photographs: weighted patches on the sphere, as arrays.

Every head, whatever it is inside, answers with the same value, so that calibrating, finding the best point,
combining heads and measuring them are written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.earth.belief import Belief
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.typing import ArrayLike, Floats, Ints

__all__ = ["Mixtures"]

_PAIRS = 4_000_000  # densities of centres at centres held at once: 32 MB
_LEAST_SPREAD_M = 0.1
_WIDEST_SPREAD_M = 1.2e7  # κ = 0.28: nearly uniform
_RAYLEIGH = 2.0 * np.exp(-np.euler_gamma)  # exp(2 E ln d) of a distance d whose square has the mean 2


@dataclass(frozen=True, eq=False)
class Mixtures:
    """A mixture of k von Mises-Fisher patches for each of n photographs; frozen.

    Attributes
    ----------
    lonlat
        (n, k, 2) centres, longitude, latitude, degrees.
    log_weights
        (n, k) natural logarithms of the weights, in any scale; -inf for a patch that does not count.
    spread_m
        (n, k) one-dimensional standard deviations on the ground, metres.

    Raises
    ------
    InputError
        When the shapes differ, a value is not a number, or a photograph has no patch that counts.

    Examples
    --------
    >>> two = Mixtures([[[37.6, 55.8], [-117, 46.7]]], np.log([[0.7, 0.3]]), [[1e4, 1e4]])
    >>> two.points().round(1).tolist()
    [[37.6, 55.8]]
    """

    lonlat: Floats
    log_weights: Floats
    spread_m: Floats

    def __post_init__(self) -> None:
        lonlat = np.asarray(self.lonlat, np.float64)
        weights = np.asarray(self.log_weights, np.float64)
        spreads = np.asarray(self.spread_m, np.float64)
        if lonlat.shape != (*weights.shape, 2) or weights.ndim != 2 or spreads.shape != weights.shape:
            raise InputError(
                f"centres {lonlat.shape}, weights {weights.shape} and spreads {spreads.shape} of mixtures "
                "must be (n, k, 2), (n, k) and (n, k)"
            )
        if not (np.isfinite(lonlat).all() and np.isfinite(spreads).all() and (spreads > 0).all()):
            raise InputError("centres and spreads of mixtures must be finite, and spreads positive")
        if weights.size and not np.isfinite(weights.max(axis=1)).all():
            raise InputError("every photograph needs at least one patch with a weight above zero")
        object.__setattr__(self, "lonlat", lonlat)
        object.__setattr__(self, "log_weights", weights)
        object.__setattr__(self, "spread_m", np.clip(spreads, _LEAST_SPREAD_M, _WIDEST_SPREAD_M))

    @classmethod
    def at(cls, lonlat: ArrayLike, spread_m: ArrayLike) -> Self:
        """One patch a photograph, at (n, 2) longitude, latitude with spreads (n,) or one for all."""
        centers = np.asarray(lonlat, np.float64)[:, None, :]
        spreads = np.broadcast_to(np.asarray(spread_m, np.float64), (len(centers),))[:, None]
        return cls(centers, np.zeros(centers.shape[:2]), spreads)

    @classmethod
    def joined(cls, parts: Sequence[Mixtures]) -> Self:
        """Put the photographs of several mixtures one behind the other; short ones are filled up."""
        widest = max(part.patches for part in parts)
        filled = [part.filled(widest) for part in parts]
        return cls(
            np.concatenate([part.lonlat for part in filled]),
            np.concatenate([part.log_weights for part in filled]),
            np.concatenate([part.spread_m for part in filled]),
        )

    def __len__(self) -> int:
        return len(self.log_weights)

    @property
    def patches(self) -> int:
        """Patches a photograph."""
        return int(self.log_weights.shape[1])

    @property
    def weights(self) -> Floats:
        """(n, k) weights that sum to 1 for every photograph."""
        return np.asarray(special.softmax(self.log_weights, axis=1))

    def take(self, rows: Ints | slice) -> Mixtures:
        """Keep some photographs."""
        return Mixtures(self.lonlat[rows], self.log_weights[rows], self.spread_m[rows])

    def filled(self, patches: int) -> Mixtures:
        """Append patches that do not count until there are so many."""
        short = patches - self.patches
        if short <= 0:
            return self
        return Mixtures(
            np.concatenate([self.lonlat, np.repeat(self.lonlat[:, :1], short, axis=1)], axis=1),
            np.pad(self.log_weights, ((0, 0), (0, short)), constant_values=-np.inf),
            np.pad(self.spread_m, ((0, 0), (0, short)), mode="edge"),
        )

    def heaviest(self, patches: int) -> Mixtures:
        """Keep at most so many patches of the largest weight."""
        if patches >= self.patches:
            return self
        kept = np.argpartition(-self.log_weights, patches - 1, axis=1)[:, :patches]
        return Mixtures(
            np.take_along_axis(self.lonlat, kept[:, :, None], axis=1),
            np.take_along_axis(self.log_weights, kept, axis=1),
            np.take_along_axis(self.spread_m, kept, axis=1),
        )

    def log_density(self, lonlat: ArrayLike) -> Floats:
        """(n,) natural logarithm of each photograph's density, per steradian, at its point of (n, 2)."""
        points = np.asarray(lonlat, np.float64)[:, None, :]
        return np.asarray(self._log_densities(points, slice(None))[:, 0])

    def log_densities(self, lonlat: ArrayLike) -> Floats:
        """(n, p) logarithm of each photograph's density, per steradian, at its p points of (n, p, 2)."""
        points = np.asarray(lonlat, np.float64)
        step = max(1, _PAIRS // max(1, self.patches * points.shape[1]))
        found = np.empty(points.shape[:2])
        for start in range(0, len(self), step):
            block = slice(start, start + step)
            found[block] = self._log_densities(points[block], block)
        return found

    def points(self) -> Floats:
        """(n, 2) the best position of each photograph: the centre of least expected log distance.

        The mean of the logarithm asks for nearness in proportion, at every scale: many patches round a
        centre count together, a wide one is no answer only because it reaches everywhere, and neither is
        the thinnest however little it weighs. Not the highest density, which only knows the thinnest.
        """
        best = np.zeros(len(self), np.int64)
        for block in self._blocks():
            best[block] = self._log_distances(block).argmin(axis=1)
        return np.asarray(self.lonlat[np.arange(len(self)), best])

    def beliefs(self, *, background: float = 0.01) -> Iterator[Belief]:
        """Give each photograph's mixture as a belief with that much spread evenly over the globe."""
        for lonlat, log_weights, spread_m in zip(self.lonlat, self.weights, self.spread_m, strict=True):
            counts = log_weights > 0
            yield Belief.patches(lonlat[counts], spread_m[counts], log_weights[counts], background=background)

    def _blocks(self) -> Iterator[slice]:
        step = max(1, _PAIRS // max(1, self.patches**2))
        for start in range(0, len(self), step):
            yield slice(start, start + step)

    def _log_distances(self, rows: slice) -> Floats:
        """(m, k) expected logarithm of the distance from each centre to the truth, in Earth radii.

        Of a patch of spread s whose centre is c away, E ln d = ½ ln(c² + 2 e^{-γ} s²): exact at c = 0, where
        d has Rayleigh's distribution, and for c much longer than s.
        """
        centers = sphere.to_unit_vectors(self.lonlat[rows])
        widths = _RAYLEIGH * (self.spread_m[rows] / sphere.EARTH_RADIUS_M) ** 2
        weights = special.softmax(self.log_weights[rows], axis=1)
        logs = np.log(_squared_chords(centers, centers) + widths[:, None, :]) / 2.0
        # A patch that does not count is no answer, however near it lies to one that does.
        return np.where(weights > 0, np.einsum("mpk,mk->mp", logs, weights), np.inf)

    def _log_densities(self, points: Floats, rows: slice) -> Floats:
        """(m, p) log densities of m photographs at p points each, (m, p, 2)."""
        here = sphere.to_unit_vectors(points)
        centers = sphere.to_unit_vectors(self.lonlat[rows])
        kappa = vmf.concentration(self.spread_m[rows])[:, None, :]  # (m, 1, k)
        log_weights = special.log_softmax(self.log_weights[rows], axis=1)[:, None, :]
        exponent = -kappa * _squared_chords(here, centers) / 2.0
        return np.asarray(special.logsumexp(log_weights + vmf.log_peak(kappa) + exponent, axis=2))


def _squared_chords(here: Floats, there: Floats) -> Floats:
    """(m, p, k) squared chords from unit vectors (m, p, 3) to (m, k, 3).

    From differences: 2 − 2 cos would lose the digits of a city.
    """
    squares = [(here[:, :, None, axis] - there[:, None, :, axis]) ** 2 for axis in range(3)]
    return np.asarray(squares[0] + squares[1] + squares[2])
