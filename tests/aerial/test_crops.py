"""Crops cut while training: the same for seed and number, fair to classes, true to the scene."""

from __future__ import annotations

import pickle
from pathlib import Path

import fake_layouts as fakes
import numpy as np
import pytest

from whence.aerial.class_places import class_places
from whence.aerial.crops import RandomCrops
from whence.aerial.datasets import SceneSet, open_dataset
from whence.aerial.datasets.scene import Pair
from whence.aerial.scaling import block_modes, reduced
from whence.errors import InputError, NotEnoughDataError


@pytest.fixture
def scenes(tmp_path: Path) -> SceneSet:
    fakes.potsdam(tmp_path)
    return open_dataset("potsdam", tmp_path)


def test_a_crop_is_a_piece_of_its_scene(scenes: SceneSet) -> None:
    crops = RandomCrops(scenes, 24, seed=3)
    for number in range(20):
        crop = crops[number]
        image, ids, _ = scenes.read(crop.scene)
        assert ids is not None
        np.testing.assert_array_equal(crop.image, image[crop.window.slices])
        np.testing.assert_array_equal(crop.ids, ids[crop.window.slices])
        assert crop.valid is None


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_memory_threads_and_processes_do_not_change_a_crop(scenes: SceneSet, reduction: int) -> None:
    held = RandomCrops(scenes, 16, seed=1, balance=0.5, reduction=reduction)
    read = RandomCrops(scenes, 16, seed=1, balance=0.5, reduction=reduction, memory_mb=0)
    away = pickle.loads(pickle.dumps(held))
    for number in (7, 0, 3):
        one = held[number]
        for other in (held[number], read[number], away[number]):
            assert one.window == other.window
            np.testing.assert_array_equal(one.image, other.image)
            np.testing.assert_array_equal(one.ids, other.ids)
    assert len({tuple(held[number].window) for number in range(20)}) > 10
    assert held[0].window != RandomCrops(scenes, 16, seed=2, reduction=reduction)[0].window


def test_a_changed_crop_leaves_the_scene_alone(scenes: SceneSet) -> None:
    crops = RandomCrops(scenes, 16)
    before = crops[0].image.copy()
    crops[0].image[:] = 0
    np.testing.assert_array_equal(crops[0].image, before)


def test_plain_crops_come_in_proportion_to_pixels_and_reach_the_rims(tmp_path: Path) -> None:
    """Two scenes, 1 : 3 in pixels; oracle: the binomial spread at five standard deviations."""
    for name, size in {"a": (40, 40), "b": (40, 120)}.items():
        fakes.write_png(tmp_path / "images" / f"{name}.png", fakes.picture(0, size))
        fakes.write_png(tmp_path / "masks" / f"{name}.png", np.zeros(size, np.uint8))
    crops = RandomCrops(open_dataset("folder", tmp_path, scheme="buildings"), 20)
    windows = [crops[number] for number in range(600)]
    share = np.mean([crop.scene.name == "b" for crop in windows])
    assert abs(share - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 600)
    columns = {crop.window.column for crop in windows if crop.scene.name == "b"}
    assert {0, 100} <= columns
    assert max(columns) == 100


def test_balanced_crops_hold_the_rare_class(tmp_path: Path) -> None:
    """A class of 0.1 % of the pixels is in a third of the crops when three classes are drawn evenly."""
    mask = np.zeros((200, 200), np.uint8)
    mask[:, 100:] = 1
    mask[150:155, 20:28] = 2
    fakes.write_png(tmp_path / "images/a.png", fakes.picture(0, (200, 200)))
    fakes.write_png(tmp_path / "masks/a.png", mask)
    scenes = open_dataset("folder", tmp_path)
    balanced, even = RandomCrops(scenes, 20, balance=1.0), RandomCrops(scenes, 20)
    seen = [(balanced[number].ids == 2).any() for number in range(300)]
    assert np.mean(seen) > 1 / 3 - 5 * np.sqrt(2 / 9 / 300)
    plain = [(even[number].ids == 2).any() for number in range(300)]
    assert np.mean(plain) < 0.1


def test_places_of_classes_are_counted_and_drawn_evenly() -> None:
    random = np.random.default_rng(0)
    scenes = [random.integers(0, 4, (700, 30)).astype(np.uint8) for _ in range(2)]
    scenes[1][scenes[1] == 3] = 255
    places = class_places(scenes, 4)
    for number, ids in enumerate(scenes):
        for one in range(4):
            pixels = places.pixels[number][one]
            assert places.counts[number, one] == (ids == one).sum()
            assert (ids[tuple(pixels.T)] == one).all()
            assert len(np.unique(pixels, axis=0)) == len(pixels)
            if len(pixels):
                assert abs(pixels[:, 0].mean() - 350) < 5 * 700 / np.sqrt(12 * len(pixels))


def test_small_scenes_are_filled_up_with_nothing(tmp_path: Path) -> None:
    fakes.write_png(tmp_path / "images/a.png", fakes.picture(0, (10, 14)))
    fakes.write_png(tmp_path / "masks/a.png", np.ones((10, 14), np.uint8))
    crop = RandomCrops(open_dataset("folder", tmp_path, scheme="buildings"), 32)[0]
    assert crop.image.shape == (32, 32, 3)
    assert crop.ids is not None
    assert crop.valid is not None
    assert crop.valid.sum() == (crop.ids == 1).sum() == 140
    assert (crop.ids[~crop.valid] == 255).all()
    assert (crop.image[~crop.valid] == 0).all()


def test_crops_without_any_class_are_drawn_again(tmp_path: Path) -> None:
    mask = np.full((400, 400), 255, np.uint8)
    mask[:, :200] = 0
    fakes.write_png(tmp_path / "images/a.png", fakes.picture(0, (400, 400)))
    fakes.write_png(tmp_path / "masks/a.png", mask)
    crops = RandomCrops(open_dataset("folder", tmp_path, scheme="dubai", by="numbers"), 16)
    assert all((crops[number].ids == 0).any() for number in range(60))


def test_reduction_takes_means_and_the_commonest_class() -> None:
    """Oracle: a loop over squares."""
    random = np.random.default_rng(5)
    image = random.integers(0, 4000, (12, 15, 4)).astype(np.uint16)
    ids = random.choice(np.array([0, 1, 2, 255], np.uint8), (12, 15))
    valid = random.random((12, 15)) > 0.3
    small = reduced(Pair(image, ids, valid), 3)
    assert small.valid is not None
    assert small.ids is not None
    for row in range(4):
        for column in range(5):
            square = np.s_[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            there = valid[square]
            assert small.valid[row, column] == (2 * there.sum() >= 9)
            mean = image[square][there].mean(axis=0)
            np.testing.assert_allclose(small.image[row, column], mean, atol=0.51)
            counts = np.bincount(ids[square].ravel(), minlength=256)
            wanted = counts.argmax() if small.valid[row, column] else 255
            assert small.ids[row, column] == wanted
    assert block_modes(np.full((2, 2), 255, np.uint8), 2).tolist() == [[255]]


def test_wrong_questions_are_told(scenes: SceneSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be"):
        RandomCrops(scenes, 0)
    with pytest.raises(InputError, match="share"):
        RandomCrops(scenes, 8, balance=1.5)
    fakes.write_png(tmp_path / "bare/images/a.png", fakes.picture(0, (10, 14)))
    bare = open_dataset("folder", tmp_path / "bare", scheme="buildings")
    assert RandomCrops(bare, 8)[0].ids is None
    with pytest.raises(InputError, match="has no mask, so crops"):
        RandomCrops(bare, 8, balance=1.0)[0]
    fakes.write_png(tmp_path / "bare/masks/a.png", np.full((10, 14), 255, np.uint8))
    empty = open_dataset("folder", tmp_path / "bare", scheme="dubai")
    with pytest.raises(NotEnoughDataError, match="no pixel"):
        RandomCrops(empty, 8, balance=1.0)[0]
