"""Cutting: every pixel once, padding ignored, the place kept, an interruption survived."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import fake_layouts as fakes
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from whence.aerial.datasets import SceneSet, open_dataset
from whence.aerial.tiling import Cut, cut_tiles
from whence.aerial.tiling.jobs import Job
from whence.aerial.tiling.windows import starts
from whence.errors import InputError, NotEnoughDataError

SIDE = 48


@given(st.integers(1, 400), st.integers(1, 90), st.integers(1, 90), st.sampled_from(["pad", "shift"]))
def test_tiles_cover_and_none_is_needless(length: int, side: int, stride: int, edge: str) -> None:
    if stride > side:
        with pytest.raises(InputError, match="gaps"):
            starts(length, side, stride, edge=edge)
        return
    found = starts(length, side, stride, edge=edge)
    covered = np.zeros(length, bool)
    for start in found:
        covered[start : start + side] = True
    assert covered.all()
    assert found == sorted(set(found))
    covered[:] = False
    for start in found[:-1]:
        covered[start : start + side] = True
    assert not covered.all(), "the last tile is needed"
    if edge == "shift" and length >= side:
        assert found[-1] + side == length


def test_a_scene_of_potsdam_makes_121_tiles() -> None:
    """6000 px, tiles of 1024 every 512: eleven along each side, as the cutters of the field make."""
    assert len(starts(6000, 1024, 512)) ** 2 == 121


def tiles_of(folder: Path) -> dict[str, np.ndarray]:
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".tif", ".png"}:
            with rasterio.open(path) as dataset:
                found[path.stem] = dataset.read()
    return found


@pytest.fixture
def potsdam(tmp_path: Path) -> tuple[SceneSet, dict[str, np.ndarray]]:
    truth = fakes.potsdam(tmp_path / "potsdam", scenes=("2_10", "2_13"))
    return open_dataset("potsdam", tmp_path / "potsdam"), truth


def cut(scenes: SceneSet, folder: Path, **settings):
    more = {name: settings.pop(name) for name in ("workers", "restart") if name in settings}
    chosen = Cut(**{"side_px": SIDE, "stride_px": SIDE} | settings)
    return cut_tiles(scenes, folder / "images", folder / "masks", cut=chosen, **more)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("edge", ["pad", "shift"])
@pytest.mark.parametrize("stride", [SIDE, 20])
def test_tiles_put_together_are_the_scene(potsdam, tmp_path: Path, edge: str, stride: int) -> None:
    scenes, truth = potsdam
    cut(scenes, tmp_path, mode="val", edge=edge, stride_px=stride)
    images, masks = tiles_of(tmp_path / "images"), tiles_of(tmp_path / "masks")
    assert images.keys() == masks.keys()
    for scene in scenes.scenes:
        whole = np.full((160, 160, 3), 0, np.uint8)
        ids = np.full((160, 160), 255, np.uint8)
        for name in masks:
            if name.startswith(scene.name):
                row, column = map(int, name.rsplit("_", 2)[1:])
                whole[row : row + SIDE, column : column + SIDE] = images[name].transpose(1, 2, 0)
                ids[row : row + SIDE, column : column + SIDE] = masks[name][0]
        np.testing.assert_array_equal(ids[:90, :70], truth[scene.name])
        np.testing.assert_array_equal(whole[:90, :70], scenes.read(scene).image)
        assert (ids[90:] == 255).all(), "padding is ignored"
        assert (ids[:, 70:] == 255).all()


def test_padding_is_said_in_the_image(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    made = cut(scenes, tmp_path, mode="val")
    assert made.padded == 2 * (2 * 2 - 1 * 1)
    back = open_dataset("folder", images=tmp_path / "images", masks=tmp_path / "masks")
    for scene in back.scenes:
        row, column = map(int, scene.name.rsplit("_", 2)[1:])
        _, ids, valid = back.read(scene)
        wanted = np.zeros((SIDE, SIDE), bool)
        wanted[: 90 - row, : 70 - column] = True
        np.testing.assert_array_equal(np.ones((SIDE, SIDE), bool) if valid is None else valid, wanted)
        assert ids is not None
        assert (ids[~wanted] == 255).all()


def test_tiles_lie_where_their_pixels_were(potsdam, tmp_path: Path) -> None:
    """Oracle: the coordinates of a pixel in the scene and in the tile."""
    scenes, _ = potsdam
    cut(scenes, tmp_path, stride_px=20)
    with rasterio.open(scenes.scenes[0].image) as whole:
        for folder in ("images", "masks"):
            with rasterio.open(tmp_path / folder / "top_potsdam_2_10_00020_00040.tif") as tile:
                assert tile.crs == whole.crs
                np.testing.assert_allclose(tile.xy(3, 5), whole.xy(23, 45), atol=1e-9)


def test_scaled_scenes_keep_their_extent(potsdam, tmp_path: Path) -> None:
    scenes, truth = potsdam
    cut(scenes, tmp_path, mode="val", scale=0.5, side_px=64, stride_px=64)
    with rasterio.open(scenes.scenes[0].image) as whole:
        name = "top_potsdam_2_10_00000_00000.tif"
        with rasterio.open(tmp_path / "masks" / name) as tile:
            assert tile.transform.a == pytest.approx(2 * whole.transform.a)
            assert tile.xy(0, 0, offset="ul") == whole.xy(0, 0, offset="ul")
            ids = tile.read(1)
        with rasterio.open(tmp_path / "images" / name) as tile:
            image = tile.read()[:, :45, :35]
        means = whole.read().reshape(3, 45, 2, 35, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(image, means, atol=1)
    np.testing.assert_array_equal(ids[:45, :35], truth["top_potsdam_2_10"][1::2, 1::2])
    with pytest.raises(InputError, match="mode val alone"):
        Cut(scale=0.5)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_coloured_masks_have_the_published_colours(potsdam, tmp_path: Path) -> None:
    scenes, truth = potsdam
    cut(scenes, tmp_path, mode="val", coloured=True, side_px=96, stride_px=96)
    with rasterio.open(tmp_path / "masks/top_potsdam_2_13_00000_00000.tif") as tile:
        painted = tile.read().transpose(1, 2, 0)
    np.testing.assert_array_equal(painted[:90, :70], fakes.colour(truth["top_potsdam_2_13"], fakes.ISPRS))
    assert (painted[90:] == 0).all()
    back = open_dataset("folder", images=tmp_path / "images", masks=tmp_path / "masks")
    ids = back.read(back.scenes[-1]).ids
    assert ids is not None
    np.testing.assert_array_equal(ids[:90, :70], truth["top_potsdam_2_13"])


def test_eroded_masks_are_taken_when_asked(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    whole = cut(scenes, tmp_path / "a", mode="val")
    eroded = cut(scenes, tmp_path / "b", mode="val", eroded=True)
    assert eroded.ignored > whole.ignored


def test_tiles_keep_ids_and_place_of_their_scene(tmp_path: Path) -> None:
    """Off by one: ids of LoveDA, cut and read again, are the ids. Places: no tile of a place changes side."""
    truth = fakes.loveda(tmp_path / "loveda")
    scenes = open_dataset("loveda", tmp_path / "loveda").choose(split="train")
    cut(scenes, tmp_path)
    back = open_dataset("folder", images=tmp_path / "images", masks=tmp_path / "masks")
    assert back.scheme.names == scenes.scheme.names
    assert set(back.groups) == {"Train/Urban", "Train/Rural"}
    for scene in back.scenes:
        source, row, column = scene.name.rsplit("_", 2)
        wanted = truth[source][int(row) : int(row) + SIDE, int(column) : int(column) + SIDE]
        ids = back.read(scene).ids
        assert ids is not None
        np.testing.assert_array_equal(ids[: wanted.shape[0], : wanted.shape[1]], wanted)


def test_tiles_with_nothing_are_left_out_and_counted(tmp_path: Path) -> None:
    image = fakes.picture(0, (64, 96))
    image[:32, :32] = 0
    mask = np.ones((64, 96), np.uint8)
    mask[32:, 32:64] = 9
    fakes.write_tiff(tmp_path / "d/images/a.tif", image, corner=(0.0, 9.0), nodata=0)
    fakes.write_tiff(tmp_path / "d/masks/a.tif", mask, corner=(0.0, 9.0), nodata=9)
    scenes = open_dataset("folder", tmp_path / "d", scheme="buildings")
    train = cut(scenes, tmp_path / "train", side_px=32, stride_px=32)
    assert (len(train.tiles), train.empty, train.unlabelled) == (4, 1, 1)
    val = cut(scenes, tmp_path / "val", mode="val", side_px=32, stride_px=32)
    assert (len(val.tiles), val.empty, val.unlabelled) == (5, 1, 0)
    assert train.shares == {"other": 0.0, "building": 1.0}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(("bands", "dtype", "suffix"), [(3, np.uint8, ".png"), (4, np.uint16, ".tif")])
def test_images_without_a_place(tmp_path: Path, bands: int, dtype: type, suffix: str) -> None:
    image = fakes.picture(0, (40, 40), bands=bands, dtype=dtype)
    fakes.write_tiff(tmp_path / "d/images/a.tif", image)
    fakes.write_png(tmp_path / "d/masks/a.png", np.ones((40, 40), np.uint8))
    scenes = open_dataset("folder", tmp_path / "d", scheme="buildings")
    cut(scenes, tmp_path, side_px=32, stride_px=32)
    assert (tmp_path / f"images/a_00000_00000{suffix}").is_file()
    back = open_dataset("folder", images=tmp_path / "images", masks=tmp_path / "masks")
    values, _, valid = back.read(back.choose(names=["a_00000_00032"]).scenes[0])
    np.testing.assert_array_equal(values[:, :8], image[:32, 32:])
    assert values.dtype == dtype
    assert valid is not None
    assert (valid.sum(axis=0) == [32] * 8 + [0] * 24).all()


def test_workers_do_not_change_the_result(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    one, three = cut(scenes, tmp_path / "a"), cut(scenes, tmp_path / "b", workers=3)
    assert one == three
    for folder in ("images", "masks"):
        first, second = tiles_of(tmp_path / "a" / folder), tiles_of(tmp_path / "b" / folder)
        assert first.keys() == second.keys()
        assert all((first[name] == second[name]).all() for name in first)


def test_an_interrupted_cutting_goes_on(potsdam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes, _ = potsdam
    plain = Job.run

    def interrupted(job: Job):
        if job.scene.name.endswith("2_13"):
            raise KeyboardInterrupt
        return plain(job)

    monkeypatch.setattr(Job, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cut(scenes, tmp_path)
    assert not (tmp_path / "masks/tiles.json").exists(), "half a cutting is no cutting"
    monkeypatch.undo()
    made = cut(scenes, tmp_path)
    assert (made.kept, len(made.tiles)) == (4, 8)
    whole = cut(scenes, tmp_path / "whole")
    assert dataclasses.replace(made, kept=0) == whole
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()], "nothing half-written is left"


def test_what_a_killed_cutting_had_begun_goes_away(potsdam, tmp_path: Path) -> None:
    """Only what has the name of a tile under way; other hidden files are the user's."""
    scenes, _ = potsdam
    cut(scenes, tmp_path)
    begun = tmp_path / "images/.top_potsdam_2_10_00000_00048.0d7219a3.part.tif"
    begun.write_bytes(b"II")
    (tmp_path / "images/.mine.part.tif").write_bytes(b"II")
    cut(scenes, tmp_path)
    assert not begun.exists()
    assert (tmp_path / "images/.mine.part.tif").exists()


def test_a_line_that_was_being_written_does_not_count(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    cut(scenes, tmp_path)
    journal = tmp_path / "masks/tiles.journal"
    journal.write_text(journal.read_text()[:-40])
    (tmp_path / "images/top_potsdam_2_10_00000_00000.tif").unlink()
    made = cut(scenes, tmp_path)
    assert (made.kept, len(made.tiles)) == (0, 8), "a tile that is gone is cut again"
    assert (tmp_path / "images/top_potsdam_2_10_00000_00000.tif").is_file()
    assert cut(scenes, tmp_path).kept == 8


def test_a_changed_scene_is_cut_again_and_other_settings_are_refused(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    cut(scenes, tmp_path)
    fakes.potsdam(tmp_path / "potsdam", scenes=("2_10",), size=(90, 71))
    assert cut(scenes, tmp_path).kept == 4
    with pytest.raises(InputError, match="cut otherwise"):
        cut(scenes, tmp_path, side_px=50)
    assert cut(scenes, tmp_path, side_px=50, restart=True).kept == 0


def test_a_large_scene_is_cut_row_by_row(potsdam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes, _ = potsdam
    whole = cut(scenes, tmp_path / "a")
    monkeypatch.setattr("whence.aerial.tiling.jobs._WHOLE_PX", 100)
    rows = cut(scenes, tmp_path / "b")
    assert rows.tiles == whole.tiles
    lines = (tmp_path / "b/masks/tiles.journal").read_text().splitlines()
    assert len(lines) == 1 + 2 * 2
    assert all(json.loads(line) for line in lines)


def test_masks_need_a_folder(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    with pytest.raises(InputError, match="name a folder"):
        cut_tiles(scenes, tmp_path / "images")


def test_a_restart_leaves_no_tiles_of_before(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    cut(scenes, tmp_path, side_px=32, stride_px=32)
    again = cut(scenes, tmp_path, side_px=80, stride_px=80, restart=True)
    assert len(again.tiles) == 4
    assert len(tiles_of(tmp_path / "images")) == len(tiles_of(tmp_path / "masks")) == 4


def test_tiles_that_a_changed_scene_has_no_more_go_away(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    cut(scenes, tmp_path)
    fakes.potsdam(tmp_path / "potsdam", scenes=("2_10",), size=(SIDE, SIDE))
    cut(scenes, tmp_path)
    left = [name for name in tiles_of(tmp_path / "images") if name.startswith("top_potsdam_2_10")]
    assert left == ["top_potsdam_2_10_00000_00000"]
    told = json.loads((tmp_path / "masks/tiles.json").read_text())["tiles"]
    assert {tile["name"] for tile in told} == set(tiles_of(tmp_path / "images"))


def test_a_scene_that_is_as_it_was_before_a_change_is_cut_again(potsdam, tmp_path: Path) -> None:
    """Size and date of the file are those of the first cutting; the tiles are those of the second."""
    scenes, _ = potsdam
    one = dataclasses.replace(scenes, scenes=scenes.scenes[:1])
    files = [path for path in (one.scenes[0].image, one.scenes[0].mask) if path is not None]
    kept = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    cut(one, tmp_path)
    first = tiles_of(tmp_path / "images")
    fakes.potsdam(tmp_path / "potsdam", scenes=("2_10",), size=(90, 71))
    cut(one, tmp_path)
    for path, (content, date) in zip(files, kept, strict=True):
        path.write_bytes(content)
        os.utime(path, ns=(date, date))
    cut(one, tmp_path)
    last = tiles_of(tmp_path / "images")
    assert first.keys() == last.keys()
    assert all((first[name] == last[name]).all() for name in first)


def test_tiles_of_two_cuttings_in_one_folder_keep_their_places(potsdam, tmp_path: Path) -> None:
    """Without its scene each tile would be a place of its own, and a split by place would part them."""
    scenes, _ = potsdam
    for scene in scenes.scenes:
        cut(dataclasses.replace(scenes, scenes=(scene,)), tmp_path, stride_px=20)
    tiles = open_dataset("folder", images=tmp_path / "images", masks=tmp_path / "masks")
    assert set(tiles.groups) == set(scenes.groups)


def test_folders_that_would_mix_scenes_tiles_and_masks_are_refused(potsdam, tmp_path: Path) -> None:
    scenes, _ = potsdam
    with pytest.raises(InputError, match="a folder of its own"):
        cut_tiles(scenes, tmp_path / "o", tmp_path / "o")
    with pytest.raises(InputError, match="holds the scenes themselves"):
        cut_tiles(scenes, tmp_path / "o", scenes.scenes[0].image.parent)
    assert not (tmp_path / "o").exists()
    (tmp_path / "letter").write_text("a file")
    with pytest.raises(InputError, match="cannot be made"):
        cut_tiles(scenes, tmp_path / "o", tmp_path / "letter/masks")
    with pytest.raises(NotEnoughDataError, match="no scenes"):
        cut_tiles(dataclasses.replace(scenes, scenes=()), tmp_path / "o")


def test_control_points_stay_with_their_pixels(tmp_path: Path) -> None:
    """A bent sheet: no transform does it justice, so tiles have its control points, moved."""
    corners = [(0, 0), (0, 70), (60, 0), (60, 70)]
    points = [
        rasterio.control.GroundControlPoint(row, column, 500.0 + column + 0.01 * row * column, 900.0 - row)
        for row, column in corners
    ]
    fakes.write_tiff(tmp_path / "a/s.tif", fakes.picture(0, (60, 70)), gcps=points, crs="EPSG:32633")
    scenes = open_dataset("folder", images=tmp_path / "a", scheme="buildings")
    cut_tiles(scenes, tmp_path / "t", cut=Cut(side_px=30, stride_px=30))
    with rasterio.open(tmp_path / "t/s_00030_00060.tif") as tile:
        found, crs = tile.gcps
    assert crs.to_epsg() == 32633
    assert [(one.row + 30, one.col + 60) for one in found] == corners
    assert [(one.x, one.y) for one in found] == [(one.x, one.y) for one in points]
