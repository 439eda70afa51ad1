"""Mistakes that people make with control points are recognised; the oracle is the mistake that was made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from whence.earth import Crs
from whence.maps import ControlPoints
from whence.maps.suspects import Suspect, find_suspects

Sheet = Callable[..., ControlPoints]
LONLAT = Crs.parse("OGC:CRS84")


def changed(points: ControlPoints, row: int, *, pixel: object = None, world: object = None) -> ControlPoints:
    pixels, places = points.pixels.copy(), points.world.copy()
    if pixel is not None:
        pixels[row] = pixel
    if world is not None:
        places[row] = world
    return ControlPoints(pixels, places, crs=points.crs)


def only(points: ControlPoints) -> Suspect:
    found = find_suspects(points, size_px=(5000, 5000))
    assert len(found) == 1, [one.sentence for one in found]
    return found[0]


def test_a_good_sheet_accuses_nobody(sheet: Sheet) -> None:
    for seed in range(20):
        assert find_suspects(sheet(10, noise_m=2.0, seed=seed)) == ()


def test_column_and_row_exchanged(sheet: Sheet) -> None:
    points = sheet(9)
    found = only(changed(points, 4, pixel=points.pixels[4, ::-1]))
    assert (found.row, found.cause) == (4, "columns and rows")
    assert found.pixel == pytest.approx(tuple(points.pixels[4]))


def test_easting_and_northing_exchanged(sheet: Sheet) -> None:
    points = sheet(9)
    found = only(changed(points, 2, world=points.world[2, ::-1]))
    assert (found.row, found.cause) == (2, "easting and northing")
    assert found.world == pytest.approx(tuple(points.world[2]))


def test_longitude_and_latitude_exchanged(sheet: Sheet) -> None:
    points = sheet(9).in_crs("OGC:CRS84")
    found = only(changed(points, 2, world=points.world[2, ::-1]))
    assert "longitude and latitude were exchanged" in found.sentence


def test_longitudes_that_are_no_latitudes_are_still_understood(sheet: Sheet) -> None:
    """150° east exchanged with a latitude is no position at all."""
    pixels = sheet(9).pixels
    points = ControlPoints(
        pixels, pixels * [1e-5, -1e-5] + [150.0, -33.0], crs=sheet(3).in_crs("EPSG:4326").crs
    )
    found = only(changed(points, 2, world=points.world[2, ::-1]))
    assert found.cause == "easting and northing"


def test_the_wrong_hemisphere(sheet: Sheet) -> None:
    points = sheet(9).in_crs("OGC:CRS84")
    found = only(changed(points, 7, world=points.world[7] * [1, -1]))
    assert (found.row, found.cause) == (7, "hemisphere")
    assert "latitude" in found.sentence


def test_minutes_written_as_decimals(sheet: Sheet) -> None:
    points = sheet(9).in_crs("OGC:CRS84")
    longitude, latitude = points.world[3]
    degrees = np.trunc(latitude)
    as_written = degrees + (latitude - degrees) * 60 / 100
    found = only(changed(points, 3, world=[longitude, as_written]))
    assert found.cause == "minutes"
    assert found.world == pytest.approx((longitude, latitude))


@pytest.mark.parametrize("slip", [-60_000.0, 1_000.0, -300.0])
def test_a_mistyped_digit(sheet: Sheet, slip: float) -> None:
    points = sheet(9, noise_m=0.3)
    place = np.array([436_781.0, 6_178_305.0])
    pixel = np.linalg.solve(np.array([[0.85, 0.02], [0.01, -0.84]]).T, place - [437_000.0, 6_180_000.0])
    points = changed(points, 5, pixel=pixel, world=place + np.array([0, slip]))
    found = only(points)
    assert (found.row, found.cause) == (5, "digit")
    assert found.world == pytest.approx(tuple(place), abs=5)


def test_two_neighbouring_digits_swapped(sheet: Sheet) -> None:
    points = sheet(9, noise_m=0.3)
    pixel = np.array([1234.0, 2678.0])
    place = pixel @ np.array([[0.85, 0.02], [0.01, -0.84]]) + [437_000.0, 6_180_000.0]
    found = only(changed(points, 5, pixel=[2134.0, 2678.0], world=place))
    assert found.cause == "digit"
    assert found.pixel == pytest.approx((1234.0, 2678.0))


def test_two_places_exchanged(sheet: Sheet) -> None:
    points = sheet(10)
    world = points.world.copy()
    world[[1, 6]] = world[[6, 1]]
    found = find_suspects(ControlPoints(points.pixels, world))
    assert {(one.row, one.cause) for one in found} == {(1, "exchanged"), (6, "exchanged")}


def test_an_error_without_a_cause_is_still_named(sheet: Sheet) -> None:
    points = sheet(9)
    found = only(changed(points, 0, world=points.world[0] + [1234.5, -987.6]))
    assert (found.row, found.cause, found.world) == (0, "unknown", None)
    assert found.error_px == pytest.approx(np.hypot(1234.5, 987.6) / 0.845, rel=0.05)


def test_repeated_points_are_named(sheet: Sheet) -> None:
    points = sheet(8)
    twice = find_suspects(changed(points, 5, pixel=points.pixels[1], world=points.world[1]))
    assert [(one.row, one.cause) for one in twice] == [(5, "duplicate")]
    assert "the same point twice" in twice[0].sentence
    contrary = find_suspects(changed(points, 5, pixel=points.pixels[1]))
    assert (5, "duplicate") in {(one.row, one.cause) for one in contrary}


@pytest.mark.shared_data
def test_the_outlier_of_allmaps_is_found(shared_data: Path) -> None:
    """Oracle: the names of Allmaps' own files for its analysis of outliers; the fifth point was moved."""
    suspects = {}
    for name in ("gcpoutlier", "no-gcpoutlier"):
        path = shared_data / f"maps/allmaps/packages_analyze_test_input_proto-georeferenced-map-{name}.json"
        gcps = json.loads(path.read_text())["gcps"]
        points = ControlPoints([gcp["resource"] for gcp in gcps], [gcp["geo"] for gcp in gcps], crs=LONLAT)
        suspects[name] = [one.row for one in find_suspects(points)]
    assert suspects["gcpoutlier"][0] == 4  # the worst; of five points another may well be doubted too
    assert suspects["no-gcpoutlier"] == []


def test_four_points_accuse_nobody(sheet: Sheet) -> None:
    points = sheet(4)
    assert find_suspects(changed(points, 0, world=points.world[0] + 5000)) == ()
