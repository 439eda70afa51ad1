"""Data sets in the layout in which they are published: pixels, places and splits as the writers made them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import fake_layouts as fakes
import numpy as np
import PIL.Image
import pytest
import shapely

from whence.aerial.datasets import DATASETS, SceneSet, open_dataset
from whence.aerial.datasets.isprs import POTSDAM_TEST, POTSDAM_TRAIN, VAIHINGEN_TEST, VAIHINGEN_TRAIN
from whence.aerial.datasets.two_folders import two_folders
from whence.aerial.georeference import georeference, place_of
from whence.errors import InputError, NotEnoughDataError, NotFoundError


def earthvqa(root: Path) -> dict[str, np.ndarray]:
    return fakes.loveda(root, domains=("",), classes=9)


WRITERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    "potsdam": fakes.potsdam,
    "vaihingen": fakes.vaihingen,
    "loveda": fakes.loveda,
    "openearthmap": fakes.openearthmap,
    "earthvqa": earthvqa,
    "dubai": fakes.dubai,
}


@pytest.mark.parametrize("name", WRITERS)
def test_ids_are_those_that_were_written(name: str, tmp_path: Path) -> None:
    truth = WRITERS[name](tmp_path)
    scenes = open_dataset(name, tmp_path)
    masked = {one.name: one for one in scenes.scenes if one.mask is not None}
    assert set(masked) == set(truth)
    for scene in masked.values():
        pair = scenes.read(scene)
        assert pair.ids is not None
        assert pair.ids.dtype == np.uint8
        assert pair.image.shape == (*pair.ids.shape, 3)
        np.testing.assert_array_equal(pair.ids, truth[scene.name])


@pytest.mark.parametrize("name", [*WRITERS, "folder"])
def test_an_empty_folder_says_what_it_should_hold(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"should hold|holds no"):
        open_dataset(name, tmp_path)
    with pytest.raises(NotFoundError, match="there is no folder"):
        open_dataset(name, tmp_path / "nowhere")


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match="potsdam, vaihingen, loveda"):
        open_dataset("potsdamm", ".")
    assert set(WRITERS) < set(DATASETS)


def test_the_isprs_splits_are_the_published_ones() -> None:
    """Counts of the contest: 24 + 14 scenes of Potsdam, 16 + 17 of Vaihingen, nothing in both."""
    assert (len(POTSDAM_TRAIN), len(POTSDAM_TEST)) == (24, 14)
    assert (len(VAIHINGEN_TRAIN), len(VAIHINGEN_TEST)) == (16, 17)
    assert len({*POTSDAM_TRAIN, *POTSDAM_TEST}) == 38
    assert len({*VAIHINGEN_TRAIN, *VAIHINGEN_TEST}) == 33


def test_potsdam_has_bands_borders_and_splits(tmp_path: Path) -> None:
    truth = fakes.potsdam(tmp_path)
    red, infrared = open_dataset("potsdam", tmp_path), open_dataset("potsdam", tmp_path, image="IRRG")
    scene = red.scenes[0]
    np.testing.assert_array_equal(red.read(scene).image, 255 - infrared.read(infrared.scenes[0]).image)
    eroded = red.read(scene, eroded=True).ids
    assert eroded is not None
    assert (eroded[:, ::8] == 255).all()
    np.testing.assert_array_equal(
        np.delete(eroded, np.s_[::8], 1), np.delete(truth[scene.name], np.s_[::8], 1)
    )
    assert [one.name for one in red.choose(split="test").scenes] == ["top_potsdam_2_13"]
    with pytest.raises(NotFoundError, match="there are IRRG, RGB"):
        open_dataset("potsdam", tmp_path, image="RGBIR")


def test_the_two_potsdam_masks_that_are_not_clean_need_a_tolerance(tmp_path: Path) -> None:
    """6_7 has cars in (252, 255, 0) and 4_12 was stored with losses: (9, 222, 221) is cyan."""
    fakes.potsdam(tmp_path, scenes=("6_7",), size=(8, 16))
    mask = np.full((8, 16, 3), 255, np.uint8)
    mask[:, :4] = (252, 255, 0)
    mask[:, 4:6] = (9, 222, 221)
    fakes.write_tiff(tmp_path / "5_Labels_all" / "top_potsdam_6_7_label.tif", mask)
    strict = open_dataset("potsdam", tmp_path)
    with pytest.raises(
        InputError, match=r"48 of 128 pixels.*#fcff00 32 pixels \(nearest: car #ffff00, 3 apart"
    ):
        strict.read(strict.scenes[0])
    lenient = open_dataset("potsdam", tmp_path, tolerance=127)
    ids = lenient.read(lenient.scenes[0]).ids
    assert ids is not None
    assert ids[0].tolist() == [4] * 4 + [2] * 2 + [0] * 10


def test_loveda_splits_and_places(tmp_path: Path) -> None:
    fakes.loveda(tmp_path)
    scenes = open_dataset("loveda", tmp_path)
    assert scenes.groups[:2] == ("Train/Rural", "Train/Urban")
    assert len(scenes.choose(split="train")) == len(scenes.choose(split="test")) == 4
    test = scenes.choose(split="test")
    assert all(test.read(one).ids is None for one in test.scenes)
    next((tmp_path / "Train/Urban/masks_png").iterdir()).unlink()
    with pytest.raises(NotFoundError, match="has no mask"):
        open_dataset("loveda", tmp_path)


def test_openearthmap_lists_regions_and_what_is_missing(tmp_path: Path) -> None:
    fakes.openearthmap(tmp_path)
    scenes = open_dataset("openearthmap", tmp_path)
    assert scenes.groups == ("aachen", "tokyo")
    assert {one.name: one.split for one in scenes.scenes}["aachen_3"] == "val"
    (told,) = scenes.left_out
    assert told.startswith("1 listed images are in no folder")
    assert "santa-rosa-wildfire_12" in told
    (tmp_path / "val.txt").write_text("aachen_1.tif\n")
    with pytest.raises(InputError, match=r"aachen_1 is listed for val and, in train\.txt, for train"):
        open_dataset("openearthmap", tmp_path)


def test_dubai_is_split_by_tile_and_its_classes_json_is_not_read(tmp_path: Path) -> None:
    fakes.dubai(tmp_path, tiles=(1, 2, 10))
    scenes = open_dataset("dubai", tmp_path)
    assert scenes.groups == ("tile_1", "tile_2", "tile_10")
    train, test = scenes.choose(without="tile_2"), scenes.choose(groups="tile_2")
    assert len(train) + len(test) == len(scenes)
    assert not {one.image.parent for one in train.scenes} & {one.image.parent for one in test.scenes}
    assert scenes.scheme.names == ("building", "land", "road", "vegetation", "water")


@pytest.mark.shared_data
def test_the_real_dubai_masks_are_read_to_the_pixel(shared_data: Path) -> None:
    """Oracle: the number of pixels of each colour, counted with Pillow."""
    import PIL.Image

    root = shared_data / "aerial/dubai"
    if not root.is_dir():
        pytest.skip("the Dubai set is not here")
    scenes = open_dataset("dubai", root)
    assert len(scenes.groups) == 7
    scene = scenes.choose(groups="tile_2").scenes[0]  # a mask with a palette
    ids = scenes.read(scene).ids
    assert ids is not None
    assert scene.mask is not None
    with PIL.Image.open(scene.mask) as picture:
        assert picture.mode == "P"
        colours = {color: count for count, color in picture.convert("RGB").getcolors(1 << 16)}
    for number, text in enumerate(fakes.DUBAI.values()):
        assert (ids == number).sum() == colours.get(fakes.rgb(text), 0)


# ---- choosing


def small(tmp_path: Path) -> SceneSet:
    fakes.dubai(tmp_path)
    return open_dataset("dubai", tmp_path)


def test_choices_that_are_not_there_are_told(tmp_path: Path) -> None:
    scenes = small(tmp_path)
    with pytest.raises(
        InputError, match="there is no place 'tile_9' in this data set; there are tile_1, tile_2"
    ):
        scenes.choose(groups=["tile_9"])
    with pytest.raises(InputError, match="there is no split 'train' in this data set; there are none"):
        scenes.choose(split="train")
    with pytest.raises(NotEnoughDataError, match="no scene is left"):
        scenes.choose(without=["tile_1", "tile_2"])


# ---- folders


def masks(tmp_path: Path, values: dict[str, np.ndarray]) -> None:
    for name, mask in values.items():
        fakes.write_png(tmp_path / "images" / f"{name}_image.png", fakes.picture(1, mask.shape[:2]))
        fakes.write_png(tmp_path / "masks" / f"{name}_mask.png", mask)


def test_values_without_a_scheme_are_counted(tmp_path: Path) -> None:
    masks(tmp_path, {"a": np.array([[3, 3], [7, 255]], np.uint8), "b": np.array([[0, 0], [3, 3]], np.uint8)})
    scenes = open_dataset("folder", tmp_path)
    assert scenes.scheme.names == ("class 0", "class 3", "class 7")
    first = scenes.read(scenes.scenes[0]).ids
    assert first is not None
    assert first.tolist() == [[1, 1], [2, 255]]
    assert scenes.groups == ("a", "b")


def test_masks_with_a_palette_go_by_colour_where_all_are_known_else_by_number(tmp_path: Path) -> None:
    import PIL.Image

    ids = np.array([[0, 1], [2, 4]], np.uint8)
    for name, colours in {"a": list(fakes.DUBAI.values()), "b": ["#010203"] * 5}.items():
        mask = PIL.Image.fromarray(ids)
        mask.putpalette([value for text in colours for value in fakes.rgb(text)])
        fakes.write_png(tmp_path / "images" / f"{name}.png", fakes.picture(1, (2, 2)))
        (tmp_path / "masks").mkdir(exist_ok=True)
        mask.save(tmp_path / "masks" / f"{name}.png")
    scenes = open_dataset("folder", tmp_path, scheme="dubai")
    for scene in scenes.scenes:
        np.testing.assert_array_equal(scenes.read(scene).ids, ids)
    by_colour = open_dataset("folder", tmp_path, scheme="dubai", by="colours")
    with pytest.raises(InputError, match="#010203"):
        by_colour.read(by_colour.scenes[1])


def test_masks_of_one_bit_are_buildings(tmp_path: Path) -> None:
    import PIL.Image

    roof = np.zeros((16, 24), bool)
    roof[4:9, 6:20] = True
    fakes.write_png(tmp_path / "images/a.png", fakes.picture(0, (16, 24)))
    (tmp_path / "masks").mkdir()
    PIL.Image.fromarray(roof).save(tmp_path / "masks/a.png")
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    np.testing.assert_array_equal(scenes.read(scenes.scenes[0]).ids, roof.astype(np.uint8))


def test_a_mask_of_another_size_is_refused_with_both(tmp_path: Path) -> None:
    fakes.write_png(tmp_path / "images/a.png", fakes.picture(0, (20, 30)))
    fakes.write_png(tmp_path / "masks/a.png", np.zeros((20, 31), np.uint8))
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    with pytest.raises(InputError, match=r"31 × 20 pixels, the image .* 30 × 20"):
        scenes.read(scenes.scenes[0])


def test_a_mask_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    fakes.write_tiff(tmp_path / "images/a.tif", fakes.picture(0, (20, 30)), corner=(1000.0, 2000.0), cell_m=1)
    mask = np.zeros((20, 30), np.uint8)
    fakes.write_tiff(tmp_path / "masks/a.tif", mask, corner=(1000.0, 2000.0), cell_m=1)
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    assert scenes.read(scenes.scenes[0]).ids is not None
    fakes.write_tiff(tmp_path / "masks/a.tif", mask, corner=(1003.0, 1998.0), cell_m=1)
    with pytest.raises(InputError, match=r"3\.0 columns and 2\.0 rows away"):
        scenes.read(scenes.scenes[0])


def test_names_without_counterpart_are_told(tmp_path: Path) -> None:
    masks(tmp_path, {"a": np.zeros((2, 2), np.uint8), "b": np.ones((2, 2), np.uint8)})
    (tmp_path / "masks/b_mask.png").unlink()
    with pytest.raises(InputError, match=r"1 image has no mask: b_image\.png"):
        open_dataset("folder", tmp_path, scheme="buildings")
    scenes = open_dataset("folder", tmp_path, scheme="buildings", lenient=True)
    assert len(scenes) == 1
    assert scenes.left_out == ("1 image has no mask: b_image.png",)


def test_a_place_is_found_in_the_name(tmp_path: Path) -> None:
    masks(tmp_path, {f"lund_{i}": np.zeros((2, 2), np.uint8) for i in range(3)})
    scenes = open_dataset("folder", tmp_path, scheme="buildings", group=r"^([a-z]+)_")
    assert scenes.groups == ("lund",)
    with pytest.raises(InputError, match="must match every name"):
        open_dataset("folder", tmp_path, scheme="buildings", group=r"^(\d+)_")


# ---- pixels of all kinds


def test_sixteen_bits_four_bands_nodata_and_opacity(tmp_path: Path) -> None:
    image = fakes.picture(0, (20, 30), bands=4, dtype=np.uint16)
    image[:, :5] = 0
    fakes.write_tiff(tmp_path / "images/a.tif", image, corner=(0.0, 9.0), nodata=0)
    fakes.write_png(tmp_path / "masks/a.png", np.ones((20, 30), np.uint8))
    scenes = open_dataset("folder", tmp_path, scheme="buildings", bands=(4, 1))
    values, ids, valid = scenes.read(scenes.scenes[0])
    assert values.dtype == np.uint16
    np.testing.assert_array_equal(values, image[..., [3, 0]])
    assert valid is not None
    assert ids is not None
    assert not valid[:, :5].any()
    assert valid[:, 5:].all()
    assert (ids[:, :5] == 255).all(), "where the image has nothing nothing is learnt or scored"
    wrong = open_dataset("folder", tmp_path, scheme="buildings", bands=(5,))
    with pytest.raises(InputError, match="has 4 bands; band 5"):
        wrong.read(wrong.scenes[0])


def test_opacity_that_is_not_declared_is_named(tmp_path: Path) -> None:
    image = fakes.picture(0, (10, 10), bands=4)
    image[..., 3] = 255
    image[:3, :, 3] = 0
    fakes.write_tiff(tmp_path / "images/a.tif", image, corner=(0.0, 9.0), alpha="unspecified")
    fakes.write_png(tmp_path / "masks/a.png", np.zeros((10, 10), np.uint8))
    scenes = open_dataset("folder", tmp_path, scheme="buildings", alpha=4)
    values, _, valid = scenes.read(scenes.scenes[0])
    assert values.shape == (10, 10, 3)
    assert valid is not None
    assert valid.sum() == 70


def test_numbers_that_are_none_are_nothing(tmp_path: Path) -> None:
    heights = np.ones((6, 6, 1), np.float32)
    heights[2, 3] = np.nan
    fakes.write_tiff(tmp_path / "images/a.tif", heights, corner=(0.0, 9.0))
    fakes.write_png(tmp_path / "masks/a.png", np.zeros((6, 6), np.uint8))
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    _, ids, valid = scenes.read(scenes.scenes[0])
    assert valid is not None
    assert ids is not None
    assert np.argwhere(~valid).tolist() == np.argwhere(ids == 255).tolist() == [[2, 3]]


def test_a_declared_nodata_that_the_scheme_knows_keeps_its_meaning(tmp_path: Path) -> None:
    """0 is the background of footprints, also where a writer declared it to be no data; 255 is unknown."""
    fakes.write_tiff(tmp_path / "images/a.tif", fakes.picture(0, (4, 4)), corner=(0.0, 9.0))
    mask = np.array([[0, 0, 1, 1]] * 4, np.uint8)
    fakes.write_tiff(tmp_path / "masks/a.tif", mask, corner=(0.0, 9.0), nodata=0)
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    np.testing.assert_array_equal(scenes.read(scenes.scenes[0]).ids, mask)
    fakes.write_tiff(tmp_path / "masks/a.tif", mask + 8 * (mask == 0), corner=(0.0, 9.0), nodata=8)
    np.testing.assert_array_equal(scenes.read(scenes.scenes[0]).ids, np.where(mask == 0, 255, 1))


def test_a_truncated_tiff_is_named(tmp_path: Path) -> None:
    path = fakes.write_tiff(tmp_path / "images/a.tif", fakes.picture(0, (200, 200)), corner=(0.0, 9.0))
    fakes.write_png(tmp_path / "masks/a.png", np.zeros((200, 200), np.uint8))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    with pytest.raises(InputError, match=r"a\.tif"):
        scenes.read(scenes.scenes[0])


# ---- vector labels


def footprints(
    path: Path, boxes: list[tuple[float, float, float, float]], *, crs: str | None, **fields
) -> Path:
    import pyogrio

    shapes = shapely.to_wkb(np.array([shapely.box(*box) for box in boxes]))
    names = list(fields)
    data = [np.array(fields[name], object) for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            path,
            shapes,
            data,
            names,
            geometry_type="Polygon",
            crs=crs,
            driver="GPKG" if path.suffix == ".gpkg" else None,
        )
    return path


@pytest.fixture
def ortho(tmp_path: Path) -> Path:
    """40 × 60 pixels of 0.5 m, upper left corner at 500 000, 6 100 020 in UTM 33."""
    return fakes.write_tiff(
        tmp_path / "ortho.tif", fakes.picture(0, (40, 60)), corner=(500_000.0, 6_100_020.0), cell_m=0.5
    )


def test_areas_are_drawn_where_their_centres_are(ortho: Path, tmp_path: Path) -> None:
    """Oracle: a loop over the centres of pixels."""
    boxes = [
        (500_003.1, 6_100_004.0, 500_010.3, 6_100_009.6),
        (500_020.0, 6_100_012.2, 500_040.0, 6_100_030.0),
    ]
    labels = footprints(tmp_path / "houses.gpkg", boxes, crs="EPSG:32633")
    scenes = open_dataset("vectors", ortho, labels=labels)
    ids = scenes.read(scenes.scenes[0]).ids
    wanted = np.zeros((40, 60), np.uint8)
    for row in range(40):
        for column in range(60):
            east, north = 500_000 + 0.5 * (column + 0.5), 6_100_020 - 0.5 * (row + 0.5)
            wanted[row, column] = any(x0 < east < x1 and y0 < north < y1 for x0, y0, x1, y1 in boxes)
    np.testing.assert_array_equal(ids, wanted)
    more = open_dataset("vectors", ortho, labels=labels, all_touched=True)
    touched = more.read(more.scenes[0]).ids
    assert touched is not None
    assert touched.sum() > wanted.sum()
    assert (touched >= wanted).all()


def test_areas_in_another_system_are_brought_over(ortho: Path, tmp_path: Path) -> None:
    import pyproj

    box = (500_005.0, 6_100_005.0, 500_015.0, 6_100_015.0)
    metric = footprints(tmp_path / "metric.gpkg", [box], crs="EPSG:32633")
    change = pyproj.Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    corners = np.column_stack(
        change.transform([box[0], box[2], box[2], box[0]], [box[1], box[1], box[3], box[3]])
    )
    ring = [*corners.tolist(), corners[0].tolist()]
    degrees = tmp_path / "degrees.geojson"
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    degrees.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    drawn = []
    for labels in (metric, degrees):
        scenes = open_dataset("vectors", ortho, labels=labels)
        drawn.append(scenes.read(scenes.scenes[0]).ids)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert drawn[0].sum() == 400


def test_an_attribute_tells_the_class(ortho: Path, tmp_path: Path) -> None:
    boxes = [
        (500_000.0, 6_100_000.0, 500_010.0, 6_100_020.0),
        (500_010.0, 6_100_000.0, 500_020.0, 6_100_020.0),
    ]
    labels = footprints(tmp_path / "cover.gpkg", boxes, crs="EPSG:32633", kind=["wood", "lake"])
    scenes = open_dataset("vectors", ortho, labels=labels, attribute="kind")
    assert scenes.scheme.names == ("other", "lake", "wood")
    ids = scenes.read(scenes.scenes[0]).ids
    assert ids is not None
    assert ids[0].tolist() == [2] * 20 + [1] * 20 + [0] * 20
    partly = open_dataset(
        "vectors", ortho, labels=labels, attribute="kind", classes={"lake": "ignore"}, outside="ignore"
    )
    ids = partly.read(partly.scenes[0]).ids
    assert ids is not None
    assert ids[0].tolist() == [1] * 20 + [255] * 40
    with pytest.raises(InputError, match="no attribute 'sort'; it has kind"):
        open_dataset("vectors", ortho, labels=labels, attribute="sort")
    wrong = open_dataset("vectors", ortho, labels=labels, attribute="kind", scheme="dubai")
    with pytest.raises(InputError, match="2 of 2 areas have a kind that is no class"):
        wrong.read(wrong.scenes[0])


def test_blocks_of_one_image_are_places_and_make_it_whole(ortho: Path, tmp_path: Path) -> None:
    labels = footprints(
        tmp_path / "h.gpkg", [(500_003.0, 6_100_004.0, 500_024.0, 6_100_013.0)], crs="EPSG:32633"
    )
    whole = open_dataset("vectors", ortho, labels=labels)
    blocks = open_dataset("vectors", ortho, labels=labels, parts=(3, 1))
    assert blocks.groups == ("ortho_0_0", "ortho_1_0", "ortho_2_0")
    parts = [blocks.read(one) for one in blocks.scenes]
    one = whole.read(whole.scenes[0])
    np.testing.assert_array_equal(np.hstack([part.ids for part in parts]), one.ids)
    np.testing.assert_array_equal(np.hstack([part.image for part in parts]), one.image)


def test_a_missing_system_and_areas_elsewhere_are_errors(ortho: Path, tmp_path: Path) -> None:
    box = (500_003.0, 6_100_004.0, 500_010.0, 6_100_009.0)
    labels = footprints(tmp_path / "houses.gpkg", [box], crs="EPSG:32633")
    plain = fakes.write_tiff(tmp_path / "plain.tif", fakes.picture(0, (40, 60)))
    scenes = open_dataset("vectors", plain, labels=labels)
    with pytest.raises(InputError, match=r"plain\.tif names no coordinate system"):
        scenes.read(scenes.scenes[0])
    nameless = footprints(tmp_path / "nameless.gpkg", [box], crs=None)
    with pytest.raises(InputError, match=r"nameless\.gpkg names no coordinate system; say it with crs"):
        open_dataset("vectors", ortho, labels=nameless)
    said = open_dataset("vectors", ortho, labels=nameless, crs="EPSG:32633")
    assert said.read(said.scenes[0]).ids is not None
    elsewhere = footprints(tmp_path / "elsewhere.gpkg", [(0.0, 0.0, 5.0, 5.0)], crs="EPSG:32633")
    with pytest.raises(InputError, match=r"no area of .* meets an image"):
        open_dataset("vectors", ortho, labels=elsewhere)


def test_a_mask_in_another_system_is_compared_on_the_ground(tmp_path: Path) -> None:
    """The same corner in UTM 33 and, brought over by hand, in UTM 32: one pixel by pixel, one a zone away."""
    from rasterio.warp import transform

    corner = (360_000.0, 5_810_000.0)
    fakes.write_tiff(tmp_path / "images/a.tif", fakes.picture(0, (20, 30)), corner=corner, cell_m=1)
    mask = np.zeros((20, 30), np.uint8)
    fakes.write_tiff(tmp_path / "masks/a.tif", mask, corner=corner, cell_m=1, crs="EPSG:25833")
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    assert scenes.read(scenes.scenes[0]).ids is not None, "ETRS89 and WGS 84 differ by less than a pixel"
    fakes.write_tiff(tmp_path / "masks/a.tif", mask, corner=(366_000.0, 5_800_000.0), crs="EPSG:32619")
    with pytest.raises(InputError, match=r"away from .*EPSG:32619 and EPSG:32633"):
        scenes.read(scenes.scenes[0])
    east, north = transform("EPSG:32633", "EPSG:32632", [corner[0]], [corner[1]])
    fakes.write_tiff(
        tmp_path / "masks/a.tif", mask, corner=(east[0], north[0]), cell_m=1, crs="EPSG:32632"
    )  # the corner is right, and the grid is turned by 5 degrees
    with pytest.raises(InputError, match="away from"):
        scenes.read(scenes.scenes[0])


def test_a_mask_of_other_pixels_is_refused(tmp_path: Path) -> None:
    corner = (1000.0, 2000.0)
    fakes.write_tiff(tmp_path / "images/a.tif", fakes.picture(0, (20, 30)), corner=corner, cell_m=1)
    fakes.write_tiff(tmp_path / "masks/a.tif", np.zeros((20, 30), np.uint8), corner=corner, cell_m=2)
    scenes = open_dataset("folder", tmp_path, scheme="buildings")
    with pytest.raises(InputError, match=r"30\.0 columns and 0\.0 rows away"):
        scenes.read(scenes.scenes[0])


def test_links_to_nowhere_are_told(tmp_path: Path) -> None:
    masks(tmp_path, {"a": np.zeros((2, 2), np.uint8), "b": np.ones((2, 2), np.uint8)})
    for name in ("images/b_image.png", "masks/b_mask.png"):
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(NotFoundError, match="links to what is not there"):
        open_dataset("folder", tmp_path, scheme="buildings")


def test_images_of_which_none_has_a_mask_are_an_error(tmp_path: Path) -> None:
    fakes.write_png(tmp_path / "images/A.png", fakes.picture(0, (2, 2)))
    fakes.write_png(tmp_path / "masks/b.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(NotEnoughDataError, match="no image has a mask"):
        open_dataset("folder", tmp_path, scheme="buildings", lenient=True)
    with pytest.raises(NotEnoughDataError, match="no image has a mask"):
        two_folders(tmp_path / "images", tmp_path / "masks", dataset="buildings", lenient=True)


def test_a_world_file_takes_its_system_from_the_file_beside(tmp_path: Path) -> None:
    from rasterio.crs import CRS

    PIL.Image.fromarray(fakes.picture(0, (20, 30))).save(tmp_path / "a.jpg")
    (tmp_path / "a.jgw").write_text("0.5\n0\n0\n-0.5\n2500000.25\n7499999.75\n")
    assert georeference(tmp_path / "a.jpg").crs is None
    (tmp_path / "a.prj").write_text(CRS.from_epsg(2953).to_wkt(version="WKT1_ESRI"))
    place = georeference(tmp_path / "a.jpg")
    assert place.crs_file == tmp_path / "a.prj"
    assert place.crs.to_epsg() == 2953
    assert place_of(place.transform, (0, 0)) == (2_500_000.0, 7_500_000.0)


def test_control_points_on_a_plane_are_a_transform(tmp_path: Path) -> None:
    from affine import Affine
    from rasterio.control import GroundControlPoint

    turned = Affine(0.43, 0.25, 412_345.5, 0.25, -0.43, 6_180_000.0)
    points = [
        GroundControlPoint(row, column, *place_of(turned, (column, row)))
        for row, column in ((0, 0), (0, 30), (20, 0), (20, 30), (7, 11))
    ]
    fakes.write_tiff(tmp_path / "a.tif", fakes.picture(0, (20, 30)), gcps=points, crs="EPSG:32637")
    place = georeference(tmp_path / "a.tif")
    assert place.crs.to_epsg() == 32637
    np.testing.assert_allclose(tuple(place.transform), tuple(turned), atol=1e-6)
