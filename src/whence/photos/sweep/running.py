"""Running a sweep: every model gets a run of its own, those that can be trained together are.

::

    sweep/
      sweep.csv            a row for each model: its settings, what became of it, its figures
      NAME/                its run, as of `whence train`
      NAME/test.csv        its results on the test side, where the split has one
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotFoundError, WhenceError
from whence.imagery.atomic import atomic_path
from whence.photos.features import FeatureStore
from whence.photos.model import predict
from whence.photos.results import read_results, write_results
from whence.photos.sweep.stacking import Stack, stacks_of
from whence.photos.training import Run, TrainConfig, Watcher, train
from whence.photos.training.data import TrainingData
from whence.photos.training.run import Given, constant_figures

if TYPE_CHECKING:
    from whence.learn.stacked import StackedProgress
    from whence.photos.results import ResultRow
    from whence.photos.samples import Samples
    from whence.photos.sweep.table import SweepRow
    from whence.typing import Json, PathLike

__all__ = ["Outcome", "Sweep", "run_sweep"]

TABLE, TEST = "sweep.csv", "test.csv"
_FIGURES = ("median_m", "mean_m", "p90_m")


@dataclass(frozen=True)
class Outcome:
    """What became of a model of a sweep.

    Attributes
    ----------
    row
        The model as the table has it.
    run
        Its run; None where it failed.
    failure
        Why, in a sentence; empty where it did not fail.
    """

    row: SweepRow
    run: Run | None = None
    failure: str = ""

    def to_json(self) -> Json:
        """Give a row of ``sweep.csv``."""
        settings = {
            f"{group}.{name}": value if isinstance(value, str) else json.dumps(value)
            for group in ("head", "training")
            for name, value in getattr(self.row, group).items()
        }
        told: Json = {"name": self.row.name, "features": str(self.row.features), **settings}
        told["status"] = self.failure or "trained"
        if self.run is not None:
            figures = self.run.evaluation["figures"]
            losses = [epoch.validation_loss for epoch in self.run.history]
            told |= {"epochs": len(losses), "validation_loss": min(losses, default=None)}
            told |= {f"validation_{name}": figures[name] for name in _FIGURES}
            told["validation_geoscore"] = figures["score"]["of_all"]
        return told


@dataclass(frozen=True)
class Sweep:
    """A sweep that has been run.

    Attributes
    ----------
    folder
        Where it lies.
    outcomes
        A model each, in the order of the table.
    """

    folder: Path
    outcomes: tuple[Outcome, ...] = field(repr=False)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Models that could not be trained."""
        return tuple(outcome for outcome in self.outcomes if outcome.run is None)

    def results(self, side: str) -> dict[str, list[ResultRow]]:
        """Give the results of every trained model on a side.

        Parameters
        ----------
        side
            ``validation``, by which a model may be chosen, or ``test``, which is for the report alone.

        Raises
        ------
        NotFoundError
            When the split has no such side.
        """
        files = {
            outcome.row.name: self.folder / outcome.row.name / f"{side}.csv"
            for outcome in self.outcomes
            if outcome.run is not None
        }
        absent = [str(path) for path in files.values() if not path.is_file()]
        if absent:
            raise NotFoundError(f"{absent[0]} is missing: the split of the sweep has no {side} side")
        return {name: read_results(path) for name, path in files.items()}


def run_sweep(
    rows: Sequence[SweepRow],
    split: PathLike | Mapping[str, Any],
    out: PathLike,
    *,
    together: bool = True,
    watch: Watcher | None = None,
) -> Sweep:
    """Train every model of a sweep, measure all alike, and go on where an interrupted sweep stopped.

    Parameters
    ----------
    rows
        The models; see `whence.photos.sweep.read_sweep`.
    split
        File of a split, or the settings of one (``by``, ``seed``, …), the same for every model.
    out
        Folder of the sweep. Models that are complete there are kept, so rows may be added to a table.
    together
        Whether models that can share one pass over the data do.
    watch
        Who is told how it goes.

    Returns
    -------
    Sweep
        With every row: a model that fails does not stop the others.

    Raises
    ------
    InputError
        When a setting is wrong, two models have one name, or `out` holds one of the name with other settings.
    """
    watcher = watch or Watcher()
    folder = Path(out)
    configs = _configs(rows, split)
    _check_test_stores(rows)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = {name: config for name, config in configs.items() if not _complete(folder / name)}
    for name in configs.keys() - waiting.keys():
        train(configs[name], folder / name)  # refuses a run of other settings
    known = _Known(watcher)
    for config in waiting.values():
        known.of(config)  # a store or a split that will not do is told before the first hour is spent
    failures: dict[str, str] = {}
    for name, failure in _run_all(waiting, folder, known, together=together, watch=watcher):
        failures |= {name: failure} if failure else {}
        _write_table(folder, rows, failures)
    outcomes = _write_table(folder, rows, failures)
    for outcome in outcomes:
        _measure_test(outcome, known, watcher)
    return Sweep(folder, outcomes)


class _Known:
    """What the models of a sweep share: photographs and figures of the constant point, by feature store."""

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._given: dict[Path, Given] = {}

    def of(self, config: TrainConfig) -> Given:
        """Open the photographs of a model, once for each feature store."""
        if config.features not in self._given:
            data = TrainingData.open(config)
            for sentence in data.sentences():
                self._watch.say(sentence)
            sides = data.side("train"), data.side("validation")
            self._given[config.features] = Given(data, constant_figures(sides, config))
        return self._given[config.features]


def _run_all(
    waiting: dict[str, TrainConfig], folder: Path, known: _Known, *, together: bool, watch: Watcher
) -> Iterator[tuple[str, str]]:
    """Train what is missing: (name, failure or nothing) of each model when it is done."""
    alone = dict(waiting)
    for stack in stacks_of(waiting) if together else ():
        yield from _run_stack(stack, folder, known, watch)
        for name in stack.configs:
            del alone[name]
    for name, config in alone.items():
        watch.say(f"training {name}")
        yield name, _guarded(config, folder / name, watch, known.of(config))


def _configs(rows: Sequence[SweepRow], split: PathLike | Mapping[str, Any]) -> dict[str, TrainConfig]:
    """Check all settings before the first hour is spent."""
    told = dict(split) if isinstance(split, Mapping) else str(Path(split).absolute())
    configs = {
        row.name: TrainConfig.of(
            {
                "data": {"features": str(row.features.absolute()), "split": told},
                "head": dict(row.head),
                "training": dict(row.training),
                "model": {"name": row.name},
            }
        )
        for row in rows
    }
    if len(configs) < len(rows):
        raise InputError(f"{len(rows) - len(configs)} models of the sweep have a name that another has too")
    return configs


def _check_test_stores(rows: Sequence[SweepRow]) -> None:
    """Refuse test photographs of another encoder before the first hour is spent."""
    pairs = {(row.features, row.test) for row in rows}
    for features, test in sorted((own, other) for own, other in pairs if other is not None):
        _check_encoder(FeatureStore.open(test), FeatureStore.open(features).identity, features)


def _check_encoder(test: FeatureStore, identity: str, features: Path) -> None:
    if test.identity != identity:
        raise InputError(
            f"{test.folder} has vectors of {test.identity!r}, {features} those of {identity!r}; embed the "
            f"test photographs with the very same encoder: whence embed PHOTOS --encoder {features}/encoder"
        )


def _complete(folder: Path) -> bool:
    try:
        Run.open(folder)
    except NotFoundError:
        return False
    return True


def _run_stack(stack: Stack, folder: Path, known: _Known, watch: Watcher) -> Iterator[tuple[str, str]]:
    """Train a stack, then finish each of its models: (name, failure or nothing)."""
    names = list(stack.configs)
    watch.say(f"training {len(names)} models together: {', '.join(names)}")
    given = known.of(stack.configs[names[0]])
    if given.data is None:
        raise TypeError("what is known of a stack lacks its photographs")
    sides = given.data.side("train"), given.data.side("validation")
    digest = hashlib.blake2b("\n".join(names).encode(), digest_size=6).hexdigest()
    checkpoint = folder / f".stack-{digest}.safetensors"
    trained = stack.train(sides, checkpoint=checkpoint, progress=partial(_tell_pass, watch))
    for head in trained:
        watch.say(f"{head.name}: {head.status} after {head.stopped_at} epochs")
        if head.status == "failed":
            yield head.name, head.failure or "failed"
            continue
        ready = replace(given, fitted=stack.finished(head, sides[1]))
        yield head.name, _guarded(stack.configs[head.name], folder / head.name, Watcher(), ready)
    checkpoint.unlink(missing_ok=True)


def _tell_pass(watch: Watcher, state: StackedProgress) -> None:
    """Tell the rows seen; and, at the end of a pass, which it was and how many models go on."""
    watch.batch(state.rows, state.of_rows)
    if state.validation_loss is not None:
        watch.say(f"pass {state.epoch + 1} over the photographs done, {state.heads} models in it")


def _guarded(config: TrainConfig, folder: Path, watch: Watcher, given: Given) -> str:
    """Train; what stops one model is told and does not stop the sweep."""
    try:
        train(config, folder, watch=watch, given=given)
    except WhenceError as error:
        watch.say(f"{folder.name} failed: {error}")
        return str(error)
    return ""


def _write_table(folder: Path, rows: Sequence[SweepRow], failures: Mapping[str, str]) -> tuple[Outcome, ...]:
    """Write what is known so far."""
    outcomes = tuple(
        Outcome(row, Run.open(folder / row.name))
        if _complete(folder / row.name)
        else Outcome(row, None, failures.get(row.name, "not trained yet"))
        for row in rows
    )
    values = [outcome.to_json() for outcome in outcomes]
    columns = list(dict.fromkeys(name for value in values for name in value))
    last = [name for name in columns if name == "status" or name == "epochs" or name.startswith("validation")]
    columns = [name for name in columns if name not in last] + last
    with atomic_path(folder / TABLE) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(values)
    return outcomes


def _measure_test(outcome: Outcome, known: _Known, watch: Watcher) -> None:
    """Locate the test side, where there is one: it decides nothing."""
    if outcome.run is None or (outcome.run.folder / TEST).is_file():
        return
    samples = _test_side(outcome, known)
    if samples is not None:
        watch.say(f"{outcome.row.name}: locating the test side")
        write_results(outcome.run.folder / TEST, predict(outcome.run.model, samples))


def _test_side(outcome: Outcome, known: _Known) -> Samples | None:
    """Open a store of test photographs, or the test side of the split; None without either."""
    run, row = outcome.run, outcome.row
    if run is None:
        return None
    if row.test is not None:
        store = FeatureStore.open(row.test)
        _check_encoder(store, run.model.record.encoder, row.features)
        return store.samples()
    data = known.of(TrainConfig.read(run.folder / "config.toml")).data
    return data.side("test") if data is not None and data.split.counts()["test"] else None
