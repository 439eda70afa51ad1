"""Names and nearest places: how quickly the gazetteer opens and answers, and what it keeps in memory."""

from __future__ import annotations

import resource
import time

import numpy as np

from benchmarks.timing import interleaved, significant

EXACT = ("Lund", "München", "Munich", "東京", "Пекин", "القاهرة", "San José", "Springfield", "Åre", "Αθήνα")
MISSPELT = ("Goteborg", "Muenchen", "Pyongyangg", "Reykjavic", "Johanesburg", "Edinborough")
TEXT = "Motorway to Malmö and Lund, next exit Helsingborg, ferries to Helsingør and Puttgarden"
POINTS = 1000


def measure() -> dict[str, object]:
    """Open in this fresh process, then ask."""
    import whence.places.gazetteer as home

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    built, _ = opened(home)
    home.gazetteer.cache_clear()
    wall, cpu = opened(home)
    places = home.gazetteer()
    rng = np.random.default_rng(0)
    points = np.column_stack(
        [rng.uniform(-180, 180, POINTS), np.degrees(np.arcsin(rng.uniform(-1, 1, POINTS)))]
    )
    timings = {
        "search_exact": interleaved(
            {"": lambda: [places.search(name, fuzzy=False) for name in EXACT]}, items=len(EXACT)
        ),
        "search_fuzzy": interleaved(
            {"": lambda: [places.search(name) for name in MISSPELT]}, items=len(MISSPELT)
        ),
        "find_in_text": interleaved({"": lambda: places.find_in_text(TEXT)}),
        "nearest_of_1000": interleaved({"": lambda: places.nearest(points)}, items=POINTS),
    }
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "first_open_wall_s": significant(built),
        "open_wall_ms": significant(1000 * wall),
        "open_cpu_ms": significant(1000 * cpu),
        "memory_added_mib": round((after - before) / 1024),
    } | {name: timing[""].per_item_ms() for name, timing in timings.items()}


def opened(home: object) -> tuple[float, float]:
    """Open it, and give wall and CPU seconds; the first time on a machine its index is built."""
    wall, cpu = time.perf_counter(), time.process_time()
    home.gazetteer()
    return time.perf_counter() - wall, time.process_time() - cpu
