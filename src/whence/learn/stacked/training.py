"""Training a stack: epochs, early stopping of each head by itself, and going on after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from whence._optional import require
from whence.errors import InputError
from whence.learn.stacked.records import HeadRecord
from whence.learn.stacked.values import StackedProgress

if TYPE_CHECKING:
    from whence.learn.stacked.cuda import GraphedSteps
    from whence.learn.stacked.feed import Feed
    from whence.learn.stacked.stack import Stack
    from whence.learn.stacked.tally import Tally
    from whence.learn.stacked.values import StackedData, StackedHead, StackedSettings, TrainedHead
    from whence.typing import Json

__all__ = ["Reporter", "train_stacked"]

Reporter: TypeAlias = Callable[[StackedProgress], None]

_REPORTS_PER_EPOCH = 100


def train_stacked(
    heads: Sequence[StackedHead],
    train: StackedData,
    validation: StackedData,
    settings: StackedSettings,
    *,
    progress: Reporter | None = None,
    checkpoint: Path | None = None,
) -> list[TrainedHead]:
    """Train heads that share features, all in one pass over the data.

    Each gives what it would give if trained alone with the same order of the rows, up to the rounding of the
    products. A head that stops leaves the stack. A loss that is not finite ends that head alone.

    Parameters
    ----------
    heads
        One or more, with different names.
    train, validation
        Rows to learn from, and rows that decide when to stop.
    settings
        Sizes, patience, seeds, numbers.
    progress
        Called about a hundred times in an epoch and at its end.
    checkpoint
        File that is written after an epoch, and that training goes on from where it is there: the weights are
        then the same bit for bit as without the interruption.

    Returns
    -------
    list of TrainedHead
        In the order of `heads`.

    Raises
    ------
    MissingExtraError
        Without torch.
    InputError
        When names repeat, a loss or last layer is unknown, or the features of both sides differ in length.
    FormatError
        When the checkpoint is broken or belongs to other heads, data or settings.
    """
    require("torch", extra="learn")
    _check(heads, train, validation)
    from whence.learn.stacked.denormals import without_denormals

    run = _begun(heads, {"train": train, "validation": validation}, settings, checkpoint)
    run.report = progress or run.report
    with without_denormals():
        while not run.is_over:
            run.pass_over()
            if run.epoch % settings.checkpoint_epochs == 0 or run.is_over:
                run.save()
    return [run.records[head.name].result() for head in heads]


def _begun(
    heads: Sequence[StackedHead],
    data: Mapping[str, StackedData],
    settings: StackedSettings,
    checkpoint: Path | None,
) -> _Run:
    """Take up a training at its start, or where its checkpoint left it."""
    from whence.learn.stacked.checkpoint import SavedRun, fingerprint, read_checkpoint
    from whence.learn.stacked.feed import Feed
    from whence.learn.stacked.objective import stacking_order
    from whence.learn.stacked.stack import Stack

    order = stacking_order(heads)
    mark = {} if checkpoint is None else fingerprint(heads, settings, data)
    if checkpoint is not None and checkpoint.exists():
        saved = read_checkpoint(checkpoint, order, settings, mark=mark)
    else:
        stack = Stack.fresh(order, settings, dim=data["train"].dim)
        stack.choose_products()
        saved = SavedRun(stack, {head.name: HeadRecord(head.name) for head in heads}, 0)
    train, validation = Feed(data["train"], settings), Feed(data["validation"], settings)
    return _Run(saved.stack, train, validation, saved.records, saved.epoch, checkpoint, mark)


def _check(heads: Sequence[StackedHead], train: StackedData, validation: StackedData) -> None:
    from whence.learn.stacked.last_layers import last_layer_named

    names = [head.name for head in heads]
    if not names or len(set(names)) < len(names):
        raise InputError(f"a stack needs one head or more, each with a name of its own; given: {names}")
    if train.dim != validation.dim:
        raise InputError(
            f"the features of the training have {train.dim} numbers and those of the validation "
            f"{validation.dim}; both must come from one encoder"
        )
    for head in heads:
        last_layer_named(head.last_layer)


@dataclass(eq=False)
class _Run:
    """A training under way."""

    stack: Stack
    train: Feed
    validation: Feed
    records: dict[str, HeadRecord]
    epoch: int
    checkpoint: Path | None
    mark: Json
    report: Reporter = field(default=lambda _: None)
    graphed: GraphedSteps | None = None
    hundredth: int = 0

    @property
    def is_over(self) -> bool:
        """Whether no head is left, or no epoch."""
        return not self.stack.heads or self.epoch >= self.stack.settings.epochs

    def save(self) -> None:
        """Write the checkpoint, if one is wanted."""
        from whence.learn.stacked.checkpoint import SavedRun, write_checkpoint

        if self.checkpoint is not None:
            write_checkpoint(self.checkpoint, SavedRun(self.stack, self.records, self.epoch), mark=self.mark)

    def pass_over(self) -> None:
        """Train an epoch, validate, and let go of the heads that are done."""
        names = [head.name for head in self.stack.heads]
        train_loss = self._train()
        failed = {name for name in names if self.records[name].status == "failed"}
        self._keep([name for name in names if name not in failed])
        validation_loss = self._validate() if self.stack.heads else {}
        for number, head in enumerate(self.stack.heads):
            self._note(number, head.name, train_loss[head.name], validation_loss[head.name])
        alive = [head.name for head in self.stack.heads if self.records[head.name].status is None]
        self._keep(alive)
        self.epoch += 1
        n = len(self.train.data)
        self.report(StackedProgress(self.epoch - 1, n, n, len(alive), train_loss, validation_loss))

    def _train(self) -> dict[str, float]:
        """Mean loss of each head over the epoch; heads whose loss was not finite are marked."""
        tally = self._steps()
        for head, step in zip(self.stack.heads, tally.first_bad(), strict=True):
            if step is not None:
                self.records[head.name].fail(self.epoch, step=step)
        return dict(zip([head.name for head in self.stack.heads], tally.means(), strict=True))

    def _steps(self) -> Tally:
        """Make the steps of the epoch, one by one, or on a GPU as a graph that is made once for the stack."""
        from whence.learn.stacked.cuda import GraphedSteps
        from whence.learn.stacked.tally import Tally

        if self.stack.device.type == "cuda":
            if self.graphed is None or self.graphed.stack_heads != len(self.stack.heads):
                self.graphed = GraphedSteps(self.stack, self.train)
            return self.graphed.run(self.epoch, self._seen)
        tally, seen = Tally(len(self.stack.heads), self.stack.device), 0
        for batch, truth in self.train.shuffled(self.epoch):
            tally.add(self.stack.train(batch, truth))
            seen += len(batch)
            self._seen(seen)
        return tally

    def _seen(self, rows: int) -> None:
        """Report how far the epoch is, if it is a hundredth farther than at the last report."""
        n = len(self.train.data)
        hundredth = rows * _REPORTS_PER_EPOCH // n
        if hundredth != self.hundredth:
            self.hundredth = hundredth
            self.report(StackedProgress(self.epoch, rows, n, len(self.stack.heads)))

    def _validate(self) -> dict[str, float]:
        from whence.learn.stacked.tally import Tally

        tally = Tally(len(self.stack.heads), self.stack.device)
        for batch, truth in self.validation.in_order():
            tally.add(self.stack.losses(batch, truth))
        for head, step in zip(self.stack.heads, tally.first_bad(), strict=True):
            if step is not None:
                self.records[head.name].fail(self.epoch, step=None)
        return dict(zip([head.name for head in self.stack.heads], tally.means(), strict=True))

    def _note(self, number: int, name: str, train_loss: float, validation_loss: float) -> None:
        record = self.records[name]
        patience = self.stack.settings.patience
        if record.status is None and record.add(train_loss, validation_loss, patience=patience):
            record.weights = {key: t.numpy() for key, t in self.stack.weights_of(number).items()}

    def _keep(self, names: Sequence[str]) -> None:
        alive = [i for i, head in enumerate(self.stack.heads) if head.name in set(names)]
        if len(alive) < len(self.stack.heads):
            self.stack.keep(alive)
