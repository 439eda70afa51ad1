"""Finished rows on disk: an interrupted prediction goes on from them, and only as the same prediction."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.file_lock import FileLock
from whence.imagery.geotiff import refusals
from whence.imagery.raster import without_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.aerial.prediction.layers import Layer
    from whence.typing import Bools, Json

__all__ = ["CHUNK_ROWS", "Block", "BlockStore"]

CHUNK_ROWS = 64
"""Rows that are worked on at once."""

_VERSION = 1
_MANIFEST = "progress.json"
_ACROSS_PX = 512


@dataclass(frozen=True)
class Block:
    """Rows of the image that are finished.

    Attributes
    ----------
    start, stop
        First row, and the one after the last.
    counts
        Pixels of every class, and last those that hold nothing.
    """

    start: int
    stop: int
    counts: tuple[int, ...]


class BlockStore:
    """A folder of finished blocks beside the file that is to be made.

    Parameters
    ----------
    layers
        What is stored of each block; the folder stands beside the file of the first one.
    width
        Columns of the image.

    Attributes
    ----------
    lock
        Whoever holds it works on the blocks.
    """

    def __init__(self, layers: Sequence[Layer], width: int) -> None:
        out = layers[0].path
        self.folder = out.with_name(f".{out.name}.partial")
        self.lock = FileLock(out.with_name(f".{out.name}.lock"), out)
        self.layers, self.width = layers, width
        self.blocks: list[Block] = []
        self._job: Json = {}

    def begin(self, job: Json, *, restart: bool, resumable: bool) -> None:
        """Take up what an earlier run has finished, or start.

        Parameters
        ----------
        job
            Everything that the result depends on.
        restart
            Do it all again.
        resumable
            Whether `job` tells all; otherwise it is all done again too.

        Raises
        ------
        InputError
            When what is there belongs to another prediction.
        """
        self._job = job
        if self.folder.is_dir() and resumable and not restart:
            self.blocks = self._taken_up()
            return
        self.discard()
        try:
            self.folder.mkdir()
        except OSError as error:
            raise InputError(
                f"{self.folder.parent} cannot be written to ({error.strerror}); choose another place"
            ) from error
        self._note()

    def _taken_up(self) -> list[Block]:
        way_out = "give the same settings again, or start over with restart (--restart)"
        try:
            manifest = json.loads((self.folder / _MANIFEST).read_text("utf-8"))
            before, rows = manifest["job"], manifest["blocks"]
            blocks = [Block(one["start"], one["stop"], tuple(one["counts"])) for one in rows]
            version = manifest["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.folder} cannot be gone on from ({error}); {way_out}") from error
        now = json.loads(json.dumps(self._job))
        if version != _VERSION:
            raise InputError(f"{self.folder} was begun by another version of whence; {way_out}")
        changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if changed:
            what = "; ".join(f"{name} was {before.get(name)}, now {now.get(name)}" for name in changed)
            raise InputError(f"{self.folder} holds the beginning of another prediction ({what}); {way_out}")
        return blocks

    @property
    def finished(self) -> int:
        """Rows of the image that are finished."""
        return self.blocks[-1].stop if self.blocks else 0

    @contextmanager
    def block(self, stop: int) -> Iterator[Callable[[NDArray[Any], Bools | None], None]]:
        """Give a function that takes the next rows, up to `stop`, in chunks of `CHUNK_ROWS` and a rest."""
        start, number = self.finished, len(self.blocks)
        classes = len(self.layers[0].scheme.classes) if self.layers[0].scheme else 0
        counts = np.zeros(classes + 1, np.int64)
        with ExitStack() as stack:
            sinks = [stack.enter_context(self._created(layer, number, stop - start)) for layer in self.layers]
            row = 0

            def put(blended: NDArray[Any], there: Bools | None) -> None:
                nonlocal row, counts
                for place, (layer, sink) in enumerate(zip(self.layers, sinks, strict=True)):
                    values = layer.values(blended, there)
                    _write(sink, values, row)
                    if place == 0:
                        counts += _counted(values, classes)
                row += blended.shape[1]

            yield put
        self.blocks.append(Block(start, stop, tuple(counts.tolist())))
        self._note()

    def file(self, layer: Layer, number: int) -> Path:
        """Where a block of a layer is."""
        return self.folder / f"{number:06d}.{layer.name}.tif"

    def discard(self) -> None:
        """Forget what was finished."""
        self.blocks = []
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    @contextmanager
    def _created(self, layer: Layer, number: int, rows: int) -> Iterator[Any]:
        import rasterio

        options = {
            "driver": "GTiff",
            "dtype": layer.stored,
            "count": len(layer.bands),
            "width": self.width,
            "height": rows,
            "tiled": True,
            "blockxsize": _ACROSS_PX,
            "blockysize": CHUNK_ROWS,
            "interleave": "band",
            "compress": "deflate",
            "zlevel": 1,
            "bigtiff": "IF_SAFER",
            **({"nbits": layer.bits} if layer.bits else {}),
        }
        with atomic_path(self.file(layer, number)) as beside, refusals(layer.path):
            with without_place():  # blocks have none of their own, and that is right
                opened = rasterio.open(beside, "w", **options)
            with opened as dataset:
                yield dataset

    def _note(self) -> None:
        blocks = [{"start": one.start, "stop": one.stop, "counts": one.counts} for one in self.blocks]
        text = json.dumps({"version": _VERSION, "job": self._job, "blocks": blocks})
        with atomic_path(self.folder / _MANIFEST) as beside:
            beside.write_text(text, encoding="utf-8")


def _counted(values: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Count the pixels of each class, and last the others."""
    found = [np.count_nonzero(values == number) for number in range(classes)]
    return np.array([*found, values.size - sum(found)], np.int64)


def _write(sink: Any, values: NDArray[Any], row: int) -> None:
    from rasterio.windows import Window as Area

    sink.write(values, window=Area(0, row, values.shape[2], values.shape[1]))
