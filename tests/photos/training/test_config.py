"""Configurations: what is written is read, and what cannot be is refused with the way out."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError, NotFoundError
from whence.learn.commented_settings import described
from whence.learn.sections import toml_text
from whence.photos.heads import RECIPES
from whence.photos.samples import Samples
from whence.photos.training import TrainConfig, example_config
from whence.photos.training.data import balance_weights
from whence.photos.training.settings import TrainingSettings

LEAST = {"data": {"features": "city.features"}, "head": {"kind": "constant"}}


@pytest.mark.parametrize("kind", RECIPES)
def test_every_head_has_an_example_that_is_its_defaults(kind: str) -> None:
    text = example_config(kind)
    found = TrainConfig.of(tomllib.loads(text))
    least = TrainConfig.of(LEAST | {"head": {"kind": kind}})
    assert found.kind == kind
    assert asdict(found.head) == asdict(least.head)
    assert found.training == least.training == TrainingSettings()
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("kind", RECIPES)
def test_every_setting_is_described(kind: str) -> None:
    config = TrainConfig.of(LEAST | {"head": {"kind": kind}})
    for section in (config.head, config.training, config.calibration, config.model):
        about = described(type(section))
        assert not [name for name in asdict(section) if not about.get(name)], type(section)


def test_a_file_is_read_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "train.toml").write_text(toml_text(LEAST))
    found = TrainConfig.read(
        tmp_path / "train.toml", overrides={"training.batch": 32, "data.split": "s.parquet"}
    )
    assert found.features == tmp_path / "city.features"
    assert found.split == tmp_path / "s.parquet"
    assert found.training.batch == 32


def test_resolved_it_is_the_same_configuration(tmp_path: Path) -> None:
    first = TrainConfig.of(
        {
            "data": {"features": str(tmp_path / 'a "b"'), "split": {"by": "blocks", "block_m": 50.0}},
            "head": {"kind": "unit-vector", "hidden": [8, 4]},
            "training": {"lr": 1e-5, "warmup_epochs": 1},
        }
    )
    again = TrainConfig.of(tomllib.loads(first.to_toml()))
    assert again.to_json() == first.to_json()
    assert again.training.warmup_epochs == 1.0


WRONG = {
    "no features": ({"head": {"kind": "constant"}}, "needs the folder of a feature store"),
    "stray section": (LEAST | {"haed": {}}, r"no section \[haed\]; there are: data, head"),
    "stray data": (LEAST | {"data": {"features": "a", "table": "b"}}, "it has: features, split"),
    "no head": (LEAST | {"head": {}}, "there is no head ''; choose one of: coordinates"),
    "unknown head": (LEAST | {"head": {"kind": "oracle"}}, "no head 'oracle'"),
    "stray key of the head": (
        LEAST | {"head": {"kind": "unit-vector", "hiden": [3]}},
        "it has: loss, hidden",
    ),
    "stray key of training": (LEAST | {"training": {"epochs": 3}}, "no setting 'epochs'; it has: batch"),
    "text for a number": (LEAST | {"training": {"batch": "big"}}, 'training.batch is "big"'),
    "truth for a number": (LEAST | {"training": {"batch": True}}, "training.batch is true"),
    "fraction for a count": (LEAST | {"training": {"batch": 2.5}}, "training.batch is 2.5"),
    "a promise in percent": (
        LEAST | {"model": {"confidence": 80}},
        r"model.confidence is 80\.0; it is a share between 0 and 1",
    ),
    "out of range": (LEAST | {"training": {"patience": 0}}, "patience is 0; it must be at least 1"),
    "unknown optimiser": (LEAST | {"training": {"optimiser": "magic"}}, "choose one of: adam, adamw, sgd"),
    "unknown schedule": (LEAST | {"training": {"schedule": "x"}}, "constant, cosine"),
    "head's own refusal": (LEAST | {"head": {"kind": "unit-vector", "dropout": 1.5}}, "dropout"),
    "no table": (LEAST | {"training": 3}, "must be a table"),
    "split of no kind": (LEAST | {"data": {"features": "a", "split": 3}}, "data.split is a file, or a table"),
}


@pytest.mark.parametrize(("values", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(values: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TrainConfig.of(values)


def test_files_that_are_absent_or_no_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="--example"):
        TrainConfig.read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[data\n")
    with pytest.raises(InputError, match="no TOML"):
        TrainConfig.read(tmp_path / "bad.toml")
    (tmp_path / "good.toml").write_text(toml_text(LEAST))
    for name in ("batch", "training.batch.size", ".batch"):
        with pytest.raises(InputError):
            TrainConfig.read(tmp_path / "good.toml", overrides={"training.batch": 3, name: 3})


def test_balancing_by_hand() -> None:
    samples = Samples.of_arrays(np.ones((4, 2)), np.zeros((4, 2)), country=["SE", "SE", "SE", "DK"])
    assert balance_weights(samples, "", 1.0) is None
    assert balance_weights(samples, "country", 0.0) is None
    assert balance_weights(samples, "country", 1.0) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1.0])
    assert balance_weights(samples, "country", 0.5) == pytest.approx([3**-0.5] * 3 + [1.0])
    cells = Samples.of_arrays(np.ones((3, 2)), [[0.1, 0.1], [0.2, 0.2], [0.3, 0.1]])
    assert balance_weights(cells, "cell", 1.0) == pytest.approx([0.5, 0.5, 1.0])
    with pytest.raises(InputError, match="no column 'city'"):
        balance_weights(samples, "city", 1.0)
