"""How neighbours become a density: their weights, the width round each, and the share that is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.errors import FormatError, NotEnoughDataError
from whence.photos.heads.mixtures import Mixtures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.typing import Floats, Json

__all__ = ["FEWEST", "Answers", "Kernel"]

FEWEST = 10
"""Validation samples without which nothing is chosen."""

_TEMPERATURES = np.geomspace(0.001, 1.0, 13)  # of cosines
_SPREADS = 17
_NARROWEST_M = 1.0
_FINER = np.array([0.7, 0.83, 1.0, 1.2, 1.43])
_SHARE_STEPS = 12
_SHARES = (1e-3, 0.999)


@dataclass(frozen=True, eq=False)
class Answers:
    """The neighbours of n photographs in a gallery.

    Attributes
    ----------
    similarity
        (n, k) cosines, -inf where there is no neighbour.
    lonlat
        (n, k, 2) positions, degrees.
    reach_m
        (n, k) how far round its position each stands for others, metres; 0 for a photograph.
    """

    similarity: Floats
    lonlat: Floats
    reach_m: Floats


@dataclass(frozen=True, eq=False)
class Kernel:
    """Softmax of the similarities over T, a patch round each neighbour, and one wide patch for the rest.

    Attributes
    ----------
    temperature
        T, in units of the cosine.
    spread_m
        Of the patch round a neighbour; joined with its reach by the root of the squares.
    wide_share
        Weight of the wide patch.
    wide_lonlat
        (2,) its centre, longitude, latitude, degrees.
    wide_spread_m
        Its spread.
    """

    temperature: float
    spread_m: float
    wide_share: float
    wide_lonlat: Floats
    wide_spread_m: float

    def mixtures(self, answers: Answers) -> Mixtures:
        """Give k + 1 patches for each of n photographs."""
        weights = special.log_softmax(answers.similarity / self.temperature, axis=1)
        weights += np.log1p(-self.wide_share)
        wide = np.broadcast_to(self.wide_lonlat, (len(weights), 1, 2))
        spread_m = np.hypot(answers.reach_m, self.spread_m)
        return Mixtures(
            np.concatenate([answers.lonlat, wide], axis=1),
            np.pad(weights, ((0, 0), (0, 1)), constant_values=np.log(self.wide_share)),
            np.pad(spread_m, ((0, 0), (0, 1)), constant_values=self.wide_spread_m),
        )

    @classmethod
    def fit(
        cls, answers: Answers, truth: Floats, *, wide_lonlat: Floats, wide_spread_m: float
    ) -> tuple[Self, float]:
        """Choose temperature, spread and share by the likelihood of true positions.

        The neighbours must come from photographs that are not among those asked about. A coarse grid, then a
        finer one round its best; the share by expectation maximisation at each point of the grids.

        Parameters
        ----------
        answers
            Of n photographs of known position.
        truth
            (n, 2) those positions, longitude, latitude, degrees.
        wide_lonlat, wide_spread_m
            The wide patch, such as the constant head's.

        Returns
        -------
        kernel, log_likelihood
            The log density is the mean over the photographs, nats per steradian.

        Raises
        ------
        NotEnoughDataError
            With fewer than 10 photographs.
        """
        if len(truth) < FEWEST:
            raise NotEnoughDataError(
                f"{len(truth)} validation samples cannot choose temperature and spread; "
                f"give at least {FEWEST}, or use the head constant"
            )
        grid = _Grid.of(answers, truth, wide_lonlat, wide_spread_m)
        widest = max(wide_spread_m, 2 * _NARROWEST_M)
        coarse = grid.best(_TEMPERATURES, np.geomspace(_NARROWEST_M, widest, _SPREADS))
        finer = grid.best(coarse[1] * _FINER, coarse[2] * np.geomspace(0.4, 2.5, 9))
        likelihood, temperature, spread_m, share = max(coarse, finer)
        return cls(temperature, spread_m, share, np.asarray(wide_lonlat), wide_spread_m), likelihood

    def to_json(self) -> Json:
        """Give everything needed to make it again."""
        return {
            "temperature": self.temperature,
            "spread_m": self.spread_m,
            "wide_share": self.wide_share,
            "wide_lonlat": self.wide_lonlat.tolist(),
            "wide_spread_m": self.wide_spread_m,
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again.

        Raises
        ------
        FormatError
            When something is missing.
        """
        try:
            return cls(
                temperature=float(content["temperature"]),
                spread_m=float(content["spread_m"]),
                wide_share=float(content["wide_share"]),
                wide_lonlat=np.array(content["wide_lonlat"], np.float64),
                wide_spread_m=float(content["wide_spread_m"]),
            )
        except KeyError as error:
            raise FormatError(f"the head lacks {error}; its model folder is incomplete") from error


@dataclass(frozen=True, eq=False)
class _Grid:
    """What the likelihood is computed from, for any temperature and spread."""

    similarity: Floats
    squared_chord: Floats
    reach_m: Floats
    wide: Floats  # (n,) log density of the wide patch at the truth

    @classmethod
    def of(cls, answers: Answers, truth: Floats, wide_lonlat: Floats, wide_spread_m: float) -> Self:
        here = sphere.to_unit_vectors(truth)
        apart = sphere.to_unit_vectors(answers.lonlat) - here[:, None]
        everywhere = Mixtures.at(np.tile(wide_lonlat, (len(truth), 1)), wide_spread_m)
        return cls(
            answers.similarity, (apart**2).sum(axis=-1), answers.reach_m, everywhere.log_density(truth)
        )

    def best(
        self, temperatures: Iterable[float], spreads_m: Iterable[float]
    ) -> tuple[float, float, float, float]:
        """Give (likelihood, temperature, spread, share) of the best combination."""
        weights = {t: special.log_softmax(self.similarity / t, axis=1) for t in map(float, temperatures)}
        patches = {s: self._log_patches(s) for s in map(float, spreads_m)}
        found = []
        for temperature, spread_m in product(weights, patches):
            near = special.logsumexp(weights[temperature] + patches[spread_m], axis=1)
            share, likelihood = _share(near, self.wide)
            found.append((likelihood, temperature, spread_m, share))
        return max(found)

    def _log_patches(self, spread_m: float) -> Floats:
        kappa = vmf.concentration(np.hypot(self.reach_m, spread_m))
        return vmf.log_peak(kappa) - kappa * self.squared_chord / 2.0


def _share(near: Floats, wide: Floats) -> tuple[float, float]:
    """Share of the wide patch that makes (n,) truths most likely, and their mean log density."""
    share = 0.1
    for _ in range(_SHARE_STEPS):
        owned = special.expit(np.log(share) + wide - np.log1p(-share) - near)
        share = float(np.clip(owned.mean(), *_SHARES))
    return share, float(np.logaddexp(np.log(share) + wide, np.log1p(-share) + near).mean())
