"""Contours through every vector format, and what files hold besides lines with a height."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import shapely
from numpy.testing import assert_allclose

from whence.errors import InputError, NotFoundError
from whence.maps.heights import Contours, Terrain
from whence.maps.heights.contour_files import (
    add_breaklines,
    add_lakes,
    add_spots,
    read_contours,
    read_contours_with_facts,
    write_contours,
)

PLACE = np.array([500_000.0, 6_000_000.0])


def three() -> Contours:
    bend = np.array([[0.0, 0.0], [100.0, 30.0], [250.5, -7.25]])
    return Contours.of([PLACE + bend, PLACE + bend + 50, PLACE + bend + 100], [100, 120.5, 140])


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".fgb", ".geojson", ".json"])
def test_contours_come_back_from_every_format(tmp_path, suffix) -> None:
    path = tmp_path / f"c{suffix}"
    for _ in range(2):  # the second time it is replaced
        write_contours(path, three(), "EPSG:32633")
    back = read_contours(path)
    assert back.crs is not None
    assert back.crs.code == "EPSG:32633"
    # a spatial index may store them in another order
    order = np.argsort(back.contours.heights_m)
    assert_allclose(back.contours.heights_m[order], three().heights_m)
    for number, line in zip(order, three().lines, strict=True):
        assert_allclose(back.contours.lines[number], line)
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def save(path, shapes, fields: dict, **options) -> None:
    wkb = np.asarray(shapely.to_wkb(np.asarray(shapes, dtype=object), output_dimension=3), dtype=object)
    pyogrio.raw.write(
        path,
        wkb,
        field_data=[np.asarray(column) for column in fields.values()],
        fields=np.array(list(fields), dtype=object),
        **{"crs": "EPSG:32633", "geometry_type": "Unknown", **options},
    )


def lifted(line: np.ndarray, height: float) -> shapely.LineString:
    return shapely.LineString(np.column_stack([line, np.full(len(line), height)]))


def test_heights_of_positions_and_many_parts_count(tmp_path) -> None:
    lines = three().lines
    many = shapely.MultiLineString([lifted(lines[0], 30.0), lifted(lines[1], 30.0)])
    save(tmp_path / "c.gpkg", [many, lifted(lines[2], 40.0)], {"name": ["a", "b"]})
    assert read_contours(tmp_path / "c.gpkg").contours.heights_m.tolist() == [30, 30, 40]
    slope = shapely.LineString(np.column_stack([lines[0], [1.0, 2.0, 3.0]]))
    save(tmp_path / "s.gpkg", [slope], {"name": ["a"]})
    with pytest.raises(InputError, match="from 1 to 3"):
        read_contours(tmp_path / "s.gpkg")


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_drawing_is_read_by_its_layers(tmp_path) -> None:
    lines = three().lines
    shapes = [lifted(lines[0], 10.0), lifted(lines[1], 20.0), lifted(lines[2], 7.0)]
    save(
        tmp_path / "c.dxf",
        shapes,
        {"Layer": np.array(["CONTOURS", "CONTOURS", "ROADS"], dtype=object)},
        driver="DXF",
        crs=None,
    )
    found = read_contours(tmp_path / "c.dxf", layer="CONTOURS", crs="EPSG:32633")
    assert found.contours.heights_m.tolist() == [10, 20]
    with pytest.raises(InputError, match="CONTOURS, ROADS"):
        read_contours(tmp_path / "c.dxf", layer="RIVERS", crs="EPSG:32633")
    with pytest.raises(InputError, match="coordinate system"):
        read_contours(tmp_path / "c.dxf")


def test_of_many_layers_one_must_be_named(tmp_path) -> None:
    for name, height in (("old", 1.0), ("new", 2.0)):
        shape = [shapely.LineString(three().lines[0])]
        save(
            tmp_path / "c.gpkg", shape, {"elev": [height]}, layer=name, append=(tmp_path / "c.gpkg").exists()
        )
    assert read_contours(tmp_path / "c.gpkg", layer="new").contours.heights_m.tolist() == [2.0]
    with pytest.raises(InputError, match="old, new"):
        read_contours(tmp_path / "c.gpkg")
    with pytest.raises(InputError, match="no layer wood"):
        read_contours(tmp_path / "c.gpkg", layer="wood")


def test_missing_heights_are_counted_and_left_out_with_consent(tmp_path) -> None:
    lines = [shapely.LineString(line + 10 * k) for k in range(2) for line in three().lines]
    save(tmp_path / "c.gpkg", lines, {"elev": [1500.0, np.nan, 1520.0, 0.0, 1540.0, 1560.0]})
    with pytest.raises(InputError, match="--missing drop"):
        read_contours(tmp_path / "c.gpkg")
    dropped = read_contours_with_facts(tmp_path / "c.gpkg", missing="drop")
    assert dropped.terrain.contours.heights_m.tolist() == [1500, 1520, 1540, 1560]
    assert "1 of 6 lines have no height" in dropped.facts[0]
    assert "1 of 6 lines have height 0" in dropped.facts[1]
    kept = read_contours(tmp_path / "c.gpkg", missing="keep")
    assert kept.contours.heights_m.tolist() == [1500, 1520, 0, 1540, 1560]
    save(tmp_path / "sea.gpkg", lines[:3], {"elev": [0.0, 20.0, 40.0]})
    assert len(read_contours(tmp_path / "sea.gpkg").contours) == 3
    save(tmp_path / "zero.gpkg", lines[:3], {"elev": [0.0, 1520.0, 1540.0]})
    with pytest.raises(InputError, match="height 0, far from"):
        read_contours(tmp_path / "zero.gpkg")


def test_spots_lakes_and_breaklines_are_added(tmp_path) -> None:
    terrain = Terrain(three())
    save(tmp_path / "spots.gpkg", [shapely.Point(*PLACE, 7.5), shapely.Point(*PLACE + 9, 8.5)], {"n": [1, 2]})
    outer, hole = shapely.box(0, 0, 90, 90), shapely.box(30, 30, 60, 60)
    save(tmp_path / "lakes.gpkg", [outer.difference(hole)], {"level": [55.0]})
    save(tmp_path / "streams.gpkg", [shapely.LineString(line) for line in three().lines], {"n": [1, 2, 3]})
    full = add_breaklines(
        add_lakes(add_spots(terrain, tmp_path / "spots.gpkg"), tmp_path / "lakes.gpkg"),
        tmp_path / "streams.gpkg",
    )
    assert full.spots.heights_m.tolist() == [7.5, 8.5]
    assert [(len(lake.shore), lake.level_m) for lake in full.lakes] == [(5, 55.0)]
    assert len(full.breaklines) == 3
    with pytest.raises(InputError, match="spot heights are points"):
        add_spots(terrain, tmp_path / "lakes.gpkg")
    known = read_contours(_written(tmp_path, "EPSG:3035"))
    with pytest.raises(InputError, match="two coordinate systems"):
        add_lakes(known, tmp_path / "lakes.gpkg")


def _written(folder, crs: str):
    write_contours(folder / "c.gpkg", three(), crs)
    return folder / "c.gpkg"


def test_what_is_no_vector_file_says_so(tmp_path) -> None:
    (tmp_path / "c.gpkg").write_text("nothing")
    with pytest.raises(InputError, match="vector file"):
        read_contours(tmp_path / "c.gpkg")
    with pytest.raises(NotFoundError):
        read_contours(tmp_path / "none.shp")
    with pytest.raises(InputError, match=r"\.gpkg"):
        write_contours(tmp_path / "c.txt", three())
    broken = {"type": "LineString", "coordinates": [[0, 0], ["a", 1]]}
    content = {"features": [{"properties": {"z": 1}, "geometry": broken}]}
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="feature 1"):
        read_contours(tmp_path / "c.json")
