"""Square pieces of a sheet with exact positions at their nodes, and cubics between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.imagery.raster import Window
    from whence.typing import Bools, Floats, Floats32, Ints

__all__ = ["PATCH_PX", "Patches", "doubled"]

PATCH_PX = 256
"""Side of a patch, the unit that has one spacing of nodes."""

_STENCIL = 4


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of one spacing.

    Parameters
    ----------
    places
        (n, 2) first column and row on the sheet.
    nodes
        (n, k, k, 2) exact positions on the scan every `spacing` pixels, from pixel centre to pixel centre.
    spacing
        Pixels of the sheet.
    error_px
        (n,) greatest error of twice the spacing, pixels of the scan.
    """

    places: Ints
    nodes: Floats
    spacing: int
    error_px: Floats

    def only(self, chosen: Bools) -> Patches:
        """Keep some of them."""
        return Patches(self.places[chosen], self.nodes[chosen], self.spacing, self.error_px[chosen])

    def slopes(self) -> Floats:
        """(n, 2, 2) mean derivatives of column, row on the scan (rows) by those on the sheet (columns)."""
        first, right, down = self.nodes[:, 0, 0], self.nodes[:, 0, -1], self.nodes[:, -1, 0]
        last = self.nodes[:, -1, -1]
        across, along = right + last - first - down, down + last - first - right
        return np.asarray(np.stack([across, along], axis=-1) / (2.0 * PATCH_PX))

    def at(self, patch: int, offsets: Floats) -> Floats:
        """Interpolate (m, 2) positions in one patch from (m, 2) pixels off its first centre."""
        across, down = (_weights(offsets[:, axis], self.spacing) for axis in (0, 1))
        return np.asarray(np.einsum("mr,mc,rcd->md", down, across, self.nodes[patch]))

    def fill(self, pixels: Floats32, *, origin: Floats, window: Window) -> None:
        """Interpolate every pixel and put the patches in their places."""
        near = (self.nodes - origin).astype(np.float32)
        weights = _weights(np.arange(PATCH_PX), self.spacing).astype(np.float32)
        for place, nodes in zip(self.places, near, strict=True):
            column, row = place - (window.column, window.row)
            target = pixels[row : row + PATCH_PX, column : column + PATCH_PX]
            if self.spacing == 1:
                target[...] = nodes[:-1, :-1]
                continue
            # Rows of nodes first: (rows, nodes) @ (nodes, 2 · columns) interleaves column and row for free.
            across = np.matmul(weights, nodes).reshape(len(nodes), -1)
            target[...] = (weights @ across).reshape(PATCH_PX, PATCH_PX, 2)


def doubled(nodes: Floats) -> Floats:
    """Interpolated values at and halfway between (n, k, k, 2) nodes: (n, 2k − 1, 2k − 1, 2)."""
    spacing = PATCH_PX // (nodes.shape[1] - 1)
    weights = _weights(np.arange(0, PATCH_PX + 1, spacing // 2), spacing)
    count, side = nodes.shape[:2]
    down = (weights @ nodes.reshape(count, side, -1)).reshape(count, len(weights), side, 2)
    return np.asarray(weights @ down)


def _weights(at: NDArray[Any], spacing: int) -> Floats:
    """(m, nodes) weights of the nodes along one axis at (m,) pixels off the first: Lagrange's, of four nodes.

    At the ends the four nearest serve; where there are fewer, all do.
    """
    count = PATCH_PX // spacing + 1
    order = min(count, _STENCIL)
    place = np.asarray(at, dtype=np.float64) / spacing
    first = np.clip(np.floor(place).astype(np.int64) - (order // 2 - 1), 0, count - order)
    weights = np.zeros((len(place), count))
    for i in range(order):
        factors = [(place - first - j) / (i - j) for j in range(order) if j != i]
        weights[np.arange(len(place)), first + i] = np.prod(factors, axis=0)
    return weights
