"""Images as they come: gaps, depths, bands, palettes, cut files, no coordinates."""

from __future__ import annotations

import errno
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pixel_models import TRANSFORM, UTM, Colours, Constant, picture, read, shares_of, write
from rasterio.control import GroundControlPoint

from whence.aerial import predict
from whence.aerial.georeference import georeference
from whence.aerial.normalisation import Normalisation
from whence.errors import InputError, NotAnImageError

SMALL = {"tile": 64, "overlap": 16}


def gap(rows: int, columns: int) -> np.ndarray:
    """True where something is there: all but an oblique half and a hole."""
    row, column = np.mgrid[:rows, :columns]
    return (row + column < 190) & ~((row > 10) & (row < 20) & (column > 30) & (column < 60))


@pytest.mark.parametrize("kind", ["nodata", "alpha", "choice", "nan"])
def test_gaps_stay_gaps_and_nothing_else_is_one(tmp_path, kind):
    image, there = picture(150, 200) // 2 + 1, gap(150, 200)
    options = {}
    if kind == "nan":
        image = image.astype(np.float32)
        image[~there] = np.nan
    elif kind == "alpha":
        options["alpha"] = (there * 255).astype(np.uint8)
    else:
        image[~there] = 0
        options |= {"nodata": 0} if kind == "nodata" else {}
    write(tmp_path / "a.tif", image, **options)
    model = Colours()
    found = predict(tmp_path / "a.tif", model, tmp_path / "c.tif", probabilities=tmp_path / "p.tif",
                    probability_type="float32", nodata=0 if kind == "choice" else None, **SMALL)  # fmt: skip
    classes = read(tmp_path / "c.tif")[0]
    np.testing.assert_array_equal(classes == 255, ~there)
    shares = read(tmp_path / "p.tif")
    assert np.isnan(shares[:, ~there]).all()
    np.testing.assert_allclose(shares[:, there], shares_of(image)[there].T, atol=1e-5)
    assert found.pixels == (there.sum(), there.size)
    assert found.tiles[1] > 0
    assert model.tiles == found.tiles[0] - found.tiles[1], "empty tiles are not shown to the network"


@pytest.mark.parametrize("factor", [0.5, 1.7])
def test_gaps_stay_gaps_at_another_resolution(tmp_path, factor):
    image, there = picture(150, 200) // 2 + 1, gap(150, 200)
    image[~there] = 0
    write(tmp_path / "a.tif", image, nodata=0)
    predict(tmp_path / "a.tif", Constant(), tmp_path / "c.tif", resolution_m=0.5 / factor, **SMALL)
    np.testing.assert_array_equal(read(tmp_path / "c.tif")[0], np.where(there, 1, 255))


def test_an_image_of_nothing_is_predicted_without_the_network(tmp_path):
    write(tmp_path / "a.tif", np.zeros((100, 100, 3), np.uint8), nodata=0)
    model = Colours()
    found = predict(tmp_path / "a.tif", model, tmp_path / "c.tif", **SMALL)
    assert (read(tmp_path / "c.tif") == 255).all()
    assert model.tiles == 0
    assert found.pixels == (0, 10_000)
    assert "nothing but nodata" in found.notes[-1]
    assert set(found.shares.values()) == {0.0}


def test_sixteen_bits_reach_the_model_as_they_are(tmp_path):
    image = picture(80, 90, bands=5, dtype="uint16")
    write(tmp_path / "a.tif", image)
    seen = []

    class Watching(Colours):
        def probabilities(self, tiles, valid):
            seen.append((tiles.dtype, tiles.max()))
            return super().probabilities(tiles, valid)

    found = predict(tmp_path / "a.tif", Watching(), tmp_path / "c.tif", **SMALL)
    assert {dtype for dtype, _ in seen} == {np.dtype("uint16")}
    assert max(high for _, high in seen) == image[..., :3].max()
    assert "of 5 bands, 1, 2, 3 are used" in found.notes[0]


def test_bands_are_taken_as_chosen(tmp_path):
    image = picture(80, 90, bands=5)
    write(tmp_path / "a.tif", image)
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", bands=(5, 1, 3),
                    probabilities=tmp_path / "p.tif", probability_type="float32", **SMALL)  # fmt: skip
    expected = shares_of(image[..., [4, 0, 2]]).transpose(2, 0, 1)
    np.testing.assert_allclose(read(tmp_path / "p.tif"), expected, atol=1e-5)
    assert found.notes == ()


def test_too_few_bands_are_refused(tmp_path):
    write(tmp_path / "a.tif", picture(40, 40, bands=1))
    with pytest.raises(InputError, match="has 1 band and the model wants 3"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_palette_is_shown_as_its_colours(tmp_path):
    numbers = picture(60, 70, bands=1) % 3
    colours = {0: (10, 20, 200, 255), 1: (200, 20, 10, 255), 2: (10, 220, 30, 255)}
    write(tmp_path / "a.tif", numbers, colours=colours)
    predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    np.testing.assert_array_equal(read(tmp_path / "c.tif")[0], np.array([2, 0, 1])[numbers[..., 0]])


def test_without_coordinates_the_result_has_none_and_says_so(tmp_path):
    write(tmp_path / "a.tif", picture(60, 70), crs=None, transform=None)
    said = []
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", say=said.append, **SMALL)
    assert "no coordinate system" in said[0]
    assert found.notes == tuple(said)
    place = georeference(tmp_path / "c.tif")
    assert place.crs is None
    assert not place.known
    assert found.cell_m is None


def test_a_place_without_a_system_is_kept(tmp_path):
    transform = rasterio.Affine(2.0, 0, 1000.0, 0, -2.0, 5000.0)
    write(tmp_path / "a.tif", picture(60, 70), crs=None, transform=transform)
    predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    assert georeference(tmp_path / "c.tif").transform == transform


@pytest.mark.parametrize("workers", [0, 2])
def test_a_truncated_file_is_named_and_leaves_nothing(tmp_path, workers):
    write(tmp_path / "a.tif", picture(400, 300), tiled=True, blockxsize=64, blockysize=64)
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(NotAnImageError, match="truncated"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", workers=workers, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "a.tif").write_text("a letter")
    with pytest.raises(NotAnImageError, match="not a raster"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif")


@pytest.mark.parametrize("wrong", ["shape", "nan", "logits"])
def test_a_model_that_gives_no_probabilities_is_found_out(tmp_path, wrong):
    write(tmp_path / "a.tif", picture(60, 70))

    class Broken(Colours):
        def probabilities(self, tiles, valid):
            said = super().probabilities(tiles, valid)
            return {"shape": said[:, :2], "nan": said * np.nan, "logits": 9 * said - 4}[wrong]

    with pytest.raises(InputError, match="model"):
        predict(tmp_path / "a.tif", Broken(), tmp_path / "c.tif", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


class Normalising(Colours):
    """Knows what it was trained on: images of 8 bits, grey in the mean."""

    normalisation = Normalisation((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))

    def probabilities(self, tiles, valid):
        return super().probabilities(tiles if tiles.dtype.kind == "u" else np.rint(255 * tiles), valid)


@pytest.mark.parametrize("scale", [1, 16])
def test_sixteen_bits_between_black_and_white_are_as_eight(tmp_path, scale):
    """Values 100 + scale · v with the range that belongs to them are the picture v."""
    image = picture(80, 90)
    write(tmp_path / "eight.tif", image)
    write(tmp_path / "sixteen.tif", (100 + scale * image.astype("uint16")).astype("uint16"))
    predict(tmp_path / "eight.tif", Normalising(), tmp_path / "a.tif", **SMALL)
    found = predict(
        tmp_path / "sixteen.tif",
        Normalising(),
        tmp_path / "b.tif",
        value_range=(100, 100 + 255 * scale),
        **SMALL,
    )
    assert found.notes == ()
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), read(tmp_path / "b.tif"))


@pytest.mark.parametrize(
    ("dtype", "high", "told"),
    [("uint16", 2047, True), ("float32", 255, True), ("uint16", 65535, False), ("float32", 1, False)],
)
def test_another_scale_than_that_of_the_training_is_told(tmp_path, dtype, high, told):
    write(tmp_path / "a.tif", (picture(80, 90) / 255 * high).astype(dtype))
    found = predict(tmp_path / "a.tif", Normalising(), tmp_path / "c.tif", **SMALL)
    assert bool(found.notes) == told
    if told:
        low, top = map(float, re.search(r"--range (\S+),(\S+)\)", found.notes[0]).groups())
        assert low == pytest.approx(0.02 * high, abs=0.02 * high)
        assert top == pytest.approx(0.98 * high, abs=0.1 * high)


@pytest.mark.parametrize("value_range", [(5, 5), (9, 1), (0, float("nan")), (float("-inf"), 1)])
def test_a_range_that_is_none_is_refused(tmp_path, value_range):
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(InputError, match="black and of white"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", value_range=value_range)


def test_control_points_go_along_with_the_part_that_is_predicted(tmp_path):
    corners = [(0, 0), (0, 90), (80, 0), (80, 90)]
    points = [
        GroundControlPoint(row, column, 500.0 + column + 0.01 * row * column, 900.0 - row)
        for row, column in corners
    ]
    system = rasterio.crs.CRS.from_epsg(32637)
    write(tmp_path / "a.tif", picture(80, 90), crs=system, transform=None, gcps=points)
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", window=(10, 20, 60, 50), **SMALL)
    assert "4 control points" in found.notes[0]
    with rasterio.open(tmp_path / "c.tif") as dataset:
        kept, crs = dataset.gcps
    assert crs.to_epsg() == 32637
    assert [(one.row + 20, one.col + 10) for one in kept] == corners
    assert [(one.x, one.y) for one in kept] == [(one.x, one.y) for one in points]


def test_a_folder_tells_how_to_join_its_images(tmp_path):
    (tmp_path / "tiles").mkdir()
    write(tmp_path / "tiles/a.tif", picture(40, 40))
    with pytest.raises(InputError, match=r"gdalbuildvrt tiles\.vrt .*/tiles/\*\.tif"):
        predict(tmp_path / "tiles", Colours(), tmp_path / "c.tif")


@pytest.mark.parametrize("name", ["a.zip", "/vsizip/a.zip/a.tif", "zip://a.zip!a.tif"])
def test_archives_tell_the_way_that_works(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.tif", picture(40, 30))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write("a.tif")
    with pytest.raises(InputError, match="gdalbuildvrt"):
        predict(name, Colours(), tmp_path / "c.tif")
    packed = f"/vsizip/{tmp_path}/a.zip/a.tif"
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename>{packed}'
        f"</SourceFilename><SourceBand>{band}</SourceBand></SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    place = f"<SRS>{UTM}</SRS><GeoTransform>{', '.join(map(str, TRANSFORM.to_gdal()))}</GeoTransform>"
    (tmp_path / "a.vrt").write_text(
        f'<VRTDataset rasterXSize="30" rasterYSize="40">{place}{bands}</VRTDataset>'
    )
    predict(tmp_path / "a.vrt", Colours(), tmp_path / "c.tif")
    expected = shares_of(picture(40, 30)).argmax(axis=-1)
    assert (read(tmp_path / "c.tif")[0] == expected).mean() > 0.99


def test_results_are_called_as_what_they_are(tmp_path):
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(InputError, match=r"call it c\.tif"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.jpg")
    with pytest.raises(InputError, match=r"call it p\.tif"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", probabilities=tmp_path / "p.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_results_may_go_to_another_drive(tmp_path, monkeypatch):
    """A rename from one folder to another fails, as it does between drives."""
    for name in ("rename", "replace"):
        plain = getattr(os, name)

        def within_a_folder(old, new, *, plain=plain, **more):
            if Path(old).parent != Path(new).parent:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(old))
            return plain(old, new, **more)

        monkeypatch.setattr(os, name, within_a_folder)
    (tmp_path / "other").mkdir()
    write(tmp_path / "a.tif", picture(80, 90))
    predict(
        tmp_path / "a.tif",
        Colours(),
        tmp_path / "c.tif",
        probabilities=tmp_path / "other/p.tif",
        **SMALL,
    )
    assert read(tmp_path / "other/p.tif").shape == (3, 80, 90)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "c.tif", "c.tif.aux.xml", "other"]


@pytest.mark.parametrize("tile", [32, 128, 512])
def test_any_tile_goes_without_an_overlap(tmp_path, tile):
    write(tmp_path / "a.tif", picture(200, 140))
    predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", tile=tile)
    expected = shares_of(picture(200, 140)).argmax(axis=-1)
    assert (read(tmp_path / "c.tif")[0] == expected).mean() > 0.99


def test_opacity_that_is_not_declared_is_told_and_can_be_named(tmp_path):
    image, there = picture(90, 100, bands=4), gap(90, 100)
    image[..., 3] = np.where(there, 255, 0)
    write(tmp_path / "a.tif", image, photometric="minisblack")
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    assert "band 4 looks like opacity; alpha (--alpha 4)" in found.notes[-1]
    assert (read(tmp_path / "c.tif") != 255).all()
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", alpha=4, **SMALL)
    assert not any("opacity" in note for note in found.notes)
    np.testing.assert_array_equal(read(tmp_path / "c.tif")[0] != 255, there)
    with pytest.raises(InputError, match="bands 1 to 4, not 5"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", alpha=5)


def test_a_fourth_band_of_light_is_no_opacity(tmp_path):
    write(tmp_path / "a.tif", picture(90, 100, bands=4), photometric="minisblack")
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", **SMALL)
    assert not any("opacity" in note for note in found.notes)
