"""What archivists and surveyors bring: tables, models and names as they are; oracles are the clean ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from whence.cli import main
from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights import Lattice, write_model
from whence.maps.heights.calibration import fit_heights
from whence.maps.heights.compare import compare_models
from whence.maps.heights.contour_files import read_contours, read_contours_with_facts
from whence.maps.heights.label_table import read_labels
from whence.maps.heights.labelled import HeightLabels
from whence.maps.heights.making import check
from whence.maps.heights.model_file import ModelFile, read_model
from whence.maps.heights.sampling import sample_heights
from whence.maps.heights.vertical import transform_raster

LAEA = Crs.parse("EPSG:3035")
LATTICE = Lattice(4_080_000.0, 2_433_000.0, 25.0, 40, 30)
READ = np.array([120.0, 131, 145, 150, 166, 171, 188, 190])


@pytest.fixture
def model(tmp_path):
    """A slope, 1 m in 10."""
    rise = (LATTICE.centres()[..., 0] - LATTICE.west) / 10
    path = tmp_path / "m.tif"
    write_model(path, 1800 + rise, LATTICE, file=ModelFile(LAEA, format="gtiff"))
    return path


def labelled(read) -> HeightLabels:
    offsets = np.random.default_rng(0).uniform(100, 700, (len(read), 2))
    return HeightLabels(None, offsets + np.array([4_080_000.0, 2_432_300.0]), np.asarray(read, dtype=float))


@pytest.mark.parametrize(
    ("text", "value"),
    [("183,4", 183.4), ("ca. 120", 120), ("~120", 120), ("183,4 m", 183.4), ("−3,5", -3.5), ("c. 7 м", 7)],
)
def test_heights_as_people_write_them(tmp_path, text, value):
    table = tmp_path / "t.csv"
    table.write_text(f"easting;northing;map_height\n1,5;2,5;{text}\n", encoding="utf-8-sig")
    assert read_labels(table)[0].map_heights.tolist() == [value]


@pytest.mark.parametrize("dash", ["-", "–", "—", "−", "?", ""])
def test_a_dash_is_a_height_that_cannot_be_read(tmp_path, dash):
    table = tmp_path / "t.csv"
    table.write_text(f"easting;northing;map_height\n1;2;{dash}\n3;4;5\n", encoding="utf-8")
    assert np.isnan(read_labels(table)[0].map_heights).tolist() == [True, False]


def test_another_unit_in_a_cell_is_refused_with_the_line(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("easting,northing,map_height\n1,2,120 ft\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2, map_height: '120 ft' is no height.*--unit"):
        read_labels(table)


@pytest.mark.parametrize(
    "header",
    [
        "долгота,широта,высота",
        "longitud,latitud,cota",
        "Länge,Breite,Ho\u0308he",
        "longitude,latitude,altitude",
    ],
)
def test_columns_in_other_languages(tmp_path, header):
    table = tmp_path / "t.csv"
    table.write_text(f"{header}\n24.5,60.25,31\n", encoding="utf-8")
    labels, _ = read_labels(table)
    assert labels.world.tolist() == [[24.5, 60.25]]
    assert labels.map_heights.tolist() == [31.0]


def test_a_table_without_rows_is_refused(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("easting,northing,map_height\n", encoding="utf-8")
    with pytest.raises(InputError, match="a header and no rows"):
        read_labels(table)


def test_swapped_degrees_and_degrees_without_a_name_are_told(model):
    place = LAEA.to_lonlat(np.array([[4_080_500.0, 2_432_600.0]]))
    with pytest.raises(InputError, match="columns of the places swapped"):
        sample_heights(model, place[:, ::-1], crs=Crs.parse("OGC:CRS84"))
    with pytest.raises(InputError, match="taken as longitude and latitude they would"):
        sample_heights(model, place, crs=None)
    with pytest.raises(InputError, match="system") as far:
        sample_heights(model, np.array([[0.0, 0.0]]), crs=None)
    assert "would" not in str(far.value)


def test_a_model_in_feet_is_refused(model, tmp_path):
    feet = tmp_path / "feet.tif"
    feet.write_bytes(model.read_bytes())
    with rasterio.open(feet, "r+") as file:
        file.units = ("ft",)
    with pytest.raises(InputError, match="its heights are in ft"):
        sample_heights(feet, np.array([[4_080_500.0, 2_432_600.0]]), crs=None)
    for pair in ((model, feet), (feet, model)):
        with pytest.raises(InputError, match="its heights are in ft"):
            compare_models(*pair)


def test_a_vertical_system_in_feet_is_refused(tmp_path):
    path = tmp_path / "m.tif"
    write_model(path, np.ones(LATTICE.shape), LATTICE, file=ModelFile(LAEA, "EPSG:6360", "gtiff"))
    with pytest.raises(InputError, match="heights in US survey foot by its vertical system"):
        compare_models(path, path)


def test_a_mark_of_no_data_that_was_not_declared_is_no_modern_height(tmp_path):
    path = tmp_path / "m.tif"
    write_model(path, np.full(LATTICE.shape, -9999.0), LATTICE, file=ModelFile(LAEA, format="gtiff"))
    with pytest.raises(InputError, match="holds -9999, which is no height"):
        sample_heights(path, np.array([[4_080_500.0, 2_432_600.0]]), crs=None)


def test_modern_heights_in_feet_are_suspected():
    noise = np.array([1, -1, 2, 0, -2, 1, -1, 0]) * 0.05
    found = fit_heights(labelled(READ), READ / 0.3048 + 12 + noise)
    assert any("metre if the modern heights were in feet" in one for one in found.remarks)
    right = fit_heights(labelled(READ), READ + 12 + noise)
    assert not any("in feet" in one for one in right.remarks)


def test_a_named_unit_that_the_heights_do_not_have_is_told():
    noise = np.array([1, -1, 2, 0, -2, 1, -1, 0]) * 0.05
    found = fit_heights(labelled(READ), 0.3048 * READ + 12 + noise, unit="sazhen")
    assert found.model == "full"
    assert found.remarks[0] == "The heights are not in sazhen (2.1336 m)"


def test_modern_heights_that_are_filled_in_are_refused():
    with pytest.raises(InputError, match="modern heights of all 8 places are 100"):
        fit_heights(labelled(READ), np.full(8, 100.0))


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "m.tif", "other.tif", "--out", "m.tif"],
        ["compare", "m.tif", "other.tif", "--hillshade", "./other.tif"],
        ["datum", "m.tif", "--from", "EPSG:5773", "--to", "ellipsoid", "--out", "m.tif"],
        ["fit", "t.csv", "--dem", "m.tif", "--out", "m.tif"],
        ["dem", "t.csv", "--cell", "25", "--out", "t.csv"],
    ],
)
def test_no_command_writes_over_what_it_reads(model, monkeypatch, capsys, arguments):
    folder = model.parent
    (folder / "other.tif").write_bytes(model.read_bytes())
    (folder / "t.csv").write_text("easting,northing,map_height\n4080500,2432600,1850\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["whence", "map", "heights", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "would be written over" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_table_is_no_file_of_contours(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("easting,northing,map_height\n1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="only a table"):
        read_contours(table)


def test_a_model_in_feet_without_saying_so_is_suspected(model, tmp_path):
    """Oracle: the same model in feet."""
    values, lattice, crs = read_model(model)
    feet = tmp_path / "feet.tif"
    write_model(feet, values / 0.3048 + 3, lattice, file=ModelFile(crs, format="gtiff"))
    said = "feet.tif seems to be in feet: where the other rises by one, it rises by 3.28; turn it into metres"
    assert said in compare_models(feet, model).facts
    assert said in compare_models(model, feet).facts
    shifted = tmp_path / "shifted.tif"
    write_model(shifted, values + 3, lattice, file=ModelFile(crs, format="gtiff"))
    assert not any("feet" in fact for fact in compare_models(model, shifted).facts)


def test_marks_of_no_data_are_neither_drawn_nor_moved(model, tmp_path):
    values, lattice, crs = read_model(model)
    values[3, 4] = -9999.0
    write_model(model, values, lattice, file=ModelFile(crs, "EPSG:5773", "gtiff"))
    with pytest.raises(InputError, match="declare it: gdal_translate -a_nodata -9999"):
        read_model(model)
    with pytest.raises(InputError, match="declare it: gdal_translate -a_nodata -9999"):
        transform_raster(model, tmp_path / "new.tif", target="EPSG:5773")
    assert not (tmp_path / "new.tif").exists()


def test_a_band_in_feet_is_not_moved_as_metres(model, tmp_path):
    with rasterio.open(model, "r+") as file:
        file.units = ("ft",)
    with pytest.raises(InputError, match="its heights are in ft"):
        transform_raster(model, tmp_path / "new.tif", source="EPSG:5773", target="EPSG:5773")


def test_a_page_with_another_ending_is_refused_before_any_work(model, monkeypatch, capsys):
    monkeypatch.chdir(model.parent)
    arguments = ["compare", "m.tif", "m.tif", "--out", "off.tif", "--report", "page.txt"]
    monkeypatch.setattr("sys.argv", ["whence", "map", "heights", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "let its name end in .html" in capsys.readouterr().err
    assert not (model.parent / "off.tif").exists()


def contour_file(path, properties, *, crs="EPSG:3035", scale: float = 1.0):
    """Three straight contours."""
    features = [
        {
            "type": "Feature",
            "properties": one,
            "geometry": {"type": "LineString", "coordinates": [[scale * k, 0.0], [scale * k, scale * 50.0]]},
        }
        for k, one in enumerate(properties)
    ]
    content = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("texts", [("100 m", "110 m", "120 m"), ("100,0", "110,0", "120,0")])
def test_contours_whose_heights_are_text(tmp_path, texts):
    path = contour_file(tmp_path / "c.geojson", [{"Cota": text} for text in texts])
    assert read_contours(path).contours.heights_m.tolist() == [100.0, 110.0, 120.0]


def test_a_field_in_feet_needs_its_unit(tmp_path):
    path = contour_file(tmp_path / "c.geojson", [{"elev_ft": height} for height in (100, 200, 300)])
    with pytest.raises(InputError, match="elev_ft is in feet by its name"):
        read_contours(path, field="elev_ft")
    found = read_contours(path, field="elev_ft", unit="foot")
    assert found.contours.heights_m == pytest.approx([30.48, 60.96, 91.44])


def test_geojson_without_a_system_is_in_degrees(tmp_path):
    """RFC 7946, 4: WGS 84, longitude and latitude."""
    rows = [{"elev": height} for height in (100, 200, 300)]
    found = read_contours(contour_file(tmp_path / "c.geojson", rows, crs=None))
    assert found.crs.is_geographic
    with pytest.raises(InputError, match="degrees are no lengths"):
        check(found)
    with pytest.raises(InputError, match="does not say its coordinate system"):
        read_contours(contour_file(tmp_path / "c.geojson", rows, crs=None, scale=1000.0))


def test_a_system_that_is_asked_for_against_the_file_is_told(tmp_path):
    path = contour_file(tmp_path / "c.geojson", [{"elev": height} for height in (100, 200, 300)])
    assert read_contours_with_facts(path, crs="EPSG:3035").facts == ()
    (fact,) = read_contours_with_facts(path, crs="EPSG:32633").facts
    assert "EPSG:32633 was taken instead, as asked for" in fact
