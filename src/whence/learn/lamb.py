"""LAMB: Adam whose step of each layer is as long as the layer's weights allow, for very large batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

__all__ = ["Lamb"]


class Lamb(torch.optim.Optimizer):
    """LAMB with Adam's bias correction.

    You et al. 2020, "Large batch optimization for deep learning: training BERT in 76 minutes", algorithm 2.

    Parameters
    ----------
    params
        What it changes.
    lr
        Learning rate.
    betas, eps
        Of Adam.
    weight_decay
        λ of the algorithm: added to the direction before its length is set.
    """

    def __init__(
        self,
        params: Iterable[torch.nn.Parameter],
        *,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._change(weight, group)
        return loss

    def _change(self, weight: torch.nn.Parameter, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(weight.grad, 1.0 - first)
        state["square"].mul_(second).addcmul_(weight.grad, weight.grad, value=1.0 - second)
        count = float(state["step"])
        root = (state["square"] / (1.0 - second**count)).sqrt_().add_(group["eps"])
        direction = (state["mean"] / (1.0 - first**count)).div_(root)
        direction.add_(weight, alpha=group["weight_decay"])
        long, wide = weight.norm(), direction.norm()
        trust = torch.where((long > 0) & (wide > 0), long / wide, torch.ones_like(long))
        weight.sub_(direction * (trust * group["lr"]))
