"""Encoding in shards, each renamed into place when whole, so that little is ever lost.

This module imports nothing heavy, because a fresh process must learn that it may use one thread only before
numpy is loaded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from whence.photos.processes import map_in_processes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from whence.learn.encoders.protocol import Encoder
    from whence.typing import Image

__all__ = ["Plan", "Progress", "ShardWriter", "Shards"]

Progress = Callable[[int, int], None]
"""Called with (photographs done, photographs in all) after every shard."""

_PLAN = "plan.json"
_MANY = 256  # a whole shard of so many cannot be unreadable by chance


@dataclass(frozen=True)
class Plan:
    """What is being encoded: only the same plan is taken up again.

    Attributes
    ----------
    encoder
        Identity of the encoder.
    digest
        `Metadata.digest` of the pictures.
    count
        Pictures.
    size
        Pictures a shard: what an interruption can cost.
    """

    encoder: str
    digest: str
    count: int
    size: int

    def rows(self, number: int) -> range:
        """Rows of the pictures of a shard."""
        return range(number * self.size, min((number + 1) * self.size, self.count))

    def __len__(self) -> int:
        return -(-self.count // self.size)


@dataclass(frozen=True)
class Shards:
    """The shards of a plan in a folder.

    Attributes
    ----------
    folder
        Where they lie.
    plan
        What they are of.
    """

    folder: Path
    plan: Plan

    @classmethod
    def claim(cls, folder: Path, plan: Plan) -> Shards:
        """Begin a plan, or take one up.

        Raises
        ------
        InputError
            When the shards in the folder are of another encoder or of other pictures.
        """
        from whence.imagery.atomic import atomic_path

        path = folder / _PLAN
        if path.is_file():
            begun = Plan(**json.loads(path.read_text(encoding="utf-8")))
            _check_same(begun, plan, folder)
            return cls(folder, begun)
        if folder.exists():
            shutil.rmtree(folder)  # killed before there was a plan
        folder.mkdir()
        with atomic_path(path) as beside:
            beside.write_text(json.dumps(asdict(plan)) + "\n", encoding="utf-8")
        return cls(folder, plan)

    def path(self, number: int) -> Path:
        """File of a shard."""
        return self.folder / f"shard-{number:06d}.npz"

    def missing(self) -> list[int]:
        """Numbers of the shards that are not there yet."""
        return [number for number in range(len(self.plan)) if not self.path(number).is_file()]

    def rows(self, number: int) -> NDArray[np.float16]:
        """Read the unit rows (m, dim) of the pictures of a shard that could be encoded."""
        import numpy as np

        with np.load(self.path(number), allow_pickle=False) as stored:
            rows: NDArray[np.float16] = stored["rows"]
        return rows

    def problems(self) -> dict[int, str]:
        """Row of every picture that could not be encoded -> why."""
        import numpy as np

        found: dict[int, str] = {}
        for number in range(len(self.plan)):
            with np.load(self.path(number), allow_pickle=False) as stored:
                where, reasons = stored["where"], stored["reasons"]
            found.update(zip(where.tolist(), reasons.tolist(), strict=True))
        return found

    def encode(
        self,
        writer: ShardWriter,
        *,
        keys: Sequence[Any],
        problems: Mapping[int, str],
        workers: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Make the missing shards; batches end where shards end, so the result knows no interruption.

        Parameters
        ----------
        writer
            Makes a shard.
        keys
            One a picture, in the order of the rows.
        problems
            Row -> why it need not be tried.
        workers
            Processes of one thread each; 0 encodes here.
        progress
            Called after every shard.
        """
        missing = self.missing()
        done = self.plan.count - sum(len(self.plan.rows(number)) for number in missing)
        if progress:
            progress(done, self.plan.count)
        work = (self._work(number, keys, problems) for number in missing)
        for count in _written(writer, work, workers):
            done += count
            if progress:
                progress(done, self.plan.count)

    def _work(self, number: int, keys: Sequence[Any], problems: Mapping[int, str]) -> _Work:
        rows = self.plan.rows(number)
        known = {row: problems[row] for row in rows if row in problems}
        return _Work(self.path(number), rows, keys[rows.start : rows.stop], known)


@dataclass(frozen=True)
class _Work:
    """A shard to make: where, which rows, their keys, and what is known not to work."""

    path: Path
    rows: range
    keys: Sequence[Any]
    problems: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class ShardWriter:
    """Makes shards, in this process or in another.

    Attributes
    ----------
    encoder
        Turns pictures into vectors.
    opener
        Gives the picture of a key at about the size wanted.
    batch
        Pictures that the model sees at once.
    decoders
        Threads that open pictures while the model works.
    saved
        Folder from which another process loads the encoder; without it the encoder itself is sent there.
    """

    encoder: Encoder
    opener: Callable[[Any, int], Image]
    batch: int
    decoders: int
    saved: Path | None = None

    def __call__(self, work: _Work) -> int:
        """Encode and write one shard; returns its number of pictures.

        Raises
        ------
        InputError
            When not one of many pictures can be read: then the fault is not theirs.
        """
        import numpy as np

        from whence.errors import InputError
        from whence.imagery.atomic import atomic_path
        from whence.photos.features.rows import unit_rows

        vectors, problems = self._encoded(work)
        rows, usable = unit_rows(vectors)
        good = [row for row in work.rows if row not in problems]
        for row in np.asarray(good, np.int64)[~usable].tolist():
            problems[row] = "its vector is zero or not finite"
        if len(work.rows) >= _MANY and not usable.any():
            raise InputError(
                f"none of {len(work.rows)} pictures in a row can be encoded, so the fault is hardly theirs; "
                f"the first: {problems[work.rows[0]]}. Mend it and give the same command again"
            )
        where = sorted(problems)
        with atomic_path(work.path) as beside:
            np.savez(
                beside,
                allow_pickle=False,
                rows=rows[usable],
                where=np.array(where, np.int64),
                reasons=np.array([problems[row] for row in where], np.str_),
            )
        return len(work.rows)

    def _encoded(self, work: _Work) -> tuple[NDArray[np.float32], dict[int, str]]:
        """Vectors (m, dim) of what can be opened, and row -> why of what cannot."""
        import numpy as np

        from whence.imagery.naming import legible
        from whence.learn.encoders.stream import encode_stream

        problems = dict(work.problems)
        keys = {row: key for row, key in zip(work.rows, work.keys, strict=True) if row not in problems}
        size_px = self.encoder.input_px
        stream = encode_stream(
            self.encoder,
            keys,
            open_image=lambda row: self.opener(keys[row], size_px),
            batch_size=self.batch,
            decoders=self.decoders,
        )
        vectors = np.empty((len(keys), self.encoder.dim), np.float32)
        count = 0
        for row, vector, problem in stream:
            if vector is None:
                problems[row] = legible(f"unreadable: {problem}")
            else:
                vectors[count] = vector
                count += 1
        return vectors[:count], problems


def _written(writer: ShardWriter, work: Iterator[_Work], workers: int) -> Iterator[int]:
    """Make shards here or in several processes; gives the number of pictures of each."""
    if not workers:
        return map(writer, work)
    if writer.saved is None:
        return map_in_processes(partial(_given, writer), work, jobs=workers)
    make = partial(_reopened, writer.saved, writer.opener, writer.batch)
    return map_in_processes(make, work, jobs=workers)


def _given(writer: ShardWriter) -> ShardWriter:
    """Prepare a fresh process: OpenCV too may use one thread only."""
    import cv2

    cv2.setNumThreads(1)
    return writer


def _reopened(saved: Path, opener: Callable[[Any, int], Image], batch: int) -> ShardWriter:
    """Prepare a fresh process, which opens the encoder by itself: a network cannot be sent."""
    from whence.learn.encoders import load_encoder

    return _given(ShardWriter(load_encoder(saved), opener, batch, decoders=0))


def _check_same(begun: Plan, plan: Plan, folder: Path) -> None:
    from whence.errors import InputError

    way = "give what it was begun with, another --out, or --restart to begin anew"
    if begun.encoder != plan.encoder:
        raise InputError(
            f"{folder.parent} was begun with the encoder {begun.encoder!r}, not with {plan.encoder!r}: their "
            f"vectors cannot be compared; {way}"
        )
    if (begun.digest, begun.count) != (plan.digest, plan.count):
        raise InputError(
            f"{folder.parent} was begun with {begun.count} other pictures than these {plan.count}; {way}"
        )
