"""Runs: what lies in the folder, that interrupted ones give the same, and that others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from whence.errors import DivergedError, InputError, NotEnoughDataError, NotFoundError
from whence.learn.history import read_history
from whence.photos.evaluate import evaluate
from whence.photos.features import FeatureStore
from whence.photos.heads import RECIPES
from whence.photos.model import Model, predict
from whence.photos.results import read_results
from whence.photos.splits import Split
from whence.photos.training import Run, TrainConfig, Watcher, train

NEEDED = {"coordinates": {"extent": "data"}}
"""Settings without which three epochs on a tiny world are too few."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, config) -> Run:
    return train(config(), tmp_path_factory.mktemp("runs") / "toy")


def test_everything_is_in_the_folder(run: Run, store: Path) -> None:
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "config.toml", "evaluation.json", "history.csv", "model", "split.parquet", "validation.csv",
    ]  # fmt: skip
    assert [row.epoch for row in run.history] == [1, 2, 3, 4, 5, 6]
    record = run.model.record
    assert record.name == "toy"
    assert record.data["count"] == 420
    assert record.split["counts"] == {"train": 420, "validation": 120, "test": 60, "unused": 0}
    assert record.split["leak"]["validation"]["photos"] == 120
    assert record.encoder == FeatureStore.open(store).identity
    assert run.model.encoder.identity == record.encoder


def test_the_figures_are_those_of_the_predictions(run: Run) -> None:
    """What `whence evaluate validation.csv` says is what the run says."""
    rows = read_results(run.folder / "validation.csv")
    assert len(rows) == 120
    assert evaluate(rows).median_m == pytest.approx(run.evaluation["figures"]["median_m"], rel=1e-6)
    assert run.model.record.scores == run.evaluation["figures"]
    assert run.evaluation["figures"]["median_m"] < 0.7 * run.evaluation["constant"]["median_m"]
    assert any("constant point" in sentence for sentence in run.sentences())
    assert any("from the training side" in sentence for sentence in run.sentences())


def test_the_model_gives_the_same_predictions_again(run: Run, store: Path) -> None:
    features = FeatureStore.open(store)
    split = Split.read(run.folder / "split.parquet").onto(features.metadata).split
    rows = predict(Model.open(run.folder / "model"), features.side(split, "validation"))
    kept = read_results(run.folder / "validation.csv")
    assert [row.img_path for row in rows] == [row.img_path for row in kept]
    found = np.array([row.prediction for row in rows])
    assert found == pytest.approx(np.array([row.prediction for row in kept]), abs=1e-7)


def test_a_complete_run_is_returned_as_it_is(run: Run, config) -> None:
    said: list[str] = []
    assert train(config(), run.folder, watch=Watcher(say=said.append)).evaluation == run.evaluation
    assert said == []


@pytest.mark.parametrize("stop", [2, 6])
def test_an_interrupted_run_goes_on_to_the_same_model(tmp_path: Path, run: Run, config, stop: int) -> None:
    def interrupt(row) -> None:
        if row.epoch == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config(), tmp_path / "toy", watch=Watcher(epoch=interrupt))
    assert not (tmp_path / "toy" / "model").exists()
    with pytest.raises(NotFoundError, match="to go on"):
        Run.open(tmp_path / "toy")
    seen: list[int] = []
    again = train(config(), tmp_path / "toy", watch=Watcher(epoch=lambda row: seen.append(row.epoch)))
    assert seen == list(range(stop + 1, 7))
    assert again.model.identity == run.model.identity
    assert again.evaluation == run.evaluation
    assert [row.validation_loss for row in again.history] == [row.validation_loss for row in run.history]


def test_another_configuration_is_refused_until_told(tmp_path: Path, config) -> None:
    short = {"max_epochs": 1}
    train(config(training=short), tmp_path / "toy")
    other = config(training=short | {"lr": 0.5, "device": "auto"}, head={"hidden": [8]})
    with pytest.raises(
        InputError, match=r"head.hidden was \[32\] and is \[8\]; training.lr was 0.003 and is 0.5"
    ):
        train(other, tmp_path / "toy")
    made = train(other, tmp_path / "toy", restart=True)
    assert made.model.record.training["lr"] == 0.5


def test_a_configuration_that_never_began_can_be_corrected(tmp_path: Path, config) -> None:
    with pytest.raises(InputError, match="no split is called 'oracle'"):
        train(config(data={"split": {"by": "oracle"}}), tmp_path / "toy")
    with pytest.raises(DivergedError, match="unit-vector: the loss is nan at step 2 of epoch 1"):
        train(config(training={"lr": 1e38, "optimiser": "sgd"}), tmp_path / "toy")
    made = train(config(training={"max_epochs": 1}), tmp_path / "toy")
    assert made.model.record.training["max_epochs"] == 1


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, config) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    for restart in (False, True):
        with pytest.raises(InputError, match=r"holds something else, such as thesis\.tex"):
            train(config(), tmp_path, restart=restart)
    assert (tmp_path / "thesis.tex").exists()


def test_a_users_own_configuration_is_never_written_over(tmp_path: Path, config) -> None:
    (tmp_path / "config.toml").write_text(config().to_toml())
    for restart in (False, True):
        with pytest.raises(InputError, match=r"something else, such as config\.toml"):
            train(config(), tmp_path, restart=restart)
    assert (tmp_path / "config.toml").read_text() == config().to_toml()


def test_a_head_without_gradients_and_without_calibration(tmp_path: Path, config) -> None:
    settings = {"head": {"kind": "constant"}, "calibration": {"fit": False}}
    plain = config()

    values = plain.to_json() | settings
    made = train(TrainConfig.of(values), tmp_path / "constant")
    assert made.history == []
    assert made.evaluation["promise"] is None
    assert made.model.calibration.samples == 0


def test_balance_reaches_the_loop(tmp_path: Path, config) -> None:
    once = config(training={"max_epochs": 1})
    drawn = config(training={"max_epochs": 1, "balance": "country", "balance_power": 1.0})
    first, second = train(once, tmp_path / "a"), train(drawn, tmp_path / "b")
    assert first.history[0].train_loss != second.history[0].train_loss


def test_an_empty_side_is_refused(tmp_path: Path, config) -> None:
    with pytest.raises(NotEnoughDataError, match="the validation side of the split is empty"):
        train(config(data={"split": {"by": "random", "validation": 0.0, "test": 0.2}}), tmp_path / "x")


def test_too_few_to_calibrate_are_refused_before_the_training(tmp_path: Path, config) -> None:
    few = {"data": {"split": {"by": "random", "validation": 0.04, "test": 0.1}}}
    with pytest.raises(NotEnoughDataError, match="needs 30 photographs of known position, here are 24"):
        train(config(**few), tmp_path / "x", watch=Watcher(epoch=lambda _row: pytest.fail("it was trained")))
    made = train(config(**few, calibration={"fit": False}), tmp_path / "x")
    assert "which stopped it" in made.sentences()[0]


def test_the_history_can_be_watched_while_it_runs(tmp_path: Path, config) -> None:
    class StopError(Exception):
        pass

    def stop(row) -> None:
        if row.epoch == 2:
            raise StopError

    with pytest.raises(StopError):
        train(config(), tmp_path / "toy", watch=Watcher(epoch=stop))
    rows = read_history(tmp_path / "toy" / "checkpoint" / "history.csv")
    assert rows[0].part == "unit-vector"
    assert json.loads(json.dumps(rows[0].train_loss)) == rows[0].train_loss


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(RECIPES.keys() - {"zero-shot"}))  # that one needs a text tower
def test_every_head_is_trained_kept_and_read_again(tmp_path: Path, config, store: Path, kind: str) -> None:
    values = config().to_json() | {"head": {"kind": kind, **NEEDED.get(kind, {})}}
    values["training"] |= {"max_epochs": 3}
    made = train(TrainConfig.of(values), tmp_path / kind)
    samples = FeatureStore.open(store).samples()
    points = Model.open(tmp_path / kind / "model").points(samples.take(slice(0, 50)))
    assert np.isfinite(points).all()
    assert made.evaluation["figures"]["median_m"] < 1.2 * made.evaluation["constant"]["median_m"]
    (belief,) = made.model.beliefs(samples.take(slice(0, 1)))
    assert belief.radius_m(0.8) < 2e6
