"""Vertical systems: a geoid made by the test, the published EGM96 value, and no silent shift of nothing."""

from __future__ import annotations

import struct

import numpy as np
import pyproj
import pytest
from pyproj import datadir

from whence.errors import InputError, MissingGridError, NotFoundError
from whence.maps.heights import vertical
from whence.maps.heights.vertical.grids import VARIABLE, grid_folders, older_names
from whence.maps.heights.vertical.raster_file import operation_of

TORONTO = (-79.41629234, 43.70012234)
EGM96_M = 137.2898
"""100.0 m above the ellipsoid at TORONTO, by NGA's 15' grid."""


def undulation_m(longitude, latitude):
    """The geoid of the test: a plane in degrees."""
    return -30.0 + 2.0 * (np.asarray(longitude) + 79.0) - 3.0 * (np.asarray(latitude) - 43.0)


@pytest.fixture
def geoid(tmp_path):
    """A folder with a grid in GTX: south-west corner, steps, size, then rows from the south, big-endian."""
    folder = tmp_path / "grids"
    folder.mkdir()
    rows, columns, step = 13, 17, 0.25
    longitude, latitude = np.meshgrid(-81 + step * np.arange(columns), 42 + step * np.arange(rows))
    head = struct.pack(">4d2i", 42.0, -81.0, step, step, rows, columns)
    values = undulation_m(longitude, latitude).astype(">f4").tobytes()
    (folder / "egm96_15.gtx").write_bytes(head + values)
    return folder


@pytest.fixture(autouse=True)
def _no_other_grids(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    before = datadir.get_data_dir()
    yield
    assert datadir.get_data_dir() == before, "PROJ's folders are as they were"


@pytest.fixture
def model(tmp_path):
    """A GeoTIFF of UTM zone 17 near Toronto with a hole and a second band; 700 × 600, more than a window."""
    import rasterio

    heights = np.random.default_rng(0).uniform(90, 110, (600, 700)).astype("float32")
    heights[3, 4] = -9999
    path = tmp_path / "model.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=700, height=600, count=2, dtype="float32", nodata=-9999,
        crs="EPSG:32617", transform=rasterio.Affine(30, 0, 620_000, 0, -30, 4_850_000),
    ) as file:  # fmt: skip
        file.write(heights, 1)
        file.write(np.full_like(heights, 0.5), 2)
    return path


# ---- places


@pytest.mark.parametrize(
    ("source", "target", "sign"), [("EPSG:4979", "EPSG:5773", -1), ("EPSG:5773", "EPSG:4979", 1)]
)
def test_a_geoid_moves_heights_by_its_undulation(geoid, source, target, sign):
    lonlat = np.random.default_rng(1).uniform([-80.5, 42.5], [-77.5, 44.5], (40, 2))
    moved = vertical.transform(lonlat, np.full(40, 100.0), source=source, target=target, grids=[geoid])
    assert moved.heights_m == pytest.approx(100 + sign * undulation_m(*lonlat.T), abs=1e-4)
    assert moved.operation.accuracy_m == 1.0
    assert moved.operation.grids == ("us_nga_egm96_15.tif",)
    assert "EGM96" in moved.operation.sentence


def test_a_grid_may_be_named_in_a_pipeline(geoid):
    system = "+proj=longlat +datum=WGS84 +geoidgrids=egm96_15.gtx +vunits=m +type=crs"
    moved = vertical.transform([TORONTO], [100.0], source="EPSG:4979", target=system, grids=[geoid])
    assert moved.heights_m[0] == pytest.approx(100 - undulation_m(*TORONTO), abs=1e-4)
    with pytest.raises(MissingGridError, match=r"egm96_15\.gtx"):
        vertical.transform([TORONTO], [100.0], source="EPSG:4979", target=system)


@pytest.mark.parametrize(("source", "target"), [("EPSG:4979", "EPSG:5773"), ("EPSG:5773", "ellipsoid"),
                                                ("EPSG:4326+5773", "EPSG:4979")])  # fmt: skip
def test_a_missing_grid_is_named_with_the_ways_to_get_it(source, target):
    """PROJ itself returns 100.0 here: it falls back to a ballpark operation."""
    with pytest.raises(MissingGridError) as caught:
        vertical.transform([TORONTO], [100.0], source=source, target=target)
    for part in (
        "us_nga_egm96_15.tif",
        "egm96_15.gtx",
        "pyproj sync",
        "projsync",
        "proj-data",
        "--grids",
        VARIABLE,
    ):
        assert part in str(caught.value)


def test_the_environment_names_folders_too(geoid, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(geoid))
    moved = vertical.transform([TORONTO], [100.0], source="EPSG:4979", target="EPSG:5773")
    assert moved.heights_m[0] == pytest.approx(100 - undulation_m(*TORONTO), abs=1e-4)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="absent"), grid_folders([tmp_path / "absent"]):
        pass


def test_egm96_as_published(shared_data):
    """Oracle: NGA's grid; 137.2898 m at TORONTO."""
    grids = shared_data / "maps" / "geoid"
    if not grids.is_dir():
        pytest.skip("the geoid is not among the real data")
    moved = vertical.transform([TORONTO], [100.0], source="EPSG:4979", target="EPSG:5773", grids=[grids])
    assert moved.heights_m[0] == pytest.approx(EGM96_M, abs=0.01)


def test_places_of_another_datum_are_brought_to_the_ellipsoid(geoid):
    """NAD27 positions lie some 20 m off; the undulation of the test changes by less than 1 mm over that."""
    utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32617", always_xy=True).transform(*TORONTO)
    one = vertical.transform(
        [utm], [100.0], source="EPSG:4979", target="EPSG:5773", crs="EPSG:32617", grids=[geoid]
    )
    assert one.heights_m[0] == pytest.approx(100 - undulation_m(*TORONTO), abs=1e-4)


def test_places_outside_of_the_grid_are_an_error_not_a_guess(geoid):
    with pytest.raises(InputError, match="row 2, 10, 50"):
        vertical.transform(
            [TORONTO, (10.0, 50.0)], [1.0, 2.0], source="EPSG:4979", target="EPSG:5773", grids=[geoid]
        )


def test_a_shift_without_a_grid_is_that_of_the_register():
    """Oracle: EPSG:9606, DHHN2016 to EVRF2007: +0.014 m at 51°03′ N 10°13′ E."""
    moved = vertical.transform([[10 + 13 / 60, 51.05]], [250.0], source="EPSG:7837", target="EPSG:5621")
    assert moved.heights_m[0] == pytest.approx(250.014, abs=1e-6)
    assert (moved.operation.accuracy_m, moved.operation.grids) == (0.1, ())


def test_the_operation_is_that_of_the_country():
    """Baltic 1977 has one operation for Estonia and another for Lithuania."""
    places = {"Estonia": (25.86, 58.7), "Lithuania": (24.01, 55.3)}
    names = {vertical.transform([place], [0.0], source="EPSG:5705", target="EPSG:5621").operation.name
             for place in places.values()}  # fmt: skip
    assert len(names) == 2


def test_unknown_heights_stay_unknown():
    moved = vertical.transform([[10, 51], [10, 51]], [np.nan, 1.0], source="EPSG:7837", target="EPSG:5621")
    assert np.isnan(moved.heights_m).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EPSG:4326", "has no heights"),
        ("EPSG:32635", "has no heights"),
        ("sea level", "unknown"),
        ("EPSG:4978", "geocentric"),
    ],
)
def test_systems_without_heights_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        vertical.vertical_system(text)


# ---- rasters


def test_a_raster_there_and_back(geoid, model, tmp_path):
    import rasterio

    up, back = tmp_path / "up.tif", tmp_path / "back.tif"
    done = vertical.transform_raster(model, up, source="EPSG:5773", target="EPSG:4979", grids=[geoid])
    assert (done.cells, done.lost) == (600 * 700 - 1, 0)
    assert vertical.vertical_of(up).ellipsoidal
    vertical.transform_raster(up, back, target="EPSG:5773", grids=[geoid])
    assert operation_of(model) is None
    assert operation_of(up) == done.operation.sentence
    assert str(operation_of(back)).startswith(f"{done.operation.sentence}; then ")
    with rasterio.open(model) as first, rasterio.open(up) as second, rasterio.open(back) as third:
        one, two, three = (file.read(1).astype(float) for file in (first, second, third))
        assert pyproj.CRS.from_wkt(third.crs.to_wkt()).sub_crs_list[1].to_epsg() == 5773
        assert (second.transform, second.nodata) == (first.transform, -9999)
        assert (second.read(2) == 0.5).all()
        rows, columns = np.array([0, 300, 599]), np.array([0, 650, 699])
        x, y = 620_000 + 30 * (columns + 0.5), 4_850_000 - 30 * (rows + 0.5)
    assert (two[3, 4], three[3, 4]) == (-9999, -9999)
    known = one != -9999
    assert np.abs(one - three)[known].max() < 1e-4
    lonlat = pyproj.Transformer.from_crs("EPSG:32617", "EPSG:4326", always_xy=True).transform(x, y)
    assert (two - one)[rows, columns] == pytest.approx(undulation_m(*lonlat), abs=1e-3)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_raster_without_its_grid_is_refused_and_nothing_written(model, tmp_path):
    with pytest.raises(MissingGridError):
        vertical.transform_raster(model, tmp_path / "out.tif", source="EPSG:5773", target="EPSG:4979")
    assert not (tmp_path / "out.tif").exists()


def test_a_raster_that_names_another_system_is_refused(geoid, model, tmp_path):
    named = tmp_path / "named.tif"
    vertical.transform_raster(model, named, source="EPSG:4979", target="EPSG:5773", grids=[geoid])
    with pytest.raises(InputError, match="two vertical systems"):
        vertical.transform_raster(named, tmp_path / "out.tif", source="EPSG:3855", target="EPSG:4979")
    with pytest.raises(InputError, match="does not name its vertical system"):
        vertical.transform_raster(model, tmp_path / "out.tif", target="EPSG:4979")


# ---- comparisons


def test_two_vertical_systems_are_not_mixed():
    with pytest.raises(InputError, match=r"EGM96 height.*EVRF2007 height.*whence map heights datum"):
        vertical.check_same_vertical("EPSG:4326+5773", "EPSG:3035+5621", names=("sheet.tif", "modern.tif"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("EPSG:5773", "EPSG:32635+5773"), ("EPSG:4979", "EPSG:4979"), ("EPSG:5621", pyproj.CRS(5621).to_wkt())],
)
def test_one_system_however_written_passes(one, other):
    assert vertical.check_same_vertical(one, other) is None


def test_what_is_not_known_is_said():
    said = vertical.check_same_vertical(None, "EPSG:5773", names=("sheet.tif", "modern.tif"))
    assert said is not None
    assert "sheet.tif does not name" in said


def test_an_ellipsoid_is_not_a_geoid():
    with pytest.raises(InputError, match="ellipsoidal height"):
        vertical.check_same_vertical("EPSG:4979", "EPSG:5773")


# ---- zero points


def test_the_systems_of_zero_points_are_in_the_register():
    for zero in vertical.ZEROS.values():
        if zero.system is not None:
            assert pyproj.CRS.from_user_input(zero.system).is_vertical, zero.name


def test_kronstadt_lies_above_amsterdam():
    """BKG: Kronstadt is about 0.1 to 0.2 m above the zero of EVRF2007."""
    offset_m, operation = vertical.ZEROS["kronstadt"].offset_m([25.86, 58.7])
    assert 0.05 < offset_m < 0.3
    assert operation.accuracy_m is not None
    with pytest.raises(InputError, match="no register"):
        vertical.ZEROS["liverpool"].offset_m([-3.0, 53.4])


def test_older_names_of_grids_come_from_the_register():
    assert "egm96_15.gtx" in older_names("us_nga_egm96_15.tif")
    assert older_names("no_such_grid.tif") == ()
