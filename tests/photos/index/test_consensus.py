"""The point of consensus and the belief, against closed forms and slow loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth.belief import Belief
from whence.earth.sphere import destination, distance_m
from whence.errors import InputError, NotEnoughDataError
from whence.photos.index.calibration import (
    ELSEWHERE,
    Calibration,
    Logistic,
    bandwidth_for,
    near_for,
    stranger_from,
)
from whence.photos.index.consensus import (
    belief_from_neighbours,
    consensus_of,
    kde_mode,
    weighted_geometric_median,
)
from whence.photos.index.neighbours import Neighbours

CITY = np.array([0.12, 52.2])


def neighbours(lonlat, similarity, inliers=None):
    n = len(lonlat)
    return Neighbours(
        np.arange(n), np.asarray(lonlat), np.asarray(similarity), tuple(map(str, range(n))), inliers
    )


def calibration(**changes):
    wide = Calibration.default(spacing_m=6.0, map_center=tuple(CITY), map_spread_m=300.0)
    return replace(wide, **changes)


def at_odds(log_odds):
    """A calibration that gives every cluster the same log-odds."""
    wide = calibration()
    return replace(wide, single=replace(wide.single, near=Logistic(log_odds, (0.0, 0.0, 0.0))))


def around(center, radii_m):
    return destination(center, np.linspace(0, 300, len(radii_m)), np.asarray(radii_m, float))


@pytest.mark.parametrize("city", [CITY, (179.99999, -16.5), (30.0, 89.9), (-70.0, -53.0)])
def test_the_mode_is_the_grid_maximum_of_the_density(city):
    rng = np.random.default_rng(0)
    points = destination(np.array(city), rng.uniform(0, 360, 12), rng.uniform(0, 60, 12))
    weights = rng.uniform(0.2, 1.0, 12)

    def density(at):
        return float(weights @ np.exp(-0.5 * (distance_m(at, points) / 15.0) ** 2))

    found = kde_mode(points, weights=weights, bandwidth_m=15.0)
    grid = [density(destination(np.array(city), b, r)) for b in range(0, 360, 5) for r in range(0, 80, 2)]
    assert density(found) >= 0.98 * max(grid)  # mean shift climbs from the densest photo
    assert density(found) >= max(density(point) for point in points)


@settings(max_examples=25, deadline=None)
@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(1.0, 500.0))
def test_one_place_is_its_own_mode_and_median(longitude_deg, latitude_deg, bandwidth_m):
    place = np.array([longitude_deg, latitude_deg])
    points = np.tile(place, (5, 1))
    assert distance_m(kde_mode(points, bandwidth_m=bandwidth_m), place) < 0.01
    assert distance_m(weighted_geometric_median(points, similarity=np.arange(5) / 10), place) < 0.01


def test_the_median_ignores_neighbours_that_are_much_less_alike():
    lonlat = np.stack([CITY, destination(CITY, 90.0, 10.0), destination(CITY, 0.0, 5000.0)])
    # Weights 1, 0.98 and 4.5e-5: the far one counts for nothing and the best one wins.
    found = weighted_geometric_median(lonlat, similarity=np.array([0.8, 0.799, 0.3]))
    assert distance_m(found, CITY) < 0.5


def test_modes_refuse_nothing_and_nonsense():
    with pytest.raises(NotEnoughDataError):
        kde_mode(np.empty((0, 2)))
    with pytest.raises(InputError):
        kde_mode(np.tile(CITY, (2, 1)), weights=np.array([1.0, -1.0]))
    with pytest.raises(NotEnoughDataError):
        kde_mode(np.tile(CITY, (2, 1)), weights=np.zeros(2))


def test_the_consensus_reads_top_margin_and_mass():
    lonlat = np.concatenate([around(CITY, [2, 3, 4]), around(destination(CITY, 0.0, 300.0), [1])])
    found = consensus_of(neighbours(lonlat, [0.8, 0.75, 0.7, 0.6]), bandwidth_m=15.0, near_m=25.0)
    assert found.members.tolist() == [True, True, True, False]
    assert (found.top, found.margin) == (0.8, pytest.approx(0.2))
    w = np.exp(np.array([0.0, -1.0, -2.0, -4.0]))
    assert found.mass == pytest.approx(w[:3].sum() / w.sum())
    assert distance_m(found.point, CITY) < 4.0


def test_inliers_move_the_consensus_but_not_the_meaning_of_similarity():
    lonlat = np.stack([CITY, destination(CITY, 0.0, 300.0)])
    checked = neighbours(lonlat, [0.6, 0.5]).with_inliers(np.array([9, 60]))
    assert checked.names == ("1", "0")  # 0.5 + 0.1 ln 53 = 0.90 > 0.6 + 0.1 ln 2 = 0.67
    assert checked.score == pytest.approx([0.5 + 0.1 * np.log(53), 0.6 + 0.1 * np.log(2)])
    found = consensus_of(checked, bandwidth_m=15.0, near_m=25.0)
    assert (found.top, found.margin, found.inliers) == (0.5, pytest.approx(-0.1), 60)


def test_a_sure_cluster_gives_the_radius_of_its_gaussian():
    sure = at_odds(30.0)
    spread_m = sure.single.near_spread_m
    belief = belief_from_neighbours(neighbours(around(CITY, [1, 1]), [0.9, 0.9]), sure)
    expected_m = spread_m * np.sqrt(-2 * np.log(0.2))  # Rayleigh
    assert belief.radius_m(0.8) == pytest.approx(expected_m, rel=0.01)
    assert distance_m(belief.best(), CITY) < 2.0


def test_the_mass_at_the_cluster_is_the_calibrated_probability():
    lonlat = np.concatenate(
        [around(CITY, [1, 2]), destination(CITY, np.array([0.0, 90.0]), np.full(2, 5000.0))]
    )
    cal = at_odds(0.0)
    model = replace(cal.single, near_spread_m=5.0, coarse_spread_m=2000.0, other_share=0.5)
    cal = replace(cal, single=model, map_spread_m=5000.0)
    belief = belief_from_neighbours(neighbours(lonlat, [0.9, 0.9, 0.9, 0.9]), cal)
    # Half of what is not background; the wide patches put less than a thousandth within 25 m.
    assert belief.mass_within(CITY, 25.0) == pytest.approx(0.5 * (1 - belief.background), abs=2e-3)


def test_an_unsure_cluster_is_not_put_forward():
    lonlat = around(CITY, np.linspace(20, 400, 20))
    belief = belief_from_neighbours(neighbours(lonlat, np.linspace(0.5, 0.45, 20)), at_odds(-5.0))
    assert belief.spreads_m.min() >= calibration().single.coarse_spread_m


def test_what_resembles_nothing_fades_to_the_background():
    cal = at_odds(-5.0)
    cal = replace(cal, elsewhere=ELSEWHERE, single=replace(cal.single, top_mean=0.4, top_sd=0.05))
    lonlat = around(CITY, [5, 50, 100])
    backgrounds = [
        belief_from_neighbours(neighbours(lonlat, [top, top - 0.01, top - 0.02]), cal).background
        for top in (0.6, 0.4, 0.33, 0.25, 0.1)
    ]
    assert backgrounds[0] == pytest.approx(ELSEWHERE, abs=0.002)
    assert backgrounds[1] == pytest.approx(ELSEWHERE, abs=0.002)
    assert backgrounds[-1] > 0.85
    assert (np.diff(backgrounds) >= -1e-9).all()


def test_an_unmeasured_index_promises_no_radius():
    """Nobody knows what a stranger looks like there: four answers of five are not within a city."""
    lonlat = around(CITY, [0, 5, 10])
    for similarity in ([0.9, 0.8, 0.7], [0.1, 0.05, 0.0]):
        belief = belief_from_neighbours(neighbours(lonlat, similarity), calibration())
        assert belief.radius_m(0.8) > 1e6
        assert distance_m(belief.best(), CITY) < 50.0  # the answer itself is still given


def test_an_unmeasured_index_goes_by_how_familiar_a_photo_is():
    """Familiar as half of its own photos: from elsewhere one time in ten; odds multiply by nine per step."""
    own = np.linspace(0.1, 0.3, 41)  # 5 % below 0.11, half below 0.2
    stranger = stranger_from(own)
    assert stranger is not None
    chances = stranger.probability(np.array([[0.2], [0.11], [0.02]]))
    np.testing.assert_allclose(chances, [0.1, 0.5, 0.9], atol=1e-9)
    cal = replace(calibration(), stranger=stranger)
    lonlat = around(CITY, [0, 5, 10])
    known, unknown = (
        belief_from_neighbours(neighbours(lonlat, [top, top - 0.01, top - 0.02]), cal) for top in (0.25, 0.0)
    )
    assert known.radius_m(0.8) < 5e3
    assert unknown.radius_m(0.8) > 1e6


def test_few_or_equal_photos_tell_nothing_about_strangers():
    assert stranger_from(np.array([0.2, 0.3, 0.4])) is None
    assert stranger_from(np.full(20, 0.3)) is None


def test_no_neighbours_say_nothing():
    belief = belief_from_neighbours(neighbours(np.empty((0, 2)), np.empty(0)), calibration())
    assert len(belief) == 0
    assert belief.background == Belief.uniform().background


def test_the_scale_of_the_map_sets_the_bandwidth():
    assert bandwidth_for(6.0) == pytest.approx(20.0)
    assert bandwidth_for(0.1) == 5.0
    assert near_for(20.0) == 25.0
    assert near_for(bandwidth_for(60.0)) == pytest.approx(250.0)


def test_a_calibration_survives_its_file(tmp_path):
    cal = calibration(group=calibration().single, photos=12)
    cal.save(tmp_path)
    assert Calibration.open(tmp_path) == cal
    assert Calibration.open(tmp_path / "none") is None
