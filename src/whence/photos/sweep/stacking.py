"""Which models of a sweep can be trained in one pass, and how a head of a stack becomes a model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whence.earth.sphere import distance_m
from whence.learn.history import Epoch
from whence.learn.stacked import StackedData, StackedHead, StackedProgress, StackedSettings, train_stacked
from whence.photos.heads.coordinates import CoordinateHead, Coordinates
from whence.photos.heads.fitting import predicted_points, spread_holding
from whence.photos.training import TrainConfig, TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path

    from whence.learn.stacked import TrainedHead
    from whence.photos.samples import Samples

__all__ = ["Stack", "stacks_of"]

_NUMBERS = {"float32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Stack:
    """Models that differ only in loss, last layer, learning rate and seed of a network of coordinates.

    Attributes
    ----------
    configs
        Name of the model -> what it is asked for.
    """

    configs: Mapping[str, TrainConfig]

    def train(
        self,
        sides: tuple[Samples, Samples],
        *,
        checkpoint: Path,
        progress: Callable[[StackedProgress], None] | None = None,
    ) -> list[TrainedHead]:
        """Train them in one pass over the samples to learn from; see `train_stacked`."""
        train, validation = (StackedData(side.features, side.rows, side.lonlat) for side in sides)
        heads = [
            StackedHead(
                name, config.head.loss, config.head.last_layer, config.training.seed, config.training.lr
            )
            for name, config in self.configs.items()
        ]
        return train_stacked(
            heads, train, validation, self._settings(), checkpoint=checkpoint, progress=progress
        )

    def finished(self, trained: TrainedHead, validation: Samples) -> tuple[CoordinateHead, list[Epoch]]:
        """Make the head of a model, and its epochs, of what the stack gave."""
        config = self.configs[trained.name]
        head = CoordinateHead.from_weights(trained.weights, config.head.last_layer, 1.0)
        errors_m = distance_m(predicted_points(head, validation), validation.lonlat)
        head = CoordinateHead.from_weights(trained.weights, config.head.last_layer, spread_holding(errors_m))
        losses = zip(trained.train_loss, trained.validation_loss, strict=True)
        epochs = [
            Epoch("coordinates", number, *pair, config.training.lr, 0.0)
            for number, pair in enumerate(losses, start=1)
        ]
        return head, epochs

    def _settings(self) -> StackedSettings:
        config = next(iter(self.configs.values()))
        training, (first, second) = config.training, config.head.hidden
        device = training.device
        if device == "auto":
            from whence.learn.precision import device_named

            device = str(device_named("auto"))
        return StackedSettings(
            batch_size=training.batch,
            epochs=training.max_epochs,
            patience=training.patience,
            hidden=(first, second),
            numbers=_NUMBERS[training.precision],  # type: ignore[arg-type]
            shuffle_seed=training.seed,
            device=device,
        )


def stacks_of(configs: Mapping[str, TrainConfig]) -> list[Stack]:
    """Group the models that can be trained together; those left alone are in none."""
    groups: dict[Any, dict[str, TrainConfig]] = {}
    for name, config in configs.items():
        if _stackable(config):
            groups.setdefault(_shared(config), {})[name] = config
    return [Stack(group) for group in groups.values() if len(group) > 1]


def _stackable(config: TrainConfig) -> bool:
    """Whether a model is what `train_stacked` trains: nothing but its free settings may differ."""
    head, training = config.head, config.training
    if not isinstance(head, Coordinates) or len(head.hidden) != 2 or training.precision not in _NUMBERS:
        return False
    plain = Coordinates(loss=head.loss, last_layer=head.last_layer, hidden=head.hidden)
    free: Sequence[str] = (
        "batch", "max_epochs", "patience", "lr", "precision", "device", "seed",
        "validation_batch", "buffer_mb", "checkpoint_every_s",
    )  # fmt: skip
    usual = TrainingSettings(**{name: getattr(training, name) for name in free})
    return head == plain and training == usual


def _shared(config: TrainConfig) -> tuple[Any, ...]:
    """Give what the models of a stack have in common."""
    training = config.training
    split = config.split if not isinstance(config.split, Mapping) else tuple(sorted(config.split.items()))
    return (
        config.features, split, config.head.hidden, training.batch, training.max_epochs, training.patience,
        training.precision, training.device, training.seed,
    )  # fmt: skip
