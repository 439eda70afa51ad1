"""Sweeps: many models trained on the same photographs, measured alike, and one of them chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.sweep.table import SweepRow, read_sweep, rows_of, thesis_sweep

__all__ = ["SweepRow", "read_sweep", "rows_of", "thesis_sweep"]

_HOMES = {"SweepRow": "table", "read_sweep": "table", "rows_of": "table", "thesis_sweep": "table"}

__getattr__, __dir__ = exports(__name__, _HOMES)
