"""Several opinions of the same photographs as one: mixed, multiplied, or by a vote on the region.

Written for mixtures, so it is the same for heads on one kind of features and for models of different
encoders. What each opinion counts is chosen by the likelihood of photographs of known position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from scipy import optimize, special

from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads.condensing import condensed
from whence.photos.heads.kernel import FEWEST
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.partitions import load_partition

if TYPE_CHECKING:
    from whence.earth.partitions import Partition
    from whence.typing import Floats, Json

__all__ = ["RULES", "Combination", "Rule"]

Rule = Literal["mixture", "product", "vote"]
RULES: tuple[Rule, ...] = ("mixture", "product", "vote")

_STEPS = 100
_LEAST_SHARE = 1e-4
_STRONGEST = {"mixture": 0.0, "product": 3.0, "vote": 30.0}
_FIRST = {"mixture": 0.0, "product": 0.5, "vote": 1.0}
_BLOCK = 512
_ANYWHERE = np.log(1e-3 / (4.0 * np.pi))  # a thousandth over the globe: no member can veto the others


@dataclass(frozen=True, eq=False)
class Combination:
    """How the mixtures of m members become one.

    Whatever the rule, the patches are those of all members; the rule says what they weigh. First a patch
    weighs its weight at its member times the member's share (the *mixture*). Then

    * *product*: times Π p_i(c)^{a_i} / q(c) at its centre c, with q the density of the mixture: so the whole
      follows Π p_i^{a_i}, as in importance sampling (a thousandth of each p_i is spread over the globe, so
      that none can veto the others). Members that see the same photograph err together; the
      exponents a_i, which need not sum to anything, keep the product from counting one piece of evidence
      several times;
    * *vote*: times Π exp(a_i [c lies in the region where member i has most weight]).

    Attributes
    ----------
    rule
        mixture, product or vote.
    shares
        (m,) what each member counts in the mixture; they sum to 1.
    strengths
        (m,) the a_i, none negative; zeros for a mixture.
    partition
        Divides the Earth into the regions voted on; None for the other rules.
    patches
        Patches of each member that are kept, the heaviest; its others become one wide patch.
    """

    rule: Rule
    shares: Floats
    strengths: Floats
    partition: Partition | None = None
    patches: int = 64

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(f"no rule {self.rule!r}; there are {', '.join(RULES)}")
        if self.shares.shape != self.strengths.shape or self.shares.ndim != 1 or not len(self.shares):
            raise InputError("a combination needs one share and one strength for each member")
        if self.rule == "vote" and self.partition is None:
            raise InputError("a vote needs a partition: the regions that are voted on")

    @classmethod
    def fit(
        cls,
        members: Sequence[Mixtures],
        truth: Floats,
        *,
        rule: Rule,
        partition: Partition | None = None,
        patches: int = 64,
    ) -> tuple[Self, float]:
        """Choose shares, then strengths, by the likelihood of true positions.

        Parameters
        ----------
        members
            m mixtures of the same n photographs, which the members have not learnt from.
        truth
            (n, 2) where they were taken, longitude, latitude, degrees.
        rule, partition, patches
            See `Combination`.

        Returns
        -------
        combination, log_likelihood
            The mean log density at the truth, nats per steradian.

        Raises
        ------
        NotEnoughDataError
            With fewer than 10 photographs.
        """
        if len(truth) < FEWEST:
            raise NotEnoughDataError(
                f"{len(truth)} validation samples cannot weigh the members; give at least {FEWEST}"
            )
        shares = _likeliest_shares(np.stack([member.log_density(truth) for member in members], axis=1))
        start = np.full(len(members), _FIRST[rule])
        first = cls(rule, shares, start, partition, patches)
        strengths = first._likeliest_strengths(members, truth)
        fitted = replace(first, strengths=strengths)
        return fitted, float(fitted.apply(members).log_density(truth).mean())

    def apply(self, members: Sequence[Mixtures]) -> Mixtures:
        """Combine m mixtures of the same n photographs into one.

        Raises
        ------
        InputError
            When there are fewer or more members, or they are of different numbers of photographs.
        """
        counts = {len(member) for member in members}
        if len(members) != len(self.shares) or len(counts) != 1:
            raise InputError(
                f"{len(self.shares)} members of as many photographs are combined; "
                f"given are {len(members)} of {sorted(counts)} photographs"
            )
        blocks = [slice(start, start + _BLOCK) for start in range(0, counts.pop(), _BLOCK)]
        if not blocks:
            return self._joined(members)
        return Mixtures.joined([self._combined([part.take(rows) for part in members]) for rows in blocks])

    def to_json(self) -> Json:
        """Give everything needed to make it again."""
        return {
            "rule": self.rule,
            "shares": self.shares.tolist(),
            "strengths": self.strengths.tolist(),
            "partition": self.partition.to_json() if self.partition else None,
            "patches": self.patches,
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        try:
            partition = load_partition(content["partition"]) if content["partition"] else None
            shares, strengths = (np.array(content[key], np.float64) for key in ("shares", "strengths"))
            return cls(content["rule"], shares, strengths, partition, int(content["patches"]))
        except KeyError as error:
            raise FormatError(f"the combination lacks {error}; its model folder is incomplete") from error

    def _combined(self, members: Sequence[Mixtures]) -> Mixtures:
        joined = self._joined(members)
        if self.rule == "mixture":
            return joined
        base, evidence = self._evidence(members, joined)
        return replace(joined, log_weights=base + evidence @ self.strengths)

    def _joined(self, members: Sequence[Mixtures]) -> Mixtures:
        """Lay the patches of all members side by side."""
        kept = [condensed(member, self.patches) for member in members]
        weights = [
            special.log_softmax(member.log_weights, axis=1) + np.log(share)
            for member, share in zip(kept, self.shares, strict=True)
        ]
        return Mixtures(
            np.concatenate([member.lonlat for member in kept], axis=1),
            np.concatenate(weights, axis=1),
            np.concatenate([member.spread_m for member in kept], axis=1),
        )

    def _evidence(self, members: Sequence[Mixtures], joined: Mixtures) -> tuple[Floats, Floats]:
        """Log weights (n, k) of the joined patches, and what each member says of them (n, k, m)."""
        if self.rule == "mixture":
            return joined.log_weights, np.zeros((*joined.log_weights.shape, len(members)))
        if self.rule == "vote":
            return joined.log_weights, self._votes(members, joined)
        logs = np.stack([member.log_densities(joined.lonlat) for member in members], axis=-1)
        logs = np.logaddexp(logs, _ANYWHERE)
        mixed = special.logsumexp(logs + np.log(self.shares), axis=-1)
        return joined.log_weights - mixed, logs

    def _votes(self, members: Sequence[Mixtures], joined: Mixtures) -> Floats:
        """(n, k, m): 1 where a patch lies in the region that a member votes for."""
        assert self.partition is not None
        region = self.partition.assign(joined.lonlat)  # (n, k)
        votes = np.zeros((*region.shape, len(members)))
        for place, member in enumerate(members):
            kept = condensed(member, self.patches)
            own = self.partition.assign(kept.lonlat)
            mass = np.einsum("nij,nj->ni", own[:, :, None] == own[:, None, :], kept.weights)
            winner = np.take_along_axis(own, mass.argmax(axis=1)[:, None], axis=1)
            votes[..., place] = region == winner
        return votes

    def _likeliest_strengths(self, members: Sequence[Mixtures], truth: Floats) -> Floats:
        if self.rule == "mixture":
            return np.zeros(len(members))
        joined = self._joined(members)
        base, evidence = self._evidence(members, joined)
        counted = np.isfinite(base)
        base = np.where(counted, base, -1e300)
        evidence = np.where(counted[..., None], evidence, 0.0)
        near = _log_patches(joined, truth)

        def unlikelihood(strengths: Floats) -> tuple[float, Floats]:
            weights = base + evidence @ strengths
            told, prior = special.logsumexp(weights + near, axis=1), special.logsumexp(weights, axis=1)
            pull = np.exp(weights + near - told[:, None]) - np.exp(weights - prior[:, None])
            gradient = np.einsum("nk,nkm->m", pull, evidence) / len(truth)
            return -float((told - prior).mean()), -gradient

        limits = [(0.0, _STRONGEST[self.rule])] * len(members)
        found = optimize.minimize(unlikelihood, self.strengths, jac=True, bounds=limits, method="L-BFGS-B")
        return np.asarray(found.x, np.float64)


def _log_patches(mixtures: Mixtures, truth: Floats) -> Floats:
    """Log density (n, k) of each single patch at the truth (n, 2)."""
    n, k = mixtures.log_weights.shape
    single = Mixtures(
        mixtures.lonlat.reshape(n * k, 1, 2), np.zeros((n * k, 1)), mixtures.spread_m.reshape(n * k, 1)
    )
    return single.log_density(np.repeat(truth, k, axis=0)).reshape(n, k)


def _likeliest_shares(logs: Floats) -> Floats:
    """Shares (m,) of the mixture under which log densities (n, m) of the truths are likeliest, by EM."""
    shares = np.full(logs.shape[1], 1.0 / logs.shape[1])
    for _ in range(_STEPS):
        shares = special.softmax(logs + np.log(shares), axis=1).mean(axis=0)
        shares = np.maximum(shares, _LEAST_SHARE)
        shares /= shares.sum()
    return shares
