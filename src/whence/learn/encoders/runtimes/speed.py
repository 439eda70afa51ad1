"""How fast each runtime is here, and how far its vectors are from float32."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.learn.encoders.runtimes.acceleration import accelerated
from whence.learn.encoders.runtimes.fidelity import probe_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.learn.encoders.runtimes.acceleration import AcceleratedEncoder
    from whence.learn.encoders.runtimes.fidelity import Fidelity
    from whence.learn.encoders.transformers import TransformersEncoder
    from whence.typing import Floats32, PathLike

__all__ = ["Speed", "time_runtimes"]


@dataclass(frozen=True)
class Speed:
    """What one runtime reached.

    Attributes
    ----------
    runtime
        Its name.
    images_per_s
        Pictures per second of wall time, without decoding and preparing; the median of the rounds.
    cpu_s_per_image
        Processor seconds per picture, all threads together; the median of the rounds.
    fidelity
        How far its vectors are from float32; None where it cannot run.
    problem
        Why it cannot run; empty if it can.
    """

    runtime: str
    images_per_s: float
    cpu_s_per_image: float
    fidelity: Fidelity | None
    problem: str = ""


def time_runtimes(
    encoder: TransformersEncoder,
    runtimes: Sequence[str],
    *,
    batch_size: int = 16,
    rounds: int = 3,
    threads: int | None = None,
    cache: PathLike | None = None,
) -> list[Speed]:
    """Time runtimes in turns, so that a slow moment of the machine hits them all.

    Parameters
    ----------
    encoder
        Whose network; its pictures are drawn.
    runtimes
        Names of `RUNTIMES`; one that this network cannot run gives a row that says why.
    batch_size
        Pictures that the network sees at once.
    rounds
        How often each is timed, after one call that is not.
    threads, cache
        As for `accelerated`.

    Raises
    ------
    MissingExtraError
        When one of them is not installed.
    """
    pixels = _pixels(encoder, batch_size)
    made: dict[str, AcceleratedEncoder] = {}
    problems: dict[str, str] = {}
    for name in runtimes:
        try:
            made[name] = accelerated(encoder, name, threads=threads, cache=cache, force=True)
        except InputError as error:
            problems[name] = str(error)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in made}
    for one in made.values():
        one.encode_prepared(pixels)
    for _ in range(rounds):
        for name, one in made.items():
            taken[name].append(_timed(one, pixels))
    return list(_speeds(runtimes, made, taken, problems, batch_size=batch_size))


def _pixels(encoder: TransformersEncoder, count: int) -> Floats32:
    pictures = probe_pictures(encoder.input_px, count=min(count, 8))
    prepared = [encoder.prepare(picture) for picture in pictures]
    return np.stack([prepared[i % len(prepared)] for i in range(count)])


def _timed(encoder: AcceleratedEncoder, pixels: Floats32) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    encoder.encode_prepared(pixels)
    return time.perf_counter() - wall, time.process_time() - cpu


def _speeds(
    runtimes: Sequence[str],
    made: dict[str, AcceleratedEncoder],
    taken: dict[str, list[tuple[float, float]]],
    problems: dict[str, str],
    *,
    batch_size: int,
) -> Iterator[Speed]:
    for name in runtimes:
        if name in problems:
            yield Speed(name, 0.0, 0.0, None, problems[name])
            continue
        wall = median(seconds for seconds, _ in taken[name])
        cpu = median(seconds for _, seconds in taken[name])
        yield Speed(name, batch_size / wall, cpu / batch_size, made[name].fidelity)
