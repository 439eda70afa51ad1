"""Where on the sheet the control points are, and where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["Coverage"]


@dataclass(frozen=True, eq=False)
class Coverage:
    """The convex hull of the control points on the scan.

    Parameters
    ----------
    hull_px
        (k, 2) corners of the hull, column and row, counter-clockwise as numbers, not closed.
    area_px2
        Area of the hull, px².
    thinness
        Spread of the points across their main direction over the spread along it: 0 on one line, 1 for a
        round cloud.
    share_of_scan
        Area of the hull over the area of the scan, or None where its size was not given.

    Examples
    --------
    >>> square = Coverage.of(np.array([[0, 0], [100, 0], [100, 100], [0, 100.0]]), size_px=(200, 100))
    >>> square.share_of_scan, square.inside([[50, 50], [150, 50]])
    (0.5, array([ True, False]))
    """

    hull_px: Floats
    area_px2: float
    thinness: float
    share_of_scan: float | None

    @classmethod
    def of(cls, pixels: Floats, *, size_px: tuple[int, int] | None = None) -> Self:
        """Measure the coverage.

        Parameters
        ----------
        pixels
            (n, 2) column, row of the points.
        size_px
            Width and height of the scan, px.

        Raises
        ------
        InputError
            When a size is not positive.
        """
        if size_px is not None and min(size_px) <= 0:
            raise InputError(f"a scan of {size_px[0]} by {size_px[1]} px has no area; give width and height")
        hull = shapely.MultiPoint(pixels).convex_hull
        ring = hull.exterior.coords[:-1] if hull.geom_type == "Polygon" else hull.coords
        spread = np.linalg.svd(pixels - pixels.mean(axis=0), compute_uv=False)
        share = None
        if size_px is not None:
            share = float(hull.intersection(shapely.box(0, 0, *size_px)).area / (size_px[0] * size_px[1]))
        corners = np.asarray(ring, dtype=np.float64)
        return cls(corners, float(hull.area), float(spread[-1] / (spread[0] or 1.0)), share)

    def inside(self, pixels: ArrayLike) -> Bools:
        """Tell which pixels, (..., 2) column and row, lie within the hull or on its edge."""
        places = np.asarray(pixels, dtype=np.float64)
        if len(self.hull_px) < 3:
            return np.zeros(places.shape[:-1], dtype=bool)
        hull = shapely.Polygon(self.hull_px)
        return np.asarray(shapely.intersects_xy(hull, places[..., 0], places[..., 1]), dtype=bool)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "hull_px": self.hull_px.tolist(),
            "area_px2": self.area_px2,
            "thinness": self.thinness,
            "share_of_scan": self.share_of_scan,
        }
