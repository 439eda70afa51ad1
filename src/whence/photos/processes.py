"""The same function over many items in several processes, in order and without leaving anyone behind."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from whence.errors import WhenceError

__all__ = ["map_in_processes"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 16  # items per process that wait or are done before they are asked for
_of_this_process: list[Callable[[Any], Any]] = []  # what a process of the pool made for itself


def map_in_processes(
    make: Callable[[], Callable[[Item], Result]], items: Iterable[Item], *, jobs: int
) -> Iterator[Result]:
    """Apply a function to items in several processes; results come in the order of the items.

    Parameters
    ----------
    make
        Called once in each process, gives the function to apply; must be picklable.
    items
        Picklable; drawn only a little ahead of the results.
    jobs
        Number of processes.

    Raises
    ------
    WhenceError
        When a process dies, which is mostly for lack of memory. What the function raises is passed on.
    """
    # Fresh processes, not forks: readers of text and pictures start threads, which a fork would cut off.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start, initargs=(make,))
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_apply, item))
            if len(waiting) >= _AHEAD * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise WhenceError(
            "a process ended without an answer, mostly for lack of memory; try again with fewer --jobs"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(make: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everyone; the parent alone ends the work
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _of_this_process.append(make())


def _end_with_parent() -> None:
    """Wait for the parent's end, however it comes: a killed parent cannot tell its processes to stop."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _apply(item: Any) -> Any:
    return _of_this_process[0](item)
