"""Searching settings: a few tries at random, or guided by those before (tree-structured Parzen estimators).

In the TOML file of a sweep::

    [search]
    trials = 30
    metric = "median"
    [search.space]
    "training.lr" = { low = 1e-4, high = 1e-2, log = true }
    "training.patience" = { low = 3, high = 10 }
    "head.dropout" = { low = 0.0, high = 0.5 }
    "head.hidden" = { choices = [[256, 128], [512, 256]] }
    "training.optimiser" = { choices = ["adam", "adamw"] }

Every try is a model of the sweep like any other, trained with what ``[common]`` says besides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whence._optional import require
from whence.errors import InputError
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.metrics import metric_named, values_of
from whence.photos.sweep.running import run_sweep
from whence.photos.sweep.table import SweepRow, dotted, read_toml, rows_of

if TYPE_CHECKING:
    from whence.photos.sweep.running import Sweep
    from whence.photos.training import Watcher
    from whence.typing import PathLike

__all__ = ["Search", "read_search", "run_search"]

SAMPLERS = ("bayes", "random")
_LOG = "search.log"
_KEYS = {"trials", "metric", "sampler", "seed", "space"}
_RANGE = {"low", "high", "log"}


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is searched, and how.

    Attributes
    ----------
    space
        Dotted name of a setting -> ``{low, high, log}`` or ``{choices}``.
    trials
        Models that are trained.
    metric
        Figure of the validation side that is to be best; see `whence.photos.evaluation.metrics`.
    sampler
        ``bayes`` (tree-structured Parzen estimators, Bergstra et al. 2011) or ``random``.
    seed
        Of the sampler.

    Raises
    ------
    InputError
        When something of it cannot be meant.
    """

    space: Mapping[str, Mapping[str, Any]]
    trials: int = 20
    metric: str = "median"
    sampler: str = "bayes"
    seed: int = 0
    common: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.space:
            raise InputError("a search needs a [search.space] with at least one setting")
        if self.sampler not in SAMPLERS:
            raise InputError(f"search.sampler is {self.sampler!r}; choose one of: {', '.join(SAMPLERS)}")
        if self.trials < 1:
            raise InputError(f"search.trials is {self.trials}; it must be at least 1")
        metric_named(self.metric)
        for name, values in self.space.items():
            _check(name, values)

    @classmethod
    def of(cls, content: Mapping[str, Any], common: Mapping[str, Any]) -> Self:
        """Make it of the ``[search]`` of a file, and its dotted ``[common]``."""
        stray = sorted(content.keys() - _KEYS)
        if stray:
            raise InputError(f"[search] has no setting {stray[0]!r}; it has: {', '.join(sorted(_KEYS))}")
        return cls(**dict(content), common=common)


def run_search(
    search: Search,
    split: PathLike | Mapping[str, Any],
    out: PathLike,
    *,
    base: PathLike = ".",
    watch: Watcher | None = None,
) -> Sweep:
    """Try settings one after the other; the best is the one of the lowest (or highest) metric.

    Parameters
    ----------
    search
        What to search.
    split
        As of `run_sweep`.
    out
        Folder of the sweep; with what an interrupted search left there it goes on.
    base
        What a relative folder of features is relative to.
    watch
        Who is told how it goes.

    Raises
    ------
    MissingExtraError
        Without optuna.
    InputError
        When a setting cannot be used at all; a try that fails in training is told and counts as worst.
    """
    optuna = require("optuna", extra="learn")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    journal = require("optuna.storages.journal", extra="learn")
    metric = metric_named(search.metric)
    study = optuna.create_study(
        study_name="search",
        storage=optuna.storages.JournalStorage(journal.JournalFileBackend(str(folder / _LOG))),
        direction="maximize" if metric.more_is_better else "minimize",
        load_if_exists=True,
    )
    study.sampler = _sampler(optuna, search, len(_told(study)))
    rows = [_row(search, trial.number, trial.params, base) for trial in _told(study)]
    while len(rows) < search.trials:
        trial = study.ask()
        params = {name: _suggested(trial, name, values) for name, values in search.space.items()}
        rows.append(_row(search, trial.number, params, base))
        tried = run_sweep(rows[-1:], split, folder, watch=watch)
        if tried.failures:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, _value(tried, search.metric))
    return run_sweep(rows, split, folder, watch=watch)


def read_search(path: PathLike) -> Search | None:
    """Read the ``[search]`` of a TOML file; None where it has none.

    Raises
    ------
    NotFoundError, FormatError, InputError
        As `whence.photos.sweep.read_sweep`.
    """
    file = Path(path)
    content = read_toml(file) if file.suffix.lower() == ".toml" else {}
    if "search" not in content:
        return None
    return Search.of(content["search"], dict(dotted(content.get("common", {}))))


def _told(study: Any) -> list[Any]:
    """Give the tries that came to an end, in this run or an earlier one."""
    return [trial for trial in study.trials if trial.state.is_finished()]


def _sampler(optuna: Any, search: Search, tried: int) -> Any:
    # The seed moves on with what is done: a search that goes on shall not try the same again.
    if search.sampler == "random":
        return optuna.samplers.RandomSampler(seed=search.seed + tried)
    return optuna.samplers.TPESampler(seed=search.seed + tried)


def _row(search: Search, number: int, params: Mapping[str, Any], base: PathLike) -> SweepRow:
    values = {
        name: json.loads(value) if "choices" in search.space[name] else value
        for name, value in params.items()
    }
    model = {**search.common, **values, "name": f"try-{number:03d}"}
    return rows_of([model], folder=base, where="the search")[0]


def _suggested(trial: Any, name: str, values: Mapping[str, Any]) -> Any:
    """Ask for a value; choices are kept as JSON, as only plain values may be chosen among."""
    if "choices" in values:
        return trial.suggest_categorical(name, [json.dumps(choice) for choice in values["choices"]])
    whole = isinstance(values["low"], int) and isinstance(values["high"], int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    return suggest(name, values["low"], values["high"], log=bool(values.get("log", False)))


def _check(name: str, values: Any) -> None:
    if not isinstance(values, Mapping):
        raise InputError(f"search.space.{name} must be {{ low, high }} or {{ choices }}, not {values!r}")
    if set(values) == {"choices"} and isinstance(values["choices"], list) and values["choices"]:
        return
    if {"low", "high"} <= set(values) <= _RANGE and values["low"] < values["high"]:
        return
    raise InputError(
        f"search.space.{name} is {dict(values)!r}; give low and high (low < high, and log = true to draw "
        "orders of magnitude), or a list of choices"
    )


def _value(sweep: Sweep, metric: str) -> float:
    (rows,) = sweep.results("validation").values()
    return float(values_of(Answers.of_rows(rows), [metric_named(metric)])[0])
