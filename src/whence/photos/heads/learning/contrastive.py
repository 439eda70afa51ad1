"""Training of the head that lays photographs and positions into one space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import torch
from torch import nn

from whence.learn.fourier import Frame, frequencies
from whence.learn.losses.contrastive import image_position_loss
from whence.photos.heads.learning.network import Network, linear, perceptron_of, seeded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from whence.photos.heads.contrastive import Contrastive
    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.perceptron import Perceptron
    from whence.photos.samples import Samples
    from whence.typing import Floats, Floats32

__all__ = ["ContrastiveLearner", "PositionEncoder", "fourier_features"]

_FIRST_TEMPERATURE = 0.07
_LARGEST_LOG_SCALE = math.log(100.0)
_BLOCK = 4096


def fourier_features(coordinates: Tensor, waves: Tensor) -> Tensor:
    """Cosines and sines (..., 2 m) of 2π v B for coordinates v (..., 2) and waves B (2, m)."""
    phases = 2.0 * math.pi * (coordinates @ waves)  # (..., m)
    return torch.cat([phases.cos(), phases.sin()], dim=-1)


class PositionEncoder(nn.Module):
    """Coordinates in a frame to unit vectors: a network for each scale of waves, their results summed.

    Parameters
    ----------
    sigmas
        Scales of the waves, in periods per unit of the frame.
    sizes
        (waves of each scale, width of the three hidden layers, components of the vectors).
    seed
        Of waves and first weights.
    """

    def __init__(self, sigmas: Sequence[float], sizes: tuple[int, int, int], *, seed: int) -> None:
        super().__init__()
        count, width, dim = sizes
        rng, generator = np.random.default_rng(seed), seeded(seed)
        self.scales = len(sigmas)
        self.networks = nn.ModuleList()
        for place, sigma in enumerate(sigmas):
            waves = torch.as_tensor(frequencies(sigma, count, rng), dtype=torch.float32)
            self.register_buffer(f"waves{place}", waves)
            layers: list[nn.Module] = []
            for before in (2 * count, width, width):
                layers += [linear(before, width, generator), nn.ReLU()]
            self.networks.append(nn.Sequential(*layers, linear(width, dim, generator)))

    def forward(self, coordinates: Tensor) -> Tensor:
        """Turn coordinates (b, 2) into unit vectors (b, d)."""
        total = torch.zeros((), device=coordinates.device)
        for place, network in enumerate(self.networks):
            total = total + network(fourier_features(coordinates, self.get_buffer(f"waves{place}")))
        return nn.functional.normalize(total, dim=-1)


class _Pair(nn.Module):
    """A network for photographs, one for positions, and how sharply they are compared."""

    def __init__(self, images: Network, positions: PositionEncoder) -> None:
        super().__init__()
        self.images, self.positions = images, positions
        self.log_scale = nn.Parameter(torch.tensor(-math.log(_FIRST_TEMPERATURE)))


@dataclass(eq=False)
class ContrastiveLearner:
    """Photographs against positions; see `whence.photos.heads.protocol.Learner`.

    Attributes
    ----------
    module
        The pair of networks.
    frame
        The piece of the map.
    pool
        (n, 2) coordinates of the training positions, from which wrong answers are drawn.
    queue
        How many are drawn for a batch, beside the positions of the batch itself.
    """

    module: nn.Module
    frame: Frame
    pool: Tensor
    queue: int

    @classmethod
    def of(
        cls,
        recipe: Contrastive,
        samples: Samples,
        *,
        frame: Frame,
        sigmas: Sequence[float],
        inputs: Standardisation,
        seed: int,
    ) -> Self:
        """Start with random weights."""
        images = Network(
            (samples.dim, *recipe.hidden, recipe.dim),
            inputs,
            generator=seeded(seed),
            dropout=recipe.dropout,
        )
        positions = PositionEncoder(sigmas, (recipe.waves, recipe.width, recipe.dim), seed=seed + 1)
        pool = torch.as_tensor(frame.coordinates(samples.lonlat), dtype=torch.float32)
        return cls(_Pair(images, positions), frame, pool, recipe.queue)

    def targets(self, samples: Samples) -> Mapping[str, Tensor]:
        """Give the coordinates (n, 2) in the frame."""
        return {"place": torch.as_tensor(self.frame.coordinates(samples.lonlat), dtype=torch.float32)}

    def loss(
        self, features: Tensor, targets: Mapping[str, Tensor], generator: torch.Generator | None
    ) -> Tensor:
        """Mean loss () of a batch (b, d); in validation always against the same positions."""
        places = targets["place"]
        others = self._wrong_answers(places, generator)
        images = nn.functional.normalize(self._pair.images(features, generator).float(), dim=-1)
        own = self._pair.positions(places).float()
        wrong = own if generator is not None else own[:0]
        drawn = self._pair.positions(others).float()
        candidates = torch.cat([places, others]) if generator is not None else others
        counts = (places[:, None] != candidates[None]).any(dim=-1)
        log_scale = self._pair.log_scale.clamp(max=_LARGEST_LOG_SCALE)
        return image_position_loss(images, own, torch.cat([wrong, drawn]), counts=counts, log_scale=log_scale)

    def _wrong_answers(self, places: Tensor, generator: torch.Generator | None) -> Tensor:
        """Real positions (q, 2): what a queue of past batches would hold, drawn without remembering."""
        if generator is None:
            step = max(1, len(self.pool) // max(1, self.queue))
            return self.pool[::step][: max(1, self.queue)].to(places.device)
        rows = torch.randint(len(self.pool), (self.queue,), generator=generator, device=generator.device)
        return self.pool[rows.to(self.pool.device)].to(places.device)

    @property
    def _pair(self) -> _Pair:
        return cast("_Pair", self.module)

    def perceptron(self) -> Perceptron:
        """Give the network of photographs as it is now."""
        return perceptron_of(self._pair.images)

    def positions(self, lonlat: Floats) -> Floats32:
        """Encode positions (n, 2), longitude, latitude, degrees: unit vectors (n, d)."""
        device = self._pair.log_scale.device
        coordinates = torch.as_tensor(self.frame.coordinates(lonlat), dtype=torch.float32)
        with torch.no_grad():
            parts = [
                self._pair.positions(coordinates[start : start + _BLOCK].to(device)).cpu()
                for start in range(0, len(coordinates), _BLOCK)
            ]
        return np.asarray(torch.cat(parts).numpy(), np.float32)
