"""Properties of fits and their records that hold for any points: weights, units, order, storage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence import maps
from whence.maps.points.control import ControlPoints
from whence.maps.recipe import Recipe, digest_of
from whence.maps.transforms import TRANSFORMS, fit

if TYPE_CHECKING:
    from whence.typing import Floats

EXACT = ("tps", "rbf", "mesh", "moving")
SMOOTHED = tuple(kind for kind in TRANSFORMS if kind not in EXACT)
few = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 10_000)
numbers = st.floats(-1e7, 1e7)


def sheet(seed: int, count: int = 14) -> tuple[Floats, Floats]:
    """Pixels of an 8000-pixel scan that are well apart, and UTM places with waves and noise."""
    rng = np.random.default_rng(seed)
    cells = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2)
    pixels = (rng.permutation(cells)[:count] + rng.uniform(0.2, 0.8, (count, 2))) * 2000.0
    waves = 15.0 * np.sin(pixels[:, ::-1] / 2500.0)
    world = pixels @ np.array([[1.98, 0.21], [0.21, -1.98]]) + [432_100.0, 6_154_300.0]
    return pixels, world + waves + rng.normal(0.0, 1.5, pixels.shape)


@pytest.mark.parametrize("kind", TRANSFORMS)
@few
@given(seed=seeds, weight=st.floats(1e-3, 1e3))
def test_a_weight_that_all_points_share_changes_nothing(kind: str, seed: int, weight: float) -> None:
    pixels, world = sheet(seed)
    probes = np.random.default_rng(seed).uniform(0, 8000, (50, 2))
    weighted = fit(pixels, world, kind=kind, weights=np.full(len(pixels), weight))
    np.testing.assert_allclose(
        weighted.to_world(probes), fit(pixels, world, kind=kind).to_world(probes), atol=1e-5
    )


@pytest.mark.parametrize("kind", SMOOTHED)
@few
@given(
    seed=seeds,
    times=st.lists(st.integers(0, 3), min_size=16, max_size=16).filter(lambda t: sum(map(bool, t)) > 12),
)
def test_weights_count_as_repetitions(kind: str, seed: int, times: list[int]) -> None:
    """Oracle: points written down as often as their weight says."""
    pixels, world = sheet(seed, 16)
    probes = np.random.default_rng(seed).uniform(0, 8000, (50, 2))
    weighted = fit(pixels, world, kind=kind, weights=np.array(times, float))
    repeated = fit(np.repeat(pixels, times, axis=0), np.repeat(world, times, axis=0), kind=kind)
    np.testing.assert_allclose(weighted.to_world(probes), repeated.to_world(probes), atol=1e-5)


@few
@given(
    seed=seeds,
    kind=st.sampled_from(["similarity", "affine", "projective", "polynomial2", "tps"]),
    unit_m=st.floats(0.01, 1000.0),
)
def test_errors_in_another_unit_are_the_same_errors(seed: int, kind: str, unit_m: float) -> None:
    """Without a coordinate system the unit stands for the metre, so that all figures scale with it."""
    pixels, world = sheet(seed)
    one = maps.fit(ControlPoints(pixels, world), kind=kind)
    other = maps.fit(ControlPoints(pixels, world / unit_m), kind=kind)
    for name in ("rmse_m", "leave_one_out_rmse_m", "by_area_rmse_m"):
        expected = getattr(one.quality, name)
        assert (getattr(other.quality, name) or 0.0) * unit_m == pytest.approx(
            expected or 0.0, rel=1e-3, abs=1e-5
        )
    assert other.quality.rmse_px == pytest.approx(one.quality.rmse_px, rel=1e-3, abs=1e-6)
    middle = [4000.0, 4000.0]
    assert float(other.predicted_radius_m(middle)) * unit_m == pytest.approx(
        float(one.predicted_radius_m(middle)), rel=1e-3
    )


@few
@given(seed=seeds, east=st.sampled_from([-5e6, 0.0, 5e6]), north=st.sampled_from([-9e6, 9e6]))
def test_the_expected_error_moves_with_the_sheet(seed: int, east: float, north: float) -> None:
    """A shift of the world and another order of the points leave the radii where they are."""
    pixels, world = sheet(seed)
    order = np.random.default_rng(seed).permutation(len(pixels))
    probes = np.random.default_rng(seed).uniform(0, 8000, (20, 2))
    one = maps.fit(ControlPoints(pixels, world), kind="affine").predicted_radius_m(probes)
    moved = ControlPoints(pixels[order], world[order] + [east, north])
    np.testing.assert_allclose(maps.fit(moved, kind="affine").predicted_radius_m(probes), one, rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(numbers, numbers, numbers, numbers, st.booleans(), st.text(max_size=8)),
        min_size=1,
        max_size=6,
    ),
    crs=st.sampled_from([None, "EPSG:32633", "EPSG:2392", "EPSG:2230", "OGC:CRS84"]),
)
def test_points_survive_their_record_to_the_last_bit(rows: list[tuple], crs: str | None) -> None:
    points = ControlPoints(
        [row[:2] for row in rows],
        [row[2:4] for row in rows],
        enabled=[row[4] for row in rows],
        names=tuple(row[5] for row in rows),
    )
    given_points = points if crs is None else points.with_crs(crs)
    content = json.loads(json.dumps(Recipe(given_points).to_json()))
    again = Recipe.from_json(content).points
    assert digest_of(again) == digest_of(given_points)
    assert again.pixels.tobytes() == given_points.pixels.tobytes()
    assert again.world.tobytes() == given_points.world.tobytes()
    assert again.names == given_points.names
    assert again.crs == given_points.crs
