"""Large height models from contours: memory, time, and how well the tiles meet.

    OMP_NUM_THREADS=1 python -m benchmarks.surface_large --side 2000 10000

The terrain is simulated (a sum of waves, so that its height is known everywhere), with contours so dense
that 10,000 × 10,000 cells have about a million vertices. Each model is made by a process of its own, whose
greatest resident memory is told; the contours are made before, in another. A small model is also made
whole, and the streamed one compared with it, at the seams and everywhere.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from contourpy import contour_generator

from benchmarks.machine import describe
from whence.maps.heights import Contours, Lattice, Terrain, method
from whence.maps.heights.model_file import read_model
from whence.maps.heights.streaming import stream_model
from whence.maps.heights.surface.tiles import Tiling

CELL_M = 10.0
INTERVAL_M = 20.0
STEP_CELLS = 6
SMOOTHING = 0.005
WHOLE_CELLS = 5_000_000  # up to here the model is made whole too


def waves(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wave vectors per metre (n, 2), amplitudes m (n,), phases (n,)."""
    rng = np.random.default_rng(seed)
    lengths_m = np.geomspace(900.0, 15_000.0, 14)
    turns = rng.uniform(0, 2 * np.pi, len(lengths_m))
    vectors = np.column_stack([np.cos(turns), np.sin(turns)]) * 2 * np.pi / lengths_m[:, None]
    return vectors, 0.012 * lengths_m, rng.uniform(0, 2 * np.pi, len(lengths_m))


def heights_m(world: np.ndarray) -> np.ndarray:
    """Height of the simulated terrain at (..., 2) easting, northing."""
    vectors, amplitudes, phases = waves()
    total = np.zeros(world.shape[:-1])
    for vector, amplitude, phase in zip(vectors, amplitudes, phases, strict=True):
        total += amplitude * np.cos(world @ vector + phase)
    return total


def lattice_of(side: int) -> Lattice:
    """Give a square grid of the terrain."""
    return Lattice(500_000.0, 6_000_000.0 + side * CELL_M, CELL_M, side, side)


def draw(side: int, path: Path) -> None:
    """Write the contours of a square of the terrain."""
    lattice = lattice_of(side)
    axis = np.arange(0, side + STEP_CELLS, STEP_CELLS) * CELL_M
    east, north = lattice.west + axis, lattice.north - axis
    grid = np.stack(np.meshgrid(east, north), axis=-1)
    height = heights_m(grid)
    generator = contour_generator(east, north, height, line_type="Separate")
    levels = np.arange(np.ceil(height.min() / INTERVAL_M), height.max() / INTERVAL_M) * INTERVAL_M
    lines = [(level, line) for level in levels for line in generator.lines(level)]
    np.savez(
        path,
        positions=np.concatenate([line for _, line in lines]),
        sizes=np.array([len(line) for _, line in lines]),
        heights_m=np.array([level for level, _ in lines]),
    )


def terrain_of(path: Path) -> Terrain:
    """Read the contours back."""
    with np.load(path) as file:
        lines = np.split(file["positions"], np.cumsum(file["sizes"])[:-1])
        return Terrain(Contours(tuple(lines), file["heights_m"]))


def make(side: int, contours: Path, model: Path) -> dict[str, float]:
    """Make a model in this process and tell what it took."""
    terrain = terrain_of(contours)
    loaded_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    stream_model(model, terrain, lattice_of(side), smoothing=SMOOTHING)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "vertices": sum(map(len, terrain.contours.lines)),
        "cpu_s": round(cpu),
        "wall_s": round(wall),
        "cpu_s_per_million_cells": round(cpu / side**2 * 1e6, 2),
        "resident_before_mb": round(loaded_mb),
        "greatest_resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def judge(side: int, contours: Path, model: Path) -> dict[str, float]:
    """Compare a model with the truth, and with the same made whole where that is small enough."""
    made, lattice, _ = read_model(model)
    squares = 0.0
    for row in range(0, side, 500):
        part = lattice.window(row=row, column=0, rows=min(500, side - row), columns=side)
        squares += float(((made[row : row + part.rows] - heights_m(part.centres())) ** 2).sum())
    cut = Tiling().side_cells
    border = _unevenness(made, range(cut, side, cut))
    bends = _unevenness(made, range(cut // 2, side, cut))
    found = {
        "rmse_m": round(float(np.sqrt(squares / side**2)), 3),
        "third_difference_at_seams_m": round(border, 4),
        "third_difference_elsewhere_m": round(bends, 4),
    }
    if side**2 <= WHOLE_CELLS:
        whole = method("biharmonic", smoothing=SMOOTHING).heights(terrain_of(contours), lattice)
        apart = np.abs(made - whole)
        steps = np.abs(np.diff(made - whole, axis=0))[[seam - 1 for seam in range(cut, side, cut)]]
        found |= {
            "greatest_difference_to_whole_m": round(float(apart.max()), 4),
            "greatest_step_at_seams_m": round(float(steps.max(initial=0.0)), 4),
            "a_hundredth_of_the_interval_m": INTERVAL_M / 100,
        }
    return found


def _unevenness(made: np.ndarray, cuts: range) -> float:
    """Third differences across rows and columns, where a step shows threefold: the 0.9999 quantile, m."""
    weights = np.array([-1.0, 3.0, -3.0, 1.0])
    parts = [side[cut - 2 : cut + 2].T @ weights for cut in cuts for side in (made, made.T)]
    return float(max(np.quantile(np.abs(part), 0.9999) for part in parts))


def main() -> None:
    """Measure the sides that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--side", type=int, nargs="+", default=[2000])
    parser.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        side, contours, model = int(arguments.step[1]), Path(arguments.step[2]), Path(arguments.step[3])
        if arguments.step[0] == "draw":
            draw(side, contours)
        else:
            print(json.dumps({"make": make, "judge": judge}[arguments.step[0]](side, contours, model)))
        return
    report: dict[str, object] = {"machine": describe()}
    for side in arguments.side:
        with tempfile.TemporaryDirectory() as folder:
            figures: dict[str, object] = {}
            for step in ("draw", "make", "judge"):
                names = [step, str(side), f"{folder}/contours.npz", f"{folder}/model.tif"]
                command = [sys.executable, "-m", "benchmarks.surface_large", "--step", *names]
                said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                figures |= json.loads(said) if said else {}
            report[f"{side} × {side} cells"] = figures
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
