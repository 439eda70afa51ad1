"""Local colour statistics: mean and spread of CIELAB in the 4 x 4 cells of overlapping patches.

After Clinchant et al. (XRCE's participation at ImageCLEF, 2007), who set them beside SIFT in the same
aggregation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from whence.learn.encoders.classic.dense_sift import Described

if TYPE_CHECKING:
    from whence.typing import Floats32, Image

__all__ = ["COLOUR_DIM", "equalised", "local_colour_statistics"]

CELL_PX = 8
PATCH_CELLS = 4
COLOUR_DIM = PATCH_CELLS * PATCH_CELLS * 6


def local_colour_statistics(image: Image) -> Described:
    """Describe every patch of 32 px, in steps of 8 px, by the colours of its cells.

    Parameters
    ----------
    image
        (h, w, 3) RGB, at least 32 px on each side; less than a cell at the right and lower edge is left out.

    Returns
    -------
    Described
        (n, 96) descriptors: for each of 4 x 4 cells, row by row, the means then the standard deviations of
        L, a, b.
        L is 0..255 (8-bit OpenCV CIELAB), a and b are in their own units.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((40, 32, 3), 255, np.uint8)
    >>> local_colour_statistics(grey).descriptors[:, :6]
    array([[255., 128., 128.,   0.,   0.,   0.],
           [255., 128., 128.,   0.,   0.,   0.]], dtype=float32)
    """
    cells = _cell_statistics(image)
    windows = sliding_window_view(cells, (PATCH_CELLS, PATCH_CELLS), axis=(0, 1))
    descriptors = np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2)).reshape(-1, COLOUR_DIM)
    rows, columns = windows.shape[:2]
    corner = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    return Described(descriptors, (CELL_PX * (corner + PATCH_CELLS / 2)).astype(np.float32))


def equalised(image: Image) -> Image:
    """Flatten the histogram of each RGB channel: white balance, exposure and gamma vanish (h, w, 3)."""
    return np.stack([cv2.equalizeHist(np.ascontiguousarray(image[..., c])) for c in range(3)], axis=-1)


def _cell_statistics(image: Image) -> Floats32:
    """Mean and standard deviation of L, a, b in cells of 8 x 8 px: (rows, columns, 6)."""
    rows, columns = image.shape[0] // CELL_PX, image.shape[1] // CELL_PX
    whole = np.ascontiguousarray(image[: rows * CELL_PX, : columns * CELL_PX])
    lab = cv2.cvtColor(whole, cv2.COLOR_RGB2LAB).astype(np.float32)
    # Area interpolation by a whole factor is the mean of the cell.
    mean = cv2.resize(lab, (columns, rows), interpolation=cv2.INTER_AREA)
    mean_square = cv2.resize(lab * lab, (columns, rows), interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(mean_square - mean * mean, 0))
    return np.concatenate([mean, spread], axis=-1)
