"""What every way from heights on a map to a surface has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Surface"]


@runtime_checkable
class Surface(Protocol):
    """A method with its options; a frozen value that remembers no data."""

    name: ClassVar[str]
    """Its key in `SURFACES`."""

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute the heights at the centres of a grid.

        Parameters
        ----------
        terrain
            What the map says.
        lattice
            The grid.

        Returns
        -------
        Floats
            (rows, columns) metres; NaN where the method says nothing.

        Raises
        ------
        NotEnoughDataError
            When there are no heights, or all are the same.
        """
        ...
