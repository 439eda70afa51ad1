"""Beliefs: products, radii, separated positions and restriction to a region, by number of patches."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import interleaved
from whence.earth.belief import Belief
from whence.earth.boxes import Box
from whence.earth.region import Region

EUROPE = Box(-10, 36, 30, 70)


def measure() -> dict[str, object]:
    """Time each operation in interleaved rounds."""
    small, other = scattered(500, 0), scattered(500, 1)
    large, larger = scattered(3000, 2), scattered(3000, 3)
    point = Belief.at((13.2, 55.7), spread_m=10)
    region = Region.from_box(EUROPE)
    timings = interleaved(
        {
            "product_500_500": lambda: small * other,
            "product_3000_3000": lambda: large * larger,
            "product_point_500": lambda: point * small,
            "combine_5_of_500": lambda: Belief.combine([small, other, small, other, point]),
            "radius_500": lambda: fresh(small).radius_m(0.8),
            "hypotheses_500": lambda: fresh(small).hypotheses(5),
            "hypotheses_point": lambda: fresh(point).hypotheses(5),
            "within_box_500": lambda: small.within(region),
            "density_500_at_10000": lambda: small.density(LATTICE),
        }
    )
    return {name: timing.per_item_ms() for name, timing in timings.items()}


def scattered(n: int, seed: int) -> Belief:
    """Scatter patches of a kilometre to a few hundred over Europe."""
    rng = np.random.default_rng(seed)
    centers = np.column_stack(
        [rng.uniform(EUROPE.west, EUROPE.east, n), rng.uniform(EUROPE.south, EUROPE.north, n)]
    )
    return Belief.patches(centers, 10 ** rng.uniform(3, 5.5, n), rng.uniform(0.1, 1, n), background=0.05)


def fresh(belief: Belief) -> Belief:
    """Copy, so that nothing remembered from the round before helps."""
    return Belief(belief.centers, belief.spreads_m, belief.weights, belief.background)


LATTICE = np.stack(np.meshgrid(np.linspace(-10, 30, 100), np.linspace(36, 70, 100)), axis=-1).reshape(-1, 2)
