"""What an index entry costs: milliseconds of one core, decoding included, and bytes; on the drawn town."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import interleaved, significant
from whence.imagery.photo import open_image
from whence.learn.encoders.baselines import Gist, LabHistogram, Thumbnail
from whence.learn.encoders.classic.encoder import ClassicEncoder
from whence.photos.index import PlaceIndex
from whence.smallworld import Town, write_photographs

PHOTOS = 60
BATCH = 12


def measure() -> dict[str, object]:
    """Fit the classic encoder on the town's photographs, encode with it and the baselines, build an index."""
    with tempfile.TemporaryDirectory() as name:
        table = write_photographs(Town.build(seed=0), Path(name) / "photos", count=PHOTOS)
        paths = sorted(table.parent.glob("*.jpg"))
        start = time.process_time()
        classic = ClassicEncoder.fit(
            (open_image(path, size_hint_px=ClassicEncoder.input_px) for path in paths),
            rng=np.random.default_rng(0),
        )
        fitting_s = time.process_time() - start
        encoders = {
            "classic": classic,
            "thumbnail": Thumbnail(),
            "lab-histogram": LabHistogram(),
            "gist": Gist(),
        }
        timings = interleaved(
            {
                name: lambda encoder=encoder: encoder.encode(
                    [open_image(path, size_hint_px=encoder.input_px) for path in paths[:BATCH]]
                )
                for name, encoder in encoders.items()
            },
            items=BATCH,
        )
        index = PlaceIndex.build(table, Path(name) / "town.index", encoder=classic)
        return {
            "photos": len(paths),
            "photo_px": list(reversed(open_image(paths[0]).shape[:2])),
            "fit_cpu_ms_per_photo": significant(1000 * fitting_s / len(paths)),
            "decode_and_encode": {name: timing.per_item_ms() for name, timing in timings.items()},
            "vector_bytes_per_photo": {name: encoder.dim for name, encoder in encoders.items()},
            "index_data_bytes_per_photo": significant(stored_bytes(index.folder) / len(index)),
        }


def stored_bytes(folder: Path) -> int:
    """Bytes of an index that grow with its photographs: all but the encoder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if "encoder" not in path.relative_to(folder).parts)
