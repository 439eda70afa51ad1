"""Several processes that train one model: each takes its part of every batch, and gradients are added up.

Nothing is wrapped, so any learner works: after the backward pass the gradients of all processes are summed,
each weighted by its share of the batch, and every process takes the same step. A single process does nothing
of the kind and gives the same bits as without this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from whence._optional import require

if TYPE_CHECKING:
    import torch

__all__ = ["Accelerated", "Alone", "Parallel", "processes"]


class Parallel(Protocol):
    """What the loop asks of the processes beside it."""

    rank: int
    """Number of this process; 0 writes files."""

    world: int
    """Number of processes."""

    device: torch.device | None
    """The device of this process; None leaves the choice to the settings."""

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by the sum over all processes."""

    def summed(self, values: Sequence[float]) -> list[float]:
        """Sum numbers over all processes."""

    def start_alike(self, module: torch.nn.Module) -> None:
        """Give every process the weights of process 0."""

    def wait(self) -> None:
        """Wait until every process is here."""


class Alone:
    """One process."""

    rank: int = 0
    world: int = 1
    device: torch.device | None = None

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Leave them."""

    def summed(self, values: Sequence[float]) -> list[float]:
        """Return them."""
        return list(values)

    def start_alike(self, module: torch.nn.Module) -> None:
        """Leave it."""

    def wait(self) -> None:
        """Go on."""


class Accelerated:
    """The processes that ``accelerate launch`` started; one process without it.

    Parameters
    ----------
    accelerator
        An `accelerate.Accelerator`; made if not given.

    Raises
    ------
    MissingExtraError
        Without accelerate.
    """

    def __init__(self, accelerator: Any = None) -> None:
        self._accelerator = accelerator or require("accelerate", extra="learn").Accelerator()
        self.rank = int(self._accelerator.process_index)
        self.world = int(self._accelerator.num_processes)
        self.device: torch.device | None = self._accelerator.device

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by the sum over all processes, in one exchange."""
        if self.world == 1:
            return
        torch = require("torch", extra="learn")
        changed = [weight for weight in parameters if weight.requires_grad]
        for weight in changed:
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        flat = torch.cat([weight.grad.reshape(-1) for weight in changed])  # type: ignore[union-attr]
        pieces = self._accelerator.reduce(flat, reduction="sum").split([w.numel() for w in changed])
        for weight, piece in zip(changed, pieces, strict=True):
            weight.grad = piece.view_as(weight)

    def summed(self, values: Sequence[float]) -> list[float]:
        """Sum numbers over all processes."""
        if self.world == 1:
            return list(values)
        torch = require("torch", extra="learn")
        single = self.device is not None and self.device.type == "mps"
        there = torch.tensor(values, dtype=torch.float32 if single else torch.float64, device=self.device)
        return [float(value) for value in self._accelerator.reduce(there, reduction="sum")]

    def start_alike(self, module: torch.nn.Module) -> None:
        """Give every process the weights of process 0."""
        if self.world > 1:
            operations = require("accelerate.utils", extra="learn")
            for tensor in module.state_dict().values():
                tensor.copy_(operations.broadcast(tensor, from_process=0))

    def wait(self) -> None:
        """Wait until every process is here."""
        self._accelerator.wait_for_everyone()


def processes() -> Parallel:
    """Give the processes that ``accelerate launch`` or ``torchrun`` started; mostly this one alone."""
    return Accelerated() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone()
