"""From contours back to the model they were drawn from: accuracy, damage, wrong labels and cost.

    OMP_NUM_THREADS=1 python -m benchmarks.surface FOLDER [--seeds 5]

FOLDER holds `dem.tif` (Alps, 25 m cells) and `dtm_osgb_2m.tif` (2 m cells, whole metres; smoothed here with a
Gaussian of 3 cells, and that is called the truth). The loop is closed: contours are cut from the very grid
that is the truth, so the figures are upper bounds of quality. Damage is made by code: lines simplified by
0.2 cell, wandering by 0.3 cell (Gaussian, correlated over 3 cells, independent from line to line), with gaps
of 10 cells over 10 % of their length; smoothing is always chosen without the truth. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import cv2
import numpy as np
import rasterio
import shapely
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from benchmarks.timing import significant
from whence.maps.heights import Contours, Lattice, Terrain, contours_of, method
from whence.maps.heights.labels import find_wrong_labels
from whence.maps.heights.surface import choose_smoothing

ALL = ("biharmonic", "tin", "summit-tin", "natural-neighbour", "b-spline", "idw", "kriging", "tps")


def load(path: Path) -> tuple[np.ndarray, Lattice]:
    """Read a height model and its grid."""
    with rasterio.open(path) as model:
        corner = model.transform
        return model.read(1).astype(float), Lattice(corner.c, corner.f, corner.a, model.width, model.height)


def resampled(line: np.ndarray, step: float) -> np.ndarray:
    """Put vertices along a line at even steps."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, along[-1], max(int(np.ceil(along[-1] / step)), 1) + 1)
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)


def wander(line: np.ndarray, cell: float, rng: np.random.Generator) -> np.ndarray:
    """Displace a line smoothly, by 0.3 cell."""
    line = resampled(line, cell / 2)
    closed = bool((line[0] == line[-1]).all())
    noise = gaussian_filter1d(rng.normal(size=line.shape), 6.0, axis=0, mode="wrap" if closed else "nearest")
    noise *= 0.3 * cell * np.sqrt(2 * np.sqrt(np.pi) * 6.0)
    if closed:
        noise[-1] = noise[0]
    return line + noise


def pieces(line: np.ndarray, cell: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Tear gaps of 10 cells into a line."""
    line = resampled(line, cell / 2)
    kept = np.ones(len(line), dtype=bool)
    for first in rng.integers(0, len(line), rng.poisson(0.1 * len(line) / 20)):
        kept[first : first + 20] = False
    there = np.flatnonzero(kept)
    runs = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
    return [line[run] for run in runs if len(run) > 1]


def damaged(contours: Contours, cell: float, seed: int) -> Contours:
    """Simplify, displace and tear contours."""
    rng = np.random.default_rng(seed)
    lines, heights = [], []
    for line, height in zip(contours.lines, contours.heights_m, strict=True):
        simple = np.asarray(shapely.LineString(line).simplify(0.2 * cell).coords)
        parts = pieces(wander(simple, cell, rng), cell, rng)
        lines += parts
        heights += [height] * len(parts)
    return Contours(tuple(lines), np.array(heights))


def errors(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Compare with the truth."""
    known = np.isfinite(found)
    off = (found - truth)[known]
    return {
        "rmse_m": significant(float(np.sqrt((off**2).mean())), 3),
        "max_m": significant(float(np.abs(off).max()), 3),
        "cells_without": int((~known).sum()),
    }


def clean(
    truth: np.ndarray, lattice: Lattice, interval_m: float, names: tuple[str, ...]
) -> dict[str, object]:
    """Measure every method on undamaged contours."""
    terrain = Terrain(contours_of(truth, lattice, interval_m=interval_m))
    table: dict[str, object] = {"smoothing": choose_smoothing(terrain, lattice).smoothing}
    for name in names:
        began = time.process_time()
        found = method(name).heights(terrain, lattice)
        table[name] = {**errors(found, truth), "cpu_s": significant(time.process_time() - began, 2)}
    return table


def blind(truth: np.ndarray, lattice: Lattice, interval_m: float, seeds: int) -> list[dict[str, float]]:
    """Measure the default on damaged contours."""
    contours = contours_of(truth, lattice, interval_m=interval_m)
    rows = []
    for seed in range(seeds):
        terrain = Terrain(damaged(contours, lattice.cell_m, seed))
        chosen = choose_smoothing(terrain, lattice).smoothing
        found = method("biharmonic", smoothing=chosen).heights(terrain, lattice)
        rows.append({"smoothing": chosen, **errors(found, truth)})
    return rows


def labels(truth: np.ndarray, lattice: Lattice, interval_m: float, seeds: int) -> dict[str, float]:
    """Count wrong labels that are named."""
    contours = contours_of(truth, lattice, interval_m=interval_m)
    counts = dict.fromkeys(("wrong", "named", "proposed_right", "false"), 0)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        bad = rng.choice(len(contours), max(round(0.03 * len(contours)), 1), replace=False)
        heights = contours.heights_m.copy()
        heights[bad] += rng.integers(1, 6, len(bad)) * interval_m * rng.choice([-1, 1], len(bad))
        found = {one.line: one.proposed_m for one in find_wrong_labels(contours.relabel(heights)).found}
        counts["wrong"] += len(bad)
        counts["named"] += sum(int(line) in found for line in bad)
        counts["proposed_right"] += sum(
            found.get(int(line)) == float(contours.heights_m[line]) for line in bad
        )
        counts["false"] += len(set(found) - set(bad.tolist()))
    return {**counts, "lines": len(contours), "suspects_on_clean": len(find_wrong_labels(contours))}


def cost(truth: np.ndarray, lattice: Lattice, interval_m: float) -> dict[str, float]:
    """Measure time and memory of the default."""
    terrain = Terrain(contours_of(truth, lattice, interval_m=interval_m))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    method("biharmonic", smoothing=0.005).heights(terrain, lattice)
    taken = time.process_time() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cpu_s_per_million_cells": significant(taken / lattice.cells * 1e6, 3),
        "peak_mb_of_process": significant(after, 4),
        "grown_mb_per_million_cells": significant((after - before) / lattice.cells * 1e6, 3),
    }


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    alps, wide = load(arguments.folder / "dem.tif")
    rough, fine = load(arguments.folder / "dtm_osgb_2m.tif")
    smooth = gaussian_filter(rough, 3.0)
    report = {
        "cost, 2 m model, 5 m contours": cost(smooth, fine, 5.0),
        "cost, Alps, 20 m contours": cost(alps, wide, 20.0),
        "Alps, 20 m contours": clean(alps, wide, 20.0, ALL),
        "Alps, 50 m contours": clean(alps, wide, 50.0, ALL),
        "2 m model, 5 m contours": clean(smooth, fine, 5.0, ALL),
        "Alps, 20 m contours, damaged, by seed": blind(alps, wide, 20.0, arguments.seeds),
        "Alps, 20 m contours, 3 % of labels wrong by 1 to 5 intervals": labels(
            alps, wide, 20.0, arguments.seeds
        ),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
