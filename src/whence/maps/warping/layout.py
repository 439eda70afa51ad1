"""What is decided about a sheet before its first tile: frame, outline, and how far the scan is averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.warping.frame import frame_around, natural_step
from whence.maps.warping.neatline import as_outline

if TYPE_CHECKING:
    from typing import Self

    from whence.imagery.raster import Raster
    from whence.maps.warping.frame import Frame
    from whence.maps.warping.placing import Placing
    from whence.typing import ArrayLike, Floats

__all__ = ["Layout"]


@dataclass(frozen=True, eq=False)
class Layout:
    """A planned sheet. Pixels of the scan are counted after averaging, if it is averaged.

    Parameters
    ----------
    placing
        From pixels of the scan to the sheet's coordinate system.
    frame
        The sheet.
    extent
        Width and height of the scan.
    neatline
        (n, 2) column, row of the polygon to keep, or None for all.
    landmarks
        (n, 2) column, row where the grid is tested besides, or None.
    """

    placing: Placing
    frame: Frame
    extent: tuple[float, float]
    neatline: Floats | None
    landmarks: Floats | None

    @classmethod
    def of(
        cls,
        raster: Raster,
        placing: Placing,
        *,
        neatline: ArrayLike | None = None,
        resolution_m: float | None = None,
        landmarks: Floats | None = None,
    ) -> Self:
        """Plan a sheet at the full resolution of its scan; the arguments are those of `warp`."""
        width, height = raster.width, raster.height
        corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        kept = None if neatline is None else as_outline(neatline, scan_size=(width, height))
        frame = frame_around(placing, corners if kept is None else kept, resolution_m=resolution_m)
        return cls(placing, frame, (float(width), float(height)), kept, landmarks)

    @property
    def coarseness(self) -> int:
        """How many pixels of the scan lie side by side in one of the sheet, rounded down, at least 1."""
        width, height = self.extent
        corners = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
        natural = natural_step(self.placing, corners if self.neatline is None else self.neatline)
        return max(int(math.sqrt(self.frame.step[0] * self.frame.step[1]) / natural + 1e-6), 1)

    def averaged(self, factor: int) -> Layout:
        """Count in squares of `factor` × `factor` pixels of the scan."""
        return replace(
            self,
            placing=replace(self.placing, factor=factor),
            extent=(self.extent[0] / factor, self.extent[1] / factor),
            neatline=None if self.neatline is None else self.neatline / factor,
            landmarks=None if self.landmarks is None else self.landmarks / factor,
        )
