"""How a head is trained: the keys under ``[training]``. Without torch."""

from __future__ import annotations

from dataclasses import dataclass

from whence.errors import InputError

__all__ = ["LoopSettings"]


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """Settings of the training loop.

    Attributes
    ----------
    batch
        Samples of a step, over all processes.
    max_epochs
        Most epochs; schedules run over so many.
    patience
        Epochs without a better validation loss after which it stops.
    least_gain
        By how much a validation loss must be lower to count as better.
    optimiser
        adam, adamw, sgd (Nesterov, momentum 0.9), or lamb.
    lr
        Learning rate.
    weight_decay
        As the optimiser means it.
    schedule
        Of the rate: constant, cosine, linear (both to zero at max_epochs), cosine-restarts (three waves, each
        twice as long as the one before), or step (a tenth at each third).
    warmup_epochs
        Epochs over which the rate rises linearly; may be a fraction.
    clip
        Largest length of the gradient; 0 does not clip.
    precision
        Of the products: float32 or bf16.
    device
        auto, cpu, cuda, cuda:1, mps.
    seed
        Of the order and of all chance inside.
    validation_batch
        Samples that are measured at once.
    buffer_mb
        Features read ahead and mixed, MiB; there are two such buffers.
    checkpoint_every_s
        Least time between two checkpoints, seconds.

    Raises
    ------
    InputError
        When a number is out of range.
    """

    batch: int = 256
    max_epochs: int = 100
    patience: int = 5
    least_gain: float = 0.0
    optimiser: str = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup_epochs: float = 0.0
    clip: float = 0.0
    precision: str = "float32"
    device: str = "auto"
    seed: int = 0
    validation_batch: int = 8192
    buffer_mb: int = 256
    checkpoint_every_s: float = 20.0

    def __post_init__(self) -> None:
        for name in ("batch", "max_epochs", "patience", "validation_batch", "buffer_mb"):
            if getattr(self, name) < 1:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("least_gain", "weight_decay", "warmup_epochs", "clip", "seed", "checkpoint_every_s"):
            if not getattr(self, name) >= 0:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must not be negative")
        if not self.lr > 0.0:
            raise InputError(f"training.lr is {self.lr}; it must be above zero")
        self._check_names()

    def _check_names(self) -> None:
        from whence.learn.optimisation import OPTIMISERS
        from whence.learn.precision import PRECISIONS
        from whence.learn.schedules import SCHEDULES

        known = {"optimiser": OPTIMISERS, "schedule": SCHEDULES, "precision": PRECISIONS}
        for name, names in known.items():
            if getattr(self, name) not in names:
                raise InputError(
                    f"training.{name} is {getattr(self, name)!r}; choose one of: {', '.join(names)}"
                )

    def steps_per_epoch(self, samples: int) -> int:
        """Count the steps that an epoch of so many samples takes."""
        return -(-samples // self.batch)
