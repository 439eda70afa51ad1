"""Faults of the public implementations, each as a test that fails where the fault is made."""

from __future__ import annotations

from pathlib import Path

import fake_layouts as fakes
import numpy as np
import rasterio

from whence.aerial import predict
from whence.aerial.datasets import open_dataset
from whence.aerial.scheme import LandClass, Scheme
from whence.aerial.tiling import Cut, cut_tiles


def cut_back(name: str, root: Path, out: Path, *, side_px: int = 64):
    """Cut a data set and open its tiles again."""
    scenes = open_dataset(name, root)
    masked = scenes.choose(names=[one.name for one in scenes.scenes if one.mask])
    cut_tiles(masked, out / "images", out / "masks", cut=Cut(side_px=side_px, stride_px=side_px, mode="val"))
    return open_dataset("folder", images=out / "images", masks=out / "masks")


def test_channel_order(tmp_path: Path) -> None:
    """Colours compared in the wrong order swap building with clutter and low vegetation with car.

    Oracle: ids by colour as the ISPRS publishes them, red first; each class takes columns of its own.
    """
    image, mask = fakes.picture(0, (8, 48)), np.zeros((8, 48, 3), np.uint8)
    for number, colour in enumerate(fakes.ISPRS):
        mask[:, 8 * number : 8 * number + 8] = colour
    fakes.write_tiff(tmp_path / "p/top_potsdam_2_10_RGB.tif", image, corner=(0.0, 9.0))
    fakes.write_tiff(tmp_path / "p/top_potsdam_2_10_label.tif", mask)
    scenes = open_dataset("potsdam", tmp_path / "p")
    values, ids, _ = scenes.read(scenes.scenes[0])
    assert ids is not None
    assert ids[0, ::8].tolist() == [0, 1, 2, 3, 4, 5]
    assert scenes.scheme.names[1] == "building"
    assert scenes.scheme.names[4] == "car"
    np.testing.assert_array_equal(values, image)
    back = cut_back("potsdam", tmp_path / "p", tmp_path)
    tile = back.read(back.scenes[0])
    np.testing.assert_array_equal(tile.image[:8, :48], image)
    assert tile.ids is not None
    assert tile.ids[0, :48:8].tolist() == [0, 1, 2, 3, 4, 5]


def test_padding_is_no_class(tmp_path: Path) -> None:
    """Padding with a class's colour or id is scored as that class; here it is 255, as many as were padded."""
    fakes.potsdam(tmp_path / "p", scenes=("2_10",), size=(90, 70))
    back = cut_back("potsdam", tmp_path / "p", tmp_path)
    total = np.zeros(256, int)
    for scene in back.scenes:
        _, ids, valid = back.read(scene)
        assert ids is not None
        total += np.bincount(ids.ravel(), minlength=256)
        if valid is not None:
            assert (ids[~valid] == 255).all()
    assert total[255] == 128 * 128 - 90 * 70
    assert total[:6].sum() == 90 * 70


def test_labels_are_not_off_by_one(tmp_path: Path) -> None:
    """LoveDA: 0 is no data and 1 is background; no data is not background, and background is counted."""
    raw = np.repeat(np.arange(8, dtype=np.uint8), 8)[None].repeat(64, 0)
    fakes.write_png(tmp_path / "l/Train/Rural/images_png/0.png", fakes.picture(0, (64, 64)))
    fakes.write_png(tmp_path / "l/Train/Rural/masks_png/0.png", raw)
    scenes = open_dataset("loveda", tmp_path / "l")
    ids = scenes.read(scenes.scenes[0]).ids
    assert ids is not None
    assert ids[0, ::8].tolist() == [255, 0, 1, 2, 3, 4, 5, 6]
    assert scenes.scheme.names[0] == "background"
    assert scenes.scheme.names[6] == "agriculture"
    assert 0 in scenes.scheme.counted
    back = cut_back("loveda", tmp_path / "l", tmp_path)
    np.testing.assert_array_equal(back.read(back.scenes[0]).ids, ids)


def test_a_tile_does_not_lose_its_place(tmp_path: Path) -> None:
    """Tiles written by libraries for photographs have no coordinate system; these keep it, masks too."""
    fakes.potsdam(tmp_path / "p", scenes=("2_10",), size=(90, 70))
    cut_back("potsdam", tmp_path / "p", tmp_path)
    with rasterio.open(tmp_path / "p/2_Ortho_RGB/top_potsdam_2_10_RGB.tif") as whole:
        for folder in ("images", "masks"):
            with rasterio.open(tmp_path / folder / "top_potsdam_2_10_00064_00000.tif") as tile:
                assert tile.crs == whole.crs
                assert tile.bounds.top == whole.bounds.top - 64 * 0.05


def test_ignored_pixels_are_not_the_first_class(tmp_path: Path) -> None:
    """A colour that matches nothing must not fall into class 0, as in encoders that start from zeros."""
    fakes.potsdam(tmp_path / "p", scenes=("2_10",), size=(48, 48))
    scenes = open_dataset("potsdam", tmp_path / "p")
    eroded, whole = scenes.read(scenes.scenes[0], eroded=True).ids, scenes.read(scenes.scenes[0]).ids
    assert eroded is not None
    assert whole is not None
    assert (eroded == 0).sum() < (whole == 0).sum()
    assert (eroded == 255).sum() == 48 * 6


class Corner:
    """A model that finds its second class wherever nothing is, as networks do with black padding."""

    scheme = Scheme("two", (LandClass("ground", (90, 90, 90)), LandClass("water", (0, 0, 255))))
    bands = 3

    def probabilities(self, tiles: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
        there = (tiles > 0).any(axis=-1) if valid is None else valid
        return np.stack([there, ~there], axis=1).astype(np.float32)


def test_a_prediction_does_not_lose_its_place_and_padding_is_no_class(tmp_path: Path) -> None:
    """Stitched arrays saved as pictures lose CRS and transform, and keep the padding as a class."""
    image = fakes.picture(0, (90, 70)) // 2 + 1
    image[:20, :30] = 0
    place = {"crs": "EPSG:25832", "transform": rasterio.Affine(0.05, 0, 5e5, 0, -0.05, 5.4e6), "nodata": 0}
    shape = {"height": 90, "width": 70, "count": 3, "dtype": "uint8"}
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", **shape, **place) as dataset:
        dataset.write(image.transpose(2, 0, 1))
    found = predict(tmp_path / "a.tif", Corner(), tmp_path / "c.tif", tile=64, overlap=16)
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert (dataset.crs, dataset.transform, dataset.shape) == (place["crs"], place["transform"], (90, 70))
        classes = dataset.read(1)
    assert (classes[:20, :30] == 255).all()
    assert (classes == 255).sum() == 20 * 30
    assert found.shares == {"ground": 1.0, "water": 0.0}
