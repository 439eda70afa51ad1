"""Tiles read ahead by threads, handed out in order whatever their number."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from whence.imagery.raster import open_raster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from whence.aerial.prediction.source import Cutter, Piece
    from whence.imagery.raster import RasterReader
    from whence.typing import PathLike

__all__ = ["reading"]


@contextmanager
def reading(
    path: PathLike,
    cutter: Cutter,
    places: Iterable[tuple[int, int]],
    *,
    workers: int,
    ahead: int,
    memory_mb: float,
) -> Iterator[Iterator[Piece]]:
    """Read tiles in order.

    Parameters
    ----------
    path, cutter
        The raster, and how tiles are cut out of it.
    places
        Row and column of each tile.
    workers
        Threads that read, each with the file opened for itself; 0 reads when asked.
    ahead
        How many tiles may lie ready.
    memory_mb
        What the blocks of the file that were decoded may take.

    Yields
    ------
    Iterator[Piece]
        One for every place.
    """
    with ExitStack() as stack:
        share = memory_mb / max(workers, 1)
        readers = [stack.enter_context(open_raster(path, memory_mb=share)) for _ in range(max(workers, 1))]
        if workers == 0:
            yield (cutter.cut(readers[0], row, column) for row, column in places)
            return
        pool = ThreadPoolExecutor(workers, thread_name_prefix="tiles")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        yield _ahead(pool, readers, cutter, places, ahead)


def _ahead(
    pool: ThreadPoolExecutor,
    readers: list[RasterReader],
    cutter: Cutter,
    places: Iterable[tuple[int, int]],
    ahead: int,
) -> Iterator[Piece]:
    free: SimpleQueue[RasterReader] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def cut(row: int, column: int) -> Piece:
        reader = free.get()
        try:
            return cutter.cut(reader, row, column)
        finally:
            free.put(reader)

    waiting: deque[Future[Piece]] = deque()
    for row, column in places:
        waiting.append(pool.submit(cut, row, column))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
