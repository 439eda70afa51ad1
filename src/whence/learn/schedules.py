"""How the learning rate goes over a training: pure functions of the step, so nothing is to be remembered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from whence.errors import InputError

__all__ = ["SCHEDULES", "rate_at", "restarted"]

_STEP_EVERY = 1.0 / 3.0  # of the training: the rate falls at a third and at two thirds
_STEP_FACTOR = 0.1
_CYCLES, _GROWTH = 3, 2.0  # of the restarts: a seventh of the training, then two, then four sevenths


def restarted(done: float, *, cycles: int = _CYCLES, growth: float = _GROWTH) -> float:
    """Cosine half waves one after the other, each `growth` times as long (Loshchilov and Hutter 2017, SGDR).

    Parameters
    ----------
    done
        Share of the training that is done, 0 to 1.
    cycles
        Number of half waves; the last one ends with the training.
    growth
        Length of each in lengths of the one before.

    Returns
    -------
    float
        Factor of the rate: 1 at the beginning of each half wave, near 0 at its end.

    Examples
    --------
    >>> [round(restarted(sevenths / 7), 2) for sevenths in (0, 0.5, 1, 2, 3, 5, 7)]
    [1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 0.0]
    """
    lengths = [growth**cycle for cycle in range(cycles)]
    place = done * sum(lengths)
    for length in lengths[:-1]:
        if place < length * (1.0 - 1e-12):
            return 0.5 * (1.0 + math.cos(math.pi * place / length))
        place = max(0.0, place - length)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, place / lengths[-1])))


SCHEDULES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "constant": lambda _done: 1.0,
        "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
        "cosine-restarts": restarted,
        "linear": lambda done: 1.0 - done,
        "step": lambda done: _STEP_FACTOR ** math.floor(done / _STEP_EVERY + 1e-9),
    }
)
"""Name -> factor of the rate, of the share of the training that is done (0 to 1).

``cosine`` is the half wave of Loshchilov and Hutter 2017 without restarts, ``cosine-restarts`` three such
waves, each twice as long as the one before; ``step`` divides by ten at a third and at two thirds.
"""


def rate_at(step: int, *, rate: float, schedule: str, steps: int, warmup: int = 0) -> float:
    """Learning rate of a step.

    Parameters
    ----------
    step
        From 0.
    rate
        The rate that the schedule scales.
    schedule
        A name of `SCHEDULES`; it runs over what the warm-up leaves.
    steps
        Steps of the whole training.
    warmup
        Steps over which the rate rises linearly to `rate`, the last of them having all of it.

    Raises
    ------
    InputError
        For an unknown schedule.

    Examples
    --------
    >>> [rate_at(step, rate=1.0, schedule="linear", steps=6, warmup=2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if schedule not in SCHEDULES:
        raise InputError(f"there is no schedule {schedule!r}; choose one of: {', '.join(SCHEDULES)}")
    if step < warmup:
        return rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return rate * SCHEDULES[schedule](min(1.0, done))
