"""The part of a scan that is map: a polygon that cuts the margins off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.imagery.raster import Window
    from whence.maps.warping.frame import Frame
    from whence.maps.warping.placing import Placing
    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["Neatline", "as_outline"]

_STEP_PX = 16.0
"""Sides are placed in pieces of this length, because straight lines of the scan are curves on the sheet."""


def as_outline(corners: ArrayLike, *, scan_size: tuple[int, int]) -> Floats:
    """Check a polygon on a scan.

    Parameters
    ----------
    corners
        (n, 2) column, row of its corners, in either direction, closed or not.
    scan_size
        Width and height of the scan.

    Returns
    -------
    Floats
        (n, 2) the corners, each once.

    Raises
    ------
    InputError
        When there are fewer than three, one is not finite, sides cross, or it lies beside the scan.
    """
    from shapely import Polygon, box
    from shapely.validation import explain_validity

    outline = np.asarray(corners, dtype=np.float64)
    if outline.ndim != 2 or outline.shape[-1] != 2 or len(outline) < 3:
        raise InputError(
            f"a neatline has at least three corners (column, row); the shape given is {outline.shape}"
        )
    if not np.isfinite(outline).all():
        row = int(np.flatnonzero(~np.isfinite(outline).all(axis=1))[0])
        raise InputError(f"corner {row} of the neatline is not finite")
    if (outline[0] == outline[-1]).all():
        outline = outline[:-1]
    polygon = Polygon(outline) if len(outline) >= 3 else Polygon()
    if polygon.is_empty or not polygon.is_valid:
        raise InputError(
            f"the neatline is no simple polygon ({explain_validity(polygon)}); give its corners in order"
        )
    if polygon.intersection(box(0, 0, *scan_size)).area == 0.0:
        raise InputError(f"the neatline lies beside the scan of {scan_size[0]} × {scan_size[1]} pixels")
    return outline


@dataclass(frozen=True, eq=False)
class Neatline:
    """A neatline on the sheet.

    Parameters
    ----------
    ring
        (n, 2) easting, northing along it, dense enough to be straight between.
    """

    ring: Floats

    @classmethod
    def placed(cls, outline: Floats, placing: Placing) -> Self:
        """Place the outline (n, 2), in pixels of the scan, with its exact transform."""
        pieces = [
            start + np.linspace(0.0, 1.0, _pieces(start, end), endpoint=False)[:, None] * (end - start)
            for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True)
        ]
        return cls(placing.to_sheet(np.concatenate(pieces)))

    def covers(self, frame: Frame, window: Window) -> Bools:
        """Tell (height, width) which pixels of a window of the sheet have their centre inside."""
        from affine import Affine
        from rasterio.features import geometry_mask

        west, _, _, north = frame.bounds(window)
        corner = Affine(frame.step[0], 0.0, west, 0.0, -frame.step[1], north)
        shape = {"type": "Polygon", "coordinates": [[*self.ring.tolist(), self.ring[0].tolist()]]}
        mask = geometry_mask([shape], out_shape=(window.height, window.width), transform=corner, invert=True)
        return np.asarray(mask, dtype=np.bool_)


def _pieces(start: Floats, end: Floats) -> int:
    return max(int(np.ceil(np.hypot(*(end - start)) / _STEP_PX)), 1)
