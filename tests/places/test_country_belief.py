from __future__ import annotations

import numpy as np
import pytest

from whence.earth.belief import Belief
from whence.earth.sphere import distance_m
from whence.errors import InputError, NotFoundError
from whence.places.country import belief, belief_of_countries, countries, country_at
from whence.places.gazetteer import gazetteer
from whence.places.outlines import region


@pytest.mark.parametrize("code", ["FR", "RU", "US", "FJ", "KI", "CL", "JP", "AQ", "TV", "NZ"])
def test_most_of_it_lies_in_the_country(code):
    believed = belief(code)
    points = believed.sample(3000, np.random.default_rng(0))
    inside = np.mean([found == code for found in country_at(points)])
    assert inside > 0.85
    assert believed.background == pytest.approx(0.02)
    assert len(believed.weights) <= 450


def test_half_of_it_follows_the_people_and_half_the_land():
    egypt = belief("EG", background=0.01)
    cairo = egypt.mass_within((31.24, 30.04), 60_000.0)
    places = gazetteer()
    rows = places.places_in("EG")
    near = distance_m((31.24, 30.04), places.lonlat[rows]) < 60_000.0
    share = places.population[rows][near].sum() / places.population[rows].sum()
    assert cairo == pytest.approx(share / 2, rel=0.25)
    desert = egypt.mass_within((27.0, 25.0), 200_000.0)  # hardly anyone lives there
    circle_km2 = np.pi * 200.0**2
    assert desert == pytest.approx(0.5 * circle_km2 / region("EG").area_km2, rel=0.25)


def test_weights_share_the_mass():
    both = belief_of_countries({"IS": 3.0, "NZ": 1.0}, background=0.04)
    iceland = both.mass_within((-18.7, 64.9), 500_000.0)
    assert iceland == pytest.approx(0.75 * 0.96, rel=0.03)
    assert both.weights.sum() + both.background == pytest.approx(1.0)


def test_countries_of_next_to_no_weight_go_to_the_background():
    believed = belief_of_countries({"IS": 1.0, "NZ": 5e-5}, background=0.02)
    assert believed.mass_within((173.0, -41.0), 900_000.0) < 0.001
    assert believed.background == pytest.approx(0.02 + 0.98 * 5e-5, rel=1e-3)


def test_the_whole_world_stays_small():
    everywhere = belief_of_countries({c.code: c.population + 1e5 for c in countries()})
    assert len(everywhere.weights) < 1300


def test_tiny_countries_are_tight():
    assert belief("VA").radius_m(0.8) < 6_000.0


@pytest.mark.parametrize("weights", [{}, {"FR": 0.0}, {"FR": -1.0, "DE": 2.0}, {"FR": float("nan")}])
def test_weights_must_be_weights(weights):
    with pytest.raises(InputError, match="weights"):
        belief_of_countries(weights)


def test_an_unknown_country_is_refused():
    with pytest.raises(NotFoundError, match="ZZ"):
        belief("ZZ")


@pytest.mark.parametrize("code", ["FJ", "RU", "NZ", "AQ", "US", "ID", "KI", "NO"])
def test_a_belief_cut_to_a_country_stays_there_on_both_sides_of_the_date_line(code):
    country_region = region(code)
    points = Belief.uniform().within(country_region).sample(2000, np.random.default_rng(7))
    assert country_region.contains(points).mean() > 0.85
    assert country_region.distance_m(points).max() < 300_000.0
    if code in ("FJ", "RU", "NZ", "US", "AQ"):
        assert (points[:, 0] > 0).any()
        assert (points[:, 0] < 0).any()


def test_a_guess_off_an_island_is_drawn_to_the_islands():
    """Within 50 km of a point in the sea off Oahu, known to be in the USA: on Oahu or Molokai, mostly."""
    usa = region("US")
    cut = Belief.at((-157.75, 21.2), spread_m=50_000.0).within(usa)
    assert usa.contains(cut.best())
    assert cut.mass_in(usa) > 0.5
    assert distance_m(cut.best(), (-157.9, 21.4)) < 60_000.0
