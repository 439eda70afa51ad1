"""whence aerial train: through the real entry point, on a drawn town of four blocks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whence.aerial.model import load_model

CONFIG = """
[data]
root = "town"
options = {scheme = "buildings"}
validation = ["c"]
[crops]
side_px = 32
[network.options]
widths = [8, 8, 8, 8, 8]
depths = [1, 1, 1, 1]
width = 8
fine_width = 8
[training]
steps = 4
batch = 2
validate_every = 2
warmup_steps = 1
device = "cpu"
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Roofs on ground in three images, and a configuration beside them."""
    rng = np.random.default_rng(0)
    for name in "abc":
        roofs = np.kron(rng.integers(0, 2, (4, 5)), np.ones((16, 16), int)).astype(np.uint8)
        image = np.where(roofs[..., None], (180, 60, 50), (90, 140, 80)) + rng.normal(0, 5, (64, 80, 3))
        for kind, pixels in (("images", image.clip(0, 255).astype(np.uint8)), ("masks", roofs)):
            (tmp_path / "town" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "town" / kind / f"{name}.png")
    (tmp_path / "train.toml").write_text(CONFIG)
    return tmp_path


def test_it_trains_and_tells_its_protocol(run, town: Path) -> None:
    result = run("aerial", "train", "train.toml", "--out", "run")
    assert result.exit_code == 0, result.stderr
    assert "mean IoU" in result.stdout
    assert "held back: c" in result.stdout
    assert "step 4: training loss" in result.stderr
    assert {path.name for path in (town / "run").iterdir()} == {
        "config.toml", "curves.png", "evaluation.json", "history.csv", "model", "samples.png",
    }  # fmt: skip
    with Image.open(town / "run" / "curves.png") as picture:
        assert picture.width > 600
    found = load_model(town / "run" / "model", device="cpu").probabilities(np.zeros((1, 40, 40, 3), np.uint8))
    assert found.shape == (1, 2, 40, 40)


def test_json_is_what_the_folder_says(run, town: Path) -> None:
    result = run("aerial", "train", "train.toml", "--out", "run", "--json", "--set", "training.steps=2")
    assert json.loads(result.stdout) == json.loads((town / "run" / "evaluation.json").read_text())
    again = run("aerial", "train", "train.toml", "--out", "run", "--set", "training.steps=2")
    assert "complete already" in again.stderr


def test_the_example_trains_once_it_knows_the_data(run, town: Path) -> None:
    (town / "all.toml").write_text(run("aerial", "train", "--example").stdout)
    small = ["crops.side_px=32", "training.steps=1", "training.batch=2", 'network.options={"width": 8}']
    settings = ["data.root=town", 'data.options={"scheme": "buildings"}', *small]
    flags = [part for setting in settings for part in ("--set", setting)]
    result = run("aerial", "train", "all.toml", "--out", "run", *flags)
    assert result.exit_code == 0, result.stderr
    assert "no scene was held back" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a configuration"),
        (["nothing.toml", "--out", "run"], "--example"),
        (["train.toml", "--out", "run", "--set", "training.speed=3"], "no setting 'speed'"),
        (["train.toml", "--out", "run", "--set", 'data.validation=["d"]'], "no place 'd'"),
        (["train.toml", "--out", "run", "--set", "loss.per_class=[1,2,3]"], "3 numbers for 2 classes"),
        (["train.toml", "--out", "run", "--set", 'network.name="fcn"'], "network.name is 'fcn'"),
        (["train.toml", "--out", "run", "--set", "network.start=nowhere"], "no model nowhere"),
        (["train.toml", "--out", "train.toml"], "is a file"),
    ],
)
def test_mistakes_have_status_2_and_a_way_out(run, town: Path, arguments: list[str], told: str) -> None:
    result = run("aerial", "train", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_mask_of_another_size_is_told(run, town: Path) -> None:
    path = town / "town" / "masks" / "a.png"
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(path)
    result = run("aerial", "train", "train.toml", "--out", "run")
    assert result.exit_code == 2
    assert "10" in result.stderr
    assert "a.png" in result.stderr


def test_it_starts_from_another_model(run, town: Path) -> None:
    run("aerial", "train", "train.toml", "--out", "first")
    result = run("aerial", "train", "train.toml", "--out", "second", "--set", "network.start=first/model")
    assert result.exit_code == 0, result.stderr
    assert "weights are those of" in result.stderr
