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

from whence.earth import circles, covering, hexagons, modes, products, quadrature
from whence.earth import von_mises_fisher as vmf
from whence.earth.arguments import (
    LEAST_SPREAD_M,
    as_background,
    as_mass,
    as_metres,
    as_parts,
    as_point,
    as_shares,
)
from whence.earth.merging import reduce_to
from whence.earth.modes import Hypothesis
from whence.earth.patches import Patches, density_ratio
from whence.earth.points import as_lonlat
from whence.earth.sphere import EARTH_AREA_KM2, EARTH_RADIUS_M, from_unit_vectors, to_unit_vectors
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whence.earth.region import Region
    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["MAX_PATCHES", "Belief", "Hypothesis"]

MAX_PATCHES = 1000
"""Patches that a product or mixture keeps unless told otherwise; more are merged, the cheapest first."""

_MODES = 8
_MODAL_PATCHES = 300  # modes are looked for among so many at most: every pair of them is looked at


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
        centers, spreads, weights = as_parts(self.centers, self.spreads_m, self.weights)
        background = as_background(self.background)
        if abs(background + weights.sum() - 1.0) > 1e-9:
            raise InputError("background and weights must sum to 1; Belief.patches scales them")
        for name, array in (("centers", centers), ("spreads_m", spreads), ("weights", weights)):
            object.__setattr__(self, name, array)
        object.__setattr__(self, "background", background)

    def __len__(self) -> int:
        return len(self.weights)

    def __bool__(self) -> bool:
        return True  # the uniform belief has no patches, and is a belief

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
        return cls.patches([as_point(point, "point")], spread_m, background=background)

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
        background = as_background(background)
        if points.shape == (0, 2):
            return cls.uniform()
        spreads = np.asarray(spreads_m, dtype=np.float64)
        spreads = np.full(len(points), spreads) if spreads.ndim == 0 else spreads
        shares = as_shares(1.0 if weights is None else weights, len(points))
        return cls(points, spreads, shares * (1.0 - background), background)

    @classmethod
    def ring(
        cls, center: ArrayLike, distance_m: float, spread_m: float, *, background: float = 0.05
    ) -> Belief:
        """Return a circle of patches: "56 km from Seoul", `spread_m` being the error of the distance.

        A ring thinner than a hundredth of its radius is made so thick that its patches touch.
        """
        distance_m = as_metres(distance_m, "distance_m", least=LEAST_SPREAD_M)
        spread_m = as_metres(spread_m, "spread_m", least=LEAST_SPREAD_M)
        point = as_point(center, "center")
        return cls.patches(
            *covering.ring(point, distance_m, spread_m, MAX_PATCHES // 2), background=background
        )

    @classmethod
    def inside(cls, region: Region, *, background: float = 0.05, max_patches: int = 500) -> Belief:
        """Return patches that cover a region evenly; at its border they run out within half a patch."""
        return cls._scaled(
            reduce_to(covering.cover(region, max_patches), max_patches), as_background(background)
        )

    @classmethod
    def mixture(cls, beliefs: Sequence[Belief], weights: ArrayLike | None = None) -> Belief:
        """Return the weighted average of beliefs: "one of these" (equal weights by default)."""
        shares = as_shares(1.0 if weights is None else weights, len(beliefs))
        return cls._settled(*products.mix([belief._whole for belief in beliefs], shares), MAX_PATCHES)

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
            patches, background, _ = products.multiply(result._whole, belief._whole, max_patches)
            result = cls._from(patches, background)
        return result

    def log_agreement(self, other: Belief) -> float:
        """Natural logarithm of how much better the two agree than unrelated ones would: ln 4π ∫ p q."""
        return products.multiply(self._whole, other._whole, MAX_PATCHES)[2]

    def pruned(self, max_patches: int = MAX_PATCHES) -> Belief:
        """Return about the same belief with at most `max_patches`.

        Patches that are nearly the same are merged, weight and mean vector kept; patches that together weigh
        less than a ten-thousandth of the background are moved into it.
        """
        return self._settled(*self._whole, max_patches)

    def within(self, region: Region, *, background: float = 1e-6) -> Belief:
        """Return the belief given that the truth lies in a region; `background` stays in case it does not.

        Patches remain round: at the border they reach over it, by less than their spread where they are
        narrow, by half a patch of the region's cover (a thirtieth of its width) where they were wide.
        """
        return self._scaled(covering.restricted(*self._whole, region), as_background(background)).pruned()

    # ---- reading it

    def log_density(self, points: ArrayLike) -> Floats:
        """Natural logarithm of `density`, always finite."""
        lonlat = as_lonlat(points, "points")
        ratio = density_ratio(to_unit_vectors(lonlat.reshape(-1, 2)), *self._whole)
        return np.asarray(np.log(ratio) - np.log(EARTH_AREA_KM2)).reshape(lonlat.shape[:-1])

    def density(self, points: ArrayLike) -> Floats:
        """Probability per square kilometre (...) at positions (..., 2) longitude, latitude."""
        return np.exp(self.log_density(points))

    def mass_within(self, center: ArrayLike, radius_m: float) -> float:
        """Probability that the truth is within `radius_m` of a point (2,), the background included."""
        circle = min(as_metres(radius_m, "radius_m") / EARTH_RADIUS_M, float(np.pi))
        angles = circles.angles_to(to_unit_vectors(as_point(center, "center")), self._parts.vectors)
        return circles.mass_within(*self._whole, angles, circle)

    def mass_in(self, region: Region) -> float:
        """Probability that the truth is in a region, to about half a percent, the background included."""
        return covering.mass_in(*self._whole, region)

    def radius_m(self, q: float = 0.8, center: ArrayLike | None = None) -> float:
        """Radius in metres of the smallest circle round `center` that holds the mass `q`.

        The background counts, so it can be up to half the Earth's circumference: of answers that promise
        80 %, 80 % should be within it. `center` is `best()` unless given.
        """
        q = as_mass(q)
        point = self._top.vector if center is None else to_unit_vectors(as_point(center, "center"))
        angles = circles.angles_to(point, self._parts.vectors)
        return EARTH_RADIUS_M * circles.angle_holding(*self._whole, angles, q)

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
        q = as_mass(q)
        if apart_m is None and k <= _MODES:
            found = self._modes[:k]
        elif apart_m is None:
            found = modes.find_modes(self._modal, self.background, k, None)
        else:
            angle = as_metres(apart_m, "apart_m", least=LEAST_SPREAD_M) / EARTH_RADIUS_M
            apart = 2.0 * float(np.sin(min(angle, np.pi) / 2.0))
            found = modes.find_modes(self._modal, self.background, max(k, _MODES), apart)[:k]
        return [modes.describe(mode, self._modal, self._whole, q) for mode in found]

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw `n` positions (n, 2) longitude, latitude."""
        chances = np.append(self._parts.weights, self.background)
        component = rng.choice(len(chances), size=n, p=chances / chances.sum())
        vectors = rng.standard_normal((n, 3))
        drawn = np.flatnonzero(component < len(self._parts))
        chosen = self._parts[component[drawn]]
        vectors[drawn] = vmf.sample(chosen.vectors, chosen.kappas, rng)
        return from_unit_vectors(vectors)

    def cells(self, resolution: int) -> tuple[Ints, Floats]:
        """Return the H3 cells that hold mass: ids (n,) int64, and masses (n,), the background included.

        Up to resolution 3 these are all cells, and their masses sum to 1. A belief that would reach more than
        half a million cells raises InputError.
        """
        return hexagons.masses(*self._whole, resolution)

    def information_bits(self, prior: Belief | None = None) -> float:
        """Return what the belief says beyond a prior (the uniform belief by default): KL divergence, bits.

        By quadrature, to about 0.05 bits: without chance, and the same for any rotation of the globe.
        """
        return quadrature.information_bits(
            (self._modal, self.background), None if prior is None else prior._whole
        )

    def entropy_bits(self) -> float:
        """Return the entropy of the density per square kilometre: log2 of the area still in question."""
        return float(np.log2(EARTH_AREA_KM2)) - self.information_bits()

    # ---- calibration

    def widened(self, by_m: float) -> Belief:
        """Return the belief blurred by `by_m` metres: added to every spread in quadrature."""
        return Belief(
            self.centers, np.hypot(self.spreads_m, as_metres(by_m, "by_m")), self.weights, self.background
        )

    def tempered(self, power: float) -> Belief:
        """Return the belief with the probability of every hypothesis, and of the background, to `power`.

        Below 1 it trusts less (0: all hypotheses and the background alike), above 1 more; 1 changes nothing.
        The shape within a hypothesis stays.
        """
        if not 0.0 <= power < np.inf:
            raise InputError(f"power must be a number, not negative; it is {power}")
        return self._settled(*modes.tempered(self._modal, self.background, power), MAX_PATCHES)

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
        return cls(data["centers"], data["spreads_m"], data["weights"], data["background"])

    # ---- inside

    @cached_property
    def _parts(self) -> Patches:
        real = self.weights > 0.0
        vectors = to_unit_vectors(self.centers[real])
        return Patches(vectors, vmf.concentration(self.spreads_m[real]), self.weights[real])

    @property
    def _whole(self) -> tuple[Patches, float]:
        return self._parts, self.background

    @cached_property
    def _modal(self) -> Patches:
        """The patches among which modes are looked for; merged where they are many."""
        return reduce_to(self._parts, _MODAL_PATCHES)

    @cached_property
    def _modes(self) -> list[modes.Mode]:
        """The first answers at the belief's own scale; more than one, since a later one may weigh more."""
        return modes.find_modes(self._modal, self.background, _MODES, None)

    @property
    def _top(self) -> modes.Mode:
        if not self._modes:
            raise InputError("a uniform belief has no best point; look at len(belief) or hypotheses() first")
        return self._modes[0]

    @classmethod
    def _from(cls, patches: Patches, background: float) -> Belief:
        spreads = np.maximum(vmf.spread_m(patches.kappas), LEAST_SPREAD_M)
        return cls(from_unit_vectors(patches.vectors), spreads, patches.weights, background)

    @classmethod
    def _scaled(cls, patches: Patches, background: float) -> Belief:
        total = float(patches.weights.sum())
        return cls._from(patches.weighing(patches.weights * ((1.0 - background) / total)), background)

    @classmethod
    def _settled(cls, patches: Patches, background: float, max_patches: int) -> Belief:
        return cls._from(*products.settle(patches, background, max_patches))

    def _rank(self) -> tuple[int, float, bytes]:
        parts = (self.centers, self.spreads_m, self.weights)
        return len(self), self.background, b"".join(part.tobytes() for part in parts)
