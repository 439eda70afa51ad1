"""Training of mixtures of von Mises-Fisher patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import nn

from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import to_unit_vectors
from whence.learn.losses.von_mises_fisher import bounded, mixture_loss
from whence.photos.heads.learning.network import Network, array_of, perceptron_of, seeded
from whence.photos.heads.learning.positions import around
from whence.photos.heads.vmf_mixture import log_kappa_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.heads.vmf_mixture import PatchStart, VMFMixture
    from whence.photos.samples import Samples
    from whence.typing import Floats

__all__ = ["MixtureLearner", "SharedLearner"]


def _truth(samples: Samples) -> dict[str, Tensor]:
    """Give true positions (n, 3) in float64: a patch of ten metres has no digits to lose."""
    return {"vector": torch.as_tensor(to_unit_vectors(samples.lonlat))}


@dataclass(eq=False)
class MixtureLearner:
    """Patches of each photograph's own, under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    start: PatchStart
    bounds: tuple[float, float]

    @classmethod
    def of(cls, recipe: VMFMixture, start: PatchStart, *, inputs: Standardisation, seed: int) -> Self:
        """Start with random weights round the clusters of the positions."""
        sizes = (len(inputs.shift), *recipe.hidden, 5 * len(start.centers))
        network = Network(sizes, inputs, generator=seeded(seed), dropout=recipe.dropout)
        return cls(network, start, log_kappa_bounds(recipe.least_spread_m))

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the true positions as unit vectors (n, 3), float64."""
        return _truth(samples)

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        truth = targets["vector"]
        raw = self.module(features, generator).to(truth.dtype).unflatten(-1, (-1, 5))  # (b, m, 5)
        centers = truth.new_tensor(self.start.centers)
        means = around(raw[..., :3], center=centers, reach=truth.new_tensor(self.start.reach))
        log_kappa = bounded(raw[..., 3] + truth.new_tensor(self.start.log_kappa), *self.bounds)
        logits = raw[..., 4] + truth.new_tensor(self.start.log_weights)
        return mixture_loss(means, log_kappa, logits=logits, truth=truth).mean()

    def perceptron(self) -> Perceptron:
        """Give the network as it is now; the start goes into its last layer."""
        start = self.start
        shift = np.column_stack([start.centers, start.log_kappa, start.log_weights])
        scale = np.tile([start.reach, start.reach, start.reach, 1.0, 1.0], len(shift))
        return perceptron_of(self.module).before_outputs(scale, shift.ravel())


class _Shared(nn.Module):
    """The network that weighs patches, and the patches: how far they have moved and grown."""

    def __init__(self, network: Network, count: int) -> None:
        super().__init__()
        self.network = network
        self.moved = nn.Parameter(torch.zeros(count, 3, dtype=torch.float64))
        self.narrowed = nn.Parameter(torch.zeros(count, dtype=torch.float64))


@dataclass(eq=False)
class SharedLearner:
    """Patches that all photographs share, under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    start: PatchStart
    bounds: tuple[float, float]

    @classmethod
    def of(cls, recipe: VMFMixture, start: PatchStart, *, inputs: Standardisation, seed: int) -> Self:
        """Start with random weights and the clusters of the positions."""
        sizes = (len(inputs.shift), *recipe.hidden, len(start.centers))
        network = Network(sizes, inputs, generator=seeded(seed), dropout=recipe.dropout)
        bounds = log_kappa_bounds(recipe.least_spread_m)
        return cls(_Shared(network, len(start.centers)), start, bounds)

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the true positions as unit vectors (n, 3), float64."""
        return _truth(samples)

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        truth = targets["vector"]
        logits = self.module.get_submodule("network")(features, generator).to(truth.dtype)
        logits = logits + truth.new_tensor(self.start.log_weights)
        means, log_kappa = self._patches()
        return mixture_loss(means, log_kappa, logits=logits, truth=truth).mean()

    def patches(self) -> tuple[Floats, Floats]:
        """Centres (m, 3), and spreads (m,) in metres, as they are now."""
        means, log_kappa = self._patches()
        return array_of(means), vmf.spread_m(np.exp(array_of(log_kappa)))

    def perceptron(self) -> Perceptron:
        """Give the network as it is now."""
        network = perceptron_of(self.module.get_submodule("network"))
        return network.before_outputs(np.ones(network.outputs), self.start.log_weights)

    def _patches(self) -> tuple[Tensor, Tensor]:
        """Centres (m, 3), each moved in units of its own spread, and ln κ (m,)."""
        moved, narrowed = self.module.get_parameter("moved"), self.module.get_parameter("narrowed")
        reach = torch.exp(-moved.new_tensor(self.start.log_kappa) / 2.0).unsqueeze(-1)
        means = around(moved, center=moved.new_tensor(self.start.centers), reach=reach)
        return means, bounded(moved.new_tensor(self.start.log_kappa) + narrowed, *self.bounds)
