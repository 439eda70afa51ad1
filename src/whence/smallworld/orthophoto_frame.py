"""The grid of the orthophoto: which place of the town lies at which pixel, and how shapes are burnt in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.smallworld.map_frame import CRS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from affine import Affine
    from numpy.typing import NDArray

    from whence.smallworld.town import Town
    from whence.typing import Floats

__all__ = ["HALF_M", "PhotoFrame"]

HALF_M = (550.0, 550.0)
"""Half the width and half the height of the orthophoto: the town and 50 m of open country around it."""

_LEAST_CELL_M, _LARGEST_CELL_M = 0.1, 2.0
_LEAST_PX, _MOST_PX = 64, 12_000


@dataclass(frozen=True, eq=False)
class PhotoFrame:
    """A rectangle of the UTM grid; rows go south, and the town's own north is one degree off.

    Attributes
    ----------
    west_m, north_m
        Easting of the left and northing of the upper edge, metres of EPSG:32632.
    cell_m
        Side of a pixel.
    shape
        Rows and columns.
    """

    west_m: float
    north_m: float
    cell_m: float
    shape: tuple[int, int]
    _to_px: Floats  # (2, 3): column and row of metres east and north of the middle of the town, and 1

    @classmethod
    def of_town(
        cls,
        town: Town,
        *,
        cell_m: float,
        half_m: tuple[float, float] = HALF_M,
        middle_m: tuple[float, float] = (0.0, 0.0),
    ) -> Self:
        """Lay the grid over the town, or over a part of it.

        Parameters
        ----------
        town
            The town.
        cell_m
            Side of a pixel.
        half_m, middle_m
            Half its width and half its height, and its middle in metres east and north of the town's.

        Raises
        ------
        InputError
            When the cell or the size is out of range.
        """
        columns, rows = (round(2 * half / cell_m) if cell_m > 0 else 0 for half in half_m)
        fits = min(rows, columns) >= _LEAST_PX and max(rows, columns) <= _MOST_PX
        if not (_LEAST_CELL_M <= cell_m <= _LARGEST_CELL_M and fits):
            raise InputError(
                f"an orthophoto of {columns} × {rows} pixels with cells of {cell_m:g} m is not drawn; cells "
                f"are {_LEAST_CELL_M:g} to {_LARGEST_CELL_M:g} m, sides {_LEAST_PX} to {_MOST_PX:,} pixels"
            )
        crs = Crs.parse(CRS)
        east_m, north_m = np.round(crs.from_lonlat(town.lonlat(np.array(middle_m))))
        west_m, top_m = float(east_m - half_m[0]), float(north_m + half_m[1])
        # Over a kilometre the projection is affine to a millimetre or two.
        steps = np.linspace(-1.0, 1.0, 5)
        places = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * half_m + middle_m
        world = crs.from_lonlat(town.lonlat(places))
        pixels = np.stack([world[:, 0] - west_m, top_m - world[:, 1]], axis=1) / cell_m
        design = np.column_stack([places, np.ones(len(places))])
        solved = np.linalg.lstsq(design, pixels, rcond=None)[0]
        return cls(west_m, top_m, float(cell_m), (rows, columns), np.asarray(solved.T))

    @property
    def crs(self) -> Crs:
        """Coordinate system of the grid."""
        return Crs.parse(CRS)

    @property
    def transform(self) -> Affine:
        """From column and row to easting and northing."""
        from affine import Affine

        return Affine(self.cell_m, 0.0, self.west_m, 0.0, -self.cell_m, self.north_m)

    def pixels(self, enu_m: Floats) -> Floats:
        """Column and row of (..., 2) metres east and north of the middle of the town."""
        return np.asarray(enu_m @ self._to_px[:, :2].T + self._to_px[:, 2])

    def enu_m(self, pixels: Floats) -> Floats:
        """Metres east and north of the middle of the town of (..., 2) columns and rows."""
        return np.asarray((pixels - self._to_px[:, 2]) @ np.linalg.inv(self._to_px[:, :2]).T)

    def world(self, town: Town, enu_m: Floats) -> Floats:
        """Easting and northing of (..., 2) metres of the town, without the affine shortcut."""
        return self.crs.from_lonlat(town.lonlat(enu_m))

    def burn(self, shapes_m: Sequence[Floats], values: Sequence[int]) -> NDArray[np.int32]:
        """Mark the pixels whose centre lies in a shape; later shapes lie over earlier ones.

        Parameters
        ----------
        shapes_m
            Corners (n, 2) of each shape, metres of the town.
        values
            Their numbers, above 0.

        Returns
        -------
        (rows, cols) numbers, 0 where no shape is.
        """
        import shapely
        from rasterio.features import rasterize

        pairs: list[tuple[Any, int]] = [
            (shapely.Polygon(corners), value)
            for corners, value in zip(map(self.pixels, shapes_m), values, strict=True)
            if (corners.max(axis=0) > 0).all() and (corners.min(axis=0) < self.shape[::-1]).all()
        ]
        if not pairs:
            return np.zeros(self.shape, np.int32)
        burnt: NDArray[np.int32] = rasterize(pairs, out_shape=self.shape, fill=0, dtype="int32")
        return burnt

    def covered(self, numbers: NDArray[np.int32]) -> tuple[NDArray[np.int64], Floats]:
        """Give the flat places of the pixels that have a number, and their centres in metres (n, 2)."""
        flat = np.flatnonzero(numbers)
        rows, columns = np.divmod(flat, self.shape[1])
        return flat, self.enu_m(np.stack([columns + 0.5, rows + 0.5], axis=1))
