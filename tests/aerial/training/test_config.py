"""The configuration: what is written is read, strays are refused, examples say what they mean."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from whence.aerial.training import AerialConfig, example_config
from whence.aerial.training.config import SECTIONS
from whence.errors import InputError, NotFoundError

STARTER = Path(__file__).parents[3] / "src/whence/aerial/starter"


def test_it_comes_back_from_toml(tmp_path: Path) -> None:
    config = AerialConfig.of(
        {
            "data": {"root": "/data/city", "validation": ["split:val"], "options": {"tolerance": 3}},
            "augmentation": {"transforms": ["weak-colour", {"name": "GaussNoise", "p": 0.2}]},
            "loss": {"per_class": [1.0, 2.0], "options": {"cross-entropy": {"smoothing": 0.1}}},
            "model": {"divisors": {"uint16": 2047}, "scales": [0.8, 1.0]},
        }
    )
    (tmp_path / "c.toml").write_text(config.to_toml(), encoding="utf-8")
    assert AerialConfig.read(tmp_path / "c.toml").to_json() == config.to_json()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"dataa": {}}, r"no section \[dataa\]"),
        ({"training": {"step": 3}}, r"\[training\] has no setting 'step'; it has: steps, epochs"),
        ({"training": {"steps": "many"}}, "must be of the kind of 1000"),
        ({"training": {"steps": 0}}, "at least 1"),
        ({"training": {"lr": 0.0}}, "above zero"),
        ({"training": {"average": 1.0}}, "between 0 and below 1"),
        ({"training": {"schedule": "sawtooth"}}, "choose one of: constant, cosine"),
        ({"training": {"patience": -1}}, "not be negative"),
        ({"loss": {"class_weights": "rare"}}, "choose balanced or none"),
        ({"model": {"reduction": 0}}, "at least 1"),
        ({"data": {"root": ""}}, "needs the folder"),
        ({"data": []}, "must be a table"),
        ({"data": {"dataset": "foldr"}}, r"choose one of: potsdam, .*; is folder meant\?"),
        ({"network": {"name": "unetfromer"}}, r"is unetformer meant\?"),
        ({"loss": {"weights": {"dicce": 1.0}}}, r"is dice meant\?"),
        ({"loss": {"options": {"lovas": {}}}}, r"is lovasz meant\?"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        AerialConfig.of({"data": {"root": "city"}} | values)


def test_paths_start_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "scheme.json").write_text("{}")
    text = '[data]\nroot = "city"\noptions = {scheme = "scheme.json", labels = "elsewhere.gpkg"}\n'
    (tmp_path / "c.toml").write_text(text)
    config = AerialConfig.read(tmp_path / "c.toml")
    assert config.data.root == str(tmp_path / "city")
    assert dict(config.data.options) == {
        "scheme": str(tmp_path / "scheme.json"), "labels": "elsewhere.gpkg",
    }  # fmt: skip


def test_one_setting_is_put_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[data]\nroot = "city"\n')
    over = {"training.batch": 3, "network.options.width": 16, "network.name": "unetformer"}
    config = AerialConfig.read(tmp_path / "c.toml", overrides=over)
    assert (config.training.batch, config.network.name) == (3, "unetformer")
    assert dict(config.network.options) == {"width": 16}
    with pytest.raises(InputError, match="names no setting"):
        AerialConfig.read(tmp_path / "c.toml", overrides={"batch": 3})


def test_the_example_is_every_default_with_a_comment() -> None:
    text = example_config()
    found = tomllib.loads(text)
    assert list(found) == list(SECTIONS)
    found["data"]["root"] = "city"
    assert AerialConfig.of(found).to_json() == AerialConfig.of({"data": {"root": "city"}}).to_json()
    lines = text.splitlines()
    for before, line in itertools.pairwise(lines):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("# "), f"{line} has no word about it"


@pytest.mark.parametrize("name", ["land-cover.toml", "buildings.toml"])
def test_the_recipes_of_the_starters_can_be_read(name: str) -> None:
    config = AerialConfig.read(STARTER / name)
    assert config.model.half
    assert config.data.licence


def test_a_file_that_is_not_there_tells_the_way(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="whence aerial train --example"):
        AerialConfig.read(tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text("[data")
    with pytest.raises(InputError, match="no TOML"):
        AerialConfig.read(tmp_path / "c.toml")
