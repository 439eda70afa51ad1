"""Where a training stands, and how that goes into a checkpoint and comes back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import torch

from whence.errors import FormatError
from whence.learn.history import Epoch

if TYPE_CHECKING:
    from whence.learn.training_settings import LoopSettings
    from whence.typing import Json

__all__ = ["Progress", "load_state", "state_tensors"]


@dataclass(frozen=True)
class Progress:
    """Counters of a training after an epoch.

    Attributes
    ----------
    epoch
        Epochs done.
    best_epoch, best_loss
        Epoch of the lowest validation loss, and that loss.
    finished
        Whether patience or epochs have run out.
    history
        The epochs.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    finished: bool = False
    history: tuple[Epoch, ...] = ()

    def after(self, row: Epoch, settings: LoopSettings) -> Progress:
        """Say where it stands one epoch later."""
        better = row.validation_loss < self.best_loss - settings.least_gain or not self.history
        best_epoch = row.epoch if better else self.best_epoch
        return Progress(
            epoch=row.epoch,
            best_epoch=best_epoch,
            best_loss=row.validation_loss if better else self.best_loss,
            finished=row.epoch >= settings.max_epochs or row.epoch - best_epoch >= settings.patience,
            history=(*self.history, row),
        )

    def to_json(self) -> Json:
        """Give it as values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave."""
        try:
            history = tuple(Epoch(**row) for row in values["history"])
            return cls(**{**values, "history": history})
        except (KeyError, TypeError) as error:
            raise FormatError(f"the checkpoint lacks its counters ({error}); use --restart") from error


def state_tensors(
    module: torch.nn.Module, optimiser: torch.optim.Optimizer, best: Mapping[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], Json]:
    """Give all that changes in training: tensors by name, and what of the optimiser is no tensor."""
    tensors = {f"weights.{name}": tensor for name, tensor in module.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    scalars: Json = {}
    for place, values in optimiser.state_dict()["state"].items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimiser.{place}.{name}"] = value
            else:
                scalars[f"{place}.{name}"] = value
    return tensors, scalars


def load_state(
    module: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    tensors: Mapping[str, torch.Tensor],
    state: Json,
) -> dict[str, torch.Tensor]:
    """Put back what `state_tensors` gave; returns the best weights, on the module's device.

    Raises
    ------
    FormatError
        When something is missing.
    """
    try:
        module.load_state_dict(_under(tensors, "weights."))
        states: dict[int, dict[str, Any]] = {}
        found = {**_under(tensors, "optimiser."), **state["optimiser"]}
        for key, value in found.items():
            place, _, name = key.partition(".")
            states.setdefault(int(place), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": states, "param_groups": groups})
        device = {name: tensor.device for name, tensor in module.state_dict().items()}
        return {name: tensor.to(device[name]) for name, tensor in _under(tensors, "best.").items()}
    except (KeyError, RuntimeError, ValueError) as error:
        raise FormatError(f"the checkpoint does not fit ({error}); start again with --restart") from error


def _under(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
