"""How near the held-out photographs are to those that teach: the number to print beside every score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.photos.splits.groups import codes
from whence.photos.splits.nearness import nearest_m

if TYPE_CHECKING:
    from whence.imagery.catalogue import Catalogue
    from whence.photos.splits.split import Split
    from whence.typing import Floats, Ints, Json

__all__ = ["LIMITS_M", "Leak", "SideLeak", "leak", "leak_between"]

LIMITS_M = (1.0, 25.0, 100.0, 1000.0)
"""Distances at which the leak is told, metres."""

_SHARED = {"sequence_id": "sequence", "camera_id": "camera", "author": "author"}


@dataclass(frozen=True)
class SideLeak:
    """One held-out side beside the training side.

    Attributes
    ----------
    side
        ``validation`` or ``test``.
    photos
        Photographs of it that have a position.
    median_m
        Median distance from one of them to the nearest training photograph, metres.
    within
        Limit in metres -> share of them with a training photograph at most so far away.
    shared
        ``sequence``, ``camera``, ``author`` -> share of the side's photographs whose one also has training
        photographs; only those that the metadata tell.
    """

    side: str
    photos: int
    median_m: float
    within: Mapping[float, float]
    shared: Mapping[str, float]

    def to_json(self) -> Json:
        """As values that JSON holds."""
        return {
            "photos": self.photos,
            "median_m": self.median_m if np.isfinite(self.median_m) else None,
            "within": {f"{limit_m:g} m": share for limit_m, share in self.within.items()},
            "shared": dict(self.shared),
        }

    def sentence(self) -> str:
        """Tell it in one line."""
        within = ", ".join(f"{share:.1%} within {limit_m:g} m" for limit_m, share in self.within.items())
        shared = "".join(f"; {share:.1%} share their {what} with it" for what, share in self.shared.items())
        return (
            f"{self.side}: {self.photos:,} photographs, median {_told(self.median_m)} from the training side "
            f"({within}){shared}"
        )


@dataclass(frozen=True)
class Leak:
    """What a split's held-out sides have in common with its training side.

    Attributes
    ----------
    sides
        Those of validation and test that have photographs.
    """

    sides: Mapping[str, SideLeak]

    def to_json(self) -> Json:
        """As values that JSON holds: side -> figures."""
        return {name: side.to_json() for name, side in self.sides.items()}

    def sentences(self) -> list[str]:
        """Tell it, a line each side."""
        return [side.sentence() for side in self.sides.values()]


def leak(split: Split, metadata: Catalogue) -> Leak:
    """Measure the leak of a split.

    Parameters
    ----------
    split
        Aligned with `metadata`; see `whence.photos.splits.split.Split.onto`.
    metadata
        What is known of the photographs.

    Raises
    ------
    InputError
        When the two do not belong together.
    """
    if len(split) != len(metadata):
        raise InputError(
            f"a split of {len(split)} photographs does not fit {len(metadata)} rows; match it with split.onto"
        )
    train = split.rows("train")
    held_out = {side: split.rows(side) for side in ("validation", "test")}
    return Leak(
        {side: leak_between(metadata, rows, train, side=side) for side, rows in held_out.items() if len(rows)}
    )


def leak_between(metadata: Catalogue, rows: Ints, train: Ints, *, side: str) -> SideLeak:
    """Measure how near some rows of a table are to others, and what they share.

    Parameters
    ----------
    metadata
        The table.
    rows, train
        (n,) rows held out, (m,) rows that teach.
    side
        What to call the rows held out.
    """
    lonlat = metadata.lonlat
    here, there = (which[np.isfinite(lonlat[which]).all(axis=1)] for which in (rows, train))
    nearest = nearest_m(lonlat[here], lonlat[there])
    return SideLeak(
        side,
        len(here),
        _median(nearest),
        {limit_m: _share(nearest <= limit_m) for limit_m in LIMITS_M},
        {what: _share_in(metadata, name, rows, train) for name, what in _told_columns(metadata).items()},
    )


def _told_columns(metadata: Catalogue) -> dict[str, str]:
    """Columns of `_SHARED` that there are and that say something."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def says(name: str) -> bool:
        texts = metadata.table.column(name).cast(pa.large_string())
        return bool(pc.any(pc.not_equal(texts, "")).as_py())

    return {name: what for name, what in _SHARED.items() if name in metadata.names and says(name)}


def _share_in(metadata: Catalogue, name: str, rows: Ints, train: Ints) -> float:
    """Share of `rows` whose value of a column is also one of `train`; the unknown is shared with none."""
    values = codes(metadata, name)
    taught = np.zeros(int(values.max()) + 2, np.bool_)
    taught[values[train]] = True
    taught[-1] = False  # where the unknown, -1, was written
    return _share(taught[values[rows]])


def _share(which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(np.mean(which)) if len(which) else 0.0


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("inf")


def _told(distance_m: float) -> str:
    if not np.isfinite(distance_m):
        return "infinitely far"
    return f"{distance_m / 1000:,.1f} km" if distance_m >= 1000 else f"{distance_m:.1f} m"
