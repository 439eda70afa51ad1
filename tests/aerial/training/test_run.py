"""A training as a folder: the same bits after an interruption, honest refusals, and something learnt."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whence.aerial.datasets import open_dataset
from whence.aerial.model import load_model
from whence.aerial.training import AerialConfig, AerialRun, Watch, train
from whence.errors import InputError, NotFoundError


def weights_of(run: AerialRun) -> bytes:
    return (run.folder / "model" / "weights.safetensors").read_bytes()


def stopping_after(steps: int) -> Watch:
    """Interrupts as a user would, after so many steps."""

    def step(done: int, _total: int) -> None:
        if done == steps:
            raise KeyboardInterrupt

    return Watch(step=step)


def figures(run: AerialRun) -> list[tuple[int, float, float, float]]:
    return [(look.step, look.train_loss, look.validation_loss, look.mean_iou) for look in run.history]


@pytest.fixture(scope="module")
def whole(dubai_like: Path, tmp_path_factory: pytest.TempPathFactory) -> AerialRun:
    return train(AerialConfig.of(settings(dubai_like)), tmp_path_factory.mktemp("runs") / "run")


def settings(root: Path) -> dict:
    return {
        "data": {"dataset": "dubai", "root": str(root), "validation": ["tile_3"]},
        "crops": {"side_px": 32},
        "network": {
            "options": {"widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "width": 8, "fine_width": 8}
        },
        "training": {
            "steps": 6, "batch": 2, "validate_every": 3, "warmup_steps": 2, "device": "cpu",
            "checkpoint_every_s": 0.0,
        },
    }  # fmt: skip


def test_the_frequency_of_the_classes_counts_as_asked(small: dict, dubai_like: Path, tmp_path: Path) -> None:
    small["model"] = {"prior": 0.5}
    small["training"] |= {"steps": 1, "validate_every": 1}
    model = train(AerialConfig.of(small), tmp_path / "run").model
    scenes = open_dataset("dubai", dubai_like)
    shares = []
    for tile in ("tile_1", "tile_2"):
        there = scenes.choose(groups=[tile])
        ids = np.concatenate([there.read(scene)[1].ravel() for scene in there.scenes])
        counts = np.bincount(ids[ids < 5], minlength=5)
        shares.append(counts / counts.sum())
    np.testing.assert_allclose(model.offsets, 0.5 * np.log(np.mean(shares, axis=0)), atol=1e-4)


@pytest.mark.parametrize("after", [1, 3, 4, 6])
def test_interrupted_and_uninterrupted_give_the_same_bits(
    small: dict, tmp_path: Path, after: int, whole: AerialRun
) -> None:
    config = AerialConfig.of(small)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", watch=stopping_after(after))
    with pytest.raises(NotFoundError, match="no complete run"):
        AerialRun.open(tmp_path / "run")
    again = train(config, tmp_path / "run")
    assert weights_of(again) == weights_of(whole)
    assert figures(again) == figures(whole)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_threads_that_prepare_crops_change_nothing(small: dict, tmp_path: Path, whole: AerialRun) -> None:
    small["training"]["workers"] = 3
    assert weights_of(train(AerialConfig.of(small), tmp_path / "run")) == weights_of(whole)


def test_windows_from_files_are_what_memory_holds(small: dict, tmp_path: Path, whole: AerialRun) -> None:
    small["crops"]["memory_mb"] = 0
    assert weights_of(train(AerialConfig.of(small), tmp_path / "run")) == weights_of(whole)


def test_another_seed_is_another_model(small: dict, tmp_path: Path, whole: AerialRun) -> None:
    small["training"]["seed"] = 1
    assert weights_of(train(AerialConfig.of(small), tmp_path / "run")) != weights_of(whole)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("training", "lr", 1e-4), ("crops", "scale", [1.0, 1.0]), ("loss", "auxiliary", 0.0)],
)
def test_other_settings_are_refused(
    small: dict, tmp_path: Path, section: str, key: str, value: object
) -> None:
    small["training"]["checkpoint_every_s"] = 0.0
    with pytest.raises(KeyboardInterrupt):
        train(AerialConfig.of(small), tmp_path / "run", watch=stopping_after(2))
    small.setdefault(section, {})[key] = value
    with pytest.raises(InputError, match=f"{section}.{key} was"):
        train(AerialConfig.of(small), tmp_path / "run")


def test_other_data_are_refused(small: dict, tmp_path: Path, dubai_like: Path) -> None:
    import shutil

    small["training"]["checkpoint_every_s"] = 0.0
    root = tmp_path / "data"
    shutil.copytree(dubai_like, root)
    small["data"]["root"] = str(root)
    with pytest.raises(KeyboardInterrupt):
        train(AerialConfig.of(small), tmp_path / "run", watch=stopping_after(2))
    path = root / "tile_1" / "images" / "image_part_001.jpg"
    Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    with pytest.raises(InputError, match=r"data\.digest was"):
        train(AerialConfig.of(small), tmp_path / "run")


def test_a_complete_run_is_returned_and_not_trained(small: dict, whole: AerialRun) -> None:
    said: list[str] = []
    again = train(AerialConfig.of(small), whole.folder, watch=Watch(say=said.append))
    assert figures(again) == figures(whole)
    assert said
    assert "complete already" in said[0]


def test_a_folder_of_other_things_is_left_alone(small: dict, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    for restart in (False, True):
        with pytest.raises(InputError, match=r"something else, such as holiday\.jpg"):
            train(AerialConfig.of(small), tmp_path, restart=restart)
    assert (tmp_path / "holiday.jpg").exists()


def test_a_users_own_configuration_is_never_written_over(small: dict, tmp_path: Path) -> None:
    own = AerialConfig.of(small).to_toml()
    (tmp_path / "config.toml").write_text(own, encoding="utf-8")
    for restart in (False, True):
        with pytest.raises(InputError, match=r"something else, such as config\.toml"):
            train(AerialConfig.of(small), tmp_path, restart=restart)
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == own


def test_what_a_run_leaves(whole: AerialRun) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {
        "config.toml", "history.csv", "model", "samples.png", "evaluation.json",
    }  # fmt: skip
    again = AerialConfig.read(whole.folder / "config.toml")
    assert again.training.steps == 6
    card = whole.model.card
    assert card["data"]["train"] == ["tile_1", "tile_2"]
    assert card["data"]["validation"] == ["tile_3"]
    assert "held back: tile_3" in card["protocol"]
    with Image.open(whole.folder / "samples.png") as picture:
        assert picture.width == 3 * 120 + 2 * 4


def test_figures_are_those_of_the_model_that_was_written(whole: AerialRun, dubai_like: Path) -> None:
    """The oracle reads the folder, predicts whole images and counts in a loop over classes."""
    from whence.aerial.datasets import open_dataset

    model = load_model(whole.folder / "model", device="cpu")
    scenes = open_dataset("dubai", dubai_like).choose(groups=["tile_3"])
    truth, said = [], []
    for scene in scenes.scenes:
        image, ids, _ = scenes.read(scene)
        said.append(model.probabilities(image[None])[0].argmax(0).ravel())
        truth.append(ids.ravel())
    truth, said = np.concatenate(truth), np.concatenate(said)
    known = truth != 255
    for number, name in enumerate(scenes.scheme.names):
        both = int(((truth == number) & (said == number)).sum())
        either = int((((truth == number) | (said == number)) & known).sum())
        told = whole.evaluation["figures"]["classes"][name]["iou"]
        assert told == pytest.approx(both / either if either else math.nan, nan_ok=True)


def test_without_held_back_scenes_it_trains_to_the_end(small: dict, tmp_path: Path) -> None:
    del small["data"]["validation"]
    small["training"]["patience"] = 1
    run = train(AerialConfig.of(small), tmp_path / "run")
    assert [look.step for look in run.history] == [3, 6]
    assert all(math.isnan(look.mean_iou) for look in run.history)
    assert run.evaluation["figures"] is None
    assert "no scene was held back" in run.sentences()[0]


def test_patience_ends_it(small: dict, tmp_path: Path) -> None:
    """With a rate of nearly nothing no look is better than the first."""
    small["training"] |= {"steps": 40, "validate_every": 1, "patience": 2, "lr": 1e-30}
    run = train(AerialConfig.of(small), tmp_path / "run")
    assert len(run.history) == 3


@pytest.mark.slow
def test_it_learns(small: dict, tmp_path: Path) -> None:
    small = copy.deepcopy(small)
    small["training"] |= {"steps": 80, "validate_every": 80, "batch": 4, "lr": 0.01, "average": 0.9}
    small["crops"]["side_px"] = 64
    run = train(AerialConfig.of(small), tmp_path / "run")
    assert run.history[-1].mean_iou > 0.7
    told = json.loads((run.folder / "evaluation.json").read_text())
    assert told["figures"]["mean_iou"] == pytest.approx(run.history[-1].mean_iou, abs=1e-6)
