"""Sweeps: many models trained on the same photographs, measured alike, and one of them chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.sweep.running import Outcome, Sweep, run_sweep
    from whence.photos.sweep.search import Search, read_search, run_search
    from whence.photos.sweep.table import SweepRow, read_sweep, rows_of, thesis_sweep

__all__ = [
    "Outcome",
    "Search",
    "Sweep",
    "SweepRow",
    "read_search",
    "read_sweep",
    "rows_of",
    "run_search",
    "run_sweep",
    "thesis_sweep",
]

_HOMES = {
    "Outcome": "running",
    "Search": "search",
    "Sweep": "running",
    "SweepRow": "table",
    "read_search": "search",
    "read_sweep": "table",
    "rows_of": "table",
    "run_search": "search",
    "run_sweep": "running",
    "thesis_sweep": "table",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
