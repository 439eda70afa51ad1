"""The same function over many items in several processes, in order and without leaving anyone behind.

This module imports nothing heavy, because a fresh process must learn that it may use one thread only before
numpy is loaded.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from whence.errors import WhenceError

__all__ = ["map_in_processes", "settle_in"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
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
        Number of processes, of one thread each.

    Raises
    ------
    WhenceError
        When a process dies, which is mostly for lack of memory. What the function raises is passed on.
    """
    # Fresh processes, not forks: readers of text and pictures start threads, which a fork would cut off.
    pool = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start, initargs=(pickle.dumps(make),)
    )
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


def settle_in() -> None:
    """Prepare a fresh process: one thread, deaf to Ctrl-C, and gone when its parent is.

    Ctrl-C reaches every process, but the parent alone ends the work; a parent that is killed cannot.
    """
    for name in _THREAD_LIMITS:
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start(pickled_make: bytes) -> None:
    settle_in()
    make = pickle.loads(pickled_make)  # noqa: S301 - made by our own parent, never read from disk
    _of_this_process.append(make())


def _apply(item: Any) -> Any:
    return _of_this_process[0](item)
