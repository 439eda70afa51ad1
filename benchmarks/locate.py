"""`whence locate` as a whole: start of the program, photographs with EXIF positions, reading of text."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.pictures import write_located, write_signs
from benchmarks.timing import interleaved, significant
from whence._optional import available
from whence.photos.locate import gather, locate_each, locator

FILES = 50
STARTS = 5
PROGRAM = "from whence.cli import main; main()"


def measure() -> dict[str, object]:
    """Time the program's start, and the work per photograph without it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        located = [str(path) for path in write_located(folder, FILES)]
        figures: dict[str, object] = {
            "start_help": program("--help"),
            "start_and_one_photo_exif": program("locate", located[0], "--sources", "exif"),
            "exif_and_time": per_photo(located, without=["text", "camera", "index"]),
        }
        if available("rapidocr"):
            signs = [str(path) for path in write_signs(folder)]
            figures["text_only"] = per_photo(signs, without=["exif", "time", "camera", "index"])
    return figures


def per_photo(paths: list[str], *, without: list[str]) -> dict[str, float]:
    """Time everything but the preparation of the sources."""
    prepared = locator(without=without)
    timings = interleaved(
        {"": lambda: list(locate_each(gather(paths), prepared))}, rounds=3, items=len(paths)
    )
    return timings[""].per_item_ms()


def program(*arguments: str) -> dict[str, float]:
    """Run the program a few times in processes of its own."""
    cpu_s, wall_s = [], []
    for _ in range(STARTS):
        before, start = children_cpu_s(), time.perf_counter()
        subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, capture_output=True)
        wall_s.append(time.perf_counter() - start)
        cpu_s.append(children_cpu_s() - before)
    return {
        "cpu_ms_median": significant(1000 * median(cpu_s)),
        "wall_ms_median": significant(1000 * median(wall_s)),
        "wall_ms_min": significant(1000 * min(wall_s)),
    }


def children_cpu_s() -> float:
    """CPU seconds of the processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
