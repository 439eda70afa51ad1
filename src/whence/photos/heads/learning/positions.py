"""Training of the heads that give one position: coordinates, and a unit vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import nn

from whence.earth.sphere import EARTH_RADIUS_M, mean_point, to_unit_vectors
from whence.errors import InputError
from whence.learn.losses import LOSSES, loss_named
from whence.learn.losses.distance import vector_distance_km
from whence.learn.losses.protocol import DistanceLoss, PositionLoss
from whence.photos.heads.fitting import Standardisation
from whence.photos.heads.learning.network import Network, perceptron_of, seeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from whence.photos.heads.coordinates import Coordinates
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.heads.unit_vector import UnitVector
    from whence.photos.samples import Samples
    from whence.typing import Floats

__all__ = ["CoordinateLearner", "VectorLearner", "around", "positions"]


def positions(raw: Tensor, last_layer: str, *, middle: Tensor, half: Tensor) -> Tensor:
    """Longitude and latitude (b, 2), degrees, of outputs (b, 2); as `whence.learn.stacked` has them.

    `clamp` takes outputs as degrees; beyond the range there is no gradient.
    """
    if last_layer == "clamp":
        return torch.clamp(raw, middle - half, middle + half)
    squeezed = torch.tanh(raw) if last_layer == "tanh" else 2.0 * torch.sigmoid(raw) - 1.0
    return middle + half * squeezed  # (2,) + (2,) · (b, 2)


def around(raw: Tensor, *, center: Tensor, reach: Tensor) -> Tensor:
    """Turn outputs (..., 3) into unit vectors (..., 3): center + reach · z, normalised.

    Zero gives the centre, and an output of 1 about `reach` radians, whether the data are a city or the globe.
    """
    return torch.nn.functional.normalize(center + reach * raw, dim=-1, eps=1e-12)


@dataclass(eq=False)
class CoordinateLearner:
    """A head of coordinates under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    position_loss: PositionLoss
    last_layer: str
    middle: tuple[float, float]
    half: tuple[float, float]
    in_boxes: bool

    @classmethod
    def of(
        cls,
        recipe: Coordinates,
        dim: int,
        box: tuple[float, float, float, float],
        *,
        inputs: Standardisation | None,
        seed: int,
    ) -> Self:
        """Start with random weights.

        Under ``clamp`` outputs are degrees where the range is the world, as in the thesis, and parts of the
        box where it is that of the data.
        """
        network = Network(
            (dim, *recipe.hidden, 2),
            inputs or Standardisation.none(dim),
            generator=seeded(seed),
            dropout=recipe.dropout,
        )
        west, south, east, north = box
        middle, half = ((west + east) / 2, (south + north) / 2), ((east - west) / 2, (north - south) / 2)
        return cls(network, loss_named(recipe.loss), recipe.last_layer, middle, half, recipe.extent == "data")

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the true positions (n, 2), degrees, on the turn of the globe that the range is on."""
        turned = samples.lonlat.copy()
        turned[:, 0] += 360.0 * np.round((self.middle[0] - turned[:, 0]) / 360.0)
        return {"lonlat": torch.as_tensor(turned, dtype=torch.float32)}

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        raw = self.module(features, generator).float()
        middle, half = raw.new_tensor(self.middle), raw.new_tensor(self.half)
        if self.in_boxes and self.last_layer == "clamp":
            raw = middle + half * raw
        predicted = positions(raw, self.last_layer, middle=middle, half=half)
        return self.position_loss.of_positions(predicted, targets["lonlat"]).mean()

    def perceptron(self) -> Perceptron:
        """Give the network as it is now; its outputs under ``clamp`` are degrees."""
        finished = perceptron_of(self.module)
        if self.in_boxes and self.last_layer == "clamp":
            return finished.before_outputs(np.array(self.half), np.array(self.middle))
        return finished


@dataclass(eq=False)
class VectorLearner:
    """A head of unit vectors under training; see `whence.photos.heads.protocol.Learner`."""

    module: nn.Module
    distance_loss: DistanceLoss
    center: Floats
    reach: float

    @classmethod
    def of(cls, recipe: UnitVector, samples: Samples, *, inputs: Standardisation, seed: int) -> Self:
        """Start with random weights, at the middle of the samples.

        Raises
        ------
        InputError
            When the loss is not one of the distance.
        """
        loss = loss_named(recipe.loss)
        if not isinstance(loss, DistanceLoss):
            others = ", ".join(name for name in LOSSES if isinstance(loss_named(name), DistanceLoss))
            raise InputError(
                f"{recipe.loss} compares degrees, which a unit vector does not have; take one of: {others}"
            )
        network = Network(
            (samples.dim, *recipe.hidden, 3), inputs, generator=seeded(seed), dropout=recipe.dropout
        )
        center, reach = middle_of(samples.lonlat)
        return cls(network, loss, center, reach)

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the true positions as unit vectors (n, 3)."""
        return {"vector": torch.as_tensor(to_unit_vectors(samples.lonlat), dtype=torch.float32)}

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d)."""
        raw = self.module(features, generator).float()
        center, reach = raw.new_tensor(self.center), raw.new_tensor(self.reach)
        predicted = around(raw, center=center, reach=reach)
        return self.distance_loss(vector_distance_km(predicted, targets["vector"])).mean()

    def perceptron(self) -> Perceptron:
        """Give the network as it is now; the direction of its three outputs is the position."""
        return perceptron_of(self.module).before_outputs(np.full(3, self.reach), self.center)


def middle_of(lonlat: Floats) -> tuple[Floats, float]:
    """Mean direction (3,) of positions (n, 2), and their root mean square distance from it, in chords.

    Positions that cancel out have no mean; any direction will do for a start.
    """
    vectors = to_unit_vectors(lonlat)
    mean = vectors.mean(axis=0)
    center = to_unit_vectors(mean_point(lonlat)) if np.linalg.norm(mean) > 1e-6 else np.array([1.0, 0.0, 0.0])
    apart = float(np.sqrt(np.mean(np.sum((vectors - center) ** 2, axis=1))))
    return center, max(apart, 1.0 / EARTH_RADIUS_M)
