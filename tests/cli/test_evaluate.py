"""whence evaluate: several models, columns, reports and mistakes, through the real entry point."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from whence.photos.evaluate import evaluate
from whence.photos.results import read_results


def _write(path: Path, degrees: list[float | None], **columns: list[object]) -> None:
    """Photographs taken on the equator, placed so many degrees east; None was not located."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["img_path", "gt_lat", "gt_lon", "pred_lat", "pred_lon", *columns])
        for number, error in enumerate(degrees):
            placed = ["", ""] if error is None else [0.0, 10.0 + error]
            more = [values[number] for values in columns.values()]
            rows.writerow([f"{number}.jpg", 0.0, 10.0, *placed, *more])


NEAR, FAR = np.linspace(0.1, 5.0, 40).tolist(), np.linspace(2.0, 50.0, 40).tolist()


def test_one_table_gives_what_it_always_gave(run, tmp_path):
    _write(tmp_path / "one.csv", [*NEAR, None])
    result = run("evaluate", "one.csv")
    assert result.exit_code == 0
    assert result.stdout == evaluate(read_results("one.csv")).summary() + "\n"
    values = json.loads(run("evaluate", "one.csv", "--json").stdout)
    assert {
        "rows",
        "with_truth",
        "located",
        "median_m",
        "within",
        "score",
        "far",
        "calibration",
    } <= values.keys()
    assert (values["rows"], values["located"], values["levels"], values["groups"]) == (41, 40, [], [])


def test_several_tables_are_compared_and_one_is_chosen(run, tmp_path):
    _write(tmp_path / "near.csv", NEAR)
    _write(tmp_path / "far.csv", FAR)
    result = run("evaluate", "far.csv", "near.csv", "--protocol", "thesis")
    assert result.exit_code == 0
    assert "2 models on 40 common photos" in result.stdout
    assert "chosen by the thesis' rule: near" in result.stdout
    values = json.loads(run("evaluate", "far.csv", "near.csv", "--choose", "geoscore", "--json").stdout)
    assert (values["choice"]["model"], values["choice"]["by"]) == ("near", "geoscore")
    assert values["models"] == ["far", "near"]
    assert values["evaluations"]["far"]["located"] == 40


def test_files_called_alike_are_named_after_their_folders(run, tmp_path):
    _write(tmp_path / "a/results.csv", NEAR)
    _write(tmp_path / "b/results.csv", FAR)
    values = json.loads(run("evaluate", "a/results.csv", "b/results.csv", "--json").stdout)
    assert values["models"] == ["a", "b"]
    again = run("evaluate", "a/results.csv", "a/results.csv")
    assert (again.exit_code, "two models are called 'a'" in again.stderr) == (2, True)


def test_columns_of_several_models_in_one_table(run, tmp_path):
    places = {"base_lat": [0.0] * 40, "base_lon": [10.0 + error for error in FAR], "radius_m": [1e9] * 40}
    _write(tmp_path / "both.csv", NEAR, **places)
    base = json.loads(run("evaluate", "both.csv", "--predictions", "base_lat,base_lon", "--json").stdout)
    assert base["median_m"] == pytest.approx(evaluate(_rows(FAR)).median_m)
    assert base["calibration"] is None  # the radii are those of the other predictions
    own = json.loads(run("evaluate", "both.csv", "--predictions", "pred_lat,pred_lon", "--json").stdout)
    assert own["calibration"]["inside"] == 40
    both = ["--predictions", "base=base_lat,base_lon", "--predictions", "best=pred_lat,pred_lon"]
    values = json.loads(run("evaluate", "both.csv", *both, "--json").stdout)
    assert (values["models"], values["choice"]["model"]) == (["base", "best"], "best")


def _rows(degrees):
    return [
        {"id": f"{n}", "gt_lat": 0.0, "gt_lon": 10.0, "pred_lat": 0.0, "pred_lon": 10.0 + error}
        for n, error in enumerate(degrees)
    ]


def test_parts_clusters_and_places(run, tmp_path):
    _write(tmp_path / "one.csv", NEAR, camera_id=["a", "b"] * 20, walk=[n // 10 for n in range(40)])
    result = run("evaluate", "one.csv", "--by", "camera_id", "--cluster", "walk", "--places")
    assert result.exit_code == 0
    assert "intervals draw 4 clusters as a whole" in result.stdout
    assert "by camera_id" in result.stdout
    assert "names of places: gazetteer" in result.stdout


def test_a_report_is_a_folder_or_a_page(run, tmp_path):
    _write(tmp_path / "near.csv", NEAR)
    _write(tmp_path / "far.csv", FAR)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/history.csv").write_text("epoch,train_loss,validation_loss\n1,2,3\n2,1,2\n")
    arguments = ("--no-places", "--split", "cells 0", "--curves", "run/history.csv")
    assert run("evaluate", "near.csv", "far.csv", "--out", "report", *arguments).exit_code == 0
    page = (tmp_path / "report/index.html").read_text("utf-8")
    assert "Chosen: near" in page
    assert (tmp_path / "report/figures/training.svg").is_file()
    assert run("evaluate", "near.csv", "far.csv", "--out", "report", *arguments).exit_code == 0  # again
    assert run("evaluate", "near.csv", "--no-places", "--out", "page.html").exit_code == 0
    assert "Evaluation of near" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--predictions", "pred_lat"], "'pred_lat' is not such as base=pred_lat_base,pred_lon_base"),
        (["--predictions", "lat_x,lon_x"], "no column lat_x, lon_x"),
        (["--by", "camera"], "no column 'camera'"),
        (["--cluster", "walk"], "no column 'walk'"),
        (["--curves", "none.csv"], "none.csv is not a file"),
        (["--out", "full"], "holds other things than a report"),
        (["--out", "no/folder"], "there is no folder"),
        (["--confidence", "80"], "80"),
    ],
)
def test_mistakes_are_told_before_the_work(run, tmp_path, arguments, said):
    _write(tmp_path / "one.csv", NEAR)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    result = run("evaluate", "one.csv", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert (tmp_path / "full/mine.txt").read_text() == "mine"


def test_an_unknown_rule_is_refused(run, tmp_path):
    _write(tmp_path / "a.csv", NEAR)
    _write(tmp_path / "b.csv", FAR)
    result = run("evaluate", "a.csv", "b.csv", "--choose", "luck")
    assert (result.exit_code, "there is no metric 'luck'" in result.stderr) == (2, True)
