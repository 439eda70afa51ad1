"""`whence aerial tile` through the real entry point, with the flags of the cutters of the field."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import rasterio

BUILDING, CLUTTER = (0, 0, 255), (255, 0, 0)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two scenes of Potsdam's names, 40 × 50 pixels of 5 cm; the upper half is building."""
    for scene in ("2_10", "7_13"):
        mask = np.full((40, 50, 3), CLUTTER, np.uint8)
        mask[:20] = BUILDING
        eroded = mask.copy()
        eroded[18:22] = 0
        write(tmp_path / f"images/top_potsdam_{scene}_RGB.tif", np.full((40, 50, 3), 7, np.uint8))
        write(tmp_path / f"images/top_potsdam_{scene}_IRRG.tif", np.full((40, 50, 3), 9, np.uint8))
        write(tmp_path / f"masks/top_potsdam_{scene}_label.tif", mask)
        write(tmp_path / f"masks/top_potsdam_{scene}_label_noBoundary.tif", eroded)
    return tmp_path


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    transform = rasterio.transform.from_origin(360_000, 5_810_000, 0.05, 0.05)
    rows, columns, bands = values.shape
    size = {"height": rows, "width": columns, "count": bands, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=transform, **size) as dataset:
        dataset.write(values.transpose(2, 0, 1))


BOTH = (
    "--img-dir",
    "images",
    "--mask-dir",
    "masks",
    "--output-img-dir",
    "o/images",
    "--output-mask-dir",
    "o/masks",
)
SMALL = ("--split-size", 32, "--stride", 32)


def test_the_flags_of_the_brief(run, scenes: Path) -> None:
    result = run("aerial", "tile", *BOTH, *SMALL, "--rgb-image", "--mode", "train", "--workers", 2)
    assert result.exit_code == 0
    assert "tiles                            8, 6 of them padded" in result.stdout
    assert "building                         50.00 %" in result.stdout
    with rasterio.open(scenes / "o/masks/top_potsdam_2_10_00000_00032.tif") as tile:
        ids = tile.read(1)
        assert tile.crs.to_epsg() == 32633
    assert np.unique(ids[:20, :18]).tolist() == [1]
    assert np.unique(ids[20:, :18]).tolist() == [5]
    assert np.unique(ids[:, 18:]).tolist() == [255]
    with rasterio.open(scenes / "o/images/top_potsdam_2_10_00000_00000.tif") as tile:
        assert np.unique(tile.read()).tolist() == [7]


def test_without_rgb_image_infrared_is_taken_and_eroded_borders_are_ignored(run, scenes: Path) -> None:
    result = run("aerial", "tile", *BOTH, *SMALL, "--eroded", "--mode", "val", "--val-scale", 0.5, "--json")
    told = json.loads(result.stdout)
    assert told["tiles"] == 2
    assert told["ignored"] == pytest.approx((32 * 32 - 25 * 18) / 32**2)
    with rasterio.open(scenes / "o/images/top_potsdam_7_13_00000_00000.tif") as tile:
        assert np.unique(tile.read(masked=True).compressed()).tolist() == [9]


def test_gt_masks_are_coloured(run, scenes: Path) -> None:
    run("aerial", "tile", *BOTH, *SMALL, "--rgb-image", "--gt")
    with rasterio.open(scenes / "o/masks/top_potsdam_2_10_00000_00000.tif") as tile:
        painted = tile.read()
    assert painted[:, 0, 0].tolist() == list(BUILDING)
    assert painted[:, 31, 0].tolist() == list(CLUTTER)


def test_a_whole_data_set_as_published(run, tmp_path: Path) -> None:
    for split in ("Train", "Val"):
        for folder, value in {
            "images_png": np.full((40, 40, 3), 3, np.uint8),
            "masks_png": np.full((40, 40), 2, np.uint8),
        }.items():
            path = tmp_path / "LoveDA" / split / "Urban" / folder / "0.png"
            path.parent.mkdir(parents=True)
            PIL.Image.fromarray(value).save(path)
    out = ("--output-img-dir", "i", "--output-mask-dir", "m", *SMALL, "--json")
    result = run("aerial", "tile", "--root", "LoveDA", "--dataset", "loveda", "--split", "val", *out)
    told = json.loads(result.stdout)
    assert told["scenes"] == 1
    assert told["shares"]["building"] == 1.0
    assert (tmp_path / "m/val_urban_0_00000_00000.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            (*BOTH, "--dataset", "dubai", "--rgb-image"),
            "pixels of the mask have colours that the scheme dubai",
        ),
        ((*BOTH[:4], "--output-img-dir", "o", "--rgb-image"), "name a folder for those of the tiles"),
        ((*BOTH, "--rgb-image", "--val-scale", 0.5), "mode val alone"),
        ((*BOTH, "--rgb-image", "--stride", 2000), "leaves gaps"),
        ((*BOTH, "--root", "images"), "name --img-dir"),
        (("--root", "images", "--output-img-dir", "o", "--dataset", "folder"), "--root takes a published"),
        (
            ("--img-dir", "masks", "--output-img-dir", "o", "--dataset", "nothing"),
            "there is no scheme 'nothing'",
        ),
    ],
)
def test_what_cannot_be_cut_is_told(run, scenes: Path, arguments: tuple[object, ...], told: str) -> None:
    result = run("aerial", "tile", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_missing_kinds_name_what_there_is(run, scenes: Path) -> None:
    for path in (scenes / "images").glob("*_IRRG.tif"):
        path.unlink()
    result = run("aerial", "tile", *BOTH)
    assert result.exit_code == 2
    assert "2 _RGB; --rgb-image takes those" in result.stderr


def test_a_small_split_size_alone_cuts_without_gaps(run, scenes: Path) -> None:
    result = run("aerial", "tile", *BOTH, "--split-size", 32, "--rgb-image")
    assert "tiles                            8" in result.stdout
    assert 'root = "o"' in result.stderr, "the way to a training is told"


def test_images_alone_have_no_shares_of_classes(run, scenes: Path) -> None:
    result = run("aerial", "tile", "--img-dir", "images", "--output-img-dir", "o", *SMALL, "--rgb-image")
    assert result.exit_code == 0
    assert "building" not in result.stdout
