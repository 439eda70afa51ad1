"""whence train, whence predict and whence locate --model through the real entry point."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from whence.imagery.catalogue import Catalogue
from whence.learn.encoders import load_encoder
from whence.photos.features import FeatureStore

CONFIG = """\
[data]
features = "town.features"
split = {by = "random", validation = 0.2, test = 0.2}
[head]
kind = "unit-vector"
hidden = [16]
[training]
max_epochs = 3
device = "cpu"
checkpoint_every_s = 0.0
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A feature store of 300 photographs in a town, and a configuration beside it."""
    rng = np.random.default_rng(0)
    lonlat = rng.uniform([13.0, 55.5], [13.4, 55.8], (300, 2))
    features = np.abs(rng.normal(size=(300, 768)))
    features[:, :2] += 20.0 * (lonlat - [13.0, 55.5])
    thumbnail = load_encoder("thumbnail")
    known = Catalogue.of_arrays(lonlat, ids=[f"{i}.jpg" for i in range(300)])
    FeatureStore.create(
        tmp_path / "town.features", features, known, identity=thumbnail.identity, encoder=thumbnail
    )
    (tmp_path / "train.toml").write_text(CONFIG)
    return tmp_path


def test_train_predict_evaluate_locate(run, town: Path, write_photo) -> None:
    trained = run("train", "train.toml", "--out", "out")
    assert trained.exit_code == 0, trained.stderr
    assert "out (unit-vector) on the validation side" in trained.stdout
    assert "the constant point: median" in trained.stdout
    assert "from the training side" in trained.stdout
    assert "unit-vector, epoch 3: training loss" in trained.stderr

    predicted = run(
        "predict",
        "out/model",
        "--features",
        "town.features",
        "--split",
        "out/split.parquet",
        "--out",
        "t.csv",
    )
    assert predicted.exit_code == 0, predicted.stderr
    assert "test: 60 photographs" in predicted.stderr
    with (town / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert {"radius_50_m", "radius_95_m", "information_bits"} <= rows[0].keys()
    measured = run("evaluate", "t.csv")
    assert measured.exit_code == 0
    split = ["--features", "town.features", "--split", "out/split.parquet"]
    assert run("evaluate", "out/model", *split).stdout == measured.stdout

    write_photo(town / "photo.jpg")
    located = run("locate", "photo.jpg", "--model", "out/model", "--sources", "model", "--json")
    assert located.exit_code == 0, located.stderr
    (estimate,) = json.loads(located.stdout)["estimates"]
    assert estimate["evidence"][0]["source"] == "model"
    assert "trained on 180 photographs, split by random, median error" in located.stdout


def test_settings_in_the_command_are_those_of_the_file(run, town: Path) -> None:
    (town / "wide.toml").write_text(
        CONFIG.replace("[16]", "[24, 8]").replace("max_epochs = 3", "max_epochs = 1")
    )
    first = run("train", "wide.toml", "--out", "a", "--set", "model.name=m", "--json")
    second = run(
        "train", "train.toml", "--out", "b", "--set", "head.hidden=[24, 8]", "--set", "training.max_epochs=1",
        "--set", "model.name=m", "--json",
    )  # fmt: skip
    assert first.exit_code == second.exit_code == 0, second.stderr
    assert json.loads(first.stdout) == json.loads(second.stdout)


def test_a_model_that_cannot_see_leaves_the_rest_to_work(run, town: Path, write_photo) -> None:
    import shutil

    run("train", "train.toml", "--out", "out", "--set", "training.max_epochs=1")
    shutil.rmtree(town / "out/model/encoder")
    write_photo(town / "photo.jpg", lonlat=(13.2, 55.7))
    located = run("locate", "photo.jpg", "--model", "out/model", "--without", "text")
    assert located.exit_code == 0
    assert "without model: the model out has no encoder in its folder" in located.stderr
    named = run("locate", "photo.jpg", "--model", "out/model", "--sources", "model")
    assert named.exit_code == 2
    assert "has no encoder" in named.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "whence train CONFIG --out RUN"),
        (["train", "none.toml", "--out", "x"], "there is no none.toml"),
        (["train", "train.toml", "--out", "x", "--set", "training.batch"], "write it as key=value"),
        (
            ["train", "train.toml", "--out", "x", "--set", "training.bach=3"],
            "no setting 'bach'; it has: batch",
        ),
        (["train", "train.toml", "--out", "x", "--set", "data.features=none"], "whence embed"),
        (["train", "--example", "oracle"], "there is no head 'oracle'"),
        (["predict", "town.features", "--features", "town.features", "--out", "t.csv"], "is no model"),
        (["predict", "town.features", "--features", "town.features", "--out", "t.html"], ".csv or .parquet"),
        (["locate", "photo.jpg", "--model", "town.features"], "is no model"),
        (["evaluate", "town.features"], "with --features STORE"),
        (["evaluate", "town.features", "--features", "town.features"], "is no model"),
    ],
)
def test_what_the_user_can_mend_has_status_2_and_a_sentence(
    run, town: Path, write_photo, arguments: list[str], said: str
) -> None:
    write_photo(town / "photo.jpg")
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_what_a_newcomer_takes_for_the_model_or_for_a_figure(run, town: Path) -> None:
    run("train", "train.toml", "--out", "out", "--set", "training.max_epochs=1")
    named = run("predict", "out", "--features", "town.features", "--out", "t.csv")
    assert named.exit_code == 2
    assert "out is no model: it has no model.json; that of the run is out/model" in named.stderr
    nowhere = run("predict", "out/model", "--features", "town.features", "--out", "none/t.csv")
    assert nowhere.exit_code == 2
    assert "make it first" in nowhere.stderr
    assert "located by" not in nowhere.stderr  # refused before the work
    for more, flatters in (([], True), (["--split", "out/split.parquet"], False)):
        told = run("predict", "out/model", "--features", "town.features", "--out", "t.csv", *more)
        assert told.exit_code == 0
        assert ("figures of all of it flatter" in told.stderr) is flatters


def test_a_file_that_ends_too_early_is_no_interruption(run, town: Path, monkeypatch) -> None:
    def cut(*_: object) -> None:
        raise EOFError("No data left in file")

    monkeypatch.setattr(FeatureStore, "open", cut)
    result = run("split", "town.features")
    assert result.exit_code == 2
    assert "a file ends too early (No data left in file)" in result.stderr


def test_features_of_another_encoder_are_refused(run, town: Path) -> None:
    run("train", "train.toml", "--out", "out", "--set", "training.max_epochs=1")
    known = Catalogue.of_arrays([[13.0, 55.5]])
    FeatureStore.create(town / "other.features", np.ones((1, 768)), known, identity="another")
    result = run("predict", "out/model", "--features", "other.features", "--out", "t.csv")
    assert result.exit_code == 2
    assert "'another'; embed the photographs with the model's encoder: whence embed" in result.stderr
    assert "--encoder out/model/encoder" in result.stderr


def test_an_example_is_a_configuration(run, tmp_path: Path) -> None:
    import tomllib

    printed = run("train", "--example", "cells")
    assert tomllib.loads(printed.stdout)["head"]["kind"] == "cells"


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_model(run, town: Path) -> None:
    """Real processes, ended with SIGKILL at any moment: reading, training, calibrating, writing."""
    import subprocess
    import sys

    from whence.photos.model import Model

    settings = ["--set", "model.name=m", "--set", "training.max_epochs=25", "--set", "training.patience=25"]
    assert run("train", "train.toml", "--out", "whole", *settings).exit_code == 0
    command = [sys.executable, "-m", "whence", "train", "train.toml", "--out", "killed", *settings]
    killed, patience_s = 0, 2.0
    while True:
        process = subprocess.Popen(command, cwd=town, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, said = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed, patience_s = killed + 1, patience_s * 1.3
            continue
        assert process.returncode == 0, said
        break
    assert killed >= 2
    assert Model.open(town / "killed/model").identity == Model.open(town / "whole/model").identity
    first, second = (
        json.loads((town / name / "evaluation.json").read_text()) for name in ("whole", "killed")
    )
    assert first == second
    assert not (town / "killed" / "checkpoint").exists()
