"""Batches of features in a random order, read block by block.

Single rows of a memory-mapped file at random are up to sixty times slower than blocks. So blocks of
neighbouring rows are taken in a random order, and the rows are shuffled within a buffer of several blocks.
The features were written in a random order once, which makes every block a random sample. Where all rows fit
into one buffer this is a plain shuffle.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from whence.learn.stacked.values import StackedData, StackedSettings
    from whence.typing import Ints

__all__ = ["Batch", "Feed", "number_type"]

Batch: TypeAlias = "tuple[Tensor, Tensor]"
"""Features (b, d), and longitude, latitude (b, 2), degrees."""


def number_type(settings: StackedSettings) -> torch.dtype:
    """Type of the numbers in which features enter the products."""
    types = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}
    return types[settings.numbers]


@dataclass(frozen=True, eq=False)
class Feed:
    """Rows of the data as batches.

    Attributes
    ----------
    data
        Features and positions.
    settings
        Sizes, seed, numbers and device.
    """

    data: StackedData
    settings: StackedSettings

    def shuffled(self, epoch: int) -> Iterator[Batch]:
        """Every row once, in the order of an epoch; only the last batch is short.

        Parameters
        ----------
        epoch
            From 0; with the seed of the settings it alone decides the order.
        """
        size = self.settings.batch_size
        for (features, lonlat), order in self.shuffled_buffers(epoch):
            for start in range(0, len(order), size):
                chosen = order[start : start + size]
                yield self.ready(features.index_select(0, chosen), lonlat.index_select(0, chosen))

    def shuffled_buffers(self, epoch: int) -> Iterator[tuple[Batch, Tensor]]:
        """Rows of an epoch as they lie in memory, with the order (m,) in which they are to be used.

        Every order but the last is a whole number of batches long; the rows that are left over come again in
        the next buffer, which is never longer than `capacity`.
        """
        size = self.settings.batch_size
        rng = np.random.default_rng([self.settings.shuffle_seed, epoch])
        blocks = self._shuffled_blocks(rng)
        left: Batch | None = None
        for number, (features, lonlat) in enumerate(self._buffers(blocks), 1):
            if left is not None:
                features, lonlat = torch.cat([left[0], features]), torch.cat([left[1], lonlat])
            order = torch.from_numpy(rng.permutation(len(features)))
            whole = len(order) - len(order) % size if number < len(blocks) else len(order)
            yield (features, lonlat), order[:whole]
            left = features[order[whole:]], lonlat[order[whole:]]

    @property
    def capacity(self) -> int:
        """Most rows of a buffer."""
        return min(self._buffer_rows + self.settings.batch_size - 1, len(self.data))

    def in_order(self) -> Iterator[Batch]:
        """Every row once, in the order of the data, as batches for the validation."""
        size = self.settings.validation_rows
        spans = [np.arange(start, stop) for start, stop in self._spans(self._buffer_rows)]
        for features, lonlat in self._buffers(spans):
            for start in range(0, len(features), size):
                yield self.ready(features[start : start + size], lonlat[start : start + size])

    @property
    def _buffer_rows(self) -> int:
        return self.settings.block_rows * self.settings.buffer_blocks

    def _spans(self, size: int) -> list[tuple[int, int]]:
        n = len(self.data)
        return [(start, min(start + size, n)) for start in range(0, n, size)]

    def _shuffled_blocks(self, rng: np.random.Generator) -> list[Ints]:
        """Numbers of the rows of each buffer: blocks in a random order."""
        blocks = self._spans(self.settings.block_rows)
        order = rng.permutation(len(blocks))
        per_buffer = self.settings.buffer_blocks
        return [
            np.concatenate([np.arange(*blocks[i]) for i in order[k : k + per_buffer]])
            for k in range(0, len(order), per_buffer)
        ]

    def _buffers(self, numbers: list[Ints]) -> Iterator[Batch]:
        """Rows of each buffer as tensors; the next one is read while this one is used."""
        with ThreadPoolExecutor(1, "whence-feed") as reader:
            coming = reader.submit(self._read, numbers[0])
            for following in [*numbers[1:], None]:
                ready = coming.result()
                if following is not None:
                    coming = reader.submit(self._read, following)
                yield ready

    def _read(self, numbers: Ints) -> Batch:
        """Copy rows, by their number among the used ones, into memory."""
        size = self.settings.block_rows
        parts = [self._block(numbers[i : i + size]) for i in range(0, len(numbers), size)]
        lonlat = torch.from_numpy(self.data.lonlat[numbers])
        precise = self.settings.numbers == "float64"
        return torch.from_numpy(np.concatenate(parts)), lonlat if precise else lonlat.float()

    def _block(self, numbers: Ints) -> np.ndarray:
        rows = numbers if self.data.rows is None else self.data.rows[numbers]
        return np.asarray(self.data.features[rows])

    def ready(self, features: Tensor, lonlat: Tensor) -> Batch:
        """Bring features and positions to the device, in the numbers of the products."""
        device = torch.device(self.settings.device)
        return features.to(device).to(number_type(self.settings)), lonlat.to(device)
