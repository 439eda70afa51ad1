"""Real terrain and back: contours of a model against the model (METHODS-heights, section 7)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.ndimage import gaussian_filter

from whence.maps.heights import Lattice, Terrain, contours_of, method
from whence.maps.heights.labels import find_wrong_labels

pytestmark = pytest.mark.shared_data


def model(path) -> tuple[np.ndarray, Lattice]:
    with rasterio.open(path) as file:
        corner = file.transform
        return file.read(1).astype(float), Lattice(corner.c, corner.f, corner.a, file.width, file.height)


@pytest.mark.parametrize(
    ("name", "interval_m", "most_m"),
    [
        ("biharmonic", 20.0, 0.67),
        ("biharmonic", 50.0, 2.9),
        pytest.param("tin", 20.0, 1.75, marks=pytest.mark.slow),
        pytest.param("summit-tin", 20.0, 1.4, marks=pytest.mark.slow),
        pytest.param("natural-neighbour", 20.0, 1.75, marks=pytest.mark.slow),
        ("b-spline", 20.0, 1.0),
    ],
)
def test_contours_of_the_alps_give_back_the_alps(shared_data, rmse, name, interval_m, most_m) -> None:
    truth, lattice = model(shared_data / "maps/dem/dem.tif")
    terrain = Terrain(contours_of(truth, lattice, interval_m=interval_m))
    assert rmse(method(name).heights(terrain, lattice), truth) <= most_m


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5])
def test_damaged_contours_smoothed_without_knowing_the_truth(shared_data, rmse, seed, monkeypatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[3])
    damaged = import_module("benchmarks.surface").damaged
    truth, lattice = model(shared_data / "maps/dem/dem.tif")
    contours = contours_of(truth, lattice, interval_m=20.0)
    terrain = Terrain(damaged(contours, lattice.cell_m, seed))
    assert rmse(method("biharmonic").heights(terrain, lattice), truth) <= 3.8


@pytest.mark.slow
def test_five_metre_contours_of_the_smoothed_model(shared_data, rmse) -> None:
    rough, lattice = model(shared_data / "maps/dem/dtm_osgb_2m.tif")
    truth = gaussian_filter(rough, 3.0)
    terrain = Terrain(contours_of(truth, lattice, interval_m=5.0))
    found = method("biharmonic").heights(terrain, lattice)
    assert round(rmse(found, truth), 2) <= 0.42


def test_three_percent_wrong_labels_of_the_alps(shared_data) -> None:
    truth, lattice = model(shared_data / "maps/dem/dem.tif")
    contours = contours_of(truth, lattice, interval_m=50.0)
    assert len(find_wrong_labels(contours)) == 0
    rng = np.random.default_rng(0)
    bad = rng.choice(len(contours), 5, replace=False)
    heights = contours.heights_m.copy()
    heights[bad] += 50.0 * rng.integers(3, 6, 5) * rng.choice([-1, 1], 5)
    found = {one.line for one in find_wrong_labels(contours.relabel(heights)).found}
    assert found == set(bad.tolist())
