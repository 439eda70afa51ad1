"""Signposts."""

from __future__ import annotations

import numpy as np
import pytest
from signs import stacked, word

from whence.earth.sphere import distance_m
from whence.photos.evidence.text.distances import MILE_KM, distance_hints, find_targets, locate_from_targets


def _quotes(lines: list[str]) -> list[tuple[str, float]]:
    return [
        (target.place.matches[0].place.name, target.distance_km) for target in find_targets(stacked(lines))
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Seoul 56 km", "Pyongyang(205Km)"], [("Seoul", 56), ("Pyongyang", 205)]),
        (["PARIS 12", "LYON 450"], [("Paris", 12), ("Lyon", 450)]),
        (["London 24 miles"], [("London", 24 * MILE_KM)]),
        (["Новосибирск 120 км"], [("Novosibirsk", 120)]),
        (["القاهرة 50 كم"], [("Cairo", 50)]),
        (["दिल्ली 45 किमी"], [("Delhi", 45)]),
        (["北京 120公里"], [("Beijing", 120)]),
        (["Osnabrück . . . . 4,5 km"], [("Osnabrück", 4.5)]),
        (["25 km Göttingen"], [("Göttingen", 25)]),
        (["New York 3,459 mi", "Tokyo 9.560 km"], [("New York City", 3459 * MILE_KM), ("Tokyo", 9560)]),
        (["Paris 1 234 km"], [("Paris", 1234)]),
        (["London 24½ miles", "Hove 1/2 mile"], [("London", 24.5 * MILE_KM), ("Hove", 0.5 * MILE_KM)]),
        (["LONDON 24", "Oxford 31"], [("London", 24 * MILE_KM), ("Oxford", 31 * MILE_KM)]),
        (["Birmingham 24 m"], [("Birmingham", 24 * MILE_KM)]),
        (["Las Vegas 80", "Los Angeles 190"], [("Las Vegas", 80 * MILE_KM), ("Los Angeles", 190 * MILE_KM)]),
    ],
)  # fmt: skip
def test_names_are_paired_with_their_distances(lines: list[str], expected: list[tuple[str, float]]) -> None:
    found = _quotes(lines)
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert [km for _, km in found] == pytest.approx([km for _, km in expected])


@pytest.mark.parametrize(
    "lines",
    [
        ["PARIS 12"],
        ["Rue de Paris 12"],
        ["Exit 12"],
        ["Lund 12:30"],
        ["Paris 50%"],
        ["Seoul"],
        ["205 km"],
        ["Berlin €56"],
        ["A 7"],
        ["Zermatt 2 h 30 min", "Täsch 45 min"],
        ["Warszawa 300 m", "Kraków 500 m"],
        ["Berlin 10 kg", "Hamburg 5 th"],
        ["Paris 75,008,1"],
    ],
)
def test_other_numbers_are_no_distances(lines: list[str]) -> None:
    assert find_targets(stacked(lines)) == []


def test_a_number_under_its_name_belongs_to_it() -> None:
    words = [
        word("Seoul", at_px=(160, 175)),
        word("Pyongyang", at_px=(345, 191)),
        word("56Km", at_px=(182, 276)),
        word("205Km", at_px=(345, 287)),
    ]
    pairs = {target.place.text: target.distance_km for target in find_targets(words)}
    assert pairs == {"Seoul": 56, "Pyongyang": 205}


def _air_km(lon_lat: tuple[float, float], other: tuple[float, float]) -> float:
    return float(distance_m(np.array(lon_lat), np.array(other))) / 1000


@pytest.mark.parametrize("detour", [1.0, 1.2, 1.35])
def test_three_distances_give_back_the_place(detour: float) -> None:
    # Oracle: distances made from the place itself, with a common detour of the roads.
    truth, towns = (
        (10.2, 51.9),
        {"Hannover": (9.733, 52.374), "Erfurt": (11.033, 50.978), "Kassel": (9.496, 51.313)},
    )
    lines = [f"{name} {detour * _air_km(truth, at):.0f} km" for name, at in towns.items()]
    spots = locate_from_targets(find_targets(stacked(lines)))
    mean = np.average(
        [(s.longitude_deg, s.latitude_deg) for s in spots], axis=0, weights=[s.share for s in spots]
    )
    assert _air_km(truth, tuple(mean)) < 12


def test_one_distance_is_a_ring_within_the_range_of_detours() -> None:
    spots = locate_from_targets(find_targets(stacked(["Osnabrück 100 km"])))
    radii_km = np.array([_air_km((s.longitude_deg, s.latitude_deg), (8.05, 52.27)) for s in spots])
    assert 55 < radii_km.min() < radii_km.max() < 115


def test_far_namesakes_lose_to_those_that_fit_together() -> None:
    # London and Paris in Ontario are 90 km apart by road, with Woodstock (in many countries) between.
    hints, _ = distance_hints(stacked(["London 45 km", "Paris 45 km", "Woodstock 5 km"]))
    best = max(hints[0].spots, key=lambda spot: spot.share)
    assert _air_km((best.longitude_deg, best.latitude_deg), (-80.75, 43.13)) < 25


def test_trust_grows_with_the_number_of_distances() -> None:
    one, two = (
        distance_hints(stacked(lines))[0][0]
        for lines in (["Seoul 56 km"], ["Seoul 56 km", "Pyongyang 205 km"])
    )
    assert one.trust < two.trust
    assert "205 km from Pyongyang" in two.sentence
