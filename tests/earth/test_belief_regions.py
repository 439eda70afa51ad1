"""Beliefs and regions, H3 cells and information: grids, samples and closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.numpy_int as h3
import numpy as np
import pytest

from whence.earth.belief import Belief
from whence.earth.boxes import Box
from whence.earth.region import Region
from whence.earth.sphere import EARTH_AREA_KM2, EARTH_RADIUS_M, from_unit_vectors, to_unit_vectors
from whence.errors import InputError

if TYPE_CHECKING:
    from conftest import Grid

BOX = Region.from_box(Box(0.0, 45.0, 10.0, 50.0))
REGIONS = [
    BOX,
    Region.circle([10.0, 50.0], 100e3),
    Region.circle([179.9, -5.0], 300e3),
    Region.circle([0.0, 89.5], 200e3),
    Region.from_polygon([[100.0, 0.0], [112.0, 1.0], [101.0, 9.0]], name="triangle"),
]


def named(region: Region) -> str:
    return region.name


def wide(seed: int) -> Belief:
    rng = np.random.default_rng(seed)
    spreads = np.exp(rng.uniform(np.log(400e3), np.log(6000e3), 8))
    return Belief.patches(
        from_unit_vectors(rng.standard_normal((8, 3))), spreads, rng.random(8), background=0.2
    )


@pytest.mark.parametrize("region", REGIONS, ids=named)
def test_a_cover_lies_inside_and_is_even(region: Region) -> None:
    belief = Belief.inside(region, background=0.01)
    assert len(belief) <= 500
    drawn = belief.sample(5000, np.random.default_rng(0))
    assert region.contains(drawn).mean() > 0.94
    inner = region.sample(3000, np.random.default_rng(1))
    inner = inner[~_near_border(region, inner)]
    density = belief.density(inner) * region.area_km2
    assert density.std() / density.mean() < 0.12
    assert density.mean() == pytest.approx(1.0, abs=0.06)


def _near_border(region: Region, lonlat: np.ndarray) -> np.ndarray:
    """Tell which points have something outside within a tenth of the region's size."""
    step = 0.1 * np.sqrt(region.area_km2 * 1e6) / EARTH_RADIUS_M
    vectors = to_unit_vectors(lonlat)
    around = [from_unit_vectors(vectors + step * shift) for shift in np.vstack([np.eye(3), -np.eye(3)])]
    return ~np.all([region.contains(points) for points in around], axis=0)


def test_a_cover_gives_islands_their_share() -> None:
    # A large square, and an islet of a ten-thousandth of it, far smaller than a patch.
    far = Region.from_geometry(
        BOX.geometry.union(Region.from_box(Box(20.0, 45.0, 20.1, 45.05)).geometry), name="with an islet"
    )
    belief = Belief.inside(far, background=1e-6)
    islet = belief.mass_within([20.05, 45.025], 40e3)
    assert islet == pytest.approx(
        Region.from_box(Box(20.0, 45.0, 20.1, 45.05)).area_km2 / far.area_km2, rel=0.05
    )


@pytest.mark.parametrize("region", REGIONS, ids=named)
@pytest.mark.parametrize("seed", [0, 1])
def test_mass_in_a_region_is_the_sum_over_a_grid(globe: Grid, region: Region, seed: int) -> None:
    belief = wide(seed)
    fine = region.sample(4000, np.random.default_rng(0))
    by_hand = belief.density(fine).mean() * region.area_km2
    assert belief.mass_in(region) == pytest.approx(by_hand, rel=0.03)


@pytest.mark.parametrize("spread_m", [20.0, 5e3, 60e3])
@pytest.mark.parametrize("center", [[9.99, 47.0], [5.0, 50.0], [0.0, 45.0], [5.0, 47.0]])
def test_mass_of_a_patch_cut_by_the_border_is_that_of_its_samples(
    spread_m: float, center: list[float]
) -> None:
    belief = Belief.at(center, spread_m)
    share = BOX.contains(belief.sample(40_000, np.random.default_rng(1))).mean()
    assert belief.mass_in(BOX) == pytest.approx(share, abs=0.01)


def test_masses_inside_and_outside_make_one() -> None:
    west, east = (
        Region.from_box(Box(low, -90.0, high, 90.0)) for low, high in ((-180.0, 20.0), (20.0, 180.0))
    )
    for belief in (wide(2), Belief.patches([[19.99, 0.0], [21.0, 60.0]], [5e3, 300e3])):
        assert belief.mass_in(west) + belief.mass_in(east) == pytest.approx(1.0, abs=5e-3)


@pytest.mark.parametrize("region", REGIONS, ids=named)
def test_within_is_the_density_cut_and_scaled(region: Region) -> None:
    belief = wide(4)
    restricted = belief.within(region)
    inside = region.sample(2000, np.random.default_rng(0))
    inside = inside[~_near_border(region, inside)]
    expected = belief.density(inside) / belief.mass_in(region)
    assert np.median(np.abs(restricted.density(inside) / expected - 1.0)) < 0.06
    assert restricted.mass_in(region) > 0.95
    assert restricted.background < 2e-6


def test_within_keeps_what_is_narrow_and_inside_as_it_is() -> None:
    belief = Belief.patches([[5.0, 47.0], [60.0, 0.0]], 30.0, background=0.1).within(BOX)
    first = belief.hypotheses(1)[0]
    # 0.45 of the patch against what the background has in the box.
    rest = 0.1 * BOX.area_km2 / EARTH_AREA_KM2
    assert first.probability == pytest.approx(0.45 / (0.45 + rest), rel=1e-3)
    assert [first.longitude_deg, first.latitude_deg] == pytest.approx([5.0, 47.0], abs=1e-6)
    assert belief.spreads_m.min() == pytest.approx(30.0, rel=1e-6)


def test_within_cuts_a_narrow_patch_on_the_border() -> None:
    # Half a Gaussian: its mean lies σ √(2/π) inside the border.
    belief = Belief.at([5.0, 45.0], 1000.0, background=1e-6).within(BOX)
    sharp = int(belief.weights.argmax())
    inward_m = np.deg2rad(belief.centers[sharp, 1] - 45.0) * EARTH_RADIUS_M
    assert inward_m == pytest.approx(1000.0 * np.sqrt(2 / np.pi), rel=0.05)
    # The half is one patch again, so a sixth of it reaches over the border; before it was a half.
    assert belief.mass_in(BOX) == pytest.approx(5 / 6, abs=0.02)


def test_the_uniform_belief_within_a_region_covers_it() -> None:
    belief = Belief.uniform().within(BOX)
    assert belief.mass_in(BOX) > 0.95
    assert belief.best() == pytest.approx([5.0, 47.5], abs=0.3)


def test_cells_of_the_whole_globe_have_all_the_mass(globe: Grid) -> None:
    belief = wide(5)
    cells, masses = belief.cells(3)
    assert len(cells) == len(np.unique(cells)) == 41_162
    assert masses.sum() == pytest.approx(1.0, abs=1e-4)
    by_id = dict(zip(cells.tolist(), masses.tolist(), strict=True))
    cell = h3.latlng_to_cell(50.0, 10.0, 3)
    assert by_id[int(cell)] == pytest.approx(float(belief.density([10.0, 50.0])) * 12_000, rel=0.25)


@pytest.mark.parametrize("resolution", [5, 7, 9])
def test_cells_count_samples(resolution: int) -> None:
    belief = Belief.patches(
        [[10.0, 50.0], [10.05, 50.0], [179.999, 0.0]], [300.0, 2500.0, 50.0], background=1e-3
    )
    cells, masses = belief.cells(resolution)
    assert masses.sum() == pytest.approx(0.999, abs=2e-3)
    drawn = belief.sample(20_000, np.random.default_rng(0))
    found = np.array([h3.latlng_to_cell(lat, lon, resolution) for lon, lat in drawn.tolist()], dtype=np.int64)
    # Gathered into their parents, so that each group has enough.
    parents = np.array([h3.cell_to_parent(int(cell), resolution - 1) for cell in cells])
    for parent in np.unique(parents):
        mass = masses[parents == parent].sum()
        if mass > 0.02:
            share = np.mean([h3.cell_to_parent(int(cell), resolution - 1) == parent for cell in found])
            assert mass == pytest.approx(share, abs=0.02)


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(InputError, match="lower resolution"):
        Belief.at([0.0, 0.0], 1000e3).cells(9)
    with pytest.raises(InputError, match="0 to 15"):
        Belief.at([0.0, 0.0], 1.0).cells(16)


@pytest.mark.parametrize("spread_m", [1.0, 30.0, 20e3, 200e3])
def test_information_of_a_patch_is_that_of_a_gaussian(spread_m: float) -> None:
    background = 0.01
    # Entropy of a plane Gaussian: log2(2πe σ²); the background is too thin to be seen under it.
    area = 2 * np.pi * np.e * spread_m**2 / 1e6
    expected = 0.99 * np.log2(0.99 * EARTH_AREA_KM2 / area) + 0.01 * np.log2(0.01)
    belief = Belief.at([10.0, 50.0], spread_m, background)
    assert belief.information_bits() == pytest.approx(expected, abs=0.05)
    assert belief.entropy_bits() == pytest.approx(np.log2(EARTH_AREA_KM2) - belief.information_bits())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_information_is_the_integral_over_a_grid(globe: Grid, seed: int) -> None:
    belief, prior = wide(seed), wide(seed + 20)
    density, before = belief.density(globe.lonlat), prior.density(globe.lonlat)
    expected = globe.integral(density * np.log2(density * EARTH_AREA_KM2))
    assert belief.information_bits() == pytest.approx(expected, abs=0.05)
    over_prior = globe.integral(density * np.log2(density / before))
    assert belief.information_bits(prior) == pytest.approx(over_prior, abs=0.05)


def test_information_of_a_region_is_that_of_its_area() -> None:
    expected = np.log2(EARTH_AREA_KM2 / BOX.area_km2)
    assert Belief.inside(BOX, background=1e-6).information_bits() == pytest.approx(expected, abs=0.15)
    assert Belief.uniform().information_bits() == 0.0
