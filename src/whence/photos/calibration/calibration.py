"""What makes the mixtures of a head honest: a few numbers, learnt on photographs that it has not seen.

p(x) = background / 4π + (1 − background) Σᵢ wᵢ Σⱼ shareⱼ f(x; cᵢ, factorⱼ s₀ (sᵢ/s₀)^γ), with the weights
wᵢ = softmax(log wᵢ / temperature) (Guo et al. 2017, "On calibration of modern neural networks", section 4.2)
and f the von Mises-Fisher density: every patch becomes a few concentric ones, which together have whatever
tail the errors had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import special

from whence.errors import FormatError, InputError
from whence.photos.calibration.circles import radii_m
from whence.photos.calibration.ranks import EVEN, levels, reranked
from whence.photos.heads.mixtures import Mixtures

if TYPE_CHECKING:
    from whence.earth.belief import Belief
    from whence.typing import Floats, Json

__all__ = ["Calibration", "Promise"]

MOST_PATCHES = 200
"""Patches of a head that are kept; five concentric ones of each still make a belief of a thousand."""


@dataclass(frozen=True)
class Promise:
    """How promises were held by photographs that did not take part in the fit.

    Attributes
    ----------
    confidence
        Shares of the truths that were promised to lie within the radius.
    held
        Shares that did, with the calibration fitted to one half of the photographs and measured on the
        other, both ways.
    samples
        Photographs that were measured.
    """

    confidence: tuple[float, ...]
    held: tuple[float, ...]
    samples: int

    def sentence(self) -> str:
        """Say it to people."""
        pairs = zip(self.confidence, self.held, strict=True)
        told = ", ".join(f"{promised:.0%} ({held:.1%})" for promised, held in pairs)
        return f"radii promised (held on {self.samples} photographs left out of the fit): {told}"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Numbers that turn mixtures into honest ones; the default changes nothing but the background.

    Attributes
    ----------
    temperature
        Above 1: the head is too sure which patch is right.
    exponent, reference_m
        γ and s₀: below 1, the head's spreads differ too much from photograph to photograph.
    shares, factors
        Of the concentric patches: weights that sum to 1, and widths relative to the head's.
    background
        Probability that no patch is right, however wide.
    ranks
        Of the truths among what the beliefs thought possible; see `whence.photos.calibration.ranks`.
    samples
        Photographs that the numbers come from; 0 when nothing was measured.
    promise
        How well it works on photographs left out.

    Raises
    ------
    InputError
        When a number is out of range.

    Examples
    --------
    >>> sure = Mixtures([[[37.6, 55.8], [-117, 46.7]]], np.log([[0.99, 0.01]]), [[1e4, 1e4]])
    >>> Calibration(temperature=4.0).apply(sure).weights.round(2).tolist()
    [[0.76, 0.24]]
    """

    temperature: float = 1.0
    exponent: float = 1.0
    reference_m: float = 1.0
    shares: tuple[float, ...] = (1.0,)
    factors: tuple[float, ...] = (1.0,)
    background: float = 0.01
    ranks: tuple[float, float] = EVEN
    samples: int = 0
    promise: Promise | None = None

    def __post_init__(self) -> None:
        numbers = (self.temperature, self.reference_m, *self.factors)
        if not all(0.0 < number < np.inf for number in numbers) or not 0.0 <= self.exponent <= 2.0:
            raise InputError("temperature, reference and factors of a calibration must be above zero")
        if len(self.shares) != len(self.factors) or abs(sum(self.shares) - 1.0) > 1e-6:
            raise InputError("a calibration needs a share for each factor, and shares that sum to 1")
        if not all(0.0 < number < np.inf for number in self.ranks):
            raise InputError(f"the ranks of a calibration are two numbers above zero, not {self.ranks}")
        if not 0.0 < self.background < 1.0:
            raise InputError(f"the background of a calibration is {self.background}, not between 0 and 1")

    def apply(self, mixtures: Mixtures) -> Mixtures:
        """Give the calibrated mixtures: k concentric patches for each, without the background."""
        kept = self._read(mixtures.heaviest(MOST_PATCHES))
        count = len(self.shares)
        log_weights = kept.log_weights[:, :, None] + np.log(self.shares)
        spread_m = kept.spread_m[:, :, None] * np.asarray(self.factors)
        flat = (len(kept), kept.patches * count)
        return Mixtures(
            np.repeat(kept.lonlat, count, axis=1), log_weights.reshape(flat), spread_m.reshape(flat)
        )

    def points(self, mixtures: Mixtures) -> Floats:
        """(n, 2) best single positions, longitude, latitude; concentric patches have one centre."""
        kept = self._read(mixtures.heaviest(MOST_PATCHES))
        typical = float(np.exp(np.dot(self.shares, np.log(self.factors))))
        return Mixtures(kept.lonlat, kept.log_weights, kept.spread_m * typical).points()

    def radii_m(self, mixtures: Mixtures, points: Floats, confidence: float = 0.8) -> Floats:
        """(n,) radii round points (n, 2) that hold that share of each belief, metres."""
        held = levels((confidence,), self.ranks)
        found = radii_m(self.apply(mixtures), points, held, background=self.background)
        return np.asarray(found[:, 0])

    def beliefs(self, mixtures: Mixtures) -> Iterator[Belief]:
        """Give each photograph's belief."""
        applied = self.apply(mixtures)
        if self.ranks == EVEN:
            yield from applied.beliefs(background=self.background)
            return
        points = self.points(mixtures)
        for row in range(len(mixtures)):  # one at a time, as each becomes seven times as large
            one = slice(row, row + 1)
            parts, left = reranked(applied.take(one), points[one], self.ranks, background=self.background)
            yield from parts.beliefs(background=float(left[0]))

    def _read(self, mixtures: Mixtures) -> Mixtures:
        """Temper the weights, which then sum to 1, and even out the spreads."""
        log_weights = special.log_softmax(mixtures.log_weights / self.temperature, axis=1)
        spread_m = self.reference_m * (mixtures.spread_m / self.reference_m) ** self.exponent
        return Mixtures(mixtures.lonlat, log_weights, spread_m)

    def to_json(self) -> Json:
        """Give it as values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises
        ------
        FormatError
            When it is something else.
        """
        try:
            promise = values.get("promise")
            parts = dict(values) | {
                "promise": promise and Promise(*(_tupled(promise[name]) for name in _PROMISE)),
                "shares": tuple(map(float, values["shares"])),
                "factors": tuple(map(float, values["factors"])),
                "ranks": tuple(map(float, values["ranks"])),
            }
            return cls(**parts)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(f"this is no calibration ({error}); train the model again") from error


_PROMISE = ("confidence", "held", "samples")


def _tupled(value: Any) -> Any:
    return tuple(map(float, value)) if isinstance(value, list | tuple) else int(value)
