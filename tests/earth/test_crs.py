"""Coordinate systems: x first, clear refusals, never mixed."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS, Geod

from whence.earth.crs import Crs, require_same, same
from whence.errors import InputError


def test_utm_on_its_central_meridian_is_the_meridian_arc() -> None:
    """Easting 500 000 and northing 0.9996 of the arc from the equator, by definition of the projection."""
    arc_m = Geod(ellps="WGS84").inv(39.0, 0.0, 39.0, 55.0)[2]
    np.testing.assert_allclose(
        Crs.parse(32637).from_lonlat([39.0, 55.0]), [500_000.0, 0.9996 * arc_m], atol=1e-4
    )


@pytest.mark.parametrize(
    ("code", "longitude"),
    [
        ("EPSG:4326", 37.6),
        ("OGC:CRS84", 37.6),
        ("EPSG:28407", 38.9),
        ("EPSG:32637", 38.9),
        ("EPSG:2154", 2.9),
    ],
)
def test_x_comes_first_whatever_the_registry_says(code: str, longitude: float) -> None:
    """Going east changes x, going north changes y; EPSG:4326 and EPSG:28407 are registered the other way."""
    steps = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]])
    here, east, north = Crs.parse(code).from_lonlat(steps + np.array([longitude, 47.0]))
    assert (east - here)[0] > 10 * abs((east - here)[1])
    assert (north - here)[1] > 10 * abs((north - here)[0])


@pytest.mark.parametrize("code", [32637, 28407, 3031, 2225, 27700])
def test_round_trip(code: int) -> None:
    centre = {32637: [39, 55], 28407: [37.6, 55.7], 3031: [170, -75], 2225: [-122, 40], 27700: [-2, 53]}[code]
    positions = centre + np.random.default_rng(0).uniform(-1.0, 1.0, (2, 5, 2))
    system = Crs.parse(code)
    np.testing.assert_allclose(system.to_lonlat(system.from_lonlat(positions)), positions, atol=2e-8)


def test_feet_are_feet() -> None:
    """California zone 1 in US survey feet, 1200/3937 m each; the same zone in metres is EPSG:26941."""
    feet, metres = Crs.parse("EPSG:2225"), Crs.parse("EPSG:26941")
    assert feet.units_m == pytest.approx(1200.0 / 3937.0, rel=1e-12)
    assert feet.unit == "US survey foot"
    np.testing.assert_allclose(
        feet.from_lonlat([-122.0, 40.0]) * feet.units_m, metres.from_lonlat([-122.0, 40.0]), atol=1e-3
    )


def test_degrees_have_no_length() -> None:
    with pytest.raises(InputError, match="TangentPlane"):
        _ = Crs.parse(4326).units_m


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("EPSG 32637", "did you mean EPSG:32637?"),
        ("EPSG:99999", "epsg.org"),
        ("utm 37n", "EPSG:32637 (WGS 84 / UTM zone 37N)"),
        ("", "give a code"),
        ("GEOGCS[", "give a code"),
        (None, "give a code"),
        ("EPSG:5773", "Vertical"),
        ("EPSG:4978", "Geocentric"),
    ],
)
def test_what_is_not_a_system_is_refused_with_a_suggestion(text: object, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Crs.parse(text)
    assert words in str(caught.value)


def test_of_a_compound_system_the_plane_is_taken() -> None:
    assert same("EPSG:32637+5773", 32637)


@pytest.mark.parametrize("version", ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2019"])
def test_one_system_in_many_spellings(version: str) -> None:
    wkt = CRS(32637).to_wkt(version)
    assert same(wkt, 32637)
    assert require_same("EPSG:32637", wkt).code == "EPSG:32637"
    assert not same(wkt, "EPSG:32638")


def test_mixing_is_refused_by_name_and_unit() -> None:
    with pytest.raises(InputError) as caught:
        require_same("EPSG:2225", "EPSG:26941", names=("the points", "the raster"))
    message = str(caught.value)
    assert all(
        word in message for word in ("the points", "US survey foot", "the raster", "EPSG:26941", "metre")
    )


def test_a_datum_makes_a_difference() -> None:
    """Equal degrees of Pulkovo 1942 and of WGS 84 lie more than a hundred metres apart in Moscow."""
    moved = Crs.parse("EPSG:4284").to_lonlat([37.6, 55.75])
    assert 100.0 < Geod(ellps="WGS84").inv(37.6, 55.75, *moved)[2] < 140.0
    assert not same(4284, 4326)


def test_rows_without_a_place_are_named() -> None:
    with pytest.raises(InputError, match="row 1 "):
        Crs.parse(32637).to_lonlat([[5e5, 6e6], [1e12, 0.0], [5e5, np.nan]])
    with pytest.raises(InputError, match="two columns"):
        Crs.parse(32637).to_lonlat([1.0, 2.0, 3.0])


def test_a_local_system_needs_control_points() -> None:
    local = Crs.parse('LOCAL_CS["site grid",UNIT["metre",1]]')
    assert local.units_m == 1.0
    with pytest.raises(InputError, match="control points"):
        local.to_lonlat([1.0, 2.0])


def test_values_compare_and_print() -> None:
    assert Crs.parse("EPSG:32637") == Crs.parse(32637) == Crs.parse(Crs.parse(32637))
    assert len({Crs.parse(32637), Crs.parse("epsg:32637")}) == 1
    assert Crs.parse(4326).is_geographic
    assert Crs.parse("+proj=laea +lat_0=10 +lon_0=20").label.endswith("metre")


def test_no_positions() -> None:
    assert Crs.parse(32637).to_lonlat(np.empty((0, 2))).shape == (0, 2)
