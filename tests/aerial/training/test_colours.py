"""Classifiers of colours learn what colours tell, the same twice, and a run with them goes on as it would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from whence.aerial.datasets import open_dataset
from whence.aerial.models.colours import LocalColours
from whence.aerial.normalisation import Normalisation
from whence.aerial.training import AerialConfig, Watch, colours, train
from whence.aerial.training.colours import fit_colours
from whence.aerial.training.scenes import TrainingScenes
from whence.errors import NotEnoughDataError

NORMAL = Normalisation((0.5,) * 3, (0.25,) * 3, {"float32": 1.0})


def taught(root: Path) -> LocalColours:
    scenes = TrainingScenes(open_dataset("dubai", root).choose(without=["tile_3"]))
    torch.manual_seed(1)
    module = LocalColours(3, 5, 16, members=2)
    fit_colours(module, scenes, NORMAL, seed=4)
    return module


@pytest.fixture(scope="module", autouse=True)
def _few_steps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(colours, "_STEPS", 200)
        yield


@pytest.fixture(scope="module")
def module(dubai_like: Path) -> LocalColours:
    return taught(dubai_like)


def test_a_place_it_has_not_seen_is_told_by_its_colours(module: LocalColours, dubai_like: Path) -> None:
    held = open_dataset("dubai", dubai_like).choose(groups=["tile_3"])
    image, ids, _ = held.read(held.scenes[0])
    images = torch.from_numpy(NORMAL(image).transpose(2, 0, 1).copy())[None, :, :96, :96]
    with torch.no_grad():
        said = module(images)[0].argmax(dim=0).numpy()
    truth = ids[2:96:4, 2:96:4]
    inner = np.zeros(truth.shape, bool)
    inner.reshape(4, 6, 4, 6)[:, 1:5, :, 1:5] = True  # blocks of 24 pixels; at their rims squares are mixed
    inner &= truth < 5
    assert (said == truth)[inner].mean() > 0.9


def test_it_is_fixed_afterwards_and_the_same_twice(module: LocalColours, dubai_like: Path) -> None:
    assert not module.training
    assert not any(weight.requires_grad for weight in module.parameters())
    again = taught(dubai_like).state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in module.state_dict().items())


def test_scenes_too_small_for_it_are_told(dubai_like: Path) -> None:
    scenes = TrainingScenes(open_dataset("dubai", dubai_like), 4)
    with pytest.raises(NotEnoughDataError, match="colours = 0"):
        fit_colours(LocalColours(3, 5, 8), scenes, NORMAL)


def test_an_interrupted_run_with_colours_gives_the_same_bits(
    small: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colours, "_STEPS", 10)
    small["network"]["options"]["colours"] = 8
    small["training"]["checkpoint_every_s"] = 0.0

    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    config = AerialConfig.of(small)
    whole = train(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "broken", watch=Watch(step=stop))
    again = train(config, tmp_path / "broken")
    weights = [(run.folder / "model" / "weights.safetensors").read_bytes() for run in (whole, again)]
    assert weights[0] == weights[1]
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    np.testing.assert_array_equal(whole.model.probabilities(image), again.model.probabilities(image))
