"""Splits: which photographs teach, which choose, which judge.

A random split of street images measures memory: the next frame of a drive is on the other side. Every split
here has a name, a seed and settings, so that it can be printed beside the number that it led to, and `leak`
tells how near its sides are to each other.

>>> from whence.imagery.catalogue import Catalogue
>>> from whence.photos.splits import make_split
>>> known = Catalogue.of_arrays([[0.01 * i, 50.0] for i in range(100)])
>>> split = make_split("cells", known, seed=0, resolution=7)
>>> split.name, sum(split.counts().values())
('cells', 100)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.splits.leakage import Leak, SideLeak, leak
    from whence.photos.splits.making import SPLITS, make_split
    from whence.photos.splits.split import SIDES, Match, Split

__all__ = ["SIDES", "SPLITS", "Leak", "Match", "SideLeak", "Split", "leak", "make_split"]

_HOMES = {
    "SIDES": "split",
    "SPLITS": "making",
    "Leak": "leakage",
    "Match": "split",
    "SideLeak": "leakage",
    "Split": "split",
    "leak": "leakage",
    "make_split": "making",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
