"""What a search of the index returns, and what it may be told to leave out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import Floats, Ints

__all__ = ["Exclude", "Neighbours"]

RERANK_WEIGHT = 0.1
CHANCE_INLIERS = 8
"""As many inliers come about by chance: a fundamental matrix goes through eight pairs of points."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The photos of an index most similar to one query, best first.

    Attributes
    ----------
    rows
        (k,) row of each neighbour in the index (of its place, for a group of photos).
    lonlat
        (k, 2) longitude and latitude, degrees.
    similarity
        (k,) cosine similarity in [-1, 1]; after re-ranking the order follows `score` instead.
    names
        k names, as the index knows its photos.
    inliers
        (k,) matched points that agree with one fundamental matrix, or None when geometry was not
        compared; -1 where a pair was not looked at.
    photos
        Photos that the query was made of.
    """

    rows: Ints
    lonlat: Floats
    similarity: Floats
    names: tuple[str, ...]
    inliers: Ints | None = None
    photos: int = 1

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.rows.shape != (k,) or self.similarity.shape != (k,) or self.lonlat.shape != (k, 2):
            raise InputError(
                f"a neighbour list needs as many rows, positions, similarities and names; got "
                f"{self.rows.shape}, {self.lonlat.shape}, {self.similarity.shape} and {k}"
            )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def score(self) -> Floats:
        """(k,) what the list is sorted by: cosine + 0.1 log(1 + max(inliers - 8, 0))."""
        if self.inliers is None:
            return self.similarity
        bonus = RERANK_WEIGHT * np.log1p(np.maximum(self.inliers - CHANCE_INLIERS, 0))
        return np.asarray(self.similarity + bonus)

    def with_inliers(self, inliers: Ints) -> Self:
        """Take the inliers of a geometric check in, (k,), and sort by the new score (stable)."""
        scored = replace(self, inliers=inliers)
        order = np.argsort(-scored.score, kind="stable")
        return replace(
            scored,
            rows=self.rows[order],
            lonlat=self.lonlat[order],
            similarity=self.similarity[order],
            names=tuple(self.names[i] for i in order),
            inliers=inliers[order],
        )


@dataclass(frozen=True, eq=False)
class Exclude:
    """Photos that one query must not be answered with: for leave-one-out and for honest tests.

    Attributes
    ----------
    names
        Names in the index.
    around
        (m, 2) positions, degrees, round which everything within `radius_m` is left out.
    radius_m
        Metres, great circle.
    rows
        Rows of the index.
    """

    names: frozenset[str] = frozenset()
    around: Floats | None = None
    radius_m: float = 0.0
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
