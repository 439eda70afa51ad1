"""Training of a projection in which photographs of one region lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import nn

from whence.learn.losses.contrastive import region_contrastive_loss
from whence.photos.heads.learning.network import Network, perceptron_of, seeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.heads.projection import Projection
    from whence.photos.heads.regions import Regions
    from whence.photos.samples import Samples
    from whence.typing import Ints

__all__ = ["Companions", "RegionLearner"]

_VALIDATED_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Companions:
    """For every training photograph the others of its region.

    Attributes
    ----------
    order
        (n,) training photographs sorted by region.
    start, count
        (r,) where each region begins in `order`, and how many it has.
    """

    order: Ints
    start: Ints
    count: Ints

    @classmethod
    def of(cls, regions: Ints, number: int) -> Self:
        """Sort photographs by their regions (n,), 0 to number - 1, or -1."""
        order = np.argsort(regions, kind="stable")
        order = order[regions[order] >= 0]
        count = np.bincount(regions[regions >= 0], minlength=number)
        return cls(order, np.cumsum(count) - count, count)

    def places(self) -> Ints:
        """(n,) the place of each photograph of a region within its region, 0 for the others."""
        place = np.zeros(int(self.order.max(initial=-1)) + 1, np.int64)
        place[self.order] = np.arange(len(self.order)) - np.repeat(self.start, self.count)
        return place

    def drawn(self, regions: Ints, places: Ints, shares: np.ndarray) -> Ints:
        """Training photographs (b,) of the same regions: one `shares` (b,) of the way round from `places`.

        Never the photograph at that place itself, where a region has two or more; -1 where it has none.
        """
        count = np.where(regions >= 0, self.count[regions], 0)
        steps = 1 + np.floor(shares * np.maximum(count - 1, 0)).astype(np.int64)
        place = (places + steps) % np.maximum(count, 1)
        found = self.order[np.minimum(self.start[regions] + place, len(self.order) - 1)]
        return np.asarray(np.where(count > 0, found, -1))


@dataclass(eq=False)
class RegionLearner:
    """A projection under training; see `whence.photos.heads.protocol.Learner`.

    Every photograph of a batch is joined by another one of its region, drawn from the training samples.
    """

    module: nn.Module
    train: Samples
    regions: Regions
    companions: Companions
    temperature: float

    @classmethod
    def of(
        cls, recipe: Projection, train: Samples, regions: Regions, *, inputs: Standardisation, seed: int
    ) -> Self:
        """Start with random weights."""
        network = Network(
            (train.dim, *recipe.hidden, recipe.dim), inputs, generator=seeded(seed), dropout=recipe.dropout
        )
        companions = Companions.of(regions.of(train), len(regions))
        return cls(network, train, regions, companions, recipe.temperature)

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the region (n,) and the place within it (n,); a region with one photograph is none."""
        regions = self.regions.of(samples)
        regions = np.where((regions >= 0) & (self.companions.count[regions] > 1), regions, -1)
        places = np.arange(len(samples))
        if samples is self.train:
            known = self.companions.places()
            places = np.pad(known, (0, len(samples) - len(known)))
        return {"region": torch.as_tensor(regions), "place": torch.as_tensor(places)}

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        regions, places = targets["region"], targets["place"]
        if generator is not None:
            shares = torch.rand(len(regions), generator=generator, device=generator.device).cpu().numpy()
            return self._joined(features, regions, (places, shares), generator)
        total = features.new_zeros(())
        for start in range(0, len(features), _VALIDATED_AT_ONCE):
            part = slice(start, start + _VALIDATED_AT_ONCE)
            shares = np.full(len(regions[part]), 0.5)
            loss = self._joined(features[part], regions[part], (places[part], shares), None)
            total = total + loss * len(shares) / len(features)
        return total

    def _joined(
        self,
        features: Tensor,
        regions: Tensor,
        drawing: tuple[Tensor, np.ndarray],
        generator: torch.Generator | None,
    ) -> Tensor:
        """Loss () of photographs (b, d) together with their companions (b, d)."""
        places, shares = drawing
        rows = self.companions.drawn(regions.cpu().numpy(), places.cpu().numpy(), shares)
        beside = torch.from_numpy(self.train.take(np.maximum(rows, 0))).to(features)
        embedded = self.module(torch.cat([features, beside]), generator).float()  # (2b, d)
        unit = nn.functional.normalize(embedded, dim=-1)
        return region_contrastive_loss(unit, torch.cat([regions, regions]), temperature=self.temperature)

    def perceptron(self) -> Perceptron:
        """Give the projection as it is now."""
        return perceptron_of(self.module)
