"""A belief: a probability over the Earth, the value that every source of evidence speaks in.

p(x) = background / 4π + Σ weightᵢ · f(x; centreᵢ, κᵢ): isotropic patches (von Mises-Fisher densities) over a
thin uniform background, which keeps any one source from vetoing the others. Beliefs are multiplied to say
"and", mixed to say "or"; what comes out is again a belief.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth import circles, modes
from whence.earth import von_mises_fisher as vmf
from whence.earth.merging import reduce_to
from whence.earth.patches import Patches, density_ratio
from whence.earth.points import as_lonlat
from whence.earth.products import multiply, settle
from whence.earth.sphere import (
    EARTH_AREA_KM2,
    EARTH_RADIUS_M,
    destination,
    from_unit_vectors,
    to_unit_vectors,
)
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whence.typing import ArrayLike, Floats, Json

__all__ = ["MAX_PATCHES", "Belief", "Hypothesis"]

MAX_PATCHES = 1000
"""Patches that a product or mixture keeps unless told otherwise; more are merged, the cheapest first."""

_LEAST_SPREAD_M = 1e-3
_MODAL_PATCHES = 400  # modes are looked for among so many at most: every pair of them is looked at


@dataclass(frozen=True)
class Hypothesis:
    """One separated answer.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Where.
    probability
        Mass of the patches that belong to this answer and to no other; those of all answers sum to at most 1.
    radius_m
        Smallest circle round this point that holds the mass q of the whole belief: the promise that is kept
        whatever the truth is.
    own_radius_m
        Circle that holds q of this answer's own mass: how near the truth is if this is the right answer.
    """

    longitude_deg: float
    latitude_deg: float
    probability: float
    radius_m: float
    own_radius_m: float


@dataclass(frozen=True, eq=False, repr=False)
class Belief:
    """A probability over the Earth: weighted patches over a uniform background; frozen.

    Attributes
    ----------
    centers
        (n, 2) longitude, latitude, degrees.
    spreads_m
        (n,) one-dimensional standard deviation on the ground, metres, at least a millimetre. Patches are
        von Mises-Fisher densities with κ = (R/σ)² at every size: the two-dimensional Gaussian of the sphere,
        and beyond σ = R nearly uniform.
    weights
        (n,) not negative.
    background
        In (0, 1]: the mass spread evenly over the globe. With the weights it sums to 1.

    Raises
    ------
    InputError
        When the arrays do not fit together, a value is out of range or the total is not 1. The named
        constructors (`at`, `patches`, `ring`, …) scale the weights.

    Examples
    --------
    >>> sign = Belief.patches([[37.6, 55.8], [-116.7, 46.7]], 20e3)     # Moscow, or Moscow in Idaho
    >>> country = Belief.at([40.0, 56.0], spread_m=300e3)
    >>> answer = (sign * country).hypotheses(k=1)[0]
    >>> round(answer.longitude_deg), round(answer.latitude_deg), round(answer.probability, 2)
    (38, 56, 1.0)
    """

    centers: Floats
    spreads_m: Floats
    weights: Floats
    background: float

    def __post_init__(self) -> None:
        centers = np.array(as_lonlat(self.centers, "centers"))
        spreads, weights = (np.array(part, dtype=np.float64) for part in (self.spreads_m, self.weights))
        if centers.ndim != 2 or not spreads.shape == weights.shape == centers.shape[:1]:
            raise InputError(
                f"a belief needs centers (n, 2), spreads_m (n,) and weights (n,); the shapes given are "
                f"{centers.shape}, {spreads.shape} and {weights.shape}"
            )
        if not (np.isfinite(spreads) & (spreads >= _LEAST_SPREAD_M)).all():
            raise InputError(
                "spreads_m must be finite and at least a millimetre; state the error of the source"
            )
        if not (np.isfinite(weights) & (weights >= 0.0)).all():
            raise InputError("weights must be finite and not negative")
        background = _as_background(self.background)
        if abs(background + weights.sum() - 1.0) > 1e-9:
            raise InputError("background and weights must sum to 1; Belief.patches scales them")
        for name, array in (("centers", centers), ("spreads_m", spreads), ("weights", weights)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "background", background)

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        return f"<Belief of {len(self)} patches, background {self.background:.3g}>"

    # ---- making one

    @classmethod
    def uniform(cls) -> Belief:
        """Return the belief that knows nothing."""
        return cls(np.empty((0, 2)), np.empty(0), np.empty(0), 1.0)

    @classmethod
    def at(cls, point: ArrayLike, spread_m: float, background: float = 0.01) -> Belief:
        """Return one patch round a point (2,) longitude, latitude."""
        return cls.patches(np.reshape(as_lonlat(point, "point"), (1, 2)), spread_m, background=background)

    @classmethod
    def patches(
        cls,
        centers: ArrayLike,
        spreads_m: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        background: float = 0.05,
    ) -> Belief:
        """Return several patches over a background.

        Parameters
        ----------
        centers
            (n, 2) longitude, latitude, degrees; none give the uniform belief.
        spreads_m
            (n,) metres, or one number for all.
        weights
            (n,) in any scale; equal by default. They are scaled to 1 - `background`.
        background
            Probability that none of the patches is right.

        Raises
        ------
        InputError
            When the shapes differ, a value is out of range, or no weight is positive.
        """
        points = as_lonlat(centers, "centers")
        try:
            spreads, shares = (
                np.broadcast_to(np.asarray(part, dtype=np.float64), points.shape[:1])
                for part in (spreads_m, 1.0 if weights is None else weights)
            )
        except ValueError as error:
            raise InputError(
                f"give one spread and one weight for each of the {len(points)} centers"
            ) from error
        background = _as_background(background)
        if not len(points):
            return cls.uniform()
        total = float(shares.sum())
        if not (np.isfinite(total) and total > 0.0):
            raise InputError("weights must be finite, and at least one positive")
        return cls(points, spreads, shares * ((1.0 - background) / total), background)

    @classmethod
    def ring(
        cls, center: ArrayLike, distance_m: float, spread_m: float, *, background: float = 0.05
    ) -> Belief:
        """Return a circle of patches: "56 km from Seoul".

        Parameters
        ----------
        center
            (2,) longitude, latitude, degrees.
        distance_m
            Radius of the circle, metres.
        spread_m
            Standard deviation of the distance, metres. A ring much thinner than a hundredth of its radius
            is made as thick as its patches must be to touch.
        """
        if not (np.isfinite(distance_m) and distance_m > 0.0 and np.isfinite(spread_m) and spread_m > 0.0):
            raise InputError("distance_m and spread_m must be positive numbers of metres")
        around_m = 2.0 * np.pi * EARTH_RADIUS_M * abs(np.sin(distance_m / EARTH_RADIUS_M))
        # Patches 1.5 spreads apart make a ring that is even to 1 %.
        count = int(np.clip(np.ceil(around_m / (1.5 * spread_m)), 1, MAX_PATCHES // 2))
        spread_m = max(spread_m, around_m / (1.5 * count) if count > 1 else spread_m)
        bearings = np.arange(count) * (360.0 / count)
        return cls.patches(destination(center, bearings, distance_m), spread_m, background=background)

    @classmethod
    def mixture(cls, beliefs: Sequence[Belief], weights: ArrayLike | None = None) -> Belief:
        """Return the weighted average of beliefs: "one of these" (equal weights by default)."""
        if not beliefs:
            raise InputError("a mixture needs at least one belief")
        shares = np.broadcast_to(np.asarray(1.0 if weights is None else weights, np.float64), (len(beliefs),))
        if not (np.isfinite(shares) & (shares >= 0.0)).all() or shares.sum() <= 0.0:
            raise InputError("weights must be finite, none negative and at least one positive")
        shares = shares / shares.sum()
        parts = [
            belief._parts.weighing(belief._parts.weights * share)
            for belief, share in zip(beliefs, shares, strict=True)
            if share > 0.0
        ]
        background = float(
            sum(share * belief.background for share, belief in zip(shares, beliefs, strict=True))
        )
        return cls._settled(Patches.joined(parts), background, MAX_PATCHES)

    # ---- and

    def __mul__(self, other: Belief) -> Belief:
        """Multiply two beliefs from independent sources: "and"."""
        return Belief.combine([self, other])

    @classmethod
    def combine(cls, beliefs: Iterable[Belief], *, max_patches: int = MAX_PATCHES) -> Belief:
        """Multiply beliefs from independent sources: "and".

        Products of patches are exact; more than `max_patches` are merged. The beliefs are multiplied in an
        order of their own, so the order in which they come does not matter, to the last bit.
        """
        ordered = sorted(beliefs, key=Belief._rank)
        result = ordered[0] if ordered else cls.uniform()
        for belief in ordered[1:]:
            patches, background, _ = multiply(
                (result._parts, result.background), (belief._parts, belief.background), max_patches
            )
            result = cls._from(patches, background)
        return result

    def log_agreement(self, other: Belief) -> float:
        """Natural logarithm of how much more the two agree than unrelated ones would: ln 4π ∫ p q."""
        return multiply((self._parts, self.background), (other._parts, other.background), MAX_PATCHES)[2]

    def pruned(self, max_patches: int = MAX_PATCHES) -> Belief:
        """Return about the same belief with at most `max_patches`.

        Patches that are nearly the same are merged, weight and mean vector kept; patches that together weigh
        less than a millionth of the background are moved into it.
        """
        return self._settled(self._parts, self.background, max_patches)

    # ---- reading it

    def log_density(self, points: ArrayLike) -> Floats:
        """Natural logarithm of `density`, always finite."""
        lonlat = as_lonlat(points, "points")
        ratio = density_ratio(to_unit_vectors(lonlat.reshape(-1, 2)), self._parts, self.background)
        return np.asarray(np.log(ratio) - np.log(EARTH_AREA_KM2)).reshape(lonlat.shape[:-1])

    def density(self, points: ArrayLike) -> Floats:
        """Probability per square kilometre (...) at positions (..., 2) longitude, latitude."""
        return np.exp(self.log_density(points))

    def mass_within(self, center: ArrayLike, radius_m: float) -> float:
        """Probability that the truth is within `radius_m` of a point (2,), the background included."""
        if not radius_m >= 0.0:
            raise InputError(f"radius_m must not be negative; it is {radius_m}")
        angles = circles.angles_to(to_unit_vectors(as_lonlat(center, "center")), self._parts.vectors)
        return circles.mass_within(
            self._parts, self.background, angles, min(radius_m / EARTH_RADIUS_M, float(np.pi))
        )

    def radius_m(self, q: float = 0.8, center: ArrayLike | None = None) -> float:
        """Radius in metres of the smallest circle round `center` that holds the mass `q`.

        The background counts, so it can be up to half the Earth's circumference: of answers that promise
        80 %, 80 % should be within it. `center` is `best()` unless given.
        """
        q = _as_share(q)
        point = self._top.vector if center is None else to_unit_vectors(as_lonlat(center, "center"))
        angles = circles.angles_to(point, self._parts.vectors)
        return EARTH_RADIUS_M * circles.angle_holding(self._parts, self.background, angles, q)

    def best(self) -> Floats:
        """Return the point (2,) of the first hypothesis: where most of the probability is.

        Not the highest density, which the thinnest patch has however little it weighs (see
        `whence.earth.modes`). A belief without patches has no best point, and raises InputError.
        """
        return from_unit_vectors(self._top.vector)

    def hypotheses(self, k: int = 5, *, apart_m: float | None = None, q: float = 0.8) -> list[Hypothesis]:
        """Return at most `k` separated answers, the most probable first.

        Parameters
        ----------
        k
            How many at most; a belief with less to say gives fewer, the uniform one none.
        apart_m
            Least distance between them, metres. By default the belief sets it: twice the radius of a disc as
            large as the densest region that holds half of what is not yet explained.
        q
            Share that the radii hold.
        """
        q = _as_share(q)
        apart = None if apart_m is None else 2.0 * np.sin(min(apart_m / EARTH_RADIUS_M, np.pi) / 2.0)
        found = modes.find_modes(self._modal, self.background, k, apart)
        return [self._hypothesis(mode, q) for mode in found]

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw `n` positions (n, 2) longitude, latitude."""
        component = rng.choice(len(self._parts) + 1, size=n, p=self._choice)
        drawn = np.flatnonzero(component < len(self._parts))
        vectors = rng.standard_normal((n, 3))
        chosen = self._parts[component[drawn]]
        vectors[drawn] = vmf.sample(chosen.vectors, chosen.kappas, rng)
        return from_unit_vectors(vectors)

    # ---- calibration

    def widened(self, by_m: float) -> Belief:
        """Return the belief blurred by `by_m` metres: added to every spread in quadrature."""
        if not (np.isfinite(by_m) and by_m >= 0.0):
            raise InputError(f"by_m must be a number of metres, not negative; it is {by_m}")
        return Belief(self.centers, np.hypot(self.spreads_m, by_m), self.weights, self.background)

    def tempered(self, power: float) -> Belief:
        """Return the belief with the probability of every hypothesis, and of the background, to `power`.

        Below 1 it trusts less (0: all hypotheses and the background alike), above 1 more; 1 changes nothing.
        The shape within a hypothesis stays.
        """
        if not (np.isfinite(power) and power >= 0.0):
            raise InputError(f"power must be a number, not negative; it is {power}")
        parts = self._modal
        weights = parts.weights.copy()
        left = np.ones(len(parts), dtype=np.bool_)
        groups = [mode.members for mode in modes.find_modes(parts, self.background, 32, None)]
        for members in groups:
            left[members] = False
        for members in [*groups, np.flatnonzero(left)]:
            if len(members):
                weights[members] *= float(weights[members].sum()) ** (power - 1.0)
        return self._settled(parts.weighing(weights), self.background**power, MAX_PATCHES)

    # ---- keeping it

    def to_json(self) -> Json:
        """Return a JSON-able dictionary; `from_json` gives the same belief to the last bit."""
        return {
            "centers": self.centers.tolist(),
            "spreads_m": self.spreads_m.tolist(),
            "weights": self.weights.tolist(),
            "background": self.background,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Belief:
        """Read what `to_json` wrote; anything else is a FormatError."""
        expected = {"centers", "spreads_m", "weights", "background"}
        if set(data) != expected:
            raise FormatError(f"a belief has the keys {sorted(expected)}; these are {sorted(data)}")
        centers = np.asarray(data["centers"], dtype=np.float64).reshape(-1, 2)
        return cls(centers, data["spreads_m"], data["weights"], data["background"])

    # ---- inside

    @cached_property
    def _parts(self) -> Patches:
        real = self.weights > 0.0
        vectors = to_unit_vectors(self.centers[real])
        return Patches(vectors, vmf.concentration(self.spreads_m[real]), self.weights[real])

    @cached_property
    def _modal(self) -> Patches:
        """The patches among which modes are looked for; merged where they are many."""
        return reduce_to(self._parts, _MODAL_PATCHES)

    @cached_property
    def _top(self) -> modes.Mode:
        found = modes.find_modes(self._modal, self.background, 1, None)
        if not found:
            raise InputError("a uniform belief has no best point; look at len(belief) or hypotheses() first")
        return found[0]

    @cached_property
    def _choice(self) -> Floats:
        chances = np.append(self._parts.weights, self.background)
        return np.asarray(chances / chances.sum())

    @classmethod
    def _from(cls, patches: Patches, background: float) -> Belief:
        spreads = np.maximum(vmf.spread_m(patches.kappas), _LEAST_SPREAD_M)
        return cls(from_unit_vectors(patches.vectors), spreads, patches.weights, background)

    @classmethod
    def _settled(cls, patches: Patches, background: float, max_patches: int) -> Belief:
        return cls._from(*settle(patches, background, max_patches))

    def _rank(self) -> tuple[int, float, bytes]:
        return (
            len(self),
            self.background,
            self.centers.tobytes() + self.spreads_m.tobytes() + self.weights.tobytes(),
        )

    def _hypothesis(self, mode: modes.Mode, q: float) -> Hypothesis:
        longitude, latitude = from_unit_vectors(mode.vector).tolist()
        own = self._modal[mode.members]
        probability = float(own.weights.sum())
        alone = own.weighing(own.weights / probability)
        own_angle = circles.angle_holding(alone, 0.0, circles.angles_to(mode.vector, own.vectors), q)
        return Hypothesis(
            longitude,
            latitude,
            min(probability, 1.0),
            self.radius_m(q, (longitude, latitude)),
            EARTH_RADIUS_M * own_angle,
        )


def _as_background(value: float) -> float:
    if not 0.0 < value <= 1.0:
        raise InputError(
            f"background must be above 0 and at most 1, so that nothing is vetoed; it is {value}"
        )
    return float(value)


def _as_share(q: float) -> float:
    if not 0.0 < q < 1.0:
        raise InputError(f"q must lie between 0 and 1; it is {q}")
    return float(q)
