"""From rasters to files of polygons and back; the oracles are counted pixels and rasterised polygons."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet
import pyogrio
import pytest
import rasterio
import shapely
from rasterio import features
from rasterio.transform import from_origin
from scipy import ndimage
from shapely import affinity

from whence.aerial.polygons import Cleaning, Separation, extract, polygonise
from whence.aerial.polygons.files import read_layer
from whence.aerial.polygons.matching import match_files
from whence.aerial.scheme import LandClass, Scheme
from whence.aerial.schemes import SCHEMES
from whence.earth.crs import same
from whence.errors import InputError, NotFoundError

TOWN = Scheme(
    "town",
    (LandClass("ground", (0, 0, 255)), LandClass("building", (255, 0, 0)), LandClass("edge", (0, 255, 0))),
)
UTM = {"crs": "EPSG:32636", "transform": from_origin(500000.0, 36000.0, 0.5, 0.5)}
PLACES = {
    "utm": UTM,
    "mercator": {"crs": "EPSG:3857", "transform": from_origin(3.6e6, 7.5e6, 0.5, 0.5)},
    "degrees": {"crs": "EPSG:4326", "transform": from_origin(32.5, 55.3, 5e-6, 5e-6)},
}


def write(path, bands, **settings):
    bands = bands[None] if bands.ndim == 2 else bands
    count, height, width = bands.shape
    size = {"width": width, "height": height, "count": count, "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", **size, **{**UTM, "nodata": 255, **settings}) as file:
        file.write(bands)
    return path


@pytest.fixture
def town():
    """Ground with four buildings at an angle, specks, and a corner without data."""
    rows, columns = np.mgrid[:160, :200] + 0.5
    ids = np.zeros((160, 200), np.uint8)
    for x, y in ((30, 30), (110, 40), (40, 105), (130, 110)):
        shape = affinity.rotate(shapely.box(x, y, x + 40, y + 25), 20)
        ids[shapely.contains_xy(shape, columns.ravel(), rows.ravel()).reshape(ids.shape)] = 1
    walls = ndimage.grey_dilation(ids, 9) != ndimage.grey_erosion(ids, 9)
    ids[(np.random.default_rng(0).random(ids.shape) < 0.02) & ~walls] ^= 1
    ids[:20, 180:] = 255
    return ids


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["gpkg", "geojson", "fgb", "parquet"])
def test_polygons_in_a_file_are_the_pixels(tmp_path, town, place, kind):
    raster = write(tmp_path / "c.tif", town, **PLACES[place])
    found = polygonise(raster, tmp_path / f"land.{kind}", scheme=TOWN)
    layer = read_layer(tmp_path / f"land.{kind}")
    assert set(layer.columns) == {"class", "class_id", "area_m2", "perimeter_m"}
    assert layer.crs.is_geographic == (kind == "geojson" or place == "degrees")
    own = layer.in_crs(found.layer.crs)
    pairs = zip(own.polygons, own.columns["class_id"].tolist(), strict=True)
    again = features.rasterize(
        pairs, town.shape, fill=255, transform=PLACES[place]["transform"], dtype="uint8"
    )
    assert (again == town).all()
    assert set(layer.columns["class"]) == {"ground", "building"}
    areas = [np.sort(one.columns["area_m2"]) for one in (layer, found.layer)]
    assert areas[0] == pytest.approx(areas[1])


def test_pixels_are_not_written_as_longitudes(tmp_path, town):
    raster = write(tmp_path / "c.tif", town, crs=None)
    with pytest.raises(InputError, match=r"longitudes and latitudes.*gpkg"):
        polygonise(raster, tmp_path / "land.geojson", scheme=TOWN)
    assert not (tmp_path / "land.geojson").exists()
    polygonise(raster, tmp_path / "land.gpkg", scheme=TOWN)
    assert read_layer(tmp_path / "land.gpkg").crs is None


def test_written_files_follow_their_standards(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    for kind in ("geojson", "parquet", "gpkg"):
        polygonise(raster, tmp_path / f"land.{kind}", scheme=TOWN)
    content = json.loads((tmp_path / "land.geojson").read_text())
    assert "crs" not in content
    assert all(shapely.geometry.shape(one["geometry"]).exterior.is_ccw for one in content["features"]), (
        "RFC 7946, 3.1.6: exterior rings are counter-clockwise"
    )
    geo = json.loads(pyarrow.parquet.read_metadata(tmp_path / "land.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["encoding"] == "WKB"
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 32636}
    info = pyogrio.read_info(tmp_path / "land.gpkg")
    assert (info["layer_name"], info["geometry_type"], info["crs"]) == ("land", "Polygon", "EPSG:32636")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".geojson", ".gpkg", ".parquet", ".tif"]


def test_cleaned_polygons_tile_what_has_a_class(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    clean = Cleaning(min_area=10.0, simplify=0.5, right_angles=("building",))
    found = extract(raster, clean, scheme=TOWN)
    names, areas = found.layer.columns["class"], found.layer.columns["area_m2"]
    assert (names == "building").sum() == 4
    assert areas[names == "building"] == pytest.approx([40 * 25 * 0.25] * 4, rel=0.02)
    assert areas.sum() == pytest.approx((town != 255).sum() * 0.25, abs=1e-6)
    assert shapely.union_all(found.layer.polygons).area == pytest.approx(areas.sum(), abs=1e-6)
    assert "4 of 4 polygons got right angles" in found.notes[1]
    assert "EPSG:32636" in found.notes[0]
    roofs = found.layer.polygons[names == "building"]
    assert shapely.get_num_coordinates(roofs).tolist() == [5] * 4


def test_one_class_alone_is_that_of_the_whole(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    whole = extract(raster, Cleaning(min_area=5.0, simplify=0.5), scheme=TOWN).layer
    alone = extract(raster, Cleaning(("building",), min_area=5.0, simplify=0.5), scheme=TOWN).layer
    roofs = whole.polygons[whole.columns["class"] == "building"]
    assert (shapely.to_wkb(roofs) == shapely.to_wkb(alone.polygons)).all()


def test_touching_roofs_are_told_apart_by_their_edge(tmp_path):
    ids = np.zeros((60, 120), np.uint8)
    ids[18:42, 18:102] = 2
    ids[20:40, 20:58] = ids[20:40, 62:100] = 1
    raster = write(tmp_path / "c.tif", ids)
    joined = extract(raster, Cleaning(("building",)), scheme=TOWN).layer
    apart = Cleaning(("building",), right_angles=("building",), separate=Separation("building", None, "edge"))
    found = extract(raster, apart, scheme=TOWN).layer
    assert joined.columns["area_m2"].tolist() == [190.0, 190.0]
    assert found.columns["area_m2"] == pytest.approx([24 * 42 * 0.25] * 2)  # they share the wall between


def test_names_stand_beside_the_raster(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    names = "".join(f"<Category>{name}</Category>" for name in TOWN.names)
    band = f"<PAMRasterBand band='1'><CategoryNames>{names}</CategoryNames></PAMRasterBand>"
    (tmp_path / "c.tif.aux.xml").write_text(f"<PAMDataset>{band}</PAMDataset>")
    assert set(extract(raster).layer.columns["class"]) == {"ground", "building"}
    (tmp_path / "c.tif.aux.xml").write_text("<PAM")
    with pytest.raises(InputError, match="damaged"):
        extract(raster)


def test_names_are_carried_by_the_raster(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    with rasterio.open(raster, "r+") as file:
        file.update_tags(SCHEME=json.dumps(TOWN.to_json()))
    assert set(extract(raster).layer.columns["class"]) == {"ground", "building"}
    with pytest.raises(InputError, match=r"scheme town.*scheme dubai"):
        extract(raster, scheme=SCHEMES["dubai"])


def test_probabilities_are_averaged_over_each_polygon(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    shares = np.random.default_rng(1).integers(0, 255, (3, *town.shape)).astype(np.uint8)
    found = extract(raster, scheme=TOWN, probabilities=write(tmp_path / "p.tif", shares, nodata=None)).layer
    labels, count = ndimage.label(town == 1)
    means = ndimage.mean(shares[1] / 255.0, labels, range(1, count + 1))
    ours = found.columns["probability"][found.columns["class"] == "building"]
    assert np.sort(ours) == pytest.approx(np.sort(means))
    with pytest.raises(InputError, match="1 bands"):
        extract(raster, scheme=TOWN, probabilities=write(tmp_path / "q.tif", shares[:1]))


@pytest.mark.parametrize(("left", "without", "partly"), [(100, 2, 0), (50, 0, 2)])
def test_probabilities_of_a_part_lie_where_they_say(tmp_path, town, left, without, partly):
    """Two roofs are between columns 25 and 85, two beyond column 105."""
    raster = write(tmp_path / "c.tif", town)
    shares = np.random.default_rng(1).integers(0, 255, (3, *town.shape)).astype(np.uint8)
    only = Cleaning(("building",), min_area=10.0)
    whole = extract(raster, only, scheme=TOWN, probabilities=write(tmp_path / "p.tif", shares, nodata=None))
    assert not any("probability" in note for note in whole.notes)
    masked = shares.copy()
    masked[:, :, :left] = 255
    hidden = extract(raster, only, scheme=TOWN, probabilities=write(tmp_path / "q.tif", masked, nodata=255))
    assert ("2 of 4 polygons have no probability in" in hidden.notes[-1]) == bool(without)
    place = {"transform": from_origin(500000.0 + left / 2, 36000.0, 0.5, 0.5), "nodata": None}
    part = write(tmp_path / "part.tif", np.ascontiguousarray(shares[:, :, left:]), **place)
    found = extract(raster, only, scheme=TOWN, probabilities=part)
    ours, theirs = (one.layer.columns["probability"] for one in (found, hidden))
    assert ours == pytest.approx(theirs, nan_ok=True)
    assert np.isnan(ours).sum() == without
    assert (ours == whole.layer.columns["probability"]).sum() == 2
    told = f"part.tif covers {200 - left} × 160 of the 200 × 160 pixels: {without} of 4 polygons have no"
    assert told in found.notes[-1]
    assert f"{partly} that of a part alone" in found.notes[-1]


@pytest.mark.parametrize(
    ("settings", "shape", "words"),
    [
        (
            {"transform": from_origin(900000.0, 36000.0, 0.5, 0.5)},
            (160, 200),
            "lies beside .* columns 800000",
        ),
        ({"transform": from_origin(500000.0, 36000.0, 1.0, 1.0)}, (80, 100), "warp the probabilities"),
        ({"transform": from_origin(500000.2, 36000.0, 0.5, 0.5)}, (160, 200), "warp the probabilities"),
        ({"crs": "EPSG:32637"}, (160, 200), "two coordinate systems, EPSG:32636 and EPSG:32637"),
        ({"crs": None, "transform": rasterio.Affine.identity()}, (150, 200), "do not say where they lie"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_probabilities_of_other_pixels_are_refused(tmp_path, town, settings, shape, words):
    shares = write(tmp_path / "p.tif", np.zeros((3, *shape), np.uint8), **settings)
    with pytest.raises(InputError, match=words):
        extract(write(tmp_path / "c.tif", town), scheme=TOWN, probabilities=shares)


def test_without_a_system_lengths_are_pixels(tmp_path, town):
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        raster = write(tmp_path / "c.tif", town, crs=None, transform=rasterio.Affine.identity())
    found = polygonise(raster, tmp_path / "land.gpkg", Cleaning(min_area=9.0), scheme=TOWN)
    assert found.layer.columns["area_px2"].sum() == (town != 255).sum()
    assert "pixels" in found.notes[0]
    assert read_layer(tmp_path / "land.gpkg").crs is None


SITE = 'LOCAL_CS["site grid",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
FEET = 'LOCAL_CS["works",UNIT["US survey foot",0.304800609601219],AXIS["X",EAST],AXIS["Y",NORTH]]'
ANGLES = 'LOCAL_CS["works",UNIT["degree",0.0174532925199433],AXIS["X",EAST],AXIS["Y",NORTH]]'


@pytest.mark.parametrize(("system", "pixel_m2"), [(SITE, 0.25), (FEET, (0.5 * 1200 / 3937) ** 2)])
@pytest.mark.parametrize("kind", ["gpkg", "fgb", "parquet"])
def test_a_local_plane_is_a_plane(tmp_path, town, system, pixel_m2, kind):
    place = {"crs": rasterio.crs.CRS.from_wkt(system), "transform": from_origin(100.0, 50.0, 0.5, 0.5)}
    raster = write(tmp_path / "c.tif", town, **place)
    clean = Cleaning(("building",), min_area=100 * pixel_m2, right_angles=("building",))
    found = polygonise(raster, tmp_path / f"roofs.{kind}", clean, scheme=TOWN).layer
    assert found.columns["area_m2"] == pytest.approx([40 * 25 * pixel_m2] * 4, rel=0.02)
    layer = read_layer(tmp_path / f"roofs.{kind}")
    assert same(layer.crs, system)
    assert shapely.total_bounds(layer.polygons) == pytest.approx(shapely.total_bounds(found.polygons))
    assert match_files(raster, tmp_path / f"roofs.{kind}", scheme=TOWN, iou=0.9).recall == 1.0
    with pytest.raises(InputError, match=r"(site grid|works), .* is a local system"):
        polygonise(raster, tmp_path / "land.geojson", scheme=TOWN)


def test_a_local_system_of_angles_has_no_lengths(tmp_path, town):
    raster = write(tmp_path / "c.tif", town, crs=rasterio.crs.CRS.from_wkt(ANGLES))
    assert extract(raster, scheme=TOWN).layer.columns["area_px2"].sum() == (town != 255).sum()


def test_footprints_are_matched_across_systems(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    clean = Cleaning(("building",), min_area=10.0, right_angles=("building",))
    for kind in ("geojson", "gpkg"):
        polygonise(raster, tmp_path / f"roofs.{kind}", clean, scheme=TOWN)
    found = match_files(tmp_path / "roofs.gpkg", tmp_path / "roofs.geojson")
    assert (found.f1, found.true) == (1.0, 4)
    assert found.ious.min() > 0.99
    traced = match_files(raster, tmp_path / "roofs.geojson", scheme=TOWN)
    assert (len(traced.pairs), traced.recall) == (4, 1.0)


def test_footprints_far_apart_are_told_with_both_extents(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    east = write(tmp_path / "e.tif", town, transform=from_origin(501000.0, 36000.0, 0.5, 0.5))
    clean = Cleaning(min_area=10.0)
    polygonise(raster, tmp_path / "here.gpkg", clean, scheme=TOWN)
    polygonise(east, tmp_path / "there.geojson", clean, scheme=TOWN)
    polygonise(raster, tmp_path / "none.gpkg", Cleaning(("building",), min_area=1e9), scheme=TOWN)
    found = match_files(tmp_path / "here.gpkg", tmp_path / "there.geojson")
    (told,) = found.notes
    assert found.f1 == 0.0
    here = read_layer(tmp_path / "here.gpkg")
    ends = shapely.total_bounds(here.polygons[here.columns["class"] == "building"])
    x, y = (f"{low:.0f} to {high:.0f}" for low, high in (ends[::2], ends[1::2]))
    assert f"here.gpkg spans x {x}, y {y} in EPSG:32636 (WGS 84 / UTM" in told
    west, south, east, north = shapely.total_bounds(read_layer(tmp_path / "there.geojson").polygons)
    assert f"there.geojson spans x {west:.5f} to {east:.5f}, y {south:.5f} to {north:.5f} in" in told
    assert "in EPSG:4326 (WGS 84, degree), which" in told
    assert told.endswith("which is x 501000 to 501100, y 35920 to 36000 in the system of the first")
    assert found.to_json()["notes"] == [told]
    assert match_files(tmp_path / "here.gpkg", tmp_path / "here.gpkg").notes == ()
    none = match_files(tmp_path / "here.gpkg", tmp_path / "none.gpkg").notes
    assert none == (f"{tmp_path / 'none.gpkg'} holds no footprints",)
    none = match_files(tmp_path / "here.gpkg", tmp_path / "here.gpkg", wanted="lake").notes
    assert none == (f"{tmp_path / 'here.gpkg'} holds no footprints of lake",)
    beyond = match_files(
        tmp_path / "here.gpkg", tmp_path / "here.gpkg", within=tmp_path / "there.geojson"
    ).notes
    assert beyond[0].startswith(f"{tmp_path / 'there.geojson'} holds no more than half of any")


@pytest.mark.parametrize("kind", ["gpkg", "geojson", "fgb", "parquet"])
def test_that_nothing_is_left_is_told_with_the_reason(tmp_path, town, kind):
    def notes(ids, cleaning, scheme=TOWN):
        found = polygonise(write(tmp_path / "c.tif", ids), tmp_path / f"o.{kind}", cleaning, scheme=scheme)
        assert len(read_layer(tmp_path / f"o.{kind}")) == len(found.layer)
        return [note for note in found.notes if note.startswith("no polygons")]

    empty = np.full_like(town, 255)
    assert notes(empty, Cleaning()) == [
        "no polygons: none of the 200 × 160 pixels has a class, all are 255 or without data"
    ]
    pixels, roofs = int((town != 255).sum()), int((town == 1).sum())
    (told,) = notes(town, Cleaning(min_area=1e9))
    assert f"all {pixels} pixels lie in parts below the least area of 1e+09 m²" in told
    two = notes(town, Cleaning(("edge", "building", "ground"), min_area=1000.0))
    assert two == [
        "no polygons of edge: no pixel has that class; the raster holds ground, building",
        f"no polygons of building: all {roofs} pixels lie in parts below the least area of 1000 m²",
    ]
    assert notes(town, Cleaning()) == []
    assert notes(town, Cleaning(("7",)), None) == [
        "no polygons of class 7: no pixel has that class; the raster holds class 0, class 1"
    ]


def test_what_cannot_be_done_is_told(tmp_path, town):
    raster = write(tmp_path / "c.tif", town)
    with pytest.raises(InputError, match="no class 'water'; the raster has ground, building, edge"):
        extract(raster, Cleaning(("water",)), scheme=TOWN)
    with pytest.raises(InputError, match="numbers alone"):
        extract(raster, Cleaning(("building",)))
    with pytest.raises(InputError, match="'shp' is no format"):
        polygonise(raster, tmp_path / "land.shp")
    with pytest.raises(NotFoundError, match="no folder"):
        polygonise(raster, tmp_path / "none" / "land.gpkg")
    with pytest.raises(InputError, match="one band of ids"):
        extract(write(tmp_path / "rgb.tif", np.zeros((3, 9, 9), np.uint8)))
    (tmp_path / "text.gpkg").write_text("no polygons")
    with pytest.raises(InputError, match="no vector file"):
        read_layer(tmp_path / "text.gpkg")
    with pytest.raises(NotFoundError):
        read_layer(tmp_path / "nothing.gpkg")
