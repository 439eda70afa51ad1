"""Regions of photographs: cells of a partition, or the values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import NotEnoughDataError
from whence.photos.heads.partitions import CELL_PARTITIONS, CellSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whence.earth.partitions import Partition
    from whence.photos.samples import Samples
    from whence.typing import Ints

__all__ = ["Regions"]

_COLUMN = "column:"


@dataclass(frozen=True, eq=False)
class Regions:
    """Numbers the region of a photograph.

    Attributes
    ----------
    partition
        Its cells are the regions; None where a column tells them.
    column
        Name of that column.
    numbers
        Value of the column -> number of the region.
    """

    partition: Partition | None
    column: str
    numbers: Mapping[Any, int]

    @classmethod
    def fit(cls, name: str, samples: Samples, *, most: int = 0) -> Self:
        """Find the regions of training samples.

        Parameters
        ----------
        name
            A partition of `whence.photos.heads.partitions.CELL_PARTITIONS`, or ``column:`` and the name of a
            column of the metadata, such as ``column:sub-region``.
        samples
            Training samples.
        most
            Photographs beyond which a box of a quadtree is split; 0 leaves it to the partition.

        Raises
        ------
        InputError
            When there is no such partition or column.
        NotEnoughDataError
            When all samples are of one region.
        """
        if name.startswith(_COLUMN):
            column = name.removeprefix(_COLUMN)
            values = [value for value in np.unique(samples.column(column)).tolist() if value != ""]
            if len(values) < 2:
                raise NotEnoughDataError(f"the column {column!r} tells fewer than two regions apart")
            return cls(None, column, {value: number for number, value in enumerate(values)})
        return cls(CellSettings(name, max_points=most).fit_partition(samples.lonlat), "", {})

    def __len__(self) -> int:
        return len(self.numbers) if self.partition is None else len(self.partition)

    def of(self, samples: Samples) -> Ints:
        """Give the number (n,) of each sample's region; -1 where the column says nothing known."""
        if self.partition is not None:
            return self.partition.assign(samples.lonlat)
        values = samples.column(self.column).tolist()
        return np.array([self.numbers.get(value, -1) for value in values], np.int64)

    @staticmethod
    def is_known(name: str) -> bool:
        """Tell whether `fit` takes such a name."""
        return name in CELL_PARTITIONS or (len(name) > len(_COLUMN) and name.startswith(_COLUMN))
