"""A run: one training as a folder, which goes on where it was interrupted.

::

    run/
      config.toml          what was asked for, all defaults filled in
      split.parquet        the side of every photograph
      checkpoint/          the training under way; gone when the run is complete
      history.csv          the epochs
      model/               the model, as `whence locate --model` takes it
      validation.csv       its results on the validation side
      evaluation.json      its figures, the constant point's, the split and its leak; written last
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.imagery.atomic import atomic_path
from whence.learn.history import read_history, write_history
from whence.learn.parallel import processes
from whence.learn.run_folder import RunFolder
from whence.photos.evaluate import evaluate
from whence.photos.model import Model, Record, predict
from whence.photos.results import write_results
from whence.photos.training.data import TrainingData
from whence.photos.training.fitting import Watcher, calibrated, constant_model, fit_head

if TYPE_CHECKING:
    from whence.learn.history import Epoch
    from whence.learn.parallel import Parallel
    from whence.photos.evaluate import Evaluation
    from whence.photos.heads.protocol import Head
    from whence.photos.samples import Samples
    from whence.photos.training.config import TrainConfig
    from whence.typing import Json, PathLike

__all__ = ["Given", "Run", "Watcher", "constant_figures", "train"]

HISTORY, MODEL, CHECKPOINT = "history.csv", "model", "checkpoint"
SPLIT, PREDICTIONS = "split.parquet", "validation.csv"
_FREE = frozenset({"training.device", "training.checkpoint_every_s"})  # these may change when a run goes on


@dataclass(frozen=True)
class Run:
    """A training that is complete.

    Attributes
    ----------
    folder
        Where it is.
    evaluation
        What ``evaluation.json`` says: ``figures`` of the validation side, ``constant`` (those of the constant
        point), ``promise`` of the radii, ``split`` with its ``leak``.
    """

    folder: Path
    evaluation: Mapping[str, Any] = field(repr=False)

    @classmethod
    def open(cls, folder: PathLike) -> Run:
        """Open a complete run.

        Raises
        ------
        NotFoundError
            When there is none, or it is not complete.
        FormatError
            When its figures cannot be read.
        """
        return cls(Path(folder), _home(folder).evaluation())

    @cached_property
    def model(self) -> Model:
        """The model."""
        return Model.open(self.folder / MODEL)

    @property
    def history(self) -> list[Epoch]:
        """The epochs; none where nothing was trained by gradients."""
        return read_history(self.folder / HISTORY)

    def sentences(self) -> list[str]:
        """Tell how good the model is, and how much that is worth."""
        return list(self.evaluation["sentences"])


@dataclass(frozen=True)
class Given:
    """What is known before a training begins, so that a sweep does it once.

    Attributes
    ----------
    data
        The photographs, opened.
    constant
        Figures of the constant point on the validation side.
    fitted
        The head and its epochs where it was fitted elsewhere, as in a stack of heads: what is left is to
        calibrate, to measure and to write.
    """

    data: TrainingData | None = None
    constant: Evaluation | None = None
    fitted: tuple[Head, Sequence[Epoch]] | None = None


def train(
    config: TrainConfig,
    out: PathLike,
    *,
    restart: bool = False,
    watch: Watcher | None = None,
    given: Given | None = None,
) -> Run:
    """Train a model.

    Parameters
    ----------
    config
        What is asked for.
    out
        Folder of the run; with what an interrupted run of the same configuration left there it goes on, to
        the same result. A complete one is returned as it is.
    restart
        Forget what is there.
    watch
        Who is told how it goes.
    given
        What is known already, as in a sweep.

    Raises
    ------
    InputError
        When the folder holds something else, or a run of another configuration; the message names the
        settings that differ.
    NotEnoughDataError
        When a side of the split is empty, or too small for the head.
    DivergedError
        When the loss is no longer a number.
    MissingExtraError
        Without torch or safetensors.

    Examples
    --------
    >>> from whence.photos.training import TrainConfig, train
    >>> run = train(TrainConfig.read("train.toml"), "run")                         # doctest: +SKIP
    >>> run.evaluation["figures"]["median_m"], run.model.points(vectors)           # doctest: +SKIP
    """
    home, parallel = _home(out), processes()
    if parallel.rank == 0:
        home.claim(config.to_toml(), restart=restart)
    parallel.wait()
    watch = watch if parallel.rank == 0 else None  # one of several processes speaks for all
    if not home.complete:
        _Training(config, home.path, watch or Watcher(), parallel, given or Given()).run()
    return Run.open(home.path)


def _home(folder: PathLike) -> RunFolder:
    """Give the folder of a run; of its settings two may change when it goes on."""
    parts = (HISTORY, MODEL, SPLIT, PREDICTIONS)
    return RunFolder(Path(folder), "whence train", CHECKPOINT, parts, free=_FREE)


class _Training:
    """The steps of a run."""

    def __init__(
        self, config: TrainConfig, folder: Path, watch: Watcher, parallel: Parallel, given: Given
    ) -> None:
        self.config, self.folder, self.watch, self.parallel = config, folder, watch, parallel
        self.given = given
        self.data = given.data or TrainingData.open(config)
        self.sides = (self.data.side("train"), self.data.side("validation"))
        self.name = config.model.name or folder.resolve().name

    def run(self) -> None:
        """Fit, calibrate, measure, write."""
        for sentence in self.data.sentences() if self.given.data is None else ():
            self.watch.say(sentence)
        head = self.fit() if self.given.fitted is None else self.take(*self.given.fitted)
        if self.parallel.rank == 0:
            self.finish(head)
        self.parallel.wait()

    def fit(self) -> Head:
        """Fit the head."""
        checkpoint = self.folder / CHECKPOINT
        checkpoint.mkdir(exist_ok=True)
        head, _ = fit_head(
            self.config.head,
            self.sides,
            self.config.training,
            folder=checkpoint,
            facts=self.facts(),
            watch=self.watch,
            parallel=self.parallel,
        )
        return head

    def take(self, head: Head, epochs: Sequence[Epoch]) -> Head:
        """Take a head that was fitted elsewhere."""
        (self.folder / CHECKPOINT).mkdir(exist_ok=True)
        write_history(self.folder / CHECKPOINT / HISTORY, epochs)
        return head

    def facts(self) -> Json:
        """Give what the weights depend on besides the settings of the loop."""
        return {
            "head": {"kind": self.config.kind, **json.loads(json.dumps(asdict(self.config.head)))},
            "features": self.data.store.header.digest,
            "encoder": self.data.store.identity,
            "split": self.data.split.digest(),
        }

    def finish(self, head: Head) -> None:
        """Calibrate, measure and write; the figures come last, and make the run complete."""
        self.watch.say("calibrating" if self.config.calibration.fit else "measuring")
        model = calibrated(Model(head), self.sides[1], self.config.calibration)
        rows = predict(model, self.sides[1], confidence=self.config.model.confidence)
        evaluation = self.figures(model, rows)
        self.data.split.write(self.folder / SPLIT)
        write_results(self.folder / PREDICTIONS, rows)
        source = self.data.store.folder / "encoder"
        final = Model(head, model.calibration, self.record(evaluation))
        final.save(self.folder / MODEL, encoder=source if source.is_dir() else None)
        history = self.folder / CHECKPOINT / HISTORY
        with atomic_path(self.folder / HISTORY) as beside:
            shutil.copyfile(history, beside)
        _home(self.folder).finish(evaluation)

    def figures(self, model: Model, rows: list[Any]) -> Json:
        """Measure the model and the constant point on the validation side."""
        baseline = self.given.constant or constant_figures(self.sides, self.config)
        measured = evaluate(rows, confidence=self.config.model.confidence)
        promise = model.calibration.promise
        decided = "stopped and calibrated" if self.config.calibration.fit else "stopped"
        told = [f"{self.name} ({self.config.kind}) on the validation side, which {decided} it:"]
        told += measured.summary().splitlines()
        told += [promise.sentence()] if promise else []
        told += [f"the constant point: {_median(baseline)}, GeoScore {baseline.score.of_all:.0f}"]
        return {
            "figures": measured.to_json(),
            "constant": baseline.to_json(),
            "promise": asdict(promise) if promise else None,
            "split": self.split_record(),
            "sentences": [*told, *self.data.sentences()],
        }

    def split_record(self) -> Json:
        """Give the split and its leak."""
        return {**self.data.split.record(), "leak": self.data.leak.to_json()}

    def record(self, evaluation: Json) -> Record:
        """Give what the model tells about itself."""
        train_side = self.sides[0]
        return Record(
            name=self.name,
            encoder=self.data.store.identity,
            data={**train_side.settings(), "features": self.data.store.folder.name},
            split=self.split_record(),
            scores=evaluation["figures"],
            training=json.loads(json.dumps(asdict(self.config.training))),
            licence=self.config.model.licence,
        )


def constant_figures(sides: tuple[Samples, Samples], config: TrainConfig) -> Evaluation:
    """Measure the constant point of the first side on the second: what every model is printed beside."""
    confidence = config.model.confidence
    constant = constant_model(*sides, config.calibration)
    return evaluate(predict(constant, sides[1], confidence=confidence), confidence=confidence)


def _median(figures: Any) -> str:
    from whence.photos.summary import length_text

    return "no median" if figures.median_m is None else f"median {length_text(figures.median_m)}"
