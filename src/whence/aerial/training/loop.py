"""The training of a segmentation network: steps over numbered crops, looks at whole scenes in between.

All chance comes from the seed and the number of the step, so a checkpoint needs no state of generators, and
what was interrupted goes on to the same bits.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from whence.aerial.training.batches import layout
from whence.aerial.training.history import Look
from whence.errors import DivergedError, FormatError
from whence.learn.averaging import Average
from whence.learn.checkpoint import check_same, read_checkpoint, write_checkpoint
from whence.learn.optimisation import optimiser_named
from whence.learn.parallel import Alone, Parallel
from whence.learn.precision import device_named, products_in
from whence.learn.schedules import rate_at
from whence.learn.training_state import load_state, state_tensors

if TYPE_CHECKING:
    from whence.aerial.losses import Joint
    from whence.aerial.models import Network
    from whence.aerial.training.batches import CropBatches
    from whence.aerial.training.settings import TrainingSettings
    from whence.aerial.training.validation import Validation
    from whence.typing import Json

__all__ = ["Standing", "Watch", "train_network"]

_FREE = {"device", "checkpoint_every_s", "workers", "validate_every_s"}
"""What may change between a training's beginning and its end."""


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes.

    Attributes
    ----------
    look
        Called after each look at the validation scenes.
    step
        Called with (done, in all) after each step.
    say
        Called with a sentence when something has begun or is known.
    """

    look: Callable[[Look], None] = field(default=lambda _look: None)
    step: Callable[[int, int], None] = field(default=lambda _done, _total: None)
    say: Callable[[str], None] = field(default=lambda _sentence: None)


@dataclass(frozen=True)
class Standing:
    """Counters of a training.

    Attributes
    ----------
    step
        Steps done.
    loss_sum, seconds
        Since the last look.
    best_step, best
        Of the highest mean IoU, and that.
    stopped
        Whether patience has run out.
    looks
        The looks.
    """

    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_step: int = 0
    best: float = -1.0
    stopped: bool = False
    looks: tuple[Look, ...] = ()

    @classmethod
    def of_json(cls, values: Json) -> Standing:
        """Read what `asdict` gave.

        Raises
        ------
        FormatError
            When counters are missing.
        """
        try:
            looks = tuple(Look(**{k: _number(v) for k, v in look.items()}) for look in values["looks"])
            return cls(**{**values, "looks": looks})
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"the checkpoint lacks its counters ({error}); use --restart") from error


def train_network(
    network: Network,
    batches: CropBatches,
    settings: TrainingSettings,
    *,
    loss: Joint,
    validation: Validation | None = None,
    checkpoint: Path | None = None,
    facts: Json | None = None,
    watch: Watch | None = None,
    parallel: Parallel | None = None,
) -> list[Look]:
    """Train a network in place; it then holds the mean of its weights at the best look, or at the end.

    Parameters
    ----------
    network
        What is trained.
    batches
        What it sees.
    settings
        How.
    loss
        What is minimised.
    validation
        What it is judged by; None trains to the end.
    checkpoint
        File kept while the training runs; when it is there, the training goes on from it.
    facts
        What else the training depends on: a checkpoint with others is refused.
    watch, parallel
        Who is told, and the processes beside this one.

    Returns
    -------
    list of Look
        What the looks found, those before a resumption included.

    Raises
    ------
    DivergedError
        When a loss is not finite.
    InputError
        When the checkpoint was begun with other settings.
    """
    run = _Loop(network, batches, settings, loss=loss, validation=validation, parallel=parallel or Alone())
    run.begin(checkpoint, facts or {})
    run.go(watch or Watch())
    return list(run.standing.looks)


class _Loop:
    """One run."""

    def __init__(
        self,
        network: Network,
        batches: CropBatches,
        settings: TrainingSettings,
        *,
        loss: Joint,
        validation: Validation | None,
        parallel: Parallel,
    ) -> None:
        self.network, self.batches, self.settings = network, batches, settings
        self.loss, self.validation, self.parallel = loss, validation, parallel
        self.device = parallel.device or device_named(settings.device)
        network.to(self.device, memory_format=layout(self.device))  # type: ignore[call-overload]
        parallel.start_alike(network)
        self.shown = copy.deepcopy(network).eval()  # holds the mean while it is judged
        self.average = Average(network, settings.average)
        self.factors = [1.0, settings.encoder_lr_factor]
        self.optimiser = optimiser_named(
            settings.optimiser,
            parameter_groups(network),
            rate=settings.lr,
            weight_decay=settings.weight_decay,
        )
        self.standing = Standing()
        self.best: dict[str, torch.Tensor] = {}
        self.path: Path | None = None
        self.identity: Json = {}
        self.written_s = perf_counter()

    # ---- keeping it

    def begin(self, path: Path | None, facts: Json) -> None:
        """Go on from a checkpoint, when there is one."""
        told = {key: value for key, value in asdict(self.settings).items() if key not in _FREE}
        self.identity = {**told, "processes": self.parallel.world} | facts
        self.path = path
        if path is None or not path.exists():
            return
        tensors, state = read_checkpoint(path)
        check_same(state["identity"], self.identity, where=path)
        self.best = load_state(self.network, self.optimiser, tensors, state)
        self.average.load(_under(tensors, "average."))
        self.standing = Standing.of_json(state["standing"])

    def keep(self) -> None:
        """Write the checkpoint, unless the last one is quite fresh."""
        fresh = perf_counter() - self.written_s < self.settings.checkpoint_every_s
        if self.path is None or self.parallel.rank > 0 or fresh:
            return
        tensors, scalars = state_tensors(self.network, self.optimiser, self.best)
        tensors |= {f"average.{name}": mean for name, mean in self.average.state.items()}
        standing = asdict(self.standing)
        standing["looks"] = [{k: _text(v) for k, v in asdict(look).items()} for look in self.standing.looks]
        write_checkpoint(
            self.path, tensors, {"identity": self.identity, "standing": standing, "optimiser": scalars}
        )
        self.written_s = perf_counter()

    # ---- running

    def go(self, watch: Watch) -> None:
        """Take the steps that are left, and put the kept mean into the network."""
        cuda = [self.device] if self.device.type == "cuda" else []
        total = self.settings.steps
        with torch.random.fork_rng(devices=cuda):
            last = self.standing.step if self.standing.stopped else total
            for batch in self.batches.steps(self.standing.step, last):
                self.advance(batch, watch)
                if self.ended:
                    break
                self.keep()
        self.network.load_state_dict(self.best or self.average.state)
        self.network.eval()
        self.parallel.wait()

    @property
    def ended(self) -> bool:
        """Whether patience has run out."""
        return self.standing.stopped

    def advance(self, batch: Any, watch: Watch) -> None:
        """Take one step, and a look where one is due."""
        started = perf_counter()
        before = self.standing
        value = self.step(before.step, batch)
        step = before.step + 1
        self.average.add(self.network, step)
        spent = before.seconds + perf_counter() - started
        self.standing = replace(before, step=step, loss_sum=before.loss_sum + value, seconds=spent)
        watch.step(step, self.settings.steps)
        if step % self.settings.validate_every == 0 or step == self.settings.steps:
            self.look()
            watch.look(self.standing.looks[-1])

    def step(self, number: int, batch: Any) -> float:
        """Take one step; gives the loss."""
        torch.manual_seed(_seed(self.settings.seed, number, self.parallel.rank))
        self.network.train()
        self.set_rate(number)
        self.optimiser.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.device)
        if len(batch.images):
            there = batch.on(self.device)
            with products_in(self.settings.precision, self.device):
                outputs = self.network.outputs(there.images)
            loss = self.loss(outputs, there.ids)
            torch.autograd.backward(loss * batch.share if self.parallel.world > 1 else loss)
        parameters = list(self.network.parameters())
        self.parallel.sum_gradients(parameters)
        if self.settings.clip > 0.0:
            torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        value = self.parallel.summed([float(loss.detach()) * batch.share])[0]
        if not math.isfinite(value):
            raise DivergedError(
                f"the loss is {value} at step {number + 1}; lower training.lr, or set training.clip"
            )
        self.optimiser.step()
        return value

    def set_rate(self, step: int) -> None:
        """Set the rates of a step, from 0."""
        settings = self.settings
        rate = rate_at(
            step,
            rate=settings.lr,
            schedule=settings.schedule,
            steps=settings.steps,
            warmup=settings.warmup_steps,
        )
        for group, factor in zip(self.optimiser.param_groups, self.factors, strict=True):
            group["lr"] = rate * factor

    def look(self) -> None:
        """Judge the mean of the weights, and remember it if it is the best yet."""
        started = perf_counter()
        before = self.standing
        loss, mean_iou = self.judged()
        since = before.step - (before.looks[-1].step if before.looks else 0)
        look = Look(
            len(before.looks) + 1,
            before.step,
            before.loss_sum / since,
            loss,
            mean_iou,
            self.optimiser.param_groups[0]["lr"],
            before.seconds + perf_counter() - started,
        )
        better = mean_iou > before.best
        if better:
            self.best = {name: mean.clone() for name, mean in self.average.state.items()}
        patience = self.settings.patience * self.settings.validate_every
        best_step = before.step if better else before.best_step
        self.standing = replace(
            before,
            loss_sum=0.0,
            seconds=0.0,
            best_step=best_step,
            best=mean_iou if better else before.best,
            stopped=bool(patience and self.validation and before.step - best_step >= patience),
            looks=(*before.looks, look),
        )

    def judged(self) -> tuple[float, float]:
        """Loss and mean IoU of the mean of the weights on the validation scenes; NaN without."""
        if self.validation is None:
            return math.nan, math.nan
        self.shown.load_state_dict(self.average.state)
        self.parallel.start_alike(self.shown)  # running statistics differ between processes
        counts, sums = self.validation(self.shown, (self.parallel.rank, self.parallel.world))
        flat = self.parallel.summed([*sums, *counts.counts.ravel().astype(np.float64)])
        whole = replace(
            counts, counts=np.array(flat[2:]).round().astype(np.int64).reshape(counts.counts.shape)
        )
        return flat[0] / flat[1] if flat[1] else math.nan, whole.mean("iou")


def parameter_groups(network: torch.nn.Module) -> list[dict[str, Any]]:
    """Part what is to be learnt into the rest and the backbone, for rates of their own."""
    learnt = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    backbone = [value for name, value in learnt if name.startswith("backbone.")]
    rest = [value for name, value in learnt if not name.startswith("backbone.")]
    return [{"params": rest}, {"params": backbone}]


def _seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])


def _under(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _text(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _number(value: Any) -> Any:
    return math.nan if value is None else value
