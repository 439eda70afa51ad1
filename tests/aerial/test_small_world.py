"""The drawn town from end to end, through the real commands: cut, train, predict, polygons, scores.

Figures here are those of a town drawn by code; they say that the parts work together.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from whence.aerial.schemes import scheme
from whence.smallworld import Town, draw_orthophoto

torch = pytest.importorskip("torch")
pytest.importorskip("albumentations")

Run = Callable[..., click.testing.Result]
SMALL = "{width = 8, fine_width = 8, widths = [8, 8, 8, 8, 8], depths = [1, 1, 1, 1], context = false}"
NAMES = scheme("smallworld").names


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pieces of the town, 100 m apart."""
    folder = tmp_path_factory.mktemp("town")
    for half, east_m in (("west", -100.0), ("east", 100.0)):
        draw_orthophoto(
            Town.build(0), folder / half, cell_m=0.5, half_m=(48.0, 48.0), middle_m=(east_m, 60.0)
        )
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network with random weights that knows the classes of the town."""
    from whence.aerial.model import AerialModel
    from whence.aerial.models import network
    from whence.aerial.normalisation import Normalisation

    small: dict[str, Any] = {"width": 8, "fine_width": 8, "widths": [8] * 5, "depths": [1] * 4}
    torch.manual_seed(0)
    unet = network("residual-unet", classes=len(NAMES), context=False, **small)
    wanted = AerialModel(scheme("smallworld"), unet, Normalisation((0.4,) * 3, (0.2,) * 3), cell_m=0.5)
    return Path(wanted.write(tmp_path_factory.mktemp("models") / "model"))


def configured(path: Path, root: Path, *, steps: int, network: str = SMALL) -> Path:
    path.write_text(
        f'[data]\ndataset = "folder"\nroot = "{root}"\n[crops]\nside_px = 96\nturn = "quarter"\n'
        f'[network]\nname = "residual-unet"\noptions = {network}\n[model]\ncell_m = 0.5\n'
        f"[training]\nsteps = {steps}\nbatch = 4\nlr = 0.003\nwarmup_steps = 5\naverage = 0.9\n"
        'device = "cpu"\n',
        encoding="utf-8",
    )
    return path


def copied(source: Path, target: Path, change: Callable[[np.ndarray, dict], np.ndarray]) -> Path:
    """Write a raster again with its values and its profile changed."""
    with rasterio.open(source) as dataset:
        values = dataset.read()
        profile = {key: dataset.profile[key] for key in ("crs", "transform", "dtype", "nodata")}
    values = change(values, profile)
    count, height, width = values.shape
    target.parent.mkdir(parents=True, exist_ok=True)
    shape = {"driver": "GTiff", "count": count, "height": height, "width": width}
    with rasterio.open(target, "w", **shape, **profile) as dataset:
        dataset.write(values)
    return target


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_from_the_photograph_to_the_scores(run: Run, town: Path, tmp_path: Path) -> None:
    west, east = town / "west", town / "east"
    cut = run("aerial", "tile", "--img-dir", west / "images", "--mask-dir", west / "masks", "--dataset",
              "smallworld", "--output-img-dir", "t/images", "--output-mask-dir", "t/masks", "--split-size",
              "96", "--stride", "64", "--json")  # fmt: skip
    assert cut.exit_code == 0, cut.stderr
    assert len(list((tmp_path / "t/images").glob("*.tif"))) == json.loads(cut.stdout)["tiles"] > 4
    trained = run(
        "aerial", "train", configured(tmp_path / "train.toml", tmp_path / "t", steps=3), "--out", "run"
    )
    assert trained.exit_code == 0, trained.stderr
    photo = east / "images" / "date_1.tif"
    predicted = run("aerial", "predict", photo, "--model", "run/model", "--out", "c.tif", "--tile", "96",
                    "--overlap", "32", "--device", "cpu")  # fmt: skip
    assert predicted.exit_code == 0, predicted.stderr
    with rasterio.open("c.tif") as classes, rasterio.open(photo) as image:
        assert (classes.crs, classes.transform, classes.shape) == (image.crs, image.transform, image.shape)
    assert run("aerial", "polygons", "c.tif", "--out", "c.gpkg").exit_code == 0
    scored = run("aerial", "evaluate", "c.tif", east / "masks" / "date_1.tif", "--scheme", "smallworld",
                 "--footprints", east / "footprints_1.geojson")  # fmt: skip
    assert scored.exit_code == 0, scored.stderr
    assert f"means over {', '.join(NAMES)}; full boundaries" in scored.stdout
    assert "matched one to one at IoU ≥ 0.5" in scored.stdout


def test_the_truth_scores_one(run: Run, town: Path, tmp_path: Path) -> None:
    """The mask as its own prediction; its outlines against footprints that crowns cover in part."""
    mask = town / "east" / "masks" / "date_1.tif"
    footprints = town / "east" / "footprints_1.geojson"
    scored = run(
        "aerial", "evaluate", mask, mask, "--scheme", "smallworld", "--footprints", footprints, "--json"
    )
    assert scored.exit_code == 0, scored.stderr
    told = json.loads(scored.stdout)
    assert told["full"]["overall_accuracy"] == 1.0
    assert {told["full"]["classes"][name]["iou"] for name in NAMES} <= {1.0, None}
    assert told["footprints"]["true"] > 10


def test_in_tiles_is_what_the_network_says_of_the_whole(run: Run, town: Path, model: Path) -> None:
    """One tile over all is the network itself, bit by bit; and batches and threads change nothing."""
    from whence.aerial.model import load_model

    photo = town / "east" / "images" / "date_1.tif"
    options = ["--model", model, "--device", "cpu"]
    assert run("aerial", "predict", photo, *options, "--out", "whole.tif", "--tile", "512").exit_code == 0
    image = read(photo).transpose(1, 2, 0)
    at_once = load_model(model, device="cpu").probabilities(image[None], None)[0]
    best = np.sort(at_once, axis=0)
    clear = best[-1] - best[-2] > 4e-5  # probabilities are rounded to 1/65535 on their way
    whole = read(Path("whole.tif"))[0]
    assert clear.mean() > 0.98
    np.testing.assert_array_equal(whole[clear], at_once.argmax(axis=0)[clear])
    for name, batch, workers in (("a.tif", "1", "1"), ("b.tif", "5", "3")):
        done = run("aerial", "predict", photo, *options, "--out", name, "--tile", "96", "--overlap", "48",
                   "--batch", batch, "--workers", workers)  # fmt: skip
        assert done.exit_code == 0, done.stderr
    np.testing.assert_array_equal(read(Path("a.tif")), read(Path("b.tif")))


def test_image_and_mask_of_different_size(run: Run, town: Path, tmp_path: Path) -> None:
    copied(town / "west/masks/date_1.tif", tmp_path / "m/date_1.tif", lambda values, _: values[:, :-7, :-3])
    result = run("aerial", "tile", "--img-dir", town / "west/images", "--mask-dir", "m", "--dataset",
                 "smallworld", "--output-img-dir", "t/i", "--output-mask-dir", "t/m")  # fmt: skip
    assert result.exit_code == 2
    assert "192" in result.stderr
    assert "189" in result.stderr
    trained = run(
        "aerial", "train", configured(tmp_path / "a.toml", mixed(town, tmp_path), steps=2), "--out", "r"
    )
    assert trained.exit_code == 2
    assert "189" in trained.stderr


def mixed(town: Path, tmp_path: Path) -> Path:
    """The images of the town beside masks that are too small, with their scheme."""
    root = tmp_path / "mixed"
    copied(town / "west/images/date_1.tif", root / "images/date_1.tif", lambda values, _: values)
    copied(town / "west/masks/date_1.tif", root / "masks/date_1.tif", lambda values, _: values[:, :-7, :-3])
    (root / "masks/scheme.json").write_bytes((town / "west/masks/scheme.json").read_bytes())
    return root


def test_without_coordinates_a_prediction_has_none_and_footprints_are_refused(
    run: Run, town: Path, tmp_path: Path, model: Path
) -> None:
    def lost(values: np.ndarray, profile: dict[str, Any]) -> np.ndarray:
        del profile["crs"], profile["transform"]
        return values

    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        bare = copied(town / "east/images/date_1.tif", tmp_path / "bare.tif", lost)
    result = run("aerial", "predict", bare, "--model", model, "--out", "c.tif", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert "no coordinate system" in result.stderr
    polygons = run("aerial", "polygons", "c.tif", "--out", "c.gpkg", "--json")
    assert json.loads(polygons.stdout)["unit"] == "px"
    scored = run("aerial", "evaluate", "c.gpkg", town / "east" / "footprints_1.geojson")
    assert scored.exit_code == 2
    assert "does not say its coordinate system" in scored.stderr


def test_too_few_bands(run: Run, town: Path, tmp_path: Path, model: Path) -> None:
    grey = copied(town / "east/images/date_1.tif", tmp_path / "grey.tif", lambda values, _: values[:1])
    result = run("aerial", "predict", grey, "--model", model, "--out", "c.tif")
    assert result.exit_code == 2
    assert "has 1 band and the model wants 3" in result.stderr
    assert not list(tmp_path.glob("*c.tif*"))


def test_where_there_is_nothing_there_is_no_class(run: Run, town: Path, tmp_path: Path, model: Path) -> None:
    def emptied(values: np.ndarray, profile: dict[str, Any]) -> np.ndarray:
        profile["nodata"] = 0
        values = np.maximum(values, 1)
        values[:, :, :128] = 0
        return values

    half = copied(town / "east/images/date_1.tif", tmp_path / "i/date_1.tif", emptied)
    options = ["--tile", "64", "--overlap", "0", "--device", "cpu"]
    result = run("aerial", "predict", half, "--model", model, "--out", "c.tif", "--json", *options)
    told = json.loads(result.stdout)
    assert told["pixels"]["with_data"] == 64 * 192
    assert told["tiles"]["empty"] > 0
    classes = read(tmp_path / "c.tif")[0]
    assert (classes[:, :128] == 255).all()
    assert (classes[:, 128:] < len(NAMES)).all()
    cut = run("aerial", "tile", "--img-dir", "i", "--mask-dir", town / "east/masks", "--dataset",
              "smallworld", "--output-img-dir", "t/i", "--output-mask-dir", "t/m", "--split-size", "64",
              "--stride", "64", "--json")  # fmt: skip
    assert cut.exit_code == 0, cut.stderr
    assert json.loads(cut.stdout)["left out: nothing in the image"] == 6


def test_a_colour_that_is_no_class_is_counted(run: Run, town: Path, tmp_path: Path) -> None:
    def painted(values: np.ndarray, profile: dict[str, Any]) -> np.ndarray:
        profile["nodata"] = None
        colours = scheme("smallworld").paint(values[0]).transpose(2, 0, 1).copy()
        colours[:, 10:13, 20:24] = np.array([1, 2, 3])[:, None, None]
        return colours

    copied(town / "west/masks/date_1.tif", tmp_path / "m/date_1.tif", painted)
    result = run("aerial", "tile", "--img-dir", town / "west/images", "--mask-dir", "m", "--dataset",
                 "smallworld", "--output-img-dir", "t/i", "--output-mask-dir", "t/m")  # fmt: skip
    assert result.exit_code == 2
    assert "#010203" in result.stderr
    assert re.search(r"\b12\b", result.stderr)


@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_truncated_photograph(run: Run, town: Path, tmp_path: Path, model: Path, kept: float) -> None:
    whole = (town / "west/images/date_1.tif").read_bytes()
    (tmp_path / "i").mkdir()
    (tmp_path / "i/date_1.tif").write_bytes(whole[: round(kept * len(whole))])
    result = run("aerial", "predict", "i/date_1.tif", "--model", model, "--out", "c.tif", "--device", "cpu")
    assert result.exit_code == 2
    assert "date_1.tif" in result.stderr
    assert not list(tmp_path.glob("*c.tif*"))
    cut = run("aerial", "tile", "--img-dir", "i", "--mask-dir", town / "west/masks", "--dataset",
              "smallworld", "--output-img-dir", "t/i", "--output-mask-dir", "t/m")  # fmt: skip
    assert cut.exit_code == 2
    assert "date_1.tif" in cut.stderr


@pytest.mark.slow
def test_interrupted_in_the_middle_it_goes_on(town: Path, tmp_path: Path, model: Path) -> None:
    """Control-C while it works: status 130, finished rows are kept, the same command gives the same bits."""
    large = draw_large(tmp_path)
    options = ["--model", str(model), "--tile", "96", "--overlap", "32", "--device", "cpu", "--json", "--out"]
    command = [sys.executable, "-m", "whence", "aerial", "predict", str(large), *options]
    subprocess.run([*command, "once.tif"], cwd=tmp_path, check=True, capture_output=True)
    running = subprocess.Popen(
        [*command, "c.tif"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 180
    while len(list((tmp_path / ".c.tif.partial").glob("*.classes.tif"))) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "the same command goes on" in said
    assert not (tmp_path / "c.tif").exists()
    done = subprocess.run([*command, "c.tif"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["tiles"]["from_an_earlier_run"] > 0
    np.testing.assert_array_equal(read(tmp_path / "once.tif"), read(tmp_path / "c.tif"))


def draw_large(folder: Path) -> Path:
    draw_orthophoto(Town.build(0), folder / "large", cell_m=0.5, half_m=(200.0, 500.0))
    return folder / "large" / "images" / "date_1.tif"


@pytest.mark.slow
def test_the_chapter_of_the_demo_learns_what_a_town_looks_like(tmp_path: Path) -> None:
    """A hundred steps in the west, asked in the east; bounds far below what was measured (0.70 and 0.41)."""
    from whence.cli.demo_aerial import CELL_M, HALVES, land_cover, told

    for half, east_m in HALVES.items():
        draw_orthophoto(
            Town.build(0), tmp_path / half, cell_m=CELL_M, half_m=(270.0, 550.0), middle_m=(east_m, 0.0)
        )
    found = land_cover(tmp_path)
    print(told(found))  # noqa: T201 - the figures, with pytest -s
    counts = found.scores.confusion
    assert counts.mean("iou") > 0.55
    assert counts.iou[NAMES.index("building")] > 0.4
    assert found.match.f1 > 0.25
    page = found.report.read_text(encoding="utf-8")
    assert found.scores.protocol.line in page
    assert "drawn by code" in page
    tiled = tmp_path / "tiled.tif"
    from whence.aerial import predict

    predict(tmp_path / "east/images/date_1.tif", tmp_path / "run/model", tiled, tile=256, overlap=96)
    inside = Window(64, 64, 952, 2072)
    with rasterio.open(tiled) as one, rasterio.open(tmp_path / "classes.tif") as other:
        assert (one.read(window=inside) == other.read(window=inside)).mean() > 0.95
