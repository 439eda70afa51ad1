"""What is remembered of each head while a stack is trained: its curves, its best weights, its end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from whence.learn.stacked.values import TrainedHead

if TYPE_CHECKING:
    from whence.learn.stacked.values import Status
    from whence.typing import Json

__all__ = ["HeadRecord"]


@dataclass(eq=False)
class HeadRecord:
    """The training of one head so far; fields as in `TrainedHead`, `status` None while it is trained."""

    name: str
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    status: Status | None = None
    failure: str | None = None
    weights: dict[str, Any] = field(default_factory=dict)

    def add(self, train_loss: float, validation_loss: float, *, patience: int) -> bool:
        """Note an epoch, stop the head if its patience is at an end, and tell whether it is the best yet."""
        self.train_loss.append(train_loss)
        self.validation_loss.append(validation_loss)
        epoch = len(self.validation_loss) - 1
        if self.best_epoch is None or validation_loss < self.validation_loss[self.best_epoch]:
            self.best_epoch = epoch
            return True
        if epoch - self.best_epoch >= patience:
            self.status = "stopped early"
        return False

    def fail(self, epoch: int, *, step: int | None) -> None:
        """Note that a loss was not finite: at a step of the epoch, or in its validation."""
        where = "the validation" if step is None else f"step {step}"
        kept = "no weights" if self.best_epoch is None else f"the weights of epoch {self.best_epoch}"
        self.status = "failed"
        self.failure = (
            f"{self.name}: the loss was not finite at {where} of epoch {epoch}; {kept} are kept, "
            "try a lower learning rate"
        )

    def result(self) -> TrainedHead:
        """Give the value that the caller gets."""
        return TrainedHead(
            name=self.name,
            weights=self.weights,
            train_loss=tuple(self.train_loss),
            validation_loss=tuple(self.validation_loss),
            stopped_at=len(self.validation_loss),
            best_epoch=self.best_epoch,
            status=self.status or "finished",
            failure=self.failure,
        )

    def to_json(self) -> Json:
        """All but the weights; JSON has no NaN, and no loss in here is one."""
        assert all(map(math.isfinite, [*self.train_loss, *self.validation_loss]))
        return {key: value for key, value in vars(self).items() if key != "weights"}

    @classmethod
    def from_json(cls, content: Json, weights: Mapping[str, Any]) -> Self:
        """Restore what `to_json` gave, with the weights from beside it."""
        return cls(**content, weights=dict(weights))
