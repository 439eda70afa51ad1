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

CELL_PX = 4
PATCH_CELLS = 4
COLOUR_DIM = PATCH_CELLS * PATCH_CELLS * 6

# From 8 bits to half of CIELAB's lightness (structure sees light and dark already), and to a and b.
_LAB_SCALE = np.array([0.5 * 100 / 255, 1, 1], np.float32)
_LAB_ORIGIN = np.array([0, 128, 128], np.float32)


def local_colour_statistics(image: Image) -> Described:
    """Describe every patch of 16 px, in steps of 4 px, by the colours of its cells.

    Parameters
    ----------
    image
        (h, w, 3) RGB, at least 16 px on each side; less than a cell at the right and lower edge is left out.

    Returns
    -------
    Described
        (n, 96) descriptors: for each of 4 x 4 cells, row by row, the means then the standard deviations of
        half the lightness (0..50), a and b of CIELAB.

    Examples
    --------
    >>> import numpy as np
    >>> white = np.full((20, 16, 3), 255, np.uint8)
    >>> local_colour_statistics(white).descriptors[:, :6]
    array([[50.,  0.,  0.,  0.,  0.,  0.],
           [50.,  0.,  0.,  0.,  0.,  0.]], dtype=float32)
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
    """Mean and standard deviation of L/2, a, b in cells of 4 x 4 px: (rows, columns, 6)."""
    rows, columns = image.shape[0] // CELL_PX, image.shape[1] // CELL_PX
    whole = np.ascontiguousarray(image[: rows * CELL_PX, : columns * CELL_PX])
    lab = (cv2.cvtColor(whole, cv2.COLOR_RGB2LAB) - _LAB_ORIGIN) * _LAB_SCALE
    # Area interpolation by a whole factor is the mean of the cell.
    mean = cv2.resize(lab, (columns, rows), interpolation=cv2.INTER_AREA)
    mean_square = cv2.resize(lab * lab, (columns, rows), interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(mean_square - mean * mean, 0))
    return np.concatenate([mean, spread], axis=-1)
