"""From a recipe and samples to a model with its figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.photos.calibration import Calibration
from whence.photos.calibration import fit as fit_calibration
from whence.photos.heads.constant import Constant
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.protocol import Task
from whence.photos.model import Model
from whence.photos.training.data import balance_weights

if TYPE_CHECKING:
    from whence.learn.history import Epoch
    from whence.learn.parallel import Parallel
    from whence.photos.heads.protocol import Head, Learner
    from whence.photos.samples import Samples
    from whence.photos.training.settings import CalibrationSettings, TrainingSettings

__all__ = ["Watcher", "calibrated", "constant_model", "fit_head"]

_HISTORY_EVERY_S = 5.0


@dataclass(frozen=True)
class Watcher:
    """Who is told how a training goes.

    Attributes
    ----------
    epoch
        Called after each epoch of each part of the head.
    batch
        Called with (batches done, in the epoch).
    say
        Called with a sentence when something has begun or is known.
    """

    epoch: Callable[[Epoch], None] = field(default=lambda _epoch: None)
    batch: Callable[[int, int], None] = field(default=lambda _done, _total: None)
    say: Callable[[str], None] = field(default=lambda _sentence: None)


def fit_head(
    recipe: Any,
    sides: tuple[Samples, Samples],
    settings: TrainingSettings,
    *,
    folder: Path | None = None,
    facts: Mapping[str, Any] | None = None,
    watch: Watcher | None = None,
    parallel: Parallel | None = None,
) -> tuple[Head, list[Epoch]]:
    """Fit a head; what is trained by gradients goes through the training loop.

    Parameters
    ----------
    recipe
        Settings of the head; see `whence.photos.heads.protocol.Recipe`.
    sides
        Samples to learn from, and to stop by.
    settings
        How it is trained.
    folder
        Where checkpoints and the history are kept; with one, an interrupted fit goes on.
    facts
        What else the training depends on, for the checkpoints.
    watch, parallel
        Who is told, and the processes beside this one.

    Returns
    -------
    head, history
        The finished head, and the epochs of all its parts.
    """
    trainer = _Trainer(sides, settings, folder, dict(facts or {}), watch or Watcher(), parallel)
    head: Head = recipe.fit(Task(*sides, trainer.optimise, seed=settings.seed))
    trainer.write()
    return head, trainer.history


class _Trainer:
    """Runs the loop for each part of a head and keeps the history of all."""

    def __init__(
        self,
        sides: tuple[Samples, Samples],
        settings: TrainingSettings,
        folder: Path | None,
        facts: dict[str, Any],
        watch: Watcher,
        parallel: Parallel | None,
    ) -> None:
        self.sides, self.settings, self.folder, self.facts = sides, settings, folder, facts
        self.watch, self.parallel = watch, parallel
        self.history: list[Epoch] = []
        self.running: list[Epoch] = []
        self.written_s = 0.0

    def optimise(self, learner: Learner, name: str) -> None:
        """Train one part; see `whence.photos.heads.protocol.Task`."""
        from whence.learn.batches import Side
        from whence.learn.loop import Watch, train

        name = self._unused(name)
        weights = balance_weights(self.sides[0], self.settings.balance, self.settings.balance_power)
        train_side, validation_side = self.sides
        pair = (
            Side(train_side, learner.targets(train_side), weights),
            Side(validation_side, learner.targets(validation_side)),
        )
        balance = {name: getattr(self.settings, name) for name in ("balance", "balance_power")}
        checkpoint = None if self.folder is None else self.folder / f"{name}.safetensors"
        self.running = []
        done = train(
            learner,
            pair,
            self.settings.loop(),
            name=name,
            checkpoint=checkpoint,
            facts=self.facts | balance,
            watch=Watch(self._epoch, self.watch.batch),
            parallel=self.parallel,
        )
        self.history += done
        self.running = []

    def _unused(self, name: str) -> str:
        """Give a name that no earlier part had: a head may train the same part anew."""
        earlier = {row.part for row in self.history}
        return next(new for new in chain([name], (f"{name}-{n}" for n in count(2))) if new not in earlier)

    def _epoch(self, row: Epoch) -> None:
        self.running.append(row)
        self.watch.epoch(row)
        if time.monotonic() - self.written_s > _HISTORY_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write the history so far, for whoever looks in while it runs."""
        from whence.learn.history import write_history

        if self.folder is not None and (self.parallel is None or self.parallel.rank == 0):
            write_history(self.folder / "history.csv", [*self.history, *self.running])
            self.written_s = time.monotonic()


def calibrated(model: Model, samples: Samples, settings: CalibrationSettings) -> Model:
    """Calibrate a model on samples that it did not learn from."""
    if not settings.fit:
        return replace(model, calibration=Calibration())
    said = Mixtures.joined([model.head.mixtures(vectors) for _, vectors in samples.blocks()])
    return replace(model, calibration=fit_calibration(said, samples.lonlat, seed=settings.seed))


def constant_model(train: Samples, validation: Samples, settings: CalibrationSettings) -> Model:
    """Give the model that always names the same place: the least that any other must beat."""
    head = Constant().fit(Task(train, validation, lambda _learner, _name: None))
    model = Model(head)
    return calibrated(replace(model, record=replace(model.record, name="constant")), validation, settings)
