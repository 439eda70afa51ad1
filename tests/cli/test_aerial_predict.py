"""whence aerial predict, through the real entry point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

from whence.aerial.scheme import LandClass, Scheme

torch = pytest.importorskip("torch")

TOWN = Scheme("town", (LandClass("ground", (130, 90, 40)), LandClass("roof", (200, 20, 20))))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A tiny network with random weights."""
    from whence.aerial.model import AerialModel
    from whence.aerial.models import network
    from whence.aerial.normalisation import Normalisation

    small = {"width": 8, "fine_width": 8, "widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1]}
    unet = network("residual-unet", classes=2, **small)
    return AerialModel(TOWN, unet, Normalisation((0.5,) * 3, (0.25,) * 3)).write(tmp_path / "model")


def image(path: Path, *, rows: int = 90, columns: int = 120, bands: int = 3, placed: bool = True) -> Path:
    values = np.random.default_rng(0).integers(0, 256, (bands, rows, columns), np.uint8)
    place = {"crs": "EPSG:32637", "transform": rasterio.Affine(1, 0, 5e5, 0, -1, 6e6)} if placed else {}
    shape = {"height": rows, "width": columns, "count": bands, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", driver="GTiff", **shape, **place) as dataset:
            dataset.write(values)
    return path


def test_shares_go_to_stdout_and_files_where_they_are_asked_for(run, tmp_path, model):
    source = image(tmp_path / "a.tif")
    result = run("aerial", "predict", source, "--model", model, "--out", "c.tif", "--tile", "64", "--overlap",
                 "0.25", "--probabilities", "p.tif", "--uncertainty", "--device", "cpu")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert {line.split()[-1] for line in result.stdout.splitlines()} == {"ground", "roof"}
    assert "6 tiles" in result.stderr
    for name, bands in (("c.tif", 1), ("p.tif", 2), ("c.uncertainty.tif", 1)):
        with rasterio.open(tmp_path / name) as dataset:
            assert (dataset.count, dataset.shape) == (bands, (90, 120))


def test_json_tells_everything(run, tmp_path, model):
    source = image(tmp_path / "a.tif", placed=False)
    result = run("aerial", "predict", source, "--model", model, "--out", "c.tif", "--window", "10,20,50,40",
                 "--bands", "3,2,1", "--json")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["pixels"] == {"with_data": 2000, "all": 2000}
    assert sum(told["shares"].values()) == pytest.approx(1)
    assert "no coordinate system" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bands", "1,x"], "whole numbers"),
        (["--window", "1,2,3"], "column,row,width,height"),
        (["--engine", "abacus"], "torch, onnx, openvino"),
        (["--tile", "4"], "too small"),
    ],
)
def test_what_the_user_can_mend_has_status_2(run, tmp_path, model, arguments, message):
    result = run(
        "aerial", "predict", image(tmp_path / "a.tif"), "--model", model, "--out", "c.tif", *arguments
    )
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "c.tif").exists()


def test_too_few_bands_and_cut_files_have_status_2(run, tmp_path, model):
    result = run("aerial", "predict", image(tmp_path / "a.tif", bands=1), "--model", model, "--out", "c.tif")
    assert result.exit_code == 2
    assert "has 1 band and the model wants 3" in result.stderr
    whole = image(tmp_path / "b.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(whole[: len(whole) // 2])
    result = run("aerial", "predict", "b.tif", "--model", model, "--out", "c.tif")
    assert result.exit_code == 2
    assert "truncated" in result.stderr
    assert not list(tmp_path.glob("*c.tif*"))


@pytest.mark.slow
def test_a_killed_prediction_goes_on(tmp_path, model):
    """Killed without warning while it works; the same command then gives what one run gives."""
    image(tmp_path / "a.tif", rows=1500, columns=900)
    options = ["--model", "model", "--tile", "128", "--overlap", "32", "--device", "cpu", "--json", "--out"]
    command = [sys.executable, "-m", "whence", "aerial", "predict", "a.tif", *options]
    subprocess.run([*command, "once.tif"], cwd=tmp_path, check=True, capture_output=True)
    running = subprocess.Popen([*command, "c.tif"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while len(list((tmp_path / ".c.tif.partial").glob("*.classes.tif"))) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "c.tif").exists()
    done = subprocess.run([*command, "c.tif"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["tiles"]["from_an_earlier_run"] > 0
    with rasterio.open(tmp_path / "once.tif") as one, rasterio.open(tmp_path / "c.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())
