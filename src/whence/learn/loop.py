"""The training loop: any learner, early stopping, best weights back, resumable to the last bit.

All chance comes from the seed, the part's name and the epoch, so a checkpoint needs no state of generators:
an epoch that is begun again is the same epoch.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from whence.errors import DivergedError, NotEnoughDataError
from whence.learn.batches import Batch, read_batches, read_in_order
from whence.learn.checkpoint import check_same, read_checkpoint, write_checkpoint
from whence.learn.history import Epoch
from whence.learn.optimisation import optimiser_named
from whence.learn.parallel import Alone, Parallel
from whence.learn.precision import device_named, products_in
from whence.learn.schedules import rate_at
from whence.learn.training_settings import LoopSettings
from whence.learn.training_state import Progress, load_state, state_tensors

if TYPE_CHECKING:
    from whence.learn.batches import Side
    from whence.typing import Json, PathLike

__all__ = ["Learned", "LoopSettings", "Watch", "train"]

_LOSSES_WAITING = 64  # looked at together, so that a GPU is not asked after every step


class Learned(Protocol):
    """What the loop asks of what is trained; see `whence.photos.heads.protocol.Learner`."""

    module: torch.nn.Module

    def loss(
        self, features: torch.Tensor, targets: Mapping[str, torch.Tensor], generator: torch.Generator | None
    ) -> torch.Tensor:
        """Mean loss () of a batch; without a generator, the loss of validation."""


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes.

    Attributes
    ----------
    epoch
        Called after each epoch.
    batch
        Called with (done, in all) after each batch.
    """

    epoch: Callable[[Epoch], None] = field(default=lambda _epoch: None)
    batch: Callable[[int, int], None] = field(default=lambda _done, _total: None)


def train(
    learner: Learned,
    sides: tuple[Side, Side],
    settings: LoopSettings,
    *,
    name: str = "head",
    checkpoint: PathLike | None = None,
    facts: Json | None = None,
    watch: Watch | None = None,
    parallel: Parallel | None = None,
) -> list[Epoch]:
    """Train until the validation loss stops falling; the learner's module then holds its best weights.

    Parameters
    ----------
    learner
        What is trained, in place.
    sides
        The samples to learn from, and those to stop by.
    settings
        How.
    name
        Of this part of the training, for messages and chance.
    checkpoint
        File kept while the training runs; when it is there, the training goes on from it.
    facts
        What else the training depends on, such as digests of the data: a checkpoint with others is refused.
    watch
        Who is told how it goes.
    parallel
        The processes beside this one.

    Returns
    -------
    list of Epoch
        What happened, the epochs before a resumption included.

    Raises
    ------
    DivergedError
        When a loss is not finite; the message has name, epoch and step.
    NotEnoughDataError
        When a side is empty.
    InputError
        When the checkpoint was begun with other settings; the message names them.
    """
    training = _Training(learner, sides, settings, name=name, parallel=parallel or Alone())
    training.begin(None if checkpoint is None else Path(checkpoint), facts or {})
    training.run(watch or Watch())
    return list(training.progress.history)


class _Training:
    """One run of the loop."""

    def __init__(
        self,
        learner: Learned,
        sides: tuple[Side, Side],
        settings: LoopSettings,
        *,
        name: str,
        parallel: Parallel,
    ) -> None:
        for side, what in zip(sides, ("learn from", "stop by"), strict=True):
            if not len(side):
                raise NotEnoughDataError(f"{name}: there are no samples to {what}; choose another split")
        self.learner, self.settings, self.name, self.parallel = learner, settings, name, parallel
        self.train_side, self.validation_side = sides
        self.device = parallel.device or device_named(settings.device)
        learner.module.to(self.device)
        parallel.start_alike(learner.module)
        self.optimiser = optimiser_named(
            settings.optimiser,
            learner.module.parameters(),
            rate=settings.lr,
            weight_decay=settings.weight_decay,
        )
        self.progress = Progress()
        self.best: dict[str, torch.Tensor] = {}
        self.path: Path | None = None
        self.identity: Json = {}
        self.written_s = -math.inf

    # ---- keeping it

    def begin(self, path: Path | None, facts: Json) -> None:
        """Go on from a checkpoint, when there is one."""
        shapes = {key: list(value.shape) for key, value in self.learner.module.state_dict().items()}
        told = {key: value for key, value in asdict(self.settings).items() if key not in _FREE}
        self.identity = {
            "part": self.name,
            **told,
            "weights": shapes,
            "processes": self.parallel.world,
        } | facts
        self.path = path
        if path is None or not path.exists():
            return
        tensors, state = read_checkpoint(path)
        check_same(state["identity"], self.identity, where=path)
        self.best = load_state(self.learner.module, self.optimiser, tensors, state)
        self.progress = Progress.from_json(state["progress"])

    def keep(self) -> None:
        """Write the checkpoint, unless the last one is quite fresh."""
        fresh = perf_counter() - self.written_s < self.settings.checkpoint_every_s
        if self.path is None or self.parallel.rank > 0 or (fresh and not self.progress.finished):
            return
        tensors, scalars = state_tensors(self.learner.module, self.optimiser, self.best)
        state = {"identity": self.identity, "progress": self.progress.to_json(), "optimiser": scalars}
        write_checkpoint(self.path, tensors, state)
        self.written_s = perf_counter()

    # ---- running

    def run(self, watch: Watch) -> None:
        """Train until it is finished and put the best weights back."""
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):  # modules with a chance of their own leave no trace
            while not self.progress.finished:
                self.progress = self.epoch(watch)
                if self.progress.best_epoch == self.progress.epoch:
                    self.best = _copied(self.learner.module)
                self.keep()
                watch.epoch(self.progress.history[-1])
        self.learner.module.load_state_dict(self.best)
        self.learner.module.eval()
        self.parallel.wait()

    def epoch(self, watch: Watch) -> Progress:
        """Train one epoch, measure, and say where the training stands."""
        started = perf_counter()
        number = self.progress.epoch + 1
        train_loss, rate = self.learn(number, watch)
        validation_loss = self.measured()
        if not math.isfinite(validation_loss):
            raise DivergedError(
                f"{self.name}: the validation loss is {validation_loss} after epoch {number}; "
                "lower training.lr, or set training.clip"
            )
        seconds = perf_counter() - started
        row = Epoch(self.name, number, train_loss, validation_loss, rate, seconds)
        return self.progress.after(row, self.settings)

    def learn(self, number: int, watch: Watch) -> tuple[float, float]:
        """Go over the training samples once; gives the mean loss and the last rate."""
        chance = _seeds(self.settings.seed, self.name, number)
        torch.manual_seed(int(chance[1]) + self.parallel.rank)
        generator = torch.Generator(self.device)
        generator.manual_seed(int(chance[2]) + self.parallel.rank)
        self.learner.module.train()
        batches = self.read(np.random.default_rng(int(chance[0])))
        steps = self.settings.steps_per_epoch(len(self.train_side))
        losses, rate = _Losses(self.name, number), self.settings.lr
        for place, batch in enumerate(batches):
            rate = self.set_rate((number - 1) * steps + place, steps)
            losses.add(self.step(batch, generator), batch.share)
            watch.batch(place + 1, steps)
        total, weight = self.parallel.summed(losses.sums())
        return total / weight, rate

    def read(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches of an epoch, this process's part of each."""
        return read_batches(
            self.train_side,
            self.settings.batch,
            rng,
            buffer_bytes=self.settings.buffer_mb * 2**20,
            part=(self.parallel.rank, self.parallel.world),
        )

    def set_rate(self, step: int, steps: int) -> float:
        """Set the learning rate of a step."""
        settings = self.settings
        rate = rate_at(
            step,
            rate=settings.lr,
            schedule=settings.schedule,
            steps=steps * settings.max_epochs,
            warmup=round(settings.warmup_epochs * steps),
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def step(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Take one step; gives the loss."""
        self.optimiser.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.device)
        if len(batch):
            loss = self.loss_of(batch, generator)
            torch.autograd.backward(loss * batch.share if self.parallel.world > 1 else loss)
        parameters = list(self.learner.module.parameters())
        self.parallel.sum_gradients(parameters)
        if self.settings.clip > 0.0:
            torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        self.optimiser.step()
        return loss.detach()

    def loss_of(self, batch: Batch, generator: torch.Generator | None) -> torch.Tensor:
        """Loss () of a batch in the precision of the settings."""
        there = batch.on(self.device)
        with products_in(self.settings.precision, self.device):
            return self.learner.loss(there.features, there.targets, generator)

    @torch.no_grad()
    def measured(self) -> float:
        """Mean loss over the validation samples."""
        self.learner.module.eval()
        total, count = 0.0, 0.0
        for place, batch in enumerate(read_in_order(self.validation_side, self.settings.validation_batch)):
            if place % self.parallel.world == self.parallel.rank:
                total += float(self.loss_of(batch, None)) * len(batch)
                count += len(batch)
        total, count = self.parallel.summed([total, count])
        return total / count


class _Losses:
    """Sums up losses, and stops at the first that is not finite."""

    def __init__(self, name: str, epoch: int) -> None:
        self.name, self.epoch = name, epoch
        self.waiting: list[torch.Tensor] = []
        self.shares: list[float] = []
        self.seen, self.total, self.weight = 0, 0.0, 0.0

    def add(self, loss: torch.Tensor, share: float) -> None:
        """Take the loss of a batch, of which this process had a share."""
        self.waiting.append(loss)
        self.shares.append(share)
        if len(self.waiting) >= _LOSSES_WAITING:
            self.look()

    def look(self) -> None:
        """Bring waiting losses to the CPU."""
        if not self.waiting:
            return
        losses = torch.stack(self.waiting).float().cpu().double()
        lost = torch.nonzero(~torch.isfinite(losses))
        if len(lost):
            place = int(lost[0, 0])
            raise DivergedError(
                f"{self.name}: the loss is {float(losses[place])} at step {self.seen + place + 1} of epoch "
                f"{self.epoch}; lower training.lr, or set training.clip"
            )
        self.total += float(losses @ torch.tensor(self.shares, dtype=torch.float64))
        self.weight += sum(self.shares)
        self.seen += len(self.waiting)
        self.waiting, self.shares = [], []

    def sums(self) -> list[float]:
        """Weighted sum of the losses, and sum of the weights."""
        self.look()
        return [self.total, self.weight]


_FREE = {"device", "checkpoint_every_s"}  # what may change between a training's beginning and its end


def _copied(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _seeds(seed: int, name: str, epoch: int) -> Any:
    """Three numbers below 2^32: for the order, for torch's own chance, and for the learner's generator."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode()), epoch]).generate_state(3)
