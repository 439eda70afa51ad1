"""Mean losses over many batches, and the first step at which one was not finite; kept on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Tally"]


class Tally:
    """Running sums of the losses of several heads, which never wait for the device.

    Parameters
    ----------
    heads
        How many.
    device
        Where the losses are.
    """

    def __init__(self, heads: int, device: torch.device) -> None:
        self._sums = torch.zeros(heads, dtype=torch.float64, device=device)
        self._good_steps = torch.zeros(heads, dtype=torch.int64, device=device)
        self._steps = 0
        self._rows = 0

    def add(self, losses: Tensor) -> None:
        """Add the losses (heads, b) of a batch."""
        self.accumulate(losses)
        self.count(1, losses.shape[-1])

    def accumulate(self, losses: Tensor) -> None:
        """Add losses (heads, b) on the device; `count` must follow for the host."""
        self._sums += losses.sum(-1, dtype=torch.float64)
        # A sum that once was not finite never becomes finite again, so these count the good steps.
        self._good_steps += torch.isfinite(self._sums)

    def count(self, steps: int, rows: int) -> None:
        """Count steps, and the rows seen in them."""
        self._steps += steps
        self._rows += rows

    def clear(self) -> None:
        """Begin anew, in the same places of memory."""
        self._sums.zero_()
        self._good_steps.zero_()
        self._steps = self._rows = 0

    def means(self) -> list[float]:
        """Mean loss of each head."""
        return [float(total) / self._rows for total in self._sums.cpu()]

    def first_bad(self) -> list[int | None]:
        """First step, from 0, at which a head's loss was not finite; None where all were."""
        return [None if good == self._steps else int(good) for good in self._good_steps.cpu()]
