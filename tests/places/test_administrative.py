"""Countries and regions as partitions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from whence.earth.partitions import Partition
from whence.earth.sphere import distance_m, mean_point
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.places.administrative import CountryPartition, RegionPartition
from whence.places.gazetteer import gazetteer

PARIS, LYON, BERLIN, MADRID, SUVA = (
    [2.35, 48.86],
    [4.84, 45.76],
    [13.4, 52.52],
    [-3.7, 40.42],
    [178.44, -18.14],
)
TAVEUNI_EAST = [-179.95, -16.8]  # Fiji beyond the date line


@pytest.fixture(scope="module")
def capitals() -> np.ndarray:
    """The largest place of every country that has one, and four regions of France."""
    world = gazetteer()
    chosen = [world.places_in(code)[0] for code in np.unique(world.countries).tolist()]
    return np.concatenate([world.lonlat[chosen], [PARIS, LYON, [5.37, 43.30], [-1.55, 47.22], SUVA]])


@pytest.fixture(scope="module", params=[CountryPartition, RegionPartition])
def fitted(request: pytest.FixtureRequest, capitals: np.ndarray) -> Partition:
    return request.param.fit(capitals)


def test_meets_the_protocol(fitted: Partition, capitals: np.ndarray) -> None:
    assert isinstance(fitted, Partition)
    cell = fitted.assign(capitals)
    np.testing.assert_array_equal(np.bincount(cell, minlength=len(fitted)), fitted.counts)
    for number in range(0, len(fitted), 11):
        assert float(distance_m(fitted.centers()[number], mean_point(capitals[cell == number]))) < 1e-5
    assert fitted.assign(np.zeros((2, 3, 2))).shape == (2, 3)
    assert fitted.assign([2.0, 48.0]).shape == ()
    assert fitted.size_m().min() >= 1.0


def test_positions_in_countries() -> None:
    cells = CountryPartition.fit([PARIS, BERLIN, MADRID, SUVA])
    assert cells.names == ("DE", "ES", "FJ", "FR")
    brest_roads, bay_of_biscay, norway = [-4.6, 48.35], [-3.0, 44.2], [10.75, 59.9]
    assert cells.assign([LYON, brest_roads, TAVEUNI_EAST]).tolist() == [3, 3, 2]
    assert cells.assign([bay_of_biscay]).tolist() == [1]  # the Spanish coast is nearer than the French
    assert cells.assign([norway]).tolist() == [0]  # no photograph there: the nearest centre


def test_positions_in_regions() -> None:
    cells = RegionPartition.fit([PARIS, LYON, [-95.37, 29.76]])
    assert cells.names == ("FR.11", "FR.84", "US.Texas")
    assert cells.assign([[2.13, 48.80], [4.39, 45.44], [-96.8, 32.78], [-106.5, 31.76]]).tolist() == [
        0,
        1,
        2,
        2,
    ]


def test_neighbours_of_countries() -> None:
    """Oracle: an atlas. France touches Spain, Belgium, Luxembourg, Germany, Switzerland, Italy."""
    here = {"FR": PARIS, "ES": MADRID, "DE": BERLIN, "PT": [-9.14, 38.72], "FJ": SUVA, "PL": [21.0, 52.2]}
    cells = CountryPartition.fit(list(here.values()))
    number = {name: at for at, name in enumerate(cells.names)}
    assert cells.neighbours(number["FR"]).tolist() == sorted([number["ES"], number["DE"]])
    two = {number[name] for name in ("ES", "DE", "PT", "PL")}
    assert set(cells.neighbours(number["FR"], 2).tolist()) == two
    assert len(cells.neighbours(number["FJ"], 3)) == 0


def test_neighbours_are_mutual(fitted: Partition) -> None:
    for cell in range(0, len(fitted), 17):
        assert all(cell in fitted.neighbours(int(other)) for other in fitted.neighbours(cell))
        assert cell not in fitted.neighbours(cell, 2)
        assert set(fitted.neighbours(cell)) <= set(fitted.neighbours(cell, 2))
    with pytest.raises(InputError, match="numbered 0 to"):
        fitted.neighbours(len(fitted))


def test_sizes() -> None:
    """Oracle: areas in km² as published: France 547,030 (GeoNames), Texas 695,662, Île-de-France 12,012"""
    assert np.pi * CountryPartition.fit([PARIS]).size_m()[0] ** 2 / 1e6 == pytest.approx(547_030, rel=1e-6)
    sizes = RegionPartition.fit([PARIS, [-95.37, 29.76]]).size_m()
    assert np.pi * sizes[0] ** 2 / 1e6 == pytest.approx(12_012, rel=0.35)
    assert np.pi * sizes[1] ** 2 / 1e6 == pytest.approx(695_662, rel=0.35)


def test_regions_of_one_place_of_the_gazetteer_are_not_vanishing(capitals: np.ndarray) -> None:
    sizes = RegionPartition.fit(capitals).size_m()
    assert sizes.min() >= 5_000.0
    assert sizes.max() < 3e6


def test_ancestors() -> None:
    assert CountryPartition.fit([PARIS, SUVA]).ancestor_names() == [["Oceania", "Europe"]]
    regions = RegionPartition.fit([PARIS, LYON, SUVA])
    assert regions.ancestor_names()[1] == ["FJ", "FR", "FR"]


def test_json_round_trip(fitted: Partition, capitals: np.ndarray) -> None:
    again = type(fitted).from_json(json.loads(json.dumps(fitted.to_json())))
    np.testing.assert_array_equal(again.assign(capitals + 0.01), fitted.assign(capitals + 0.01))
    np.testing.assert_array_equal(again.centers(), fitted.centers())
    np.testing.assert_array_equal(again.size_m(), fitted.size_m())
    np.testing.assert_array_equal(again.neighbours(3), fitted.neighbours(3))


def test_what_is_refused(fitted: Partition) -> None:
    good = fitted.to_json()
    for broken in (
        {**good, "version": 2},
        {**good, "names": good["names"][::-1]},
        {key: value for key, value in good.items() if key != "radius_m"},
        {**good, "partition": "other"},
    ):
        with pytest.raises(FormatError):
            type(fitted).from_json(broken)
    with pytest.raises(NotEnoughDataError):
        type(fitted).fit([])
