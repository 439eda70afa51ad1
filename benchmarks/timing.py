"""Times that survive a busy machine: interleaved rounds, CPU beside wall seconds, minimum and median.

What is compared is measured in turns (A B C, A B C, …), so that a slow minute hits everyone. CPU seconds do
not count the time that other programs took; of several rounds the minimum is what the code needs, and the
median what one gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Timing:
    """Seconds that one round of an action took, round by round, and how many items it worked through."""

    cpu_s: tuple[float, ...]
    wall_s: tuple[float, ...]
    items: int = 1

    def per_item_ms(self) -> dict[str, float]:
        """Give milliseconds per item: CPU (minimum and median of the rounds) and wall (median)."""
        figures = {
            "cpu_ms_min": min(self.cpu_s),
            "cpu_ms_median": median(self.cpu_s),
            "wall_ms_median": median(self.wall_s),
        }
        return {name: significant(1000 * seconds / self.items) for name, seconds in figures.items()}

    @property
    def per_cpu_second(self) -> float:
        """Items per second of one core, from the median round."""
        return significant(self.items / median(self.cpu_s))


def interleaved(
    actions: Mapping[str, Callable[[], object]], *, rounds: int = 5, items: int = 1, warm_ups: int = 1
) -> dict[str, Timing]:
    """Time actions in turns.

    Parameters
    ----------
    actions
        Name -> what to do.
    rounds
        How often each is timed.
    items
        How many items each works through in one call.
    warm_ups
        Calls of each that are not timed, for caches and lazy imports.
    """
    for _ in range(warm_ups):
        for action in actions.values():
            action()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            cpu, wall = time.process_time(), time.perf_counter()
            action()
            taken[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: Timing(tuple(cpu for cpu, _ in times), tuple(wall for _, wall in times), items)
        for name, times in taken.items()
    }


def ratio(timings: Mapping[str, Timing], name: str, of: str) -> float:
    """Give the CPU time of one action as a multiple of another's, the median over the rounds."""
    pairs = zip(timings[name].cpu_s, timings[of].cpu_s, strict=True)
    return significant(median(one / other for one, other in pairs))


def significant(value: float, digits: int = 4) -> float:
    """Round to so many significant digits: more would be noise."""
    return float(f"{value:.{digits}g}")
