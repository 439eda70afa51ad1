"""Polygons of classes against rasterio and shapely: how long, and what happens to common walls.

    OMP_NUM_THREADS=1 python -m benchmarks.polygons [--side 2000] [--rounds 3]

The raster is made by code: the highest of six fields of Gaussian noise at each pixel. Both ways trace and
simplify by 1.5 pixels. The other way is `rasterio.features.shapes` and `shapely.simplify` of each polygon by
itself, which is what scripts do; it leaves gaps and overlaps, whose area is printed. `coverage` is shapely's
`coverage_simplify` of the same traced polygons, which keeps walls as ours does. Prints JSON.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import shapely
from rasterio import features
from scipy.ndimage import gaussian_filter

from benchmarks.machine import describe
from benchmarks.timing import interleaved, significant
from whence.aerial.polygons.arcs import find_arcs
from whence.aerial.polygons.faces import faces_of
from whence.aerial.polygons.rows import Rows
from whence.aerial.polygons.sieve import sieve

TOLERANCE_PX = 1.5
LEAST_PX = 20


def raster(side: int) -> np.ndarray:
    """Draw patches of six classes, some tens of pixels large, with ragged borders."""
    rng = np.random.default_rng(0)
    fields = [
        gaussian_filter(rng.normal(size=(side, side)), 8.0) * 8.0
        + gaussian_filter(rng.normal(size=(side, side)), 1.0) * 0.25
        for _ in range(6)
    ]
    return np.argmax(fields, axis=0).astype(np.uint8)


def ours(ids: np.ndarray) -> np.ndarray:
    """Trace and simplify with common walls."""
    return faces_of(find_arcs(Rows.of_array(ids)), tolerance=TOLERANCE_PX).polygons


def traced_by_gdal(ids: np.ndarray) -> np.ndarray:
    """Trace as scripts do."""
    return np.array([shapely.geometry.shape(one) for one, _ in features.shapes(ids, connectivity=4)])


def shares(polygons: np.ndarray, side: int) -> dict[str, float]:
    """Measure what is covered twice and not at all, as shares of the raster."""
    union = shapely.union_all(shapely.make_valid(polygons)).area
    twice = shapely.area(polygons).sum() - union
    return {"overlaps": significant(twice / side**2), "gaps": significant(1.0 - union / side**2)}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--side", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    ids = sieve(raster(given.side), LEAST_PX)
    actions = {
        "ours": lambda: ours(ids),
        "rasterio and shapely": lambda: shapely.simplify(traced_by_gdal(ids), TOLERANCE_PX),
        "coverage": lambda: shapely.coverage_simplify(traced_by_gdal(ids), TOLERANCE_PX),
        "our sieve": lambda: sieve(ids, 2 * LEAST_PX),
        "GDAL's sieve": lambda: features.sieve(ids, 2 * LEAST_PX),
    }
    timings = interleaved(actions, rounds=given.rounds)
    seconds = {name: min(timing.cpu_s) for name, timing in timings.items()}
    result = {
        "machine": describe(),
        "side_px": given.side,
        "polygons": len(ours(ids)),
        "cpu_s": {name: significant(value) for name, value in seconds.items()},
        "ours_to_rasterio": significant(seconds["ours"] / seconds["rasterio and shapely"]),
        "ours_to_coverage": significant(seconds["ours"] / seconds["coverage"]),
        "sieve_to_gdal": significant(seconds["our sieve"] / seconds["GDAL's sieve"]),
        "shares": {
            "ours": shares(ours(ids), given.side),
            "rasterio and shapely": shares(actions["rasterio and shapely"](), given.side),
        },
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
