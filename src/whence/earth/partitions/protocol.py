"""What every partition can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["Partition"]


@runtime_checkable
class Partition(Protocol):
    """Cells numbered 0 to n − 1, each occupied by training positions.

    Attributes
    ----------
    name
        Its key in `whence.earth.partitions.PARTITIONS`.
    counts
        (n,) how many training positions lie in each cell.
    """

    name: str

    @property
    def counts(self) -> Ints:
        """(n,) training positions in each cell."""

    def __len__(self) -> int: ...

    def assign(self, lonlat: ArrayLike) -> Ints:
        """Find the cell number of each position.

        Parameters
        ----------
        lonlat
            (..., 2) longitude, latitude, degrees.

        Returns
        -------
        Ints
            (...) cell numbers. Cells are half-open, so none is in two; a position in no cell goes to the cell
            whose centre is nearest.
        """

    def centers(self) -> Floats:
        """(n, 2) mean training position of each cell, longitude, latitude, degrees."""

    def size_m(self) -> Floats:
        """(n,) radius of the circle as large as the cell, metres; at least 1, so that it can divide."""

    def neighbours(self, cell: int, rings: int = 1) -> Ints:
        """Cell numbers, ascending, of the cells at most `rings` steps away; without `cell` itself.

        A step leads from a cell to one that touches it.
        """

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again from what `to_json` gave."""
