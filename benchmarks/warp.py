"""Warping through a thin-plate spline, beside GDAL's own, in one interleaved run.

    python -m benchmarks.warp [--side 6000] [--points 20 100 500] [--rounds 3]

A scan of noise is made by code in a temporary folder, with control points turned, waved and scattered by a
pixel. Each round runs `gdalwarp -tps` and whence, each as a process of its own, on the same file, to the same
kind of output (tiled GeoTIFF, no compression, alpha, bilinear) and with the same bound on the approximation.
CPU is user and system time of the process, with its start. The error is the greatest distance, in pixels of
the scan, between the grid's and the spline's own inverse at random pixels of the sheet; GDAL's is not
measured, because its spline is another one (fitted from the ground to the scan).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from benchmarks.timing import significant
from whence.earth.crs import Crs
from whence.imagery.raster import open_raster
from whence.maps.transforms import fit
from whence.maps.warping.layout import Layout
from whence.maps.warping.placing import Placing
from whence.maps.warping.resampling import kernel
from whence.maps.warping.tiles import Tiler

CRS = "EPSG:32635"
BOUND_PX = 0.1

CHILD = f"""
import json, resource, sys
import numpy as np
from whence.maps.transforms import fit
from whence.maps.warping import warp
points = np.load(sys.argv[2])
transform = fit(points["pixels"], points["world"], kind="tps")
options = {{"layout": "geotiff", "compression": "none", "max_error_px": {BOUND_PX}}}
sheet = warp(sys.argv[1], transform, sys.argv[3], crs="{CRS}", **options)
memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"stated_error_px": sheet.error_px, "memory_mb": memory_mb}}))
"""


def write_scan(path: Path, side: int) -> None:
    """Make a tiled RGB scan of smooth noise, band of rows by band of rows."""
    rng = np.random.default_rng(0)
    tiles = {
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "interleave": "pixel",
        "bigtiff": "IF_SAFER",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8", **tiles
        ) as dataset:
            for row in range(0, side, 1024):
                height = min(1024, side - row)
                coarse = rng.integers(0, 256, (height // 8 + 1, side // 8 + 1, 3), dtype=np.uint8)
                band = cv2.resize(coarse, (side, height), interpolation=cv2.INTER_CUBIC)
                window = rasterio.windows.Window(0, row, side, height)
                dataset.write(band.transpose(2, 0, 1), window=window)


def control_points(count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """One point per cell of a grid, 2 m a pixel, turned by 2 degrees, with waves and 2 m of scatter."""
    rng = np.random.default_rng(count)
    across = int(np.ceil(np.sqrt(count)))
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(across)), axis=-1).reshape(-1, 2)[:count]
    pixels = (cells + rng.uniform(0.2, 0.8, (count, 2))) * side / across
    angle = np.radians(2.0)
    turn = 2.0 * np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    waves = 20.0 * np.sin(pixels[:, ::-1] / 900.0)
    world = pixels @ turn.T + [500_000.0, 6_000_000.0] + waves + rng.normal(0.0, 2.0, (count, 2))
    return pixels, world


def timed(command: list[str]) -> tuple[float, float, str]:
    """CPU and wall time of a process, seconds, and what it printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, wall_s, done.stdout


def gdal_command(scan: Path, folder: Path, pixels: np.ndarray, world: np.ndarray) -> list[str]:
    """`gdalwarp -tps` on a VRT that carries the points."""
    gcps = [f"{number:.9f}" for pair in np.hstack([pixels, world]) for number in pair]
    flags = [word for i in range(0, len(gcps), 4) for word in ("-gcp", *gcps[i : i + 4])]
    virtual = folder / f"points{len(pixels)}.vrt"
    subprocess.run(
        ["gdal_translate", "-q", "-of", "VRT", "-a_srs", CRS, *flags, str(scan), str(virtual)], check=True
    )
    settings = [
        "-tps",
        "-r",
        "bilinear",
        "-et",
        str(BOUND_PX),
        "-dstalpha",
        "-t_srs",
        CRS,
        "-co",
        "TILED=YES",
    ]
    return ["gdalwarp", "-q", "-overwrite", *settings, str(virtual), str(folder / "gdal.tif")]


def measured_error_px(scan: Path, pixels: np.ndarray, world: np.ndarray, *, samples: int) -> float:
    """Greatest distance between the grid and the spline's own inverse at random pixels of the sheet."""
    transform = fit(pixels, world, kind="tps")
    placing = Placing(transform, Crs.parse(CRS), Crs.parse(CRS))
    rng, worst = np.random.default_rng(1), 0.0
    with open_raster(scan) as reader:
        layout = Layout.of(reader.raster, placing)
        tiler = Tiler.of(reader, layout, kernel=kernel("bilinear"), max_error_px=BOUND_PX)
        windows = tiler.windows()
        for window in windows:
            located = tiler.grid.locate(window)
            if located is None:
                continue
            rows, columns = rng.integers(0, (window.height, window.width), (samples // len(windows), 2)).T
            said = located.indices[rows, columns] + 0.5 + np.array(located.origin)
            places = np.column_stack([columns + window.column, rows + window.row]) + 0.5
            exact = placing.to_pixels(tiler.frame.to_crs(places))
            on_scan = ((exact > 0) & (exact < tiler.grid.scan_size)).all(axis=1)
            worst = max(worst, float(np.hypot(*(said - exact)[on_scan].T).max(initial=0.0)))
    return worst


def compare(scan: Path, count: int, *, side: int, rounds: int, samples: int) -> dict[str, float]:
    """Run both in turns and take the medians."""
    folder = scan.parent
    pixels, world = control_points(count, side)
    np.savez(folder / "points.npz", pixels=pixels, world=world)
    ours = [sys.executable, "-c", CHILD, str(scan), str(folder / "points.npz"), str(folder / "whence.tif")]
    commands = {"whence": ours}
    if shutil.which("gdalwarp"):
        commands["gdalwarp"] = gdal_command(scan, folder, pixels, world)
    runs: dict[str, list[tuple[float, float, str]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(timed(command))
    figures = json.loads(runs["whence"][-1][2])
    for name, results in runs.items():
        figures[f"{name}_cpu_s"] = median(cpu_s for cpu_s, _, _ in results)
        figures[f"{name}_wall_s"] = median(wall_s for _, wall_s, _ in results)
    if "gdalwarp" in runs:
        pairs = zip(runs["whence"], runs["gdalwarp"], strict=True)
        figures["cpu_as_share_of_gdalwarp"] = median(one[0] / other[0] for one, other in pairs)
    figures["measured_error_px"] = measured_error_px(scan, pixels, world, samples=samples)
    return {name: significant(value) for name, value in figures.items()}


def measure(
    *,
    side: int = 6000,
    counts: Sequence[int] = (20, 100, 500),
    rounds: int = 3,
    samples: int = 20_000,
    folder: Path | None = None,
) -> dict[str, object]:
    """Compare at each number of control points."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scan = Path(name) / "scan.tif"
        write_scan(scan, side)
        return {
            f"{count}_points": compare(scan, count, side=side, rounds=rounds, samples=samples)
            for count in counts
        }


def main() -> None:
    """Run with other sizes than `python -m benchmarks` does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=6000, help="pixels")
    parser.add_argument("--points", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=20_000, help="pixels at which the error is measured")
    parser.add_argument("--folder", type=Path, help="where the files go for the time of the run")
    options = parser.parse_args()
    figures = measure(
        side=options.side,
        counts=options.points,
        rounds=options.rounds,
        samples=options.samples,
        folder=options.folder,
    )
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
