"""Land cover of an image of any size: tiles in, blended rows out, a file at the end."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.prediction.augmentation import augmentation, averaged
from whence.aerial.prediction.blending import Blender
from whence.aerial.prediction.blocks import CHUNK_ROWS, BlockStore
from whence.aerial.prediction.feed import reading
from whence.aerial.prediction.way_back import Presence, WayBack
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from whence.aerial.prediction.augmentation import Turn
    from whence.aerial.prediction.choices import Job
    from whence.aerial.prediction.source import Piece
    from whence.aerial.segmenter import Segmenter

__all__ = ["Pass", "Run"]


@dataclass
class Run:
    """What was done so far.

    Attributes
    ----------
    tiles
        In all.
    done
        Read, and predicted if they hold anything.
    skipped
        Those that hold nothing.
    earlier
        Those that an earlier run had done.
    """

    tiles: int = 0
    done: int = 0
    skipped: int = 0
    earlier: int = 0


class Pass:
    """One pass over an image from above to below, from the first row that is not finished on.

    Parameters
    ----------
    job
        What is predicted.
    segmenter
        The model, or its network in another runtime.
    store
        Where finished rows go.
    """

    def __init__(self, job: Job, segmenter: Segmenter, store: BlockStore) -> None:
        self._job, self._segmenter, self._store = job, segmenter, store
        area, cutter = job.cutter.area, job.cutter
        self._back = WayBack((cutter.rows.size, cutter.columns.size), (area.height, area.width))
        self._presence = Presence(area.width)
        self._turns: tuple[Turn, ...] = augmentation(job.choices.augment)
        self._answered: NDArray[np.float32] | None = None
        self.run = Run(tiles=len(cutter.rows) * len(cutter.columns))

    def go(self, *, memory_mb: float, progress: Callable[[int, int], None] | None) -> None:
        """Predict all rows that are not finished.

        Raises
        ------
        NotAnImageError
            When the image is truncated or damaged.
        InputError
            When the model's answers are none, or the disk is full.
        """
        cutter, choices = self._job.cutter, self._job.choices
        if self._store.finished >= cutter.area.height:
            self.run.done = self.run.earlier = self.run.tiles
            return
        first = cutter.rows.first_touching(self._back.first_needed(self._store.finished))
        self.run.done = self.run.earlier = first * len(cutter.columns)
        places = [
            (row, column) for row in range(first, len(cutter.rows)) for column in range(len(cutter.columns))
        ]
        blender = Blender(cutter.rows, cutter.columns, classes=len(self._segmenter.scheme.classes))
        with ExitStack() as stack:
            ahead = 2 * choices.batch + choices.workers
            opened = reading(
                self._job.image, cutter, places, workers=choices.workers, ahead=ahead, memory_mb=memory_mb
            )
            pieces = stack.enter_context(opened)
            for row in range(first, len(cutter.rows)):
                across = self._answers(islice(pieces, len(cutter.columns)), progress)
                self._back.take(blender.row(row, across), cutter.rows.starts[row])
                self._keep(self._back.ready(cutter.rows.done(row)))

    def _keep(self, ready: int) -> None:
        """Store the rows that became ready; those stored by an earlier run are passed over."""
        start = self._store.finished
        if ready > start:
            with self._store.block(ready) as put:
                for top, bottom, blended in self._back.rows(start, ready, chunk=CHUNK_ROWS):
                    there = self._presence.rows(top, bottom)
                    put(blended, None if there.all() else there)
        self._back.drop(max(ready, start))
        self._presence.drop(max(ready, start))

    def _answers(
        self, pieces: Iterator[Piece], progress: Callable[[int, int], None] | None
    ) -> Iterator[NDArray[np.uint32] | None]:
        """Give what the network says of each piece of a row, batch by batch; None for empty ones."""
        waiting: list[Piece] = []
        for piece in pieces:
            self._presence.put(piece.window, piece.there)
            waiting.append(piece)
            if sum(one.values is not None for one in waiting) == self._job.choices.batch:
                yield from self._said(waiting, progress)
                waiting = []
        yield from self._said(waiting, progress)

    def _said(
        self, pieces: list[Piece], progress: Callable[[int, int], None] | None
    ) -> Iterator[NDArray[np.uint32] | None]:
        answers = self._asked([one for one in pieces if one.values is not None])
        for piece in pieces:
            yield None if piece.values is None else next(answers)
            self.run.done += 1
            self.run.skipped += piece.values is None
            if progress is not None:
                progress(self.run.done, self.run.tiles)

    def _asked(self, pieces: list[Piece]) -> Iterator[NDArray[np.uint32]]:
        if not pieces:
            return iter(())
        tiles = np.stack([one.values for one in pieces if one.values is not None])
        valid = _stacked(pieces, tiles.shape[:3])
        cutter, room = self._job.cutter, self._room(tiles)
        held = min(cutter.rows.size, cutter.rows.side), min(cutter.columns.size, cutter.columns.side)
        return iter(averaged(self._probabilities, tiles, valid, turns=self._turns, held=held, room=room))

    def _room(self, tiles: NDArray[Any]) -> NDArray[np.float32]:
        """Give the memory that the answers to one batch after the other are put in."""
        shape = (len(tiles), len(self._segmenter.scheme.classes), *tiles.shape[1:3])
        if self._answered is None or len(self._answered) < len(tiles):
            self._answered = np.empty(shape, np.float32)
        return self._answered[: len(tiles)]

    def _probabilities(self, tiles: NDArray[Any], valid: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        said = np.asarray(self._segmenter.probabilities(tiles, valid))
        wanted = (len(tiles), len(self._segmenter.scheme.classes), *tiles.shape[1:3])
        if said.shape != wanted:
            raise InputError(f"the model answers in the shape {said.shape} where {wanted} is due")
        return said


def _stacked(pieces: list[Piece], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    if all(one.valid is None for one in pieces):
        return None
    found = np.ones(shape, np.bool_)
    for place, one in enumerate(pieces):
        if one.valid is not None:
            found[place] = one.valid
    return found
