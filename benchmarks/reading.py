"""Photographs per second that are opened, and whose metadata are read, on one core; Pillow is the measure."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image

from benchmarks.pictures import write_kinds, write_located
from benchmarks.timing import interleaved, ratio
from whence.imagery.exif import read_metadata
from whence.imagery.photo import open_image

SMALL_PX = 320
GPS_IFD = 0x8825
FILES = 50


def measure() -> dict[str, object]:
    """Open each kind of file at full and small size, and read metadata."""
    with tempfile.TemporaryDirectory() as name:
        figures: dict[str, object] = {kind: opening(path) for kind, path in write_kinds(Path(name)).items()}
        figures["metadata"] = metadata(write_located(Path(name), FILES))
    return figures


def opening(path: Path) -> dict[str, object]:
    """Time `open_image` beside Pillow's full decoding."""
    timings = interleaved(
        {
            "full": partial(open_image, path),
            "small": partial(open_image, path, size_hint_px=SMALL_PX),
            "pillow": partial(pillow_pixels, path),
        }
    )
    return {
        "full": timings["full"].per_item_ms() | {"per_cpu_second": timings["full"].per_cpu_second},
        "small": timings["small"].per_item_ms() | {"per_cpu_second": timings["small"].per_cpu_second},
        "pillow": timings["pillow"].per_item_ms(),
        "full_over_pillow": ratio(timings, "full", "pillow"),
        "small_over_pillow": ratio(timings, "small", "pillow"),
    }


def metadata(paths: list[Path]) -> dict[str, object]:
    """Time `read_metadata` beside Pillow's plain `getexif` and GPS directory."""
    timings = interleaved(
        {
            "read_metadata": lambda: [read_metadata(path) for path in paths],
            "pillow": lambda: [pillow_gps(path) for path in paths],
        },
        items=len(paths),
    )
    ours = timings["read_metadata"]
    return {
        "read_metadata": ours.per_item_ms() | {"per_cpu_second": ours.per_cpu_second},
        "pillow": timings["pillow"].per_item_ms(),
        "read_metadata_over_pillow": ratio(timings, "read_metadata", "pillow"),
    }


def pillow_pixels(path: Path) -> np.ndarray:
    """Decode as most scripts do."""
    with PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def pillow_gps(path: Path) -> dict[int, object]:
    """Read the GPS directory as most scripts do, without any check of it."""
    with PIL.Image.open(path) as image:
        return image.getexif().get_ifd(GPS_IFD)
