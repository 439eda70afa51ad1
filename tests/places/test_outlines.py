from __future__ import annotations

import json

import numpy as np
import pytest

from whence.earth.region import Region
from whence.errors import InputError
from whence.places.country import countries, country
from whence.places.gazetteer import gazetteer
from whence.places.outlines import country_at, country_outline, land_outline, outlined_countries, region


@pytest.mark.parametrize(
    ("lonlat", "code"),
    [
        ((2.35, 48.86), "FR"), ((139.75, 35.66), "JP"), ((126.71, 37.899), "KR"), ((12.5, 41.89), "IT"),
        ((-52.33, 4.94), "GF"), ((55.45, -20.9), "RE"), ((15.63, 78.22), "SJ"), ((25.78, 71.17), "NO"),
        ((-68.27, 12.15), "BQ"), ((-5.35, 36.14), "GI"), ((179.2, -8.52), "TV"), ((114.17, 22.32), "HK"),
        ((21.16, 42.66), "XK"), ((121.5, 25.05), "TW"), ((44.06, 9.56), "SO"), ((33.36, 35.18), "CY"),
        ((0.0, -90.0), "AQ"), ((166.65, 19.29), "UM"), ((35.2, 31.9), "PS"),
    ],
)  # fmt: skip
def test_well_known_points_lie_in_their_country(lonlat, code):
    assert country_at(lonlat) == [code]


def test_countries_on_both_sides_of_the_antimeridian():
    assert country_at([(179.9, -16.75), (-179.9, -16.9), (178.0, 68.0), (-172.0, 65.5)]) == [
        "FJ",
        "FJ",
        "RU",
        "RU",
    ]


def test_the_sea_is_nobodys_and_piers_belong_to_the_coast():
    pier = (-119.685, 34.405)  # Stearns Wharf, Santa Barbara
    assert country_at([(-30.0, 0.0), pier, (-140.0, 50.0)]) == [None, "US", None]
    off_porto = (-8.80, 41.15)  # about 9 km from the coast
    assert country_at(off_porto) == ["PT"]
    assert country_at(off_porto, tolerance_m=3_000.0) == [None]


def test_places_lie_in_the_country_that_geonames_says():
    places = gazetteer()
    rows = np.random.default_rng(0).permutation(len(places))[:20_000]
    said = places.countries[rows]
    drawn = country_at(places.lonlat[rows])
    assert np.mean([a == b for a, b in zip(said.tolist(), drawn, strict=True)]) > 0.985


def test_order_and_shape_do_not_matter():
    points = np.random.default_rng(1).uniform((-180, -60), (180, 75), (500, 2))
    together = country_at(points)
    assert together == [country_at(point)[0] for point in points]


def test_every_country_has_an_outline():
    assert outlined_countries() == {c.code for c in countries()}


@pytest.mark.parametrize("code", ["FR", "BR", "RU", "US", "FJ", "IS", "ZA", "JP"])
def test_areas_agree_with_the_published_ones(code):
    drawn, published = region(code).area_km2, country(code).area_km2
    assert drawn == pytest.approx(published, rel=0.05)


def test_a_region_is_the_outline():
    assert isinstance(region("fr"), Region)
    assert region("FR").geometry.equals(country_outline("FR"))
    assert region("FJ").contains([(179.5, -16.6), (-179.95, -16.8), (0.0, -16.0)]).tolist() == [
        True,
        True,
        False,
    ]


def test_outlines_are_valid_and_within_the_map():
    for code in sorted(outlined_countries()):
        outline = country_outline(code)
        west, south, east, north = outline.bounds
        assert outline.is_valid
        assert -180.0 <= west <= east <= 180.0
        assert -90.0 <= south <= north <= 90.0


def test_an_unknown_code_is_refused():
    with pytest.raises(InputError, match="ISO 3166"):
        region("ZZ")


def test_bad_positions_are_refused():
    with pytest.raises(InputError):
        country_at([(0.0, 91.0)])


def test_the_land_is_small_enough_for_a_page_and_holds_the_continents():
    rings = land_outline()
    assert len(json.dumps([ring.tolist() for ring in rings], separators=(",", ":"))) < 60_000
    largest = max(rings, key=len)
    assert largest[:, 0].max() > 150  # Eurasia with Africa
    assert all(np.allclose(ring, ring.round(2)) and np.abs(ring).max() <= 180 for ring in rings)
    assert sum(area_km2(ring) for ring in rings) == pytest.approx(148.9e6, rel=0.03)  # CIA World Factbook


def area_km2(ring):
    """Exact on the cylinder of Lambert, whose areas are those of the sphere."""
    x, y = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
    return 6371.0088**2 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
