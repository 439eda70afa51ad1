"""Divide the Earth into cells, as a classifier of photographs needs it.

Three partitions behind one Protocol: hexagons of H3, a grid of degrees, and a quadtree that follows the data.
"""

from __future__ import annotations

import numpy as np

from whence.earth import distance_m
from whence.earth.partitions import DegreeGrid, H3Partition, Quadtree, load

rng = np.random.default_rng(0)
towns = rng.uniform([-5.0, 42.0], [8.0, 51.0], (40, 2))  # longitude, latitude: about France
photos = towns[rng.integers(0, 40, 5000)] + rng.normal(0.0, 0.1, (5000, 2))

for partition in (
    H3Partition.fit(photos, resolution=4),
    DegreeGrid.fit(photos, step_deg=0.25),
    Quadtree.fit(photos, max_points=100),
):
    cell = partition.assign(photos)
    apart_m = distance_m(photos, partition.centers()[cell])
    print(
        f"{partition.name}: {len(partition)} cells, at most {partition.counts.max()} photographs in one, "
        f"{np.median(apart_m) / 1000:.1f} km from photograph to centre of cell (median)"
    )
    assert (load(partition.to_json()).assign(photos) == cell).all()  # it survives being written as JSON
