"""QGIS' files in their dialects; the oracle is what each line says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError
from whence.maps.points import read_points
from whence.maps.points.qgis import qgis_points, qgis_text

PIXELS = [[606.992, 472.952], [2969.602, 482.189]]
WORLD = [[2557000.0, 6786000.0], [2557000.0, 6788000.0]]

DIALECTS = {
    "newest": "#CRS: EPSG:2392\nmapX,mapY,sourceX,sourceY,enable,dX,dY,residual\n"
    "2557000,6786000,606.992,-472.952,1,0,0,0\n2557000,6788000,2969.602,-482.189,1,0.5,0,0.5\n",
    "older": "mapX,mapY,pixelX,pixelY,enable\n"
    "2557000.0000,6786000.0000,606.992,-472.952,1\n2557000.0000,6788000.0000,2969.602,-482.189,1\n",
    "oldest, without enable, tabs": "mapX\tmapY\tpixelX\tpixelY\n"
    "2557000\t6786000\t606.992\t-472.952\n2557000\t6788000\t2969.602\t-482.189\n",
    "windows, with a mark": "\ufeffmapX,mapY,pixelX,pixelY,enable\r\n"
    "2557000,6786000,606.992,-472.952,1\r\n2557000,6788000,2969.602,-482.189,1\r\n\r\n",
    "semicolons and decimal commas": "mapX;mapY;sourceX;sourceY;enable\n"
    "2557000;6786000;606,992;-472,952;1\n2557000;6788000;2969,602;-482,189;1\n",
    "rows counted downward": "mapX,mapY,pixelX,pixelY,enable\n"
    "2557000,6786000,606.992,472.952,1\n2557000,6788000,2969.602,482.189,1\n",
    "columns in another order": "enable,pixelY,pixelX,mapY,mapX\n"
    "1,-472.952,606.992,6786000,2557000\n1,-482.189,2969.602,6788000,2557000\n",
    "quoted, padded": '"mapX", "mapY", "pixelX", "pixelY", "enable"\n'
    "2557000, 6786000, 606.992, -472.952, 1\n2557000, 6788000, 2969.602, -482.189, 1\n",
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_says_the_same(name: str) -> None:
    points = qgis_points(DIALECTS[name])
    np.testing.assert_array_equal(points.pixels, PIXELS)
    np.testing.assert_array_equal(points.world, WORLD)
    assert points.enabled.all()


def test_the_coordinate_system_is_read() -> None:
    assert qgis_points(DIALECTS["newest"]).crs.code == "EPSG:2392"
    assert qgis_points(DIALECTS["older"]).crs is None


def test_disabled_points_are_kept_and_marked() -> None:
    points = qgis_points(DIALECTS["older"].replace("482.189,1", "482.189,0"))
    assert points.enabled.tolist() == [True, False]
    assert len(points.active) == 1


def test_a_point_above_the_scan_needs_a_word() -> None:
    text = DIALECTS["older"].replace("-472.952", "3.5")
    with pytest.raises(InputError, match="rows of both signs; say rows='up'"):
        qgis_points(text)
    assert qgis_points(text, rows="up").pixels[:, 1].tolist() == [-3.5, 482.189]
    assert qgis_points(text, rows="down").pixels[:, 1].tolist() == [3.5, -482.189]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("#CRS: EPSG:2392\n", "empty file"),
        ("#CRS: EPSG:1\nmapX,mapY,pixelX,pixelY\n", "unknown coordinate system"),
        ("mapX,mapY,pixelX,enable\n1,2,3,1\n", "no column sourceY"),
        ("mapX,mapY,pixelX,pixelY,enable\n1,2,three,-4,1\n", "line 2, sourceX: 'three' is not a number"),
        (
            "#CRS: EPSG:2392\nmapX,mapY,pixelX,pixelY,enable\n1,2,3,-4,1\n1,2,3\n",
            "line 4: 3 values for 5 columns",
        ),
        ("mapX,mapY,pixelX,pixelY,enable\n1,2,3,nan,1\n", "line 2, sourceY: 'nan' is not a position"),
        ("mapX,mapY,pixelX,pixelY,enable\n1,2,3,-4,maybe\n", "line 2, enable: 'maybe'"),
    ],
)
def test_bad_files(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        qgis_points(text)


def test_what_is_written_is_read_back() -> None:
    points = qgis_points(DIALECTS["newest"].replace("482.189,1", "482.189,0"))
    text = qgis_text(points)
    assert text.startswith("#CRS: EPSG:2392\nmapX,mapY,sourceX,sourceY,enable")
    again = qgis_points(text)
    np.testing.assert_array_equal(again.pixels, points.pixels)
    np.testing.assert_array_equal(again.world, points.world)
    assert again.enabled.tolist() == [True, False]


@pytest.mark.shared_data
def test_rautjarvi(shared_data: Path) -> None:
    points = read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points")
    assert len(points) == 8
    assert points.crs.code == "EPSG:2392"
    assert points.pixels[0].tolist() == [606.992, 472.952]
    assert points.source.name == "rautjarvi_map.jpg.points"
