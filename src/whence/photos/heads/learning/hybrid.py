"""Training of cells with offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import nn

from whence.learn.losses.hybrid import OffsetLoss, offset_loss, offsets
from whence.photos.heads.hybrid import OffsetTable
from whence.photos.heads.learning.cells import CellLoss, CellTargets
from whence.photos.heads.learning.network import Network, array_of, perceptron_of, seeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from whence.earth.partitions import Partition
    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.frames import BoxFrame, PlaneFrame
    from whence.photos.heads.hybrid import Hybrid
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.samples import Samples

__all__ = ["HybridLearner"]


class _CellAndOffset(nn.Module):
    """The network, and a table of affine maps from its last hidden values; offsets start at zero."""

    def __init__(self, network: Network, loss: CellLoss, rows: int, outputs: int) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.weight = nn.Parameter(torch.zeros(rows, outputs, network.width))
        self.bias = nn.Parameter(torch.zeros(rows, outputs))

    def forward(
        self, features: Tensor, cell: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Logits (b, n), and raw offsets (b, outputs) in the cells (b,)."""
        hidden = self.network.hidden(features, generator)
        row = cell if len(self.weight) > 1 else torch.zeros_like(cell)
        raw = torch.einsum("boh,bh->bo", self.weight[row], hidden.to(self.weight.dtype)) + self.bias[row]
        return self.network.last(hidden).float(), raw.float()


@dataclass(eq=False)
class HybridLearner:
    """Cells with offsets under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    asked: CellTargets
    frame: BoxFrame | PlaneFrame
    offset_loss: OffsetLoss
    offset_weight: float
    reach: float

    @classmethod
    def of(
        cls,
        recipe: Hybrid,
        partition: Partition,
        frame: BoxFrame | PlaneFrame,
        *,
        inputs: Standardisation,
        seed: int,
    ) -> Self:
        """Start with random weights, and every cell's answer at its centre."""
        sizes = (len(inputs.shift), *recipe.hidden, len(partition))
        network = Network(sizes, inputs, generator=seeded(seed), dropout=recipe.dropout)
        loss = offset_loss(recipe.offset_loss)
        rows = 1 if recipe.shared_offset else len(partition)
        module = _CellAndOffset(network, CellLoss(recipe, partition), rows, 3 if loss.with_scale else 2)
        asked = CellTargets(partition, recipe.tau_km, recipe.balance)
        return cls(module, asked, frame, loss, recipe.offset_weight, recipe.reach)

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the cells that the samples lie in, and where in them, no farther than the offsets reach."""
        targets = self.asked.of(samples.lonlat)
        within = self.frame.offsets(samples.lonlat, targets["cell"].numpy())
        return targets | {
            "offset": torch.as_tensor(np.clip(within, -self.reach, self.reach), dtype=torch.float32)
        }

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d): of the cell, and of the offset in the true cell."""
        logits, raw = self.module(features, targets["cell"], generator)
        predicted, log_scale = offsets(raw, reach=self.reach)
        place = self.offset_loss.value(predicted, targets["offset"], log_scale) * targets["importance"]
        cell: Tensor = self.module.get_submodule("loss")(logits, targets)
        return (cell + self.offset_weight * place).mean()

    def perceptron(self) -> Perceptron:
        """Give the classifier as it is now."""
        return perceptron_of(self.module.get_submodule("network"))

    def table(self) -> OffsetTable:
        """Give the offsets as they are now."""
        weight, bias = (array_of(self.module.get_parameter(name)) for name in ("weight", "bias"))
        return OffsetTable(
            weight.astype(np.float32), bias.astype(np.float32), self.reach, self.offset_loss.with_scale
        )
