"""whence aerial evaluate through the real entry point."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from whence.aerial.schemes import scheme

PLACE = {"crs": "EPSG:32636", "transform": from_origin(500000.0, 36000.0, 0.5, 0.5)}


def write(path, values):
    bands = values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    count, height, width = bands.shape
    size = {"width": width, "height": height, "count": count, "dtype": "uint8"}
    with rasterio.open(path, "w", **size, **PLACE) as file:
        file.write(bands)
    return path


@pytest.fixture
def files(tmp_path):
    """Potsdam's classes in stripes of ten columns; the prediction is two columns too far to the right."""
    truth = np.repeat(np.arange(6, dtype=np.uint8), 10)[None].repeat(40, axis=0)
    predicted = np.roll(truth, 2, axis=1)
    predicted[:, :2] = 0
    return write(tmp_path / "p.tif", predicted), write(tmp_path / "t.tif", scheme("potsdam").paint(truth))


def test_figures_come_with_their_protocol(run, files):
    result = run("aerial", "evaluate", *files, "--scheme", "potsdam", "--eroded", "--erode", "2")
    assert result.exit_code == 0, result.stderr
    # by hand: of 10 columns of a stripe 8 are right; the first is predicted in 12, the others in 10
    mean = (10 / 12 + 4 * 8 / 12) / 5
    assert f"mean IoU {mean:.3f}" in result.stdout
    assert f"overall accuracy {50 / 60:.3f}" in result.stdout
    assert "clutter only in the overall accuracy" in result.stdout
    full, eroded = result.stdout.split("\n\n")[1], result.stdout.split("\n\n")[3]
    assert "full boundaries" in full
    assert "boundaries eroded by a disk of 2 px" in eroded
    assert "overall accuracy 1.000" in eroded
    assert "test-time augmentation: not stated" in full


def test_no_scheme_is_needed_where_the_prediction_carries_it(run, files):
    named = json.loads(run("aerial", "evaluate", *files, "--scheme", "potsdam", "--json").stdout)["full"]
    with rasterio.open(files[0], "r+") as file:
        file.update_tags(SCHEME=json.dumps(scheme("potsdam").to_json()))
    found = json.loads(run("aerial", "evaluate", *files, "--json").stdout)["full"]
    assert found["protocol"].pop("carried") == "potsdam"
    assert named["protocol"].pop("carried") is None
    assert found["protocol"].pop("line").endswith(named["protocol"].pop("line"))
    assert found == named
    result = run("aerial", "evaluate", *files, "--scheme", "dubai")
    assert result.exit_code == 2
    assert "scheme potsdam" in result.stderr
    assert "scheme dubai" in result.stderr


def test_json_has_every_figure(run, files):
    result = run("aerial", "evaluate", *files, "--scheme", "potsdam", "--tolerance", "1m", "--json")
    values = json.loads(result.stdout)["full"]
    assert values["protocol"]["tolerance_px"] == pytest.approx(2.0, rel=1e-3)
    assert values["mean_boundary_f1"] == pytest.approx(1.0)
    assert values["classes"]["building"]["precision"] == pytest.approx(0.8)
    assert values["overall_accuracy"] == pytest.approx(50 / 60)
    assert values["intervals"] == {}


def test_footprints_are_scored_beside_classes(run, tmp_path):
    ids = np.zeros((60, 60), np.uint8)
    ids[10:30, 10:30] = 1
    truth = write(tmp_path / "t.tif", ids)
    assert run("aerial", "polygons", truth, "--out", "roofs.geojson", "--classes", "1").exit_code == 0
    ids[40:50, 40:50] = 1
    predicted = write(tmp_path / "p.tif", ids)
    result = run(
        "aerial", "evaluate", predicted, truth, "--footprints", "roofs.geojson", "--class", "1", "--json"
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["footprints"]
    assert (found["precision"], found["recall"], found["matched"]) == (0.5, 1.0, 1)
    assert "IoU ≥ 0.5" in found["protocol"]
    alone = run("aerial", "evaluate", "roofs.geojson", "roofs.geojson", "--class", "class 1")
    assert "footprints: precision 1.000, recall 1.000, F1 1.000" in alone.stdout


def test_what_does_not_fit_has_status_2(run, files, tmp_path):
    small = write(tmp_path / "s.tif", np.zeros((40, 50), np.uint8))
    result = run("aerial", "evaluate", small, files[0])
    assert result.exit_code == 2
    assert "50 × 40 and 60 × 40 pixels" in result.stderr
    result = run("aerial", "evaluate", files[0], files[1])
    assert result.exit_code == 2
    assert "3 bands" in result.stderr
    result = run("aerial", "evaluate", files[0], files[0], "--tolerance", "wide")
    assert result.exit_code == 2
    assert "no tolerance" in result.stderr
