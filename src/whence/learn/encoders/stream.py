"""Decoding and encoding at the same time: threads open pictures ahead while the model works on a batch."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from whence.errors import InputError, NotFoundError
from whence.learn.encoders.protocol import Staged

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from whence.learn.encoders.protocol import Encoder
    from whence.typing import Floats32, Image

__all__ = ["encode_stream"]

Item = TypeVar("Item")

_BATCHES_AHEAD = 2


def encode_stream(
    encoder: Encoder,
    sources: Iterable[Item],
    *,
    open_image: Callable[[Item], Image],
    batch_size: int = 16,
    decoders: int = 2,
) -> Iterator[tuple[Item, Floats32 | None, str]]:
    """Encode pictures in the order in which they come; one that cannot be opened yields its problem.

    While the model encodes one batch, threads open the pictures of the next two (JPEG decoding and
    scaling let other threads run). What an encoder can do per picture, such as scaling and normalising
    for a network, is done by those threads too. No more than three batches of pictures are in memory,
    however many there are, and `sources` is read no further ahead than that.

    Parameters
    ----------
    encoder
        What turns pictures into vectors.
    sources
        Whatever `open_image` understands: paths, keys of a store, photographs.
    open_image
        Gives the picture (h, w, 3) uint8 of a source. It is called from several threads. An
        `InputError` (so a `NotAnImageError`) or an `OSError` of it is the picture's problem; any
        other error stops the stream.
    batch_size
        Pictures that the model sees at once.
    decoders
        Threads that open pictures; 0 opens them in this thread, between the batches.

    Yields
    ------
    item, vector, problem
        The source; its vector (dim,) of unit length and "", or None and why there is none.

    Raises
    ------
    InputError
        When `batch_size` or `decoders` cannot be.

    Examples
    --------
    >>> from whence.learn.encoders import load_encoder
    >>> grey = lambda level: np.full((20, 30, 3), level, np.uint8)
    >>> rows = list(encode_stream(load_encoder("thumbnail"), [10, 20], open_image=grey))
    >>> [(item, vector.shape, problem) for item, vector, problem in rows]
    [(10, (768,), ''), (20, (768,), '')]
    """
    if batch_size < 1 or decoders < 0:
        raise InputError(
            f"a batch of {batch_size} with {decoders} decoders cannot be; use at least 1 picture, 0 threads"
        )
    return _encoded(_Opener(encoder, open_image), iter(sources), size=batch_size, threads=decoders)


@dataclass(frozen=True)
class _Opened(Generic[Item]):
    """A source and its picture, as far as the encoder prepares one by itself, or why there is none."""

    item: Item
    picture: Any
    problem: str


@dataclass(frozen=True)
class _Opener(Generic[Item]):
    encoder: Encoder
    open_image: Callable[[Item], Image]

    def __call__(self, item: Item) -> _Opened[Item]:
        try:
            picture = self.open_image(item)
        except (InputError, NotFoundError, OSError) as error:
            return _Opened(item, None, str(error) or type(error).__name__)
        if isinstance(self.encoder, Staged):
            return _Opened(item, self.encoder.prepare(picture), "")
        return _Opened(item, picture, "")

    def vectors(self, pictures: list[Any]) -> Floats32:
        """Vectors (n, dim) of what `__call__` opened."""
        if isinstance(self.encoder, Staged):
            return self.encoder.encode_prepared(np.stack(pictures))
        return self.encoder.encode(pictures)


def _encoded(
    opener: _Opener[Item], items: Iterator[Item], *, size: int, threads: int
) -> Iterator[tuple[Item, Floats32 | None, str]]:
    opened = _in_order(opener, items, ahead=_BATCHES_AHEAD * size, threads=threads)
    try:
        while batch := list(islice(opened, size)):
            whole = [one.picture for one in batch if not one.problem]
            vectors = iter(opener.vectors(whole) if whole else np.empty((0, 0), np.float32))
            for one in batch:
                yield one.item, None if one.problem else next(vectors), one.problem
    finally:
        opened.close()


def _in_order(
    opener: _Opener[Item], items: Iterator[Item], *, ahead: int, threads: int
) -> Generator[_Opened[Item], None, None]:
    """Open pictures in threads, at most `ahead` of what was asked for; without threads, when asked."""
    if not threads:
        yield from map(opener, items)
        return
    waiting: deque[Future[_Opened[Item]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="whence-decoder")
    try:
        waiting.extend(pool.submit(opener, item) for item in islice(items, ahead))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(opener, item) for item in islice(items, 1))
            yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
