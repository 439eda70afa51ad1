"""Crops: each pixel where the geometry says, ids with their image, classes as often as asked."""

from __future__ import annotations

import math
from pathlib import Path

import fake_layouts as fakes
import numpy as np
import pytest

from whence.aerial.datasets import open_dataset
from whence.aerial.scheme import IGNORE
from whence.aerial.training.sampling import Placement, TurnedCrops
from whence.aerial.training.scenes import TrainingScenes, reduced
from whence.aerial.training.settings import CropSettings
from whence.errors import InputError
from whence.imagery.raster import Window


@pytest.fixture(scope="module")
def scenes(dubai_like: Path) -> TrainingScenes:
    return TrainingScenes(open_dataset("dubai", dubai_like))


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.9])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle_deg", [0.0, 90.0, 180.0, 27.0, 301.0])
def test_every_pixel_lies_where_the_placement_says(
    scenes: TrainingScenes, scale: float, mirrored: bool, angle_deg: float
) -> None:
    """A slow loop takes the pixel of the scene that holds each centre; rims between pixels are left out."""
    side = 33
    crops = TurnedCrops(scenes, CropSettings(side_px=side))
    at = Placement(1, 61.3, 50.2, scale, math.radians(angle_deg), mirrored)
    found = crops.cut(at)
    ids = scenes.scenes.read(scenes.scenes.scenes[1]).ids
    assert found.ids.shape == (side, side)
    back = np.linalg.inv(at.forward())
    for row in range(side):
        for column in range(side):
            offset = np.array([column + 0.5 - side / 2, row + 0.5 - side / 2])
            there = back @ offset + [at.column, at.row]
            if np.abs(there - there.round()).min() < 0.05:
                continue
            inside = (there > 0).all() and there[0] < ids.shape[1] and there[1] < ids.shape[0]
            wanted = ids[int(there[1]), int(there[0])] if inside else IGNORE
            assert found.ids[row, column] == wanted


def test_image_and_ids_go_together(scenes: TrainingScenes) -> None:
    """Classes differ in colour, so the mean colour under each id of a turned crop is that of its class."""
    crops = TurnedCrops(scenes, CropSettings(side_px=64), seed=1)
    pairs = [scenes.scenes.read(scene) for scene in scenes.scenes.scenes]
    image = np.concatenate([pair.image.reshape(-1, 3) for pair in pairs])
    ids = np.concatenate([pair.ids.ravel() for pair in pairs])
    colours = [image[ids == number].mean(axis=0) for number in range(5)]
    for number in range(20):
        image, found = crops(number)
        for class_id in np.unique(found[found != IGNORE]):
            if (found == class_id).sum() > 200:
                assert np.abs(image[found == class_id].mean(axis=0) - colours[class_id]).max() < 25


def test_an_upright_crop_is_a_slice(scenes: TrainingScenes) -> None:
    crops = TurnedCrops(scenes, CropSettings(side_px=32))
    found = crops.cut(Placement(0, 40.0, 30.0))
    image, ids, _ = scenes.scenes.read(scenes.scenes.scenes[0])
    np.testing.assert_array_equal(found.image, image[14:46, 24:56])
    np.testing.assert_array_equal(found.ids, ids[14:46, 24:56])


def test_beyond_the_rim_nothing_is_meant(scenes: TrainingScenes) -> None:
    found = TurnedCrops(scenes, CropSettings(side_px=200)).cut(Placement(0, 60.0, 48.0))
    assert (found.ids[:52] == IGNORE).all()
    assert (found.ids[148:] == IGNORE).all()
    assert (found.ids[52:148, 40:160] != IGNORE).mean() > 0.99


def test_a_crop_is_decided_by_its_number(scenes: TrainingScenes) -> None:
    crops = TurnedCrops(scenes, CropSettings(side_px=32), seed=3)
    first = crops(17)
    crops(18)
    again = TurnedCrops(scenes, CropSettings(side_px=32), seed=3)(17)
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.image, crops(18).image)


def test_balance_shows_rare_classes(dubai_like: Path, tmp_path: Path) -> None:
    """Land fills the scene but for 24 x 24 pixels of water; a balanced half of the crops must show them."""
    import shutil

    from PIL import Image

    from whence.aerial.schemes import SCHEMES

    shutil.copytree(dubai_like / "tile_1", tmp_path / "tile_1")
    for path in (tmp_path / "tile_1" / "masks").iterdir():
        ids = np.ones((96, 120), np.int64)
        ids[:8, :8] = 4
        Image.fromarray(SCHEMES["dubai"].paint(ids)).save(path)
    rare = TrainingScenes(open_dataset("dubai", tmp_path))
    shown = {}
    for balance in (0.0, 1.0):
        crops = TurnedCrops(rare, CropSettings(side_px=32, balance=balance, turn="none", scale=(1.0, 1.0)))
        shown[balance] = np.mean([(crops(number).ids == 4).any() for number in range(300)])
    assert shown[0.0] < 0.25
    assert 0.45 < shown[1.0] < 0.65  # half of the crops are centred near water, by the even draw


def test_a_reduction_is_a_mean_of_squares() -> None:
    image = np.random.default_rng(0).random((13, 11, 5)).astype(np.float32)
    wanted = image[:12, :9].reshape(4, 3, 3, 3, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(image, 3), wanted, rtol=1e-5)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"side_px": 16}, {"scale": (2.0, 1.0)}, {"turn": "some"}, {"balance": 1.5}):
        with pytest.raises(InputError, match="crops"):
            CropSettings(**wrong)


@pytest.mark.parametrize("memory_mb", [64, 0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_where_nothing_is_there_is_the_mean(tmp_path: Path, dtype: type, memory_mb: int) -> None:
    """As predictions show it: normalised it is 0, not the darkest grey; also beside it, after a reduction."""
    image = fakes.picture(0, (40, 40), bands=3).astype(dtype)
    image[:, :13] = 0 if dtype is np.uint8 else np.nan
    fakes.write_tiff(tmp_path / "images/a.tif", image, nodata=0 if dtype is np.uint8 else np.nan)
    fakes.write_tiff(tmp_path / "masks/a.tif", np.ones((40, 40), np.uint8))
    whole = open_dataset("folder", tmp_path, scheme="buildings")
    scenes = TrainingScenes(whole, reduction=2, memory_mb=memory_mb)
    mean = image[:, 13:].reshape(-1, 3).astype(np.float64).mean(axis=0)
    part = scenes.patch(0, Window(0, 5, 10, 15))
    np.testing.assert_allclose(part.image[:, :6], np.broadcast_to(mean, (15, 6, 3)), atol=0.51)
    edge = image[10:40, 12:14].astype(np.float64)
    edge[:, 0] = mean
    np.testing.assert_allclose(part.image[:, 6], edge.reshape(15, 2, 2, 3).mean(axis=(1, 2)), atol=1.0)
    assert (part.ids[:, :6] == 255).all()
