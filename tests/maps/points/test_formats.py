"""CSV, GDAL, GeoJSON, world files: small files written by hand, rasterio as a peer, and round trips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whence.earth.crs import Crs
from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.maps.points import ControlPoints, read_points, write_points
from whence.maps.points.gdal import gcp_list_points, vrt_points
from whence.maps.points.geojson import geojson_points
from whence.maps.points.table import csv_points
from whence.maps.points.world_file import world_file_points

POINTS = ControlPoints(
    [[606.992, 472.952], [2969.602, 482.189], [4134.608, 2849.965]],
    [[2557000.0, 6786000.0], [2557000.0, 6788000.0], [2559000.0, 6789000.125]],
    crs=Crs.parse("EPSG:2392"),
    names=("north, west", 'the "mill"', "3"),
)


def check_same(read: ControlPoints, expected: ControlPoints, *, tolerance: float = 0.0) -> None:
    np.testing.assert_allclose(read.pixels, expected.pixels, rtol=0, atol=0)
    np.testing.assert_allclose(read.world, expected.world, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("column,row,easting,northing", "10.5,20,500000,6000000"),
        ("x,y,column,row", "500000,6000000,10.5,20"),
        ("pixel,line,x,y", "10.5,20,500000,6000000"),
        ("Pixel X;Pixel Y;Map X;Map Y", "10,5;20;500 000;6 000 000"),
        ("mapX\tmapY\tnote\tpx\tpy", "500000\t6000000\tchurch\t10.5\t20"),
    ],
)
def test_csv_columns_by_name(header: str, row: str) -> None:
    points = csv_points(f"{header}\n{row}\n")
    assert points.pixels.tolist() == [[10.5, 20.0]]
    assert points.world.tolist() == [[500000.0, 6000000.0]]


def test_csv_beside_degrees_x_and_y_are_pixels() -> None:
    points = csv_points("name,x,y,lat,lon,enabled\nmill,10,20,N 60°15′,24°30′E,no\n")
    assert points.pixels.tolist() == [[10.0, 20.0]]
    assert points.world.tolist() == [[24.5, 60.25]]
    assert points.names == ("mill",)
    assert not points.enabled[0]
    assert points.crs is None  # degrees of which datum has to be said


def test_csv_says_its_system_in_a_line_or_a_column() -> None:
    assert csv_points("#CRS: EPSG:2392\ncolumn,row,x,y\n1,2,3,4\n").crs.code == "EPSG:2392"
    assert csv_points("column,row,x,y,epsg\n1,2,3,4,2392\n").crs.code == "EPSG:2392"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("column,row,x\n1,2,3\n", "no columns for the places"),
        ("easting,northing\n1,2\n", r"no columns for the pixels \(column, row\)"),
        (
            "column,row,lon,lat,easting,northing\n1,2,3,4,5,6\n",
            "both longitude, latitude and easting, northing",
        ),
        ("column,column,row,x,y\n1,1,2,3,4\n", "two columns are called column"),
        ("column,row,x,y\n1,2,3\n", "line 2: 3 values for 4 columns"),
        ("column,row,x,y\n1,5,2,3,4\n", "decimal comma that splits a number"),
        ("column,row,x,y\n1,2,3,four\n", "line 2, world_y: 'four' is not a number"),
        ("column,row,lon,lat\n1,2,60N,24E\n", "is a latitude where a longitude should be"),
        (
            "column,row,x,y,crs\n1,2,3,4,EPSG:2392\n1,2,3,4,EPSG:2393\n",
            "two coordinate systems: the table, line 2 in .* the table, line 3 in",
        ),
        ("column,row,x,y,crs\n1,2,3,4,EPSG:2392\n1,2,3,4,\n", "line 3: no coordinate system"),
        ("column,row,x,y,crs\n1,2,3,4,\n1,2,3,4,EPSG:2392\n", "line 2: no coordinate system"),
        ("#CRS: EPSG:2393\ncolumn,row,x,y,crs\n1,2,3,4,EPSG:2392\n", "two coordinate systems: the #CRS line"),
    ],
)
def test_bad_csv(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        csv_points(text)


def test_gdal_options() -> None:
    text = (
        "gdal_translate -of GTiff -a_srs EPSG:2392 \\\n -gcp 607 473.5 2557000 6786000 "
        "-gcp 1 2 -3 4e6 55.5 in.jpg out.tif"
    )
    points = gcp_list_points(text)
    assert points.pixels.tolist() == [[607.0, 473.5], [1.0, 2.0]]
    assert points.world.tolist() == [[2557000.0, 6786000.0], [-3.0, 4e6]]
    assert points.crs.code == "EPSG:2392"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gdalwarp a b", "no -gcp"),
        ("-gcp 1 2 3", "'-gcp 1 2 3' lacks numbers"),
        ("-gcp 1 2 3 in.tif", "-gcp number 1: 'in.tif' is not a number"),
    ],
)
def test_bad_gdal_options(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        gcp_list_points(text)


def test_vrt_with_a_geotransform_gives_its_corners() -> None:
    points = vrt_points(
        '<VRTDataset rasterXSize="100" rasterYSize="50"><SRS>EPSG:32635</SRS>'
        "<GeoTransform>500000, 10, 0, 6000000, 0, -10</GeoTransform></VRTDataset>"
    )
    assert points.pixels.tolist() == [[0, 0], [100, 0], [100, 50], [0, 50]]
    assert points.world[2].tolist() == [501000, 5999500]
    assert points.crs.code == "EPSG:32635"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<VRTDataset/>", "no control points"),
        ("<VRTDataset>", "no well-formed VRT"),
        ("<html><GCPList/></html>", "no control points"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><VRTDataset/>', "document type"),
        (
            '<VRTDataset><GCPList><GCP Pixel="1" Line="2" X="3"/></GCPList></VRTDataset>',
            "GCP 1, Y: '' is not a number",
        ),
    ],
)
def test_bad_vrt(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        vrt_points(text)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # of the raster made here
def test_points_embedded_in_a_tiff(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    gcps = [
        rasterio.control.GroundControlPoint(row=row, col=column, x=x, y=y)
        for (column, row), (x, y) in zip(POINTS.pixels.tolist(), POINTS.world.tolist(), strict=True)
    ]
    path = tmp_path / "scan.tif"
    with rasterio.open(path, "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8") as raster:
        raster.gcps = (gcps, rasterio.crs.CRS.from_epsg(2392))
    points = read_points(path)
    check_same(points, POINTS)
    assert points.names == ("1", "2", "3")
    assert points.crs.code == "EPSG:2392"


def test_a_georeferenced_tiff_gives_its_corners(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path / "ortho.tif"
    profile = {
        "driver": "GTiff",
        "width": 80,
        "height": 40,
        "count": 1,
        "dtype": "uint8",
        "crs": "EPSG:32635",
    }
    with rasterio.open(path, "w", transform=rasterio.Affine(2, 0, 5e5, 0, -3, 6e6), **profile):
        pass
    points = read_points(path)
    assert points.pixels[2].tolist() == [80, 40]
    assert points.world[2].tolist() == [500160, 5999880]


@pytest.mark.filterwarnings("ignore::UserWarning")  # rasterio's own, about the raster made here
def test_a_tiff_without_any_georeference(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "plain.tif")
    with pytest.raises(InputError, match="not georeferenced and has no control points"):
        read_points(tmp_path / "plain.tif")
    (tmp_path / "cut.tif").write_bytes((tmp_path / "plain.tif").read_bytes()[:20])
    with pytest.raises(NotAnImageError, match="cannot be opened as a raster"):
        read_points(tmp_path / "cut.tif")


def test_world_file_counts_from_the_centre_of_the_first_pixel(tmp_path: Path) -> None:
    """A scan turned by 90°: one column goes 2 m north, one row 2 m east."""
    Image.new("L", (300, 200)).save(tmp_path / "sheet.jpg")
    (tmp_path / "sheet.jgw").write_text("0\n2\n2\n0\n500001\n6000001\n")
    points = read_points(tmp_path / "sheet.jgw", crs="EPSG:32635")
    assert points.pixels.tolist() == [[0, 0], [300, 0], [300, 200], [0, 200]]
    assert points.world.tolist() == [
        [500000, 6000000],
        [500000, 6000600],
        [500400, 6000600],
        [500400, 6000000],
    ]


def test_bad_world_files() -> None:
    with pytest.raises(InputError, match="6 numbers, this has 5"):
        world_file_points("1\n2\n3\n4\n5\n", size_px=(1, 1))
    with pytest.raises(InputError, match="give the size of the scan as size_px"):
        world_file_points("1\n0\n0\n-1\n5\n6\n")
    with pytest.raises(InputError, match="line 6: 'six' is not a number"):
        world_file_points("1\n0\n0\n-1\n5\nsix\n", size_px=(1, 1))


@pytest.mark.parametrize(
    "properties",
    [
        {"pixel": [10, 20]},
        {"resourceCoords": [10, 20]},
        {"column": 10, "row": 20},
        {"pixel_x": 10, "pixel_y": 20},
    ],
)
def test_geojson_pixels_among_the_properties(properties: dict) -> None:
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [24, 60]},
    }
    points = geojson_points({"type": "FeatureCollection", "features": [feature]})
    assert points.pixels.tolist() == [[10, 20]]
    assert points.crs.is_geographic


def test_geojson_with_an_old_fashioned_system() -> None:
    feature = {"properties": {"pixel": [1, 2]}, "geometry": {"type": "Point", "coordinates": [5e5, 6e6]}}
    system = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32635"}}
    content = {"type": "FeatureCollection", "features": [feature], "crs": system}
    assert geojson_points(content).crs.code == "EPSG:32635"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"type": "Feature"}, "not a FeatureCollection"),
        ({"type": "FeatureCollection", "features": []}, "not a FeatureCollection with features"),
        (
            {"type": "FeatureCollection", "features": [{"geometry": {"type": "Polygon"}}]},
            "feature 1 is no Point",
        ),
        (
            {
                "type": "FeatureCollection",
                "features": [{"geometry": {"type": "Point", "coordinates": [1, 2]}}],
            },
            "feature 1 has no pixel",
        ),
    ],
)
def test_bad_geojson(content: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        geojson_points(content)


@pytest.mark.parametrize("suffix", [".points", ".csv", ".txt", ".geojson"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sheet{suffix}"
    write_points(path, POINTS)
    read = read_points(path)
    if suffix == ".geojson":  # on WGS 84, and back through the grid of the coordinate system
        check_same(read.in_crs("EPSG:2392"), POINTS, tolerance=1e-3)
    else:
        check_same(read, POINTS)
        assert read.crs.code == "EPSG:2392"
    if suffix in (".csv", ".geojson"):
        assert read.names == POINTS.names
    assert read.source == path


def test_annotation_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sheet.json"
    with pytest.raises(InputError, match="needs the identifier"):
        write_points(path, POINTS)
    assert not path.exists()
    write_points(path, POINTS, resource="https://example.org/iiif/7", size_px=(4960, 3507))
    check_same(read_points(path).in_crs("EPSG:2392"), POINTS, tolerance=1e-3)
    assert json.loads(path.read_text("utf-8"))["target"]["source"]["width"] == 4960


def test_points_without_a_system_have_no_place_in_geojson(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not known; give it as crs="):
        write_points(tmp_path / "a.geojson", ControlPoints([[1, 2]], [[3, 4]]))


def test_files_that_are_not_there_or_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        read_points(tmp_path / "none.points")
    with pytest.raises(InputError, match="is a folder"):
        read_points(tmp_path)
    (tmp_path / "noise.csv").write_bytes(b"\xff\x00\x81")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_points(tmp_path / "noise.csv")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="broken JSON"):
        read_points(tmp_path / "broken.json")
    with pytest.raises(InputError, match="the suffix names no format"):
        write_points(tmp_path / "a.doc", POINTS)


def test_a_stated_system_must_be_that_of_the_file(tmp_path: Path) -> None:
    write_points(tmp_path / "a.points", POINTS)
    with pytest.raises(InputError, match="two coordinate systems"):
        read_points(tmp_path / "a.points", crs="EPSG:32635")
    assert read_points(tmp_path / "a.points", crs="EPSG:2392").crs.code == "EPSG:2392"
