"""Splits by place and by group: the promised distances hold, groups stay whole, nobody is lost."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from whence.earth.sphere import distance_m
from whence.errors import InputError, NotEnoughDataError
from whence.imagery.catalogue import Catalogue
from whence.photos.splits import SPLITS, leak, make_split
from whence.photos.splits.nearness import nearest_m

CITY = np.array([37.62, 55.75])


def city(count: int = 3000, spread_deg: float = 0.05, seed: int = 0) -> Catalogue:
    """Photographs of a city in sequences of twenty, by nine cameras and thirty authors."""
    rng = np.random.default_rng(seed)
    walks = rng.normal(CITY, spread_deg, (count // 20, 1, 2)) + np.cumsum(
        rng.normal(0, 1e-4, (count // 20, 20, 2)), axis=1
    )
    walk = np.repeat(np.arange(count // 20), 20)
    return Catalogue.of_arrays(
        walks.reshape(-1, 2),
        sequence_id=[f"w{i}" for i in walk],
        camera_id=[f"c{i % 9}" for i in walk],
        author=[f"a{i % 30}" for i in walk],
        split=np.where(walk % 5 == 0, "val", np.where(walk % 5 == 1, "Test", "train")).tolist(),
    )


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return city()


def brute_m(lonlat: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Nearest distance by all pairs."""
    return distance_m(lonlat[:, None], targets).min(axis=1)


@pytest.mark.parametrize("name", SPLITS)
def test_every_photograph_has_one_side_and_the_seed_decides(known, name):
    split = make_split(name, known, seed=1)
    counts = split.counts()
    assert sum(counts.values()) == len(known)
    assert counts["train"] > 0.4 * len(known)
    assert counts["validation"] > 0
    again, other = make_split(name, known, seed=1), make_split(name, known, seed=2)
    np.testing.assert_array_equal(split.sides, again.sides)
    assert name == "column" or (split.sides != other.sides).any()
    assert split.name == name


@pytest.mark.parametrize("name", SPLITS)
def test_a_photograph_without_a_position_is_unused(known, name):
    lonlat = known.lonlat.copy()
    lonlat[::7] = np.nan
    columns = {key: known.column(key) for key in known.names[3:]}
    split = make_split(name, Catalogue.of_arrays(lonlat, **columns))
    assert (split.sides[::7] == 3).all()
    assert split.counts()["train"] > 0
    with pytest.raises(NotEnoughDataError, match="none of the 3 photographs has a position"):
        make_split(name, Catalogue.of_arrays(np.full((3, 2), np.nan)))


@pytest.mark.parametrize("settings", [{}, {"folds": 5, "fold": 3}])
def test_held_out_cells_are_whole(known, settings):
    """Oracle: the H3 library, photograph by photograph."""
    split = make_split("cells", known, resolution=7, **settings)
    cells = np.array([h3.latlng_to_cell(lat, lon, 7) for lon, lat in known.lonlat])
    for cell in np.unique(cells):
        assert len(set(split.sides[cells == cell].tolist())) == 1
    assert {0, 1, 2} <= set(split.sides.tolist())


def test_blocks_are_squares_of_metres_and_keep_their_margin(known):
    split = make_split("blocks", known, block_m=400, margin_m=0, folds=5)
    metres = (known.lonlat - known.lonlat.min(axis=0)) * np.array([np.cos(np.deg2rad(55.75)), 1]) * 111_195
    near = np.hypot(*(metres[:, None] - metres[:200]).T) < 1.0
    pairs = np.argwhere(near.T)
    assert (split.sides[pairs[:, 0]] == split.sides[pairs[:, 1]]).mean() > 0.98  # but across an edge
    wide = make_split("blocks", known, block_m=400, margin_m=150, folds=5)
    lonlat, sides = known.lonlat, wide.sides
    assert brute_m(lonlat[sides == 2], lonlat[sides <= 1]).min() >= 150
    assert brute_m(lonlat[sides == 1], lonlat[sides == 0]).min() >= 150
    assert split.counts()["unused"] == 0 < wide.counts()["unused"]
    np.testing.assert_array_equal(wide.sides == 2, split.sides == 2)  # what judges is never given up


@pytest.mark.parametrize("minimum_m", [200.0, 1000.0])
def test_the_distance_holds(minimum_m):
    known = city(6000, spread_deg=0.2)
    split = make_split("distance", known, minimum_m=minimum_m)
    lonlat, sides = known.lonlat, split.sides
    for held_out, others in ((1, [0]), (2, [0, 1])):
        nearest = brute_m(lonlat[sides == held_out], lonlat[np.isin(sides, others)])
        assert nearest.min() >= minimum_m
    # and nobody is given up without need
    lost, kept = lonlat[sides == 3], lonlat[np.isin(sides, [1, 2])]
    assert len(lost) > 0
    assert brute_m(lost, kept).max() < minimum_m
    # sides of H3 cells on average: 1.4 km at resolution 7, 9.9 km at 5, 3.7 km at 6
    assert split.settings["resolution"] == (7 if minimum_m == 200 else 5)
    figures = leak(split, known).sides
    assert figures["validation"].within[100.0] == figures["test"].within[100.0] == 0.0


@pytest.mark.parametrize(
    ("name", "column"), [("sequence", "sequence_id"), ("camera", "camera_id"), ("author", "author")]
)
def test_groups_stay_whole(known, name, column):
    split = make_split(name, known, validation=0.2, test=0.2)
    values = known.column(column)
    on = {side: set(values[split.rows(side)]) for side in ("train", "validation", "test")}
    assert not on["train"] & on["validation"]
    assert not on["train"] & on["test"]
    assert not on["validation"] & on["test"]
    assert sum(map(len, on.values())) == len(set(values))


def test_unknown_groups():
    """A photograph of no sequence is one by itself; one of an unknown camera could be anyone's."""
    lonlat = np.random.default_rng(0).normal(CITY, 0.1, (100, 2))
    some = [f"g{i}" if i < 50 else None for i in range(100)]
    known = Catalogue.of_arrays(lonlat, sequence_id=some, camera_id=some)
    alone = make_split("sequence", known, validation=0.3, test=0.3)
    assert set(alone.sides[50:].tolist()) == {0, 1, 2}
    camera = make_split("camera", known)
    assert (camera.sides[50:] == 3).all()
    assert (camera.sides[:50] != 3).all()
    with pytest.raises(InputError, match="no column 'author'"):
        make_split("author", known)
    with pytest.raises(InputError, match="is empty for all"):
        make_split("author", known.with_column("author", [""] * 100))


def test_a_margin_keeps_groups_apart(known):
    split = make_split("sequence", known, margin_m=100)
    lonlat, sides = known.lonlat, split.sides
    assert brute_m(lonlat[sides == 2], lonlat[sides <= 1]).min() >= 100


def test_sides_from_a_column(known):
    split = make_split("column", known)
    words = np.char.lower(known.column("split").astype(str))
    np.testing.assert_array_equal(split.sides, np.select([words == "train", words == "val"], [0, 1], 2))
    with pytest.raises(InputError, match="says 'a0', 'a1'"):
        make_split("column", known, column="author")
    with pytest.raises(InputError, match="no column 'side'"):
        make_split("column", known, column="side")


def test_settings_that_cannot_be(known):
    world = Catalogue.of_arrays(np.random.default_rng(0).uniform(-80, 80, (100, 2)))
    with pytest.raises(InputError, match="km from their middle"):
        make_split("blocks", world)
    with pytest.raises(InputError, match="side in metres"):
        make_split("blocks", known, block_m=0)
    with pytest.raises(InputError, match="metres above 0"):
        make_split("distance", known, minimum_m=0)
    with pytest.raises(InputError, match="smaller least distance"):
        make_split("distance", known, minimum_m=1e6)
    with pytest.raises(NotEnoughDataError, match="divide more finely"):
        make_split("cells", known, resolution=0)


class TestNearest:
    def test_equals_all_pairs_over_the_globe(self):
        """With the poles and the date line among them."""
        rng = np.random.default_rng(0)
        globe = np.column_stack([rng.uniform(-180, 180, 400), np.rad2deg(np.arcsin(rng.uniform(-1, 1, 400)))])
        here = np.concatenate([globe[:150], [[180.0, 10], [0, 90], [20, -90]]])
        there = np.concatenate([globe[150:], [[-179.999, 10]]])
        np.testing.assert_allclose(nearest_m(here, there), brute_m(here, there), rtol=1e-9, atol=1e-6)

    def test_millimetres_are_not_lost(self):
        north = np.array([0.0, np.rad2deg(0.001 / 6_371_008.8)])
        assert nearest_m(CITY[None] + north, CITY[None])[0] == pytest.approx(0.001, abs=1e-6)

    def test_beyond_the_limit_there_is_nothing(self):
        there = (CITY + np.array([0, 0.01]))[None]  # 1.112 km
        assert nearest_m(CITY[None], there, within_m=1111)[0] == np.inf
        assert nearest_m(CITY[None], there, within_m=1113)[0] == pytest.approx(1111.95, abs=0.01)
        assert nearest_m(CITY[None], np.empty((0, 2)))[0] == np.inf
        assert nearest_m(CITY[None], -there, within_m=2.1e7)[0] < 2.1e7

    @pytest.mark.slow
    def test_two_hundred_thousand_beside_four_million_in_a_minute(self):
        import time

        rng = np.random.default_rng(0)
        places = rng.uniform([-180, -60], [180, 70], (30_000, 2))
        photos = np.clip(
            places[rng.integers(0, 30_000, 4_200_000)] + rng.normal(0, 0.02, (4_200_000, 2)), -180, 180
        )
        start = time.perf_counter()
        assert np.isfinite(nearest_m(photos[:200_000], photos[200_000:])).all()
        assert time.perf_counter() - start < 60


class TestLeak:
    def test_equals_all_pairs(self, known):
        split = make_split("cells", known, resolution=8, validation=0.2, test=0.1)
        found = leak(split, known).sides
        train = known.lonlat[split.rows("train")]
        for side in ("validation", "test"):
            nearest = brute_m(known.lonlat[split.rows(side)], train)
            assert found[side].photos == len(nearest)
            assert found[side].median_m == pytest.approx(np.median(nearest))
            for limit_m, share in found[side].within.items():
                assert share == pytest.approx((nearest <= limit_m).mean())

    def test_shared_groups_are_those_of_a_loop(self, known):
        split = make_split("random", known, validation=0.3, test=0.0)
        found = leak(split, known).sides["validation"].shared
        for what, column in (("sequence", "sequence_id"), ("camera", "camera_id"), ("author", "author")):
            values = known.column(column)
            taught = set(values[split.rows("train")])
            held_out = values[split.rows("validation")]
            assert found[what] == pytest.approx(np.mean([value in taught for value in held_out]))
        assert found["sequence"] > 0.9

    def test_a_split_by_sequence_shares_none(self, known):
        found = leak(make_split("sequence", known), known)
        assert {side.shared["sequence"] for side in found.sides.values()} == {0.0}

    def test_what_is_unknown_is_shared_with_nobody(self):
        known = Catalogue.of_arrays(np.zeros((4, 2)), sequence_id=["a", None, None, "b"], camera_id=[""] * 4)
        from whence.photos.splits import Split

        figures = leak(Split.of(known, [0, 0, 1, 1], name="x"), known).sides["validation"]
        assert dict(figures.shared) == {"sequence": 0.0}
        assert figures.sentence() == (
            "validation: 2 photographs, median 0.0 m from the training side (100.0% within 1 m, 100.0% "
            "within 25 m, 100.0% within 100 m, 100.0% within 1000 m); 0.0% share their sequence with it"
        )
        assert figures.to_json()["within"]["1 m"] == 1.0

    def test_a_split_of_other_photographs(self, known):
        split = make_split("random", known)
        with pytest.raises(InputError, match="match it with split"):
            leak(split, known.take(np.arange(10)))
