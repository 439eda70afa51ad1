"""The steps of a stack on a GPU: a buffer of rows lies there, and one CUDA graph makes each step.

A step of small heads is some sixty short kernels; launching them from Python takes longer than running them.
So the whole step (taking the batch, forward, losses, backward, Adam, the tally) is captured once and replayed
without an argument: where the batch begins is counted on the device. A stack that lost a head is captured
anew. Only the last, short batch of an epoch is made without the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from whence.learn.stacked.tally import Tally

if TYPE_CHECKING:
    from whence.learn.stacked.feed import Batch, Feed
    from whence.learn.stacked.stack import Stack

__all__ = ["GraphedSteps"]

_WARM_UPS = 3


class GraphedSteps:
    """Steps of one stack over the buffers of its feed.

    On a CPU the same steps are made without a graph, which is slower than taking batches one by one and is
    there to be tested.

    Parameters
    ----------
    stack
        The heads; they must stay the same ones.
    feed
        Their training rows.
    """

    def __init__(self, stack: Stack, feed: Feed) -> None:
        rows, device = feed.capacity, stack.device
        precise = feed.settings.numbers == "float64"
        kind = torch.from_numpy(np.zeros(1, feed.data.features.dtype)).dtype
        self.stack_heads = len(stack.heads)
        self._stack = stack
        self._feed = feed
        self._features = torch.zeros(rows, feed.data.dim, dtype=kind, device=device)
        self._lonlat = torch.zeros(rows, 2, dtype=torch.float64 if precise else torch.float32, device=device)
        self._order = torch.zeros(rows, dtype=torch.int64, device=device)
        self._window = torch.arange(min(feed.settings.batch_size, rows), device=device)
        self._begin = torch.zeros(1, dtype=torch.int64, device=device)
        self._tally = Tally(len(stack.heads), device)
        self._step = self._captured() if device.type == "cuda" else self._make_step

    def run(self, epoch: int, seen: Callable[[int], None]) -> Tally:
        """Make all steps of an epoch.

        Parameters
        ----------
        epoch
            From 0.
        seen
            Told the number of rows that were used, after every buffer.

        Returns
        -------
        Tally
            Of the epoch; the next one begins it anew.
        """
        self._tally.clear()
        size, rows = len(self._window), 0
        for batch, order in self._feed.shuffled_buffers(epoch):
            self._fill(batch, order)
            steps, rest = divmod(len(order), size)
            for _ in range(steps):
                self._step()
            self._tally.count(steps, steps * size)
            if rest:
                self._make_last_step(len(order) - rest, len(order))
            rows += len(order)
            seen(rows)
        return self._tally

    def _fill(self, batch: Batch, order: torch.Tensor) -> None:
        features, lonlat = batch
        self._features[: len(features)].copy_(features)
        self._lonlat[: len(lonlat)].copy_(lonlat)
        self._order[: len(order)].copy_(order)
        self._begin.zero_()

    def _make_step(self) -> None:
        """Make the step at `_begin` and move on; nothing in here may wait for the device."""
        chosen = self._order.index_select(0, self._window + self._begin)
        batch, truth = self._batch(chosen)
        self._tally.accumulate(self._stack.train(batch, truth))
        self._begin += len(self._window)

    def _make_last_step(self, begin: int, end: int) -> None:
        batch, truth = self._batch(self._order[begin:end])
        self._tally.add(self._stack.train(batch, truth))

    def _batch(self, chosen: torch.Tensor) -> Batch:
        return self._feed.ready(self._features.index_select(0, chosen), self._lonlat.index_select(0, chosen))

    def _captured(self) -> Callable[[], None]:
        """Capture a step; the trial steps that this takes are undone."""
        before = [tensor.clone() for tensor in self._stack.changing()]
        step = self._stack.step
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._make_step()
                self._begin.zero_()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._make_step()
        for tensor, old in zip(self._stack.changing(), before, strict=True):
            tensor.copy_(old)
        self._stack.step = step
        self._tally.clear()
        self._begin.zero_()

        def replay() -> None:
            graph.replay()
            self._stack.step += 1  # the graph counts for Adam on the device, this for the checkpoints

        return replay
