"""Samples as batches of tensors: read ahead from a mapped file, mixed, cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch

from whence.errors import InputError
from whence.learn.order import buffers, drawn_rows

if TYPE_CHECKING:
    import numpy as np

    from whence.typing import Floats, Floats32, Ints

__all__ = ["Batch", "Rows", "Side", "read_batches", "read_in_order"]


class Rows(Protocol):
    """Vectors that can be read by their numbers, such as `whence.photos.samples.Samples`."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def __len__(self) -> int: ...

    def take(self, which: Ints | slice) -> Floats32:
        """Read vectors (m, dim)."""


@dataclass(frozen=True, eq=False)
class Side:
    """Samples of one side of a split, as the loop reads them.

    Attributes
    ----------
    rows
        Their features.
    targets
        Named tensors whose first axis is that of the samples, on the CPU.
    weights
        (n,) how often each is drawn, in any scale; None takes each once an epoch.

    Raises
    ------
    InputError
        When the lengths differ.
    """

    rows: Rows
    targets: Mapping[str, torch.Tensor] = field(default_factory=dict)
    weights: Floats | None = None

    def __post_init__(self) -> None:
        for name, target in self.targets.items():
            if len(target) != len(self.rows):
                raise InputError(f"{len(self.rows)} samples have {len(target)} targets {name!r}")

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Batch:
    """Features (b, d), their targets, and the share of the whole batch that they are."""

    features: torch.Tensor
    targets: Mapping[str, torch.Tensor]
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.features)

    def on(self, device: torch.device) -> Batch:
        """Bring it to a device."""
        if device.type == "cpu":
            return self
        targets = {name: target.to(device, non_blocking=True) for name, target in self.targets.items()}
        return Batch(self.features.to(device, non_blocking=True), targets, self.share)


def read_batches(
    side: Side,
    size: int,
    rng: np.random.Generator,
    *,
    buffer_bytes: int = 2**28,
    part: tuple[int, int] = (0, 1),
) -> Iterator[Batch]:
    """Read one epoch in a random order.

    Parameters
    ----------
    side
        What is read.
    size
        Samples of a batch over all processes; the last batch is what is left.
    rng
        Decides the order, the same in every process.
    buffer_bytes
        Features mixed at once, as float32. Batches do not span buffers' ends: what is left of one is put in
        front of the next.
    part
        (rank, world): which part of every batch is wanted.
    """
    rows = drawn_rows(len(side), side.weights, rng)
    room = max(size, buffer_bytes // (4 * side.rows.dim))
    left: tuple[torch.Tensor, torch.Tensor] | None = None
    for chosen, order, features in _read_ahead(side.rows, buffers(rows, room, rng)):
        mixed = torch.from_numpy(order)
        vectors, places = features[mixed], torch.from_numpy(chosen)[mixed]
        if left is not None:
            vectors, places = torch.cat([left[0], vectors]), torch.cat([left[1], places])
        whole = len(places) - len(places) % size
        for start in range(0, whole, size):
            yield _cut(side, vectors[start : start + size], places[start : start + size], part)
        left = vectors[whole:].clone(), places[whole:].clone()
    if left is not None and len(left[1]):
        yield _cut(side, *left, part)


def read_in_order(side: Side, size: int) -> Iterator[Batch]:
    """Read all samples, as they lie."""
    for start in range(0, len(side), size):
        block = slice(start, min(start + size, len(side)))
        targets = {name: target[block] for name, target in side.targets.items()}
        yield Batch(torch.from_numpy(side.rows.take(block)), targets)


def _cut(side: Side, vectors: torch.Tensor, places: torch.Tensor, part: tuple[int, int]) -> Batch:
    rank, world = part
    mine = places[rank::world]
    targets = {name: target[mine] for name, target in side.targets.items()}
    return Batch(vectors[rank::world], targets, len(mine) / len(places))


def _read_ahead(rows: Rows, wanted: Iterator[tuple[Ints, Ints]]) -> Iterator[tuple[Ints, Ints, torch.Tensor]]:
    """Read the next buffer while the last one is in use."""
    with ThreadPoolExecutor(1, thread_name_prefix="whence-reader") as reader:
        first = next(wanted, None)
        coming = None if first is None else (first, reader.submit(rows.take, first[0]))
        while coming is not None:
            (chosen, order), read = coming
            features = torch.from_numpy(read.result())
            following = next(wanted, None)
            coming = None if following is None else (following, reader.submit(rows.take, following[0]))
            yield chosen, order, features
