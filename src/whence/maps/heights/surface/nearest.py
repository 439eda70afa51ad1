"""The nearest contour of every cell: how far it is, and at which height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.heights.surface.readout import Data
    from whence.typing import Floats

__all__ = ["Nearest"]


@dataclass(frozen=True, eq=False)
class Nearest:
    """What is nearest to each cell of a grid.

    Parameters
    ----------
    distance_cells
        (rows, columns) to the nearest cell that a contour or spot touches, 0 in such a cell.
    lowest_m, highest_m
        (rows, columns) least and greatest height in that cell.
    """

    distance_cells: Floats
    lowest_m: Floats
    highest_m: Floats

    @classmethod
    def of(cls, data: Data, shape: tuple[int, int]) -> Self:
        """Find them. Distances are those of a 5 × 5 chamfer mask, right to 2 % (Borgefors 1986).

        Parameters
        ----------
        data
            Heights on the grid.
        shape
            Rows and columns.
        """
        import cv2

        nodes = np.rint(data.nodes).astype(np.int64).clip(0, np.array(shape)[::-1] - 1)
        cell = nodes[:, 1] * shape[1] + nodes[:, 0]
        lowest, highest = np.full(shape, np.inf), np.full(shape, -np.inf)
        np.minimum.at(lowest.ravel(), cell, data.heights)
        np.maximum.at(highest.ravel(), cell, data.heights)
        empty = np.isinf(lowest)
        distance, label = cv2.distanceTransformWithLabels(
            empty.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        touched = np.zeros(int(label.max()) + 1, dtype=np.int64)
        touched[label[~empty]] = np.flatnonzero(~empty)
        source = touched[label]
        return cls(distance.astype(float), lowest.ravel()[source], highest.ravel()[source])

    def clip(self, heights: Floats, margin_m: float) -> Floats:
        """Keep (rows, columns) heights within a margin of the nearest contour.

        With complete contours no ground is further than one interval from the height of the nearest line:
        it would have to cross another line on the way there.
        """
        return np.clip(heights, self.lowest_m - margin_m, self.highest_m + margin_m)
