"""The map against PROJ, frames by invariance, scales by the figures they are derived from."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from whence.earth.sphere import destination
from whence.errors import InputError, NotEnoughDataError
from whence.learn.fourier import Frame, equal_earth, fitting_sigmas, frequencies, spacing_m


def test_equal_earth_is_that_of_proj() -> None:
    lonlat = np.random.default_rng(0).uniform([-180, -90], [180, 90], (200, 2))
    lonlat = np.concatenate([lonlat, [[0.0, 90.0], [180.0, -90.0], [-180.0, 0.0]]])
    projected = Transformer.from_crs("+proj=longlat +R=1", "+proj=eqearth +R=1", always_xy=True)
    expected = np.column_stack(projected.transform(*lonlat.T))
    assert equal_earth(lonlat) == pytest.approx(expected, abs=1e-9)


def test_on_the_globe_the_equator_ends_at_one() -> None:
    ends = Frame.globe().coordinates([[180.0, 0.0], [-180.0, 0.0], [0.0, 90.0]])
    assert ends[:2] == pytest.approx(np.array([[1.0, 0.0], [-1.0, 0.0]]), abs=1e-5)
    assert ends[2] == pytest.approx([0.0, 1.3173627591574 * 66.50336 / 180.0], abs=1e-6)


@pytest.mark.parametrize("middle", [(37.6, 55.7), (179.99, -17.8), (-70.0, -33.4)])
def test_a_city_fills_its_frame_wherever_it_lies(middle: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    places = destination(middle, rng.uniform(0, 360, 500), rng.uniform(0, 10e3, 500))
    frame = Frame.of(places)
    coordinates = frame.coordinates(places)
    assert np.abs(coordinates).max() == pytest.approx(1.0)
    assert 4e3 < frame.unit * 6.371e6 < 16e3
    # A metre moves a coordinate by a ten-thousandth: float32, which is exact to 6e-8, is enough.
    moved = frame.coordinates(destination(places, 90.0, 1.0)) - coordinates
    assert np.hypot(*moved.T).min() > 5e-5


def test_a_given_extent_sets_the_unit() -> None:
    assert Frame.of([[10.0, 50.0]], extent_km=20.0).unit * 6371.0088 == pytest.approx(10.0)
    assert Frame.of([[10.0, 50.0]]).unit * 6_371_008.8 == pytest.approx(1.0)
    with pytest.raises(NotEnoughDataError):
        Frame.of(np.zeros((0, 2)))
    with pytest.raises(InputError):
        Frame.of([[0.0, 0.0]], extent_km=-1.0)


def test_spacing_is_that_of_a_grid() -> None:
    rows = np.array([[13.0 + 0.001 * i, 0.001 * j] for i in range(20) for j in range(20)])
    assert spacing_m(np.repeat(rows, 3, axis=0)) == pytest.approx(111.19, rel=1e-3)
    assert spacing_m(rows[:1]) > 1e6


def test_the_finest_wave_follows_the_density() -> None:
    rng = np.random.default_rng(2)
    town = np.array([37.6, 55.7]) + rng.uniform(-1, 1, (2000, 2)) * [0.05, 0.03]
    frame = Frame.of(town)
    coarse, middle, fine = fitting_sigmas(town, frame)
    assert coarse == 1.0
    assert middle == pytest.approx(np.sqrt(fine))
    wave_m = frame.unit * 6_371_008.8 / fine
    assert wave_m == pytest.approx(14 * np.sqrt(6.26e3 * 6.67e3 / 2000), rel=0.15)
    world = rng.uniform([-180, -70], [180, 70], (400, 2))
    assert fitting_sigmas(world, Frame.of(world))[2] < 8


def test_waves_have_the_deviation_asked_for() -> None:
    waves = frequencies(16.0, 20_000, np.random.default_rng(3))
    assert waves.shape == (2, 20_000)
    assert waves.std(axis=1) == pytest.approx([16.0, 16.0], rel=0.02)
