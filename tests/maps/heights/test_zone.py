"""A known place tells that a sheet was read in the wrong zone."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights.zone import check_place, family, parse_place


def sheet_around(lonlat, code: str, half_m: float = 10_000.0) -> np.ndarray:
    """Corners of a sheet about a place, in a system."""
    middle = Crs.parse(code).from_lonlat(np.array([lonlat]))[0]
    return middle + half_m * np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


CASES = [
    ((29.0, 61.4), "EPSG:32635", "EPSG:32636"),  # UTM on WGS 84
    ((29.0, 61.4), "EPSG:2394", "EPSG:2393"),  # Gauss-Krüger in Finland: the uniform system is zone 3
    pytest.param((24.9, 60.2), "EPSG:2392", "EPSG:2391", marks=pytest.mark.slow),
    ((10.4, 52.0), "EPSG:31467", "EPSG:31468"),  # Germany
    ((28.7, 60.7), "EPSG:28405", "EPSG:28406"),  # Pulkovo 1942, 6°
    pytest.param((10.4, 52.0), "EPSG:23032", "EPSG:23033", marks=pytest.mark.slow),  # UTM on ED50
    pytest.param((-79.4, 43.7), "EPSG:26717", "EPSG:26718", marks=pytest.mark.slow),  # UTM on NAD27
]


@pytest.mark.parametrize(("place", "right", "wrong"), CASES)
def test_the_right_zone_is_found_from_the_wrong_one(place, right, wrong):
    """Oracle: the corners were made in the right zone. The wrong one is several hundred kilometres away."""
    corners = sheet_around(place, right)
    assert check_place(corners, right, place).inside
    found = check_place(corners, wrong, place)
    assert not found.inside
    assert found.distance_km > 100
    assert Crs.parse(right).name == found.better[0].name
    with pytest.raises(InputError, match=r"km outside .* zone is probably wrong"):
        found.require()


def test_a_place_beside_the_points_still_lies_on_the_sheet():
    corners = sheet_around((25.0, 60.5), "EPSG:32635", half_m=5000)
    near = check_place(corners, "EPSG:32635", [25.15, 60.5])
    assert near.inside
    assert 2 < near.distance_km < 5


def test_a_place_that_no_zone_explains_says_so():
    found = check_place(sheet_around((25.0, 60.5), "EPSG:32635"), "EPSG:32635", [25.0, 40.0])
    assert found.better == ()
    assert "check longitude and latitude" in found.sentence
    assert found.distance_km == pytest.approx(20.4 * 111.2, rel=0.01)


def test_zones_of_another_datum_are_no_family():
    names = {one.name.partition(" / ")[0] for one in family(Crs.parse("EPSG:31467"))}
    assert names == {"DHDN"}
    assert family(Crs.parse("EPSG:3035")) == ()


@pytest.mark.parametrize("text", ["29.3", "61 N", "10,95", "a,b", "200,10"])
def test_no_places(text):
    with pytest.raises(InputError, match="no place"):
        parse_place(text)


def test_a_place_is_longitude_and_latitude():
    assert parse_place("29.3, 61.4") == (29.3, 61.4)
