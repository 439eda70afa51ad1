"""Several losses at once, over all that a network gives while it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from whence.aerial.losses import LOSSES, loss
from whence.aerial.losses.edge import edge_head_loss
from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.aerial.losses.pixels import PixelLoss
    from whence.aerial.models.contract import Outputs
    from whence.typing import Json

__all__ = ["Joint"]

_MAIN = "cross-entropy"
_WEIGHTED = {"cross-entropy", "focal", "hard-examples"}


@dataclass(frozen=True)
class Joint:
    """Weighted sum of losses of the logits, one loss of every auxiliary head, and that of the edge head.

    UNetFormer and its kin learn with ``Joint({"cross-entropy": 1.0, "dice": 1.0}, auxiliary=0.4,
    options={"cross-entropy": {"smoothing": 0.05}})`` (Wang et al. 2022, equations 5-8).

    Attributes
    ----------
    weights
        Name of `whence.aerial.losses.LOSSES` -> weight.
    auxiliary
        Weight of each auxiliary head.
    auxiliary_loss
        Name of its loss.
    edges
        Weight of the edge head, where the network has one.
    class_weights
        One per class, for those of the losses that take them, but not for ``dice``, which already gives
        all classes the same say; None for none.
    options
        Name of a loss -> its other options.

    Raises
    ------
    InputError
        For unknown names and options, or when there is no loss at all.
    """

    weights: Mapping[str, float]
    auxiliary: float = 0.4
    auxiliary_loss: str = _MAIN
    edges: float = 1.0
    class_weights: Sequence[float] | None = None
    options: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.weights:
            raise InputError(f"name at least one loss, such as {_MAIN}; there are: {', '.join(LOSSES)}")
        stray = sorted(set(self.options) - {*self.weights, self.auxiliary_loss})
        if stray:
            raise InputError(f"options are given for {', '.join(stray)}, which is not among the losses")
        for name in (*self.weights, self.auxiliary_loss):
            self._made(name)

    def __call__(self, outputs: Outputs, ids: Tensor) -> Tensor:
        """Scalar for what a network gave and ids (B, H, W), 255 left out."""
        return self.total(self.parts(outputs, ids))

    def parts(self, outputs: Outputs, ids: Tensor) -> dict[str, Tensor]:
        """Every part on its own, unweighted: under the names of the losses, ``auxiliary`` and ``edges``."""
        found = {name: each(outputs.logits, ids) for name, each in self._losses.items()}
        if self.auxiliary and outputs.auxiliary:
            extra = [self._auxiliary(logits, ids) for logits in outputs.auxiliary]
            found["auxiliary"] = sum(extra[1:], start=extra[0])
        if self.edges and outputs.edges is not None:
            found["edges"] = edge_head_loss(outputs.edges, ids, classes=outputs.logits.shape[1])
        return found

    def total(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Weighted sum of what `parts` gave."""
        weights = {**self.weights, "auxiliary": self.auxiliary, "edges": self.edges}
        weighted = [weights[name] * value for name, value in parts.items()]
        return sum(weighted[1:], start=weighted[0])

    @cached_property
    def _losses(self) -> dict[str, PixelLoss]:
        return {name: self._made(name) for name in self.weights}

    @cached_property
    def _auxiliary(self) -> PixelLoss:
        return self._made(self.auxiliary_loss)

    def _made(self, name: str) -> PixelLoss:
        options: dict[str, Any] = dict(self.options.get(name, {}))
        if self.class_weights is not None and name in _WEIGHTED:
            options.setdefault("class_weights", tuple(self.class_weights))
        return loss(name, **options)
