"""Consensus where it is, refusal where it is not."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth import Crs, TangentPlane
from whence.earth.sphere import geometric_median
from whence.errors import InputError, NotEnoughDataError
from whence.maps import ControlPoints, fit
from whence.maps.leaving_out import fitter_of
from whence.maps.plane import in_plane
from whence.maps.robust import find_consensus, reweight
from whence.places import country

Sheet = Callable[..., ControlPoints]
LONLAT = Crs.parse("OGC:CRS84")


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(7, 30),
    share=st.floats(0.0, 0.4),
    turn=st.floats(-3.1, 3.1),
    seed=st.integers(0, 2**32 - 1),
)
def test_gross_errors_are_found_at_any_turn_of_the_sheet(
    n: int, share: float, turn: float, seed: int
) -> None:
    """Oracle: which points were moved, by at least a tenth of the scan."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, 5000, (n, 2))
    plane = pixels @ np.array([[np.cos(turn), np.sin(turn)], [np.sin(turn), -np.cos(turn)]]) * 0.85
    plane += rng.normal([437_000, 6_180_000], 0.85, (n, 2))
    wrong = rng.permutation(n)[: int(share * n)]
    angle = rng.uniform(0, 2 * np.pi, len(wrong))
    far = rng.uniform(500, 4000, len(wrong))
    plane[wrong] += np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)
    agree = find_consensus(pixels, plane, size_px=(5000, 5000)).agree
    assert not agree[wrong].any()
    assert (~agree).sum() <= len(wrong) + 1


@pytest.mark.parametrize("n", [5, 10, 30])
def test_good_sheets_rarely_lose_a_point(n: int) -> None:
    lost = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(0, 5000, (n, 2))
        plane = pixels * [0.85, -0.85] + rng.normal(0, 0.85, (n, 2))
        lost += int((~find_consensus(pixels, plane, size_px=(5000, 5000)).agree).sum())
    assert lost <= 2


def test_unrelated_points_have_no_consensus() -> None:
    """Oracle: random pairs; even when a minority may agree, chance is seen for what it is."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        n = int(rng.integers(4, 30))
        with pytest.raises(NotEnoughDataError, match="no consensus"):
            find_consensus(rng.uniform(0, 4000, (n, 2)), rng.uniform(0, 4000, (n, 2)), least_share=0.0)


def test_a_minority_is_no_consensus(sheet: Sheet) -> None:
    points = sheet(30, noise_m=0.5)
    world = points.world.copy()
    world[:18] = np.random.default_rng(1).uniform([437_000, 6_177_000], [441_000, 6_180_000], (18, 2))
    with pytest.raises(NotEnoughDataError, match=r"12 of 30 points agree .*, fewer than the 50%"):
        find_consensus(points.pixels, world)
    assert find_consensus(points.pixels, world, least_share=0.3).agree.sum() == 12


def test_one_corner_is_no_consensus() -> None:
    rng = np.random.default_rng(2)
    pixels = np.concatenate([rng.uniform(0, 800, (9, 2)), [[5000, 3000], [4000, 100], [300, 3400]]])
    plane = pixels * [1, -1]
    plane[9:] = [[100, 900], [-3000, 50], [2000, -800]]
    with pytest.raises(NotEnoughDataError, match="one corner"):
        find_consensus(pixels, plane, size_px=(5000, 3500))


def test_three_points_cannot_outvote_a_wrong_one() -> None:
    with pytest.raises(NotEnoughDataError, match="at least 4"):
        find_consensus(np.eye(3)[:, :2], np.eye(3)[:, :2])


def test_the_order_of_points_does_not_matter(sheet: Sheet) -> None:
    points = sheet(15)
    world = points.world.copy()
    world[[2, 8]] += 700
    order = np.random.default_rng(0).permutation(15)
    one, other = find_consensus(points.pixels, world), find_consensus(points.pixels[order], world[order])
    assert (one.agree[order] == other.agree).all()


def test_a_tolerance_that_is_given_is_kept(sheet: Sheet) -> None:
    points = sheet(12, noise_m=0.2)
    world = points.world.copy()
    world[0] += [0.0, 60.0]
    assert not find_consensus(points.pixels, world, tolerance_px=5).agree[0]
    assert find_consensus(points.pixels, world, tolerance_px=100).agree[0]
    with pytest.raises(InputError, match="above 0"):
        find_consensus(points.pixels, world, tolerance_px=0)


@pytest.mark.shared_data
def test_the_outliers_of_gdal_are_found(shared_data: Path) -> None:
    """Oracle: the labels of GDAL's own test of refined control points; x = column, y = 20 − row."""
    with (shared_data / "maps/gdal/refine_gcps_points.csv").open() as file:
        rows = list(csv.DictReader(file))
    pixels = np.array([[float(row["pixel"]), float(row["line"])] for row in rows])
    world = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    found = fit(ControlPoints(pixels, world), robust=True, kind="affine")
    assert found.used.tolist() == [row["expected"] == "inlier" for row in rows]
    np.testing.assert_allclose(found.to_world([[3, 4], [10, 20]]), [[3, 16], [10, 0]], atol=1e-9)


def test_weights_fall_with_the_distance_and_vanish(sheet: Sheet) -> None:
    points = sheet(20, noise_m=1.0)
    world = points.world.copy()
    world[4] += [30.0, 0.0]
    fitter = fitter_of("affine")
    weights = reweight(fitter, points.pixels, world, start=np.ones(20, dtype=bool))
    assert weights[4] == 0
    kept = weights > 0
    lengths = np.linalg.norm(fitter(points.pixels, world, weights).to_world(points.pixels) - world, axis=1)
    order = np.argsort(lengths[kept])
    assert (np.diff(weights[kept][order]) <= 1e-3).all()


def test_robust_is_nearly_as_good_as_leaving_the_wrong_points_out(sheet: Sheet) -> None:
    """Oracle: least squares on the good points alone."""
    points = sheet(20, noise_m=1.0)
    world = points.world.copy()
    world[[3, 7]] += [[2000.0, 0.0], [0.0, -900.0]]
    robust = fit(ControlPoints(points.pixels, world), kind="affine", robust=True)
    good = np.setdiff1d(np.arange(20), [3, 7])
    clean = fit(points.where(good), kind="affine")
    corners = [[0, 0], [5000, 0], [5000, 3500], [0, 3500]]
    assert np.abs(robust.to_world(corners) - clean.to_world(corners)).max() < 0.7
    assert np.flatnonzero(~robust.used).tolist() == [3, 7]


def test_a_mirrored_sheet_is_refused_with_the_way_out(sheet: Sheet) -> None:
    points = sheet(10, noise_m=0.5)
    exchanged = ControlPoints(points.pixels, points.world[:, ::-1])
    with pytest.raises(NotEnoughDataError, match="exchange easting and northing in every row"):
        fit(exchanged, robust=True)
    assert "mirrored" in fit(exchanged).summary
    back = fit(exchanged, kind="similarity", robust=True, handedness="mirrored")
    assert back.used.all()


@pytest.mark.shared_data
def test_no_sheet_with_automatic_names_is_placed_wrongly(shared_data: Path) -> None:
    """Oracle: a scan named after a country shows most of that country, or the points are refused."""
    sheets = json.loads((shared_data / "maps/toponyms/real_maps_auto_gcps.json").read_text())
    placed = 0
    for one in sheets[::5]:
        named = _country_of(one["url"])
        pixels = np.array([gcp[:2] for gcp in one["gcps"]], dtype=np.float64).reshape(-1, 2)
        lonlat = np.array([gcp[2:4] for gcp in one["gcps"]], dtype=np.float64).reshape(-1, 2)
        size = (one["width"], one["height"])
        try:
            core = find_consensus(pixels, in_plane(LONLAT, lonlat), size_px=size).core
        except NotEnoughDataError:
            continue
        if named is None:
            continue
        inland = country.region(named).sample(100, np.random.default_rng(0))
        there = TangentPlane(geometric_median(lonlat)).to_enu(inland) @ core[:, :2].T + core[:, 2]
        assert ((there >= 0) & (there <= size)).all(axis=1).mean() > 0.5, one["url"]
        placed += 1
    assert placed > 15


@pytest.mark.shared_data
def test_sheets_with_obvious_gross_errors_are_refused_or_mended(shared_data: Path) -> None:
    """Oracle: the sheets whose own authors report more than 10 % of the map as error."""
    sheets = json.loads((shared_data / "maps/toponyms/real_maps_auto_gcps.json").read_text())
    bad = [one for one in sheets if one["error"] and (one["error"]["percent"] or 0) > 10]
    assert len(bad) >= 5
    for one in bad:
        pixels = np.array([gcp[:2] for gcp in one["gcps"]], dtype=np.float64)
        lonlat = np.array([gcp[2:4] for gcp in one["gcps"]], dtype=np.float64)
        with pytest.raises(NotEnoughDataError, match="no consensus"):
            find_consensus(pixels, in_plane(LONLAT, lonlat), size_px=(one["width"], one["height"]))


def _country_of(url: str) -> str | None:
    """The country that a file is named after, as in ``canada_pol99.jpg``."""
    stem = url.rsplit("/", 1)[1].split("_pol")[0].split("_rel")[0].replace("_", " ")
    try:
        return country.by_name(stem).code
    except (InputError, LookupError, OSError):
        return None
