"""Photographs whose position is known, and the dealing of their groups to sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import NotEnoughDataError
from whence.photos.splits.shares import deal_folds, deal_groups
from whence.photos.splits.split import UNUSED, Sides, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.imagery.catalogue import Catalogue
    from whence.typing import Floats, Ints

__all__ = ["Dealing", "Located", "located"]


@dataclass(frozen=True, eq=False)
class Located:
    """The rows of a table that have a position.

    Attributes
    ----------
    metadata
        The whole table, n rows.
    rows
        (m,) those with a position.
    lonlat
        (m, 2) their positions, longitude, latitude, degrees.
    """

    metadata: Catalogue
    rows: Ints
    lonlat: Floats

    def split(self, sides: NDArray[np.int8], *, name: str, seed: int, settings: Mapping[str, Any]) -> Split:
        """Make the split of all n rows from the sides (m,) of the located ones; the others are unused."""
        everything = np.full(len(self.metadata), UNUSED, Sides)
        everything[self.rows] = sides
        return Split.of(self.metadata, everything, name=name, seed=seed, settings=settings)


def located(metadata: Catalogue) -> Located:
    """Find the rows that have a position.

    Raises
    ------
    NotEnoughDataError
        When there is none.
    """
    rows = np.flatnonzero(np.isfinite(metadata.lonlat).all(axis=1)).astype(np.int64)
    if not len(rows):
        raise NotEnoughDataError(
            f"none of the {len(metadata)} photographs has a position; a split needs columns lat and lon"
        )
    return Located(metadata, rows, metadata.lonlat[rows])


@dataclass(frozen=True, kw_only=True)
class Dealing:
    """How whole groups come to sides: by shares of the photographs, or by folds.

    Attributes
    ----------
    validation, test
        Shares; not looked at when there are folds.
    folds, fold
        Number of folds and the one that is test.
    """

    validation: float
    test: float
    folds: int | None
    fold: int

    def settings(self) -> dict[str, Any]:
        """Give what of it counts, for the record of a split."""
        if self.folds is None:
            return {"validation": self.validation, "test": self.test}
        return {"folds": self.folds, "fold": self.fold}

    def sides(self, group: Ints, rng: np.random.Generator) -> NDArray[np.int8]:
        """Side (m,) of photographs whose groups (m,) are numbered from 0 without gaps."""
        counts = np.bincount(group).astype(np.int64)
        if self.folds is None:
            return deal_groups(counts, rng, validation=self.validation, test=self.test)[group]
        return deal_folds(counts, rng, folds=self.folds, fold=self.fold)[group]
