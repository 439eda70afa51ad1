"""Scans made by code, and what their sheets are compared with."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

CRS = "EPSG:32635"
ORIGIN = np.array([500_000.0, 6_700_000.0])


def write_scan(path: Path, values: np.ndarray, **options: Any) -> Path:
    """Write (height, width, bands) as a TIFF without a position."""
    height, width, count = values.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": count, "dtype": values.dtype}
    colormap = options.pop("colormap", None)
    mask = options.pop("mask", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile, **options) as dataset:
            dataset.write(values.transpose(2, 0, 1))
            if colormap:
                dataset.write_colormap(1, colormap)
            if mask is not None:
                dataset.write_mask(mask)
    return path


def smooth_values(pixels: np.ndarray) -> np.ndarray:
    """(..., 3) values that vary slowly with (..., 2) column, row."""
    x, y = pixels[..., 0], pixels[..., 1]
    bands = [127 + 100 * np.sin(x / 60), 127 + 100 * np.cos(y / 70), 127 + 100 * np.sin((x + y) / 80)]
    return np.stack(bands, axis=-1)


def smooth_scan(width: int, height: int) -> np.ndarray:
    """(height, width, 3) 8-bit values of `smooth_values` at pixel centres."""
    centers = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), axis=-1)
    return np.rint(smooth_values(centers)).astype(np.uint8)


def control_points(
    count: int, width: int, height: int, *, noise_m: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a sheet at 2 m a pixel, turned by 3 degrees, with waves and noise; rows grow downward."""
    rng = np.random.default_rng(count)
    side = int(np.ceil(np.sqrt(count)))
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:count]
    pixels = (cells + rng.uniform(0.2, 0.8, (count, 2))) / side * [width, height]
    angle = np.radians(3.0)
    turn = 2.0 * np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    waves = 6.0 * np.sin(pixels[:, ::-1] / 300.0)
    return pixels, pixels @ turn.T + ORIGIN + waves + rng.normal(0.0, 3.0, (count, 2))


def read_sheet(path: Path) -> tuple[np.ndarray, np.ndarray, Any]:
    """(height, width, bands) with alpha left in, (height, width) mask, and the open file's profile."""
    with rasterio.open(path) as dataset:
        profile = {**dataset.profile, "tags": dataset.tags(), "colorinterp": dataset.colorinterp}
        profile["overviews"] = dataset.overviews(1)
        return dataset.read().transpose(1, 2, 0), dataset.dataset_mask() > 0, profile
