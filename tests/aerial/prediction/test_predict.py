"""From file to file: every pixel of the result against the model's answer for that pixel."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from pixel_models import (
    CELL_M,
    TOWN,
    TRANSFORM,
    UTM,
    Around,
    Colours,
    Constant,
    picture,
    read,
    shares_of,
    write,
)
from rasterio import shutil

from whence.aerial import predict
from whence.aerial.georeference import georeference
from whence.errors import InputError, NotFoundError

SMALL = {"tile": 64, "overlap": 16}


@pytest.mark.parametrize("size", [(150, 333), (1, 300), (300, 1), (20, 20), (1, 1), (64, 64), (65, 64)])
def test_every_pixel_is_what_the_model_says_of_it(tmp_path, size):
    image = picture(*size)
    write(tmp_path / "a.tif", image)
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", probabilities=tmp_path / "p.tif",
                    probability_type="float32", **SMALL)  # fmt: skip
    shares = shares_of(image).transpose(2, 0, 1)
    np.testing.assert_allclose(read(tmp_path / "p.tif"), shares, atol=1e-5)
    top = np.sort(shares, axis=0)
    sure = top[-1] - top[-2] > 1e-4
    np.testing.assert_array_equal(read(tmp_path / "c.tif")[0][sure], shares.argmax(axis=0)[sure])
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.pixels == (size[0] * size[1],) * 2


def test_a_constant_network_gives_a_constant_image(tmp_path):
    write(tmp_path / "a.tif", picture(211, 190))
    predict(tmp_path / "a.tif", Constant(), tmp_path / "c.tif", probabilities=tmp_path / "p.tif",
            probability_type="float32", uncertainty=tmp_path / "u.tif", tile=64, overlap=0.4)  # fmt: skip
    assert np.unique(read(tmp_path / "c.tif")).tolist() == [1]
    for layer in read(tmp_path / "p.tif"):
        assert len(np.unique(layer)) == 1
    assert len(np.unique(read(tmp_path / "u.tif"))) == 1


def test_in_pieces_is_as_at_once(tmp_path):
    write(tmp_path / "a.tif", picture(200, 170))
    for name, tile in (("whole", 256), ("pieces", 48)):
        predict(tmp_path / "a.tif", Colours(), tmp_path / f"{name}.tif", tile=tile, overlap=13,
                probabilities=tmp_path / f"{name}_p.tif", probability_type="float32")  # fmt: skip
    np.testing.assert_array_equal(read(tmp_path / "whole.tif"), read(tmp_path / "pieces.tif"))
    np.testing.assert_array_equal(read(tmp_path / "whole_p.tif"), read(tmp_path / "pieces_p.tif"))


@pytest.mark.parametrize("change", [{"batch": 1}, {"batch": 7}, {"workers": 0}, {"workers": 5}])
@pytest.mark.parametrize("augment", ["none", "d4"])
def test_batches_and_threads_change_nothing(tmp_path, change, augment):
    write(tmp_path / "a.tif", picture(150, 200), nodata=7)
    options = {"probability_type": "float32", "augment": augment, **SMALL}
    for name, more in (("one", {}), ("other", change)):
        out, shares = tmp_path / f"{name}.tif", tmp_path / f"{name}_p.tif"
        predict(tmp_path / "a.tif", Around(), out, probabilities=shares, **options | more)
    np.testing.assert_array_equal(read(tmp_path / "one_p.tif"), read(tmp_path / "other_p.tif"))


def test_with_d4_the_result_turns_with_the_image(tmp_path):
    image = picture(160, 160)
    write(tmp_path / "a.tif", image)
    write(tmp_path / "b.tif", np.rot90(image))
    for name in "ab":
        out, shares = tmp_path / f"{name}_c.tif", tmp_path / f"{name}_p.tif"
        predict(tmp_path / f"{name}.tif", Around(), out, probabilities=shares, probability_type="float32",
                augment="d4", **SMALL)  # fmt: skip
    one, other = read(tmp_path / "a_p.tif"), read(tmp_path / "b_p.tif")
    np.testing.assert_allclose(np.rot90(one, axes=(1, 2)), other, atol=2e-5)


def test_place_colours_and_names_are_kept(tmp_path):
    write(tmp_path / "a.tif", picture(100, 120))
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert dataset.crs == rasterio.CRS.from_string(UTM)
        assert dataset.transform == TRANSFORM
        assert dataset.nodata == 255
        assert dataset.shape == (100, 120)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        table = dataset.colormap(1)
        assert [table[number][:3] for number in range(3)] == [one.colour for one in TOWN.classes]
        assert json.loads(dataset.tags()["SCHEME"])["classes"][1]["name"] == "roof"
        shutil.copy(dataset, str(tmp_path / "names.vrt"), driver="VRT")  # GDAL's own reading of the names
    named = (tmp_path / "names.vrt").read_text("utf-8")
    assert [named.index(f"<Category>{name}</Category>") for name in TOWN.names] == sorted(
        named.index(f"<Category>{name}</Category>") for name in TOWN.names
    )
    assert found.cell_m == pytest.approx(CELL_M, rel=1e-3)


@pytest.mark.parametrize("identity", [None, "a1b2"])
def test_the_file_names_its_model_if_that_has_a_name(tmp_path, identity):
    model = Constant()
    model.identity = identity
    predict(write(tmp_path / "a.tif", picture(40, 40)), model, tmp_path / "c.tif")
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert dataset.tags().get("MODEL") == identity


def test_degrees_keep_their_place_to_the_last_digit(tmp_path):
    transform = rasterio.Affine(1.0 / 3e5, 0, 13.1, 0, -1.0 / 3e5, 55.7)
    write(tmp_path / "a.tif", picture(64, 64), crs="EPSG:4326", transform=transform)
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    assert georeference(tmp_path / "c.tif").transform == transform
    assert georeference(tmp_path / "c.tif").crs == rasterio.CRS.from_epsg(4326)
    east, north = 111_320 * np.cos(np.radians(55.7)) / 3e5, 111_340 / 3e5
    assert found.cell_m == pytest.approx(np.sqrt(east * north), rel=5e-3)


def test_a_window_is_that_part_of_the_whole(tmp_path):
    write(tmp_path / "a.tif", picture(150, 200))
    predict(tmp_path / "a.tif", Colours(), tmp_path / "whole.tif", **SMALL)
    predict(tmp_path / "a.tif", Colours(), tmp_path / "part.tif", window=(30, 20, 101, 77), **SMALL)
    np.testing.assert_array_equal(read(tmp_path / "part.tif"), read(tmp_path / "whole.tif")[:, 20:97, 30:131])
    assert georeference(tmp_path / "part.tif").transform == TRANSFORM @ rasterio.Affine.translation(30, 20)
    with pytest.raises(InputError, match="200 columns and 150 rows"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "no.tif", window=(150, 0, 51, 10))


def test_uncertainty_is_its_formula(tmp_path):
    image = picture(40, 50)
    write(tmp_path / "a.tif", image)
    for measure in ("entropy", "margin"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", uncertainty=tmp_path / f"{measure}.tif",
                measure=measure, **SMALL)  # fmt: skip
    share = shares_of(image).astype(np.float64)
    entropy = -(share * np.log(share)).sum(axis=-1) / np.log(3)
    ordered = np.sort(share, axis=-1)
    margin = 1 - (ordered[..., -1] - ordered[..., -2])
    for name, expected in (("entropy", entropy), ("margin", margin)):
        with rasterio.open(tmp_path / f"{name}.tif") as dataset:
            assert dataset.scales == (1 / 250,)
            np.testing.assert_allclose(dataset.read(1) / 250, expected, atol=0.5 / 250 + 1e-4)


@pytest.mark.parametrize(("dtype", "error"), [("uint8", 0.5 / 250), ("float16", 5e-4), ("float32", 1e-5)])
def test_probabilities_keep_the_digits_of_their_type(tmp_path, dtype, error):
    image = picture(70, 90)
    write(tmp_path / "a.tif", image)
    predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", probabilities=tmp_path / "p.tif",
            probability_type=dtype, **SMALL)  # fmt: skip
    with rasterio.open(tmp_path / "p.tif") as dataset:
        assert dataset.descriptions == TOWN.names
        found = dataset.read() * dataset.scales[0]
    np.testing.assert_allclose(found, shares_of(image).transpose(2, 0, 1), atol=error + 1e-5)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"tile": 8}, "too small"),
        ({"overlap": 63, "tile": 64}, "overlap"),
        ({"batch": 0}, "batch"),
        ({"workers": -1}, "workers"),
        ({"augment": "flip"}, "none, d4"),
        ({"resolution_m": 0.0}, "metres above 0"),
        ({"compression": "jpeg"}, "deflate"),
        ({"engine": "tpu"}, "torch, onnx, openvino"),
        ({"bands": (1, 2)}, "the model wants 3"),
        ({"bands": (1, 2, 4)}, "not 4"),
        ({"probabilities": "c.tif"}, "one file"),
    ],
)
def test_choices_that_make_no_sense_are_refused_before_the_work(tmp_path, monkeypatch, choice, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(InputError, match=message):
        predict("a.tif", Colours(), "c.tif", **choice)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_the_image_itself_is_never_overwritten(tmp_path):
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(InputError, match="image itself"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "a.tif")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"no\.tif"):
        predict(tmp_path / "no.tif", Colours(), tmp_path / "c.tif")
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(NotFoundError, match="no folder"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "none" / "c.tif")
    with pytest.raises(NotFoundError, match="model"):
        predict(tmp_path / "a.tif", tmp_path / "model", tmp_path / "c.tif")
