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
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.learn.history import read_history, write_history
from whence.learn.sections import flattened
from whence.photos.evaluate import evaluate
from whence.photos.model import Model, Record, predict
from whence.photos.results import write_results
from whence.photos.training.data import TrainingData
from whence.photos.training.fitting import Watcher, calibrated, constant_model, fit_head, processes

if TYPE_CHECKING:
    from whence.learn.history import Epoch
    from whence.learn.parallel import Parallel
    from whence.photos.evaluate import Evaluation
    from whence.photos.heads.protocol import Head
    from whence.photos.samples import Samples
    from whence.photos.training.config import TrainConfig
    from whence.typing import Json, PathLike

__all__ = ["Given", "Run", "Watcher", "constant_figures", "train"]

CONFIG, HISTORY, EVALUATION = "config.toml", "history.csv", "evaluation.json"
MODEL, CHECKPOINT, SPLIT, PREDICTIONS = "model", "checkpoint", "split.parquet", "validation.csv"
_OURS = (EVALUATION, HISTORY, MODEL, CHECKPOINT, SPLIT, PREDICTIONS, CONFIG)
"""In the order in which they are removed: what says that the run is complete goes first."""

_MARK = "# Written by whence train: the configuration of this run, all defaults filled in.\n"
_FREE = {"training.device", "training.checkpoint_every_s"}  # these may change when a run goes on


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
        place = Path(folder)
        path = place / EVALUATION
        if not path.is_file():
            raise NotFoundError(f"{place} holds no complete run; give the same `whence train` again to go on")
        try:
            return cls(place, dict(json.loads(path.read_text(encoding="utf-8"))))
        except ValueError as error:
            raise FormatError(f"{path} is broken ({error}); train again with --restart") from error

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
    folder, parallel = Path(out), processes()
    if parallel.rank == 0:
        _claim(folder, config, restart=restart)
    parallel.wait()
    watch = watch if parallel.rank == 0 else None  # one of several processes speaks for all
    if not (folder / EVALUATION).is_file():
        _Training(config, folder, watch or Watcher(), parallel, given or Given()).run()
    return Run.open(folder)


def _claim(folder: Path, config: TrainConfig, *, restart: bool) -> None:
    """Make the folder this run's, or make sure that it is."""
    if folder.is_file():
        raise InputError(f"{folder} is a file; a run is a folder: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    ours = _is_ours(folder / CONFIG)
    if restart and ours:
        for name in _OURS:
            _remove(folder / name)
    if ours and _begun(folder):
        _check_same(folder / CONFIG, config)
        return
    known = _OURS if ours else ()
    others = [path.name for path in folder.iterdir() if path.name not in known and ".part" not in path.name]
    if others:
        raise InputError(f"{folder} holds something else, such as {others[0]}; choose an empty or new folder")
    with atomic_path(folder / CONFIG) as beside:
        beside.write_text(_MARK + config.to_toml(), encoding="utf-8")


def _is_ours(path: Path) -> bool:
    """Whether a configuration was written by a run, not by its user."""
    return path.is_file() and path.read_bytes().startswith(_MARK.encode())


def _begun(folder: Path) -> bool:
    """Whether anything would be lost with another configuration."""
    return (folder / EVALUATION).is_file() or any((folder / CHECKPOINT).glob("*.safetensors"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _check_same(path: Path, config: TrainConfig) -> None:
    """Refuse to go on with another configuration."""
    try:
        found = flattened(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{path} is no TOML ({error}); add --restart to begin anew") from error
    wanted = flattened(tomllib.loads(config.to_toml()))
    keys = sorted({*found, *wanted} - _FREE)
    told = [f"{key} was {found.get(key)!r} and is {wanted.get(key)!r}" for key in keys
            if found.get(key) != wanted.get(key)]  # fmt: skip
    if told:
        raise InputError(
            f"{path.parent} holds a run of another configuration: {'; '.join(told)}; choose another folder, "
            "or add --restart to begin anew"
        )


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
        with atomic_path(self.folder / EVALUATION) as beside:
            text = json.dumps(evaluation, indent=1, ensure_ascii=False, allow_nan=False)
            beside.write_text(text + "\n", encoding="utf-8")
        _remove(self.folder / CHECKPOINT)

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
