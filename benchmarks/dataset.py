"""Pictures per second from zip archives into a store, and out of it; a plain loop is the measure."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb
import numpy as np

from benchmarks.timing import interleaved, ratio
from whence.photos.datasets import import_osv5m

if TYPE_CHECKING:
    from whence.imagery.store import ImageStore

PICTURES = 2_000
PICTURE_BYTES = 50_000
"""About what a picture of OSV-5M takes: 512 pixels high, JPEG."""
READS = 1_000


def measure() -> dict[str, object]:
    """Import a miniature in the published layout, and read it at random and in order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_published(folder / "osv5m")
        store = import_osv5m(folder / "osv5m", folder / "store")
        return {"importing": importing(folder), "reading": reading(store)}


def importing(folder: Path) -> dict[str, object]:
    """Time the import beside a plain loop of `zipfile` and `lmdb`, which checks nothing and cannot go on."""
    timings = interleaved(
        {
            "whence": partial(anew, import_whole, folder),
            "plain loop": partial(anew, import_plainly, folder),
        },
        items=PICTURES,
    )
    return {
        name: timing.per_item_ms() | {"per_cpu_second": timing.per_cpu_second}
        for name, timing in timings.items()
    } | {"whence_over_plain_loop": ratio(timings, "whence", "plain loop")}


def reading(store: ImageStore) -> dict[str, object]:
    """Time random reads, and one pass in order; the file is in the system's cache."""
    generator = np.random.default_rng(0)
    names = [store.ids[row] for row in generator.integers(0, len(store), READS)]
    timings = interleaved(
        {
            "random": lambda: [store.read(name) for name in names],
            "in order": lambda: list(store.items(0, READS)),
        },
        items=READS,
    )
    return {
        name: timing.per_item_ms() | {"per_cpu_second": timing.per_cpu_second}
        for name, timing in timings.items()
    }


def anew(action: Callable[[Path, Path], object], folder: Path) -> None:
    """Do something with a target that is not there yet."""
    target = folder / "anew"
    shutil.rmtree(target, ignore_errors=True)
    action(folder / "osv5m", target)


def import_whole(source: Path, target: Path) -> None:
    """Import as users do."""
    import_osv5m(source, target)


def import_plainly(source: Path, target: Path) -> None:
    """Import as a short script does."""
    with lmdb.open(str(target), map_size=2**33) as environment:
        for path in sorted(source.glob("images/train/*.zip")):
            with zipfile.ZipFile(path) as archive, environment.begin(write=True) as writing:
                for name in archive.namelist():
                    writing.put(Path(name).stem.encode(), archive.read(name))


def write_published(folder: Path) -> None:
    """Write archives and a table in the published layout; pictures are a JPEG frame round noise."""
    generator = np.random.default_rng(0)
    ids = [str(10**14 + int(number)) for number in generator.choice(10**9, PICTURES, replace=False)]
    (folder / "images" / "train").mkdir(parents=True)
    positions = np.column_stack(
        [generator.uniform(-85, 85, PICTURES), generator.uniform(-180, 180, PICTURES)]
    )
    rows = [f"{name},{lat:.6f},{lon:.6f}" for name, (lat, lon) in zip(ids, positions, strict=True)]
    (folder / "train.csv").write_text("\n".join(["id,latitude,longitude", *rows]) + "\n", encoding="utf-8")
    for number in range(4):
        with zipfile.ZipFile(folder / f"images/train/{number:02}.zip", "w") as archive:
            for name in ids[number::4]:
                archive.writestr(f"{number:02}/{name}.jpg", picture(generator))


def picture(generator: np.random.Generator) -> bytes:
    """Give what has the structure and size of a JPEG; nothing here decodes it."""
    frame = bytes.fromhex("ffd8 ffc0000b080200020001011100 ffda0008010100003f00")
    scan = generator.integers(0, 255, PICTURE_BYTES, np.uint8).tobytes()  # without 0xff, so without markers
    return frame + scan + b"\xff\xd9"
