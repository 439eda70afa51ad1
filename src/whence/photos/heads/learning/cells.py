"""Training of a classifier over cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import nn

from whence.earth.sphere import distance_m, to_unit_vectors
from whence.learn.losses.cells import cross_entropy, haversine_shares, hierarchical_cross_entropy
from whence.photos.heads.learning.network import Network, perceptron_of, seeded
from whence.photos.heads.partitions import ancestor_levels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from whence.earth.partitions import Partition
    from whence.photos.heads.cells import ClassifierSettings
    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.samples import Samples
    from whence.typing import Floats

__all__ = ["CellLearner", "CellLoss", "CellTargets"]

_BLOCK = 50_000
_MOST_SMOOTHED = 64  # cells that the target of one photograph lies on


@dataclass(frozen=True, eq=False)
class CellTargets:
    """Turns positions into sparse targets over cells.

    Attributes
    ----------
    partition
        The cells.
    tau_km
        Distance of the haversine smoothing, or 0 for hard targets.
    balance
        A photograph of a cell with n of them counts n^-balance.
    """

    partition: Partition
    tau_km: float
    balance: float

    def of(self, lonlat: Floats) -> dict[str, Tensor]:
        """Give targets of positions (n, 2).

        Returns
        -------
        dict of Tensor
            ``cell`` (n,) the true cell; ``cells`` and ``shares`` (n, k) where the target lies; ``importance``
            (n,), on average 1 over the training photographs.
        """
        cell = self.partition.assign(lonlat)
        cells, shares = self._smoothed(lonlat) if self.tau_km > 0.0 else (cell[:, None], None)
        counts = self.partition.counts.astype(np.float64)
        worth = counts**-self.balance
        worth /= (worth * counts).sum() / counts.sum()
        return {
            "cell": torch.as_tensor(cell),
            "cells": torch.as_tensor(cells),
            "shares": torch.ones(cells.shape) if shares is None else shares,
            "importance": torch.as_tensor(worth[cell], dtype=torch.float32),
        }

    def _smoothed(self, lonlat: Floats) -> tuple[np.ndarray, Tensor]:
        """Nearest cells (n, k) and their shares; those left out are farther than all of them."""
        centers = self.partition.centers()
        most = min(_MOST_SMOOTHED, len(centers))
        _, cells = cKDTree(to_unit_vectors(centers)).query(to_unit_vectors(lonlat), k=most, workers=-1)
        shares = torch.empty(cells.shape)
        for start in range(0, len(lonlat), _BLOCK):
            rows = slice(start, start + _BLOCK)
            apart_km = distance_m(lonlat[rows, None, :], centers[cells[rows]]) / 1000.0
            shares[rows] = haversine_shares(torch.as_tensor(apart_km), tau_km=self.tau_km)
        return np.asarray(cells, np.int64), shares


class CellLoss(nn.Module):
    """Cross entropy over the cells and, by weight, over all the levels above them.

    Parameters
    ----------
    settings
        Of the classifier.
    partition
        The cells.
    """

    def __init__(self, settings: ClassifierSettings, partition: Partition) -> None:
        super().__init__()
        self.label_smoothing = settings.label_smoothing
        self.hierarchy = settings.hierarchy
        levels = ancestor_levels(partition) if settings.hierarchy > 0.0 else []
        for number, level in enumerate(levels):
            self.register_buffer(f"level_{number}", torch.as_tensor(level), persistent=False)

    def forward(self, logits: Tensor, targets: Mapping[str, Tensor]) -> Tensor:
        """Loss (b,) of logits (b, n)."""
        cells, shares = targets["cells"], targets["shares"]
        loss = cross_entropy(logits, cells, shares=shares, label_smoothing=self.label_smoothing)
        levels = list(self.buffers())
        if levels:
            above = hierarchical_cross_entropy(logits, cells, shares=shares, ancestors=levels)
            loss = loss + self.hierarchy * above
        return loss * targets["importance"]


class _Classifier(nn.Module):
    """The network, and the levels of its loss, which move to another device with it."""

    def __init__(self, network: Network, loss: CellLoss) -> None:
        super().__init__()
        self.network = network
        self.loss = loss


@dataclass(eq=False)
class CellLearner:
    """A classifier under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    asked: CellTargets

    @classmethod
    def of(
        cls,
        settings: ClassifierSettings,
        partition: Partition,
        *,
        dim: int,
        inputs: Standardisation,
        seed: int,
    ) -> Self:
        """Start with random weights."""
        sizes = (dim, *settings.hidden, len(partition))
        network = Network(sizes, inputs, generator=seeded(seed), dropout=settings.dropout)
        module = _Classifier(network, CellLoss(settings, partition))
        return cls(module, CellTargets(partition, settings.tau_km, settings.balance))

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the cells that the samples lie in."""
        return self.asked.of(samples.lonlat)

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        classifier = self.module
        logits = classifier.get_submodule("network")(features, generator).float()
        loss: Tensor = classifier.get_submodule("loss")(logits, targets)
        return loss.mean()

    def perceptron(self) -> Perceptron:
        """Give the network as it is now."""
        return perceptron_of(self.module.get_submodule("network"))
