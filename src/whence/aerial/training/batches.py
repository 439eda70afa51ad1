"""Batches of crops for the loop: cut, changed and normalised ahead of the steps, each crop by its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from whence.aerial.augmentation import Augmentation
    from whence.aerial.normalisation import Normalisation
    from whence.aerial.training.sampling import TurnedCrops

__all__ = ["Batch", "CropBatches", "layout"]

_AHEAD = 2  # batches under way for each worker


def layout(device: torch.device) -> torch.memory_format:
    """Give the order of an image batch in memory: channels last on a GPU.

    On a CPU torch 2.13 crashes in the backward pass of channels-last convolutions of 8 channels.
    """
    return torch.channels_last if device.type == "cuda" else torch.contiguous_format


@dataclass(frozen=True, eq=False)
class Batch:
    """Images (b, bands, side, side) float32 and ids (b, side, side) uint8, and the share of the step."""

    images: torch.Tensor
    ids: torch.Tensor
    share: float

    def on(self, device: torch.device) -> Batch:
        """Bring it to a device, in the layout that is quick there."""
        images = self.images.to(device, memory_format=layout(device), non_blocking=True)
        return Batch(images, self.ids.to(device, non_blocking=True), self.share)


@dataclass(frozen=True, eq=False)
class CropBatches:
    """Step `s` sees the crops s · batch to (s + 1) · batch − 1, of which each process takes its part.

    Attributes
    ----------
    crops
        Gives a crop for a number.
    augmentation
        Changes it.
    normalisation
        Makes float32 of it.
    batch
        Crops of a step, over all processes.
    part
        (rank, world).
    workers
        Threads; 0 prepares a batch when it is wanted.
    """

    crops: TurnedCrops
    augmentation: Augmentation
    normalisation: Normalisation
    batch: int
    part: tuple[int, int] = (0, 1)
    workers: int = 0

    def of(self, step: int) -> Batch:
        """Prepare the batch of a step, from 0."""
        rank, world = self.part
        numbers = range(step * self.batch, (step + 1) * self.batch)[rank::world]
        images, masks = [], []
        for number in numbers:
            patch = self.crops(number)
            image, ids = self.augmentation(patch.image, patch.ids, number)
            images.append(self.normalisation(image).transpose(2, 0, 1))
            masks.append(ids)
        if not images:
            side = self.crops.settings.side_px
            none = torch.zeros((0, self.normalisation.bands, side, side))
            return Batch(none, torch.zeros((0, side, side), dtype=torch.uint8), 0.0)
        stacked = torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(masks))
        return Batch(*stacked, len(images) / self.batch)

    def steps(self, first: int, last: int) -> Iterator[Batch]:
        """Give the batches of the steps from `first` to `last` − 1, in order."""
        if not self.workers:
            yield from map(self.of, range(first, last))
            return
        with ThreadPoolExecutor(self.workers, thread_name_prefix="whence-crops") as pool:
            under_way: deque[Future[Batch]] = deque()
            following = iter(range(first, last))
            try:
                for step in following:
                    under_way.append(pool.submit(self.of, step))
                    if len(under_way) >= _AHEAD * self.workers:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for one in under_way:
                    one.cancel()
