"""The inverse of a costly transform from exact positions on a grid that is as fine as it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.warping.patches import PATCH_PX, Patches, doubled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.imagery.raster import Window
    from whence.maps.warping.inverse import Inverse
    from whence.typing import Bools, Floats, Floats32

__all__ = ["InverseGrid", "Located"]

_COARSEST_PX = 128
_SAFETY = 2.0
"""Between the places of the test the error may be larger; what was found there counts so many times."""

_NEAR_PX = 8.0
"""Cubic and Lanczos kernels reach 4 pixels; nodes further off the scan than this need no accuracy."""


@dataclass(frozen=True, eq=False)
class Located:
    """Where the pixels of a window of the sheet lie on the scan.

    Parameters
    ----------
    indices
        (height, width, 2) column, row on the scan, counted from the centre of the pixel `origin` as OpenCV
        does; NaN where nowhere.
    origin
        Column and row of a pixel of the scan, at the corner of what a kernel reaches.
    low, high
        Least and greatest column, row on the scan, counted as everywhere else.
    error_px
        Twice the greatest difference from the exact position that was seen between the nodes.
    """

    indices: Floats32
    origin: tuple[int, int]
    low: Floats
    high: Floats
    error_px: float


@dataclass(frozen=True, eq=False)
class InverseGrid:
    """Positions on the scan for every pixel of the sheet, to a stated error.

    The sheet is cut into patches of `PATCH_PX`. In each, positions are computed exactly at nodes every h
    pixels; between them they follow the cubic through the four nearest nodes, along rows and then along
    columns. Then h is halved: the new nodes lie halfway between the old ones, along the edges of the cells
    and in their middles, which is where such an interpolation is furthest off. What the old nodes said there
    is compared with the exact position, and as long as one differs by more than half the bound, h is halved
    again. The nodes of the last test are used, so the grid in use is twice as fine as the one that passed,
    and its own error mostly an eighth of the stated one or less. Landmarks, where a spline may have a bump
    narrower than h, are tested besides. This is a test at many places, not a proof: of 1600 splines through
    12 points that were scattered without order, two exceeded the bound somewhere.

    Parameters
    ----------
    inverse
        From pixels of the sheet to pixels of the scan.
    corners
        (rows + 1, columns + 1, 2) exact positions on the scan of the corners of all patches.
    landmarks
        (n, 2) pixels of the scan at which the grid is tested too, such as the control points.
    landmarks_at
        (n, 2) the same on the sheet, column, row.
    scan_size
        Width and height of the scan. Beyond it no accuracy is sought.
    max_error_px
        The bound, in pixels of the scan.
    """

    inverse: Inverse
    corners: Floats
    landmarks: Floats
    landmarks_at: Floats
    scan_size: tuple[float, float]
    max_error_px: float

    @classmethod
    def over(
        cls,
        inverse: Inverse,
        *,
        sheet_size: tuple[int, int],
        scan_size: tuple[float, float],
        max_error_px: float,
        landmarks: Floats | None = None,
    ) -> InverseGrid:
        """Lay the coarsest grid over a sheet.

        Parameters
        ----------
        inverse
            From pixels of the sheet to pixels of the scan.
        sheet_size, scan_size
            Width and height.
        max_error_px
            The bound, in pixels of the scan.
        landmarks
            (n, 2) pixels of the scan at which the grid is tested too.

        Raises
        ------
        InputError
            When the bound is not positive.
        """
        if not max_error_px > 0.0:
            raise InputError(f"the error of the grid is to be {max_error_px:.3g} pixel; give a bound above 0")
        columns, rows = (_patches_along(length) for length in sheet_size)
        steps = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0))
        places = np.stack(steps, axis=-1) * PATCH_PX + 0.5
        corners = inverse.exact(places.reshape(-1, 2)).reshape(places.shape)
        points = np.empty((0, 2)) if landmarks is None else landmarks
        points = points[((points >= 0.0) & (points <= scan_size)).all(axis=1)]
        return cls(inverse, corners, points, inverse.forward(points), scan_size, max_error_px)

    def locate(self, window: Window, *, reach_px: int = 0) -> Located | None:
        """Give the positions of a window of the sheet, or None when none of it lies on the scan.

        Parameters
        ----------
        window
            Columns and rows of the sheet, beginning at multiples of `PATCH_PX`.
        reach_px
            How far a kernel reaches from a position.
        """
        patches = list(self._refined(self._patches(window)))
        if not patches:
            return None
        low, high = _extremes(patches)
        origin = np.floor(np.clip(low - reach_px, 0.0, self.scan_size))  # float32 is right to 1e-4 in 1000
        shape = (_patches_along(window.height) * PATCH_PX, _patches_along(window.width) * PATCH_PX)
        indices = np.empty((*shape, 2), dtype=np.float32)
        if sum(len(group.places) for group in patches) * PATCH_PX**2 < shape[0] * shape[1]:
            indices.fill(np.nan)
        for group in patches:
            group.fill(indices, origin=origin + 0.5, window=window)
        return Located(
            indices=indices[: window.height, : window.width],
            origin=(int(origin[0]), int(origin[1])),
            low=low,
            high=high,
            error_px=max(float(group.error_px.max()) for group in patches),
        )

    def _patches(self, window: Window) -> Patches:
        """Give the patches of a window with their corners as nodes."""
        column, row = window.column // PATCH_PX, window.row // PATCH_PX
        across = column + np.arange(_patches_along(window.width))
        down = row + np.arange(_patches_along(window.height))
        index = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
        pairs = [[self.corners[index[:, 1] + i, index[:, 0] + j] for j in (0, 1)] for i in (0, 1)]
        nodes = np.stack([np.stack(pair, axis=1) for pair in pairs], axis=1)
        return Patches(index * PATCH_PX, nodes, PATCH_PX, np.full(len(index), np.inf))

    def _refined(self, patches: Patches) -> Iterator[Patches]:
        """Halve the spacing of the patches that fail the test until none is left."""
        patches = patches.only(self._touches_scan(patches.nodes))
        while len(patches.places):
            patches = self._halved(patches)
            done = (patches.error_px <= self.max_error_px) & (patches.spacing < _COARSEST_PX)
            if patches.spacing == 1:
                done[:] = True
            if done.any():
                finished = patches.only(done)
                near = self._touches_scan(finished.nodes)
                if near.any():
                    yield finished.only(near)
            patches = patches.only(~done & self._touches_scan(patches.nodes))

    def _touches_scan(self, nodes: Floats) -> Bools:
        """Tell which patches may hold pixels of the scan, from their nodes with half a patch around."""
        flat = nodes.reshape(len(nodes), -1, 2)
        known: Bools = np.asarray(np.isfinite(flat).all(axis=-1), dtype=np.bool_)
        low = np.where(known[..., None], flat, np.inf).min(axis=1)
        high = np.where(known[..., None], flat, -np.inf).max(axis=1)
        reach = 0.5 * np.maximum(high - low, 0.0) + _NEAR_PX
        inside = ((high + reach >= 0.0) & (low - reach <= self.scan_size)).all(axis=-1)
        # What a few nodes do not know may still hold something; what many do not know is nowhere.
        few = nodes.shape[1] <= PATCH_PX // _COARSEST_PX + 1
        return np.asarray(inside | ~known.any(axis=1) if few else inside)

    def _halved(self, patches: Patches) -> Patches:
        """Compute the nodes between the nodes, and how far bilinear values were from them."""
        spacing = patches.spacing // 2
        guess = doubled(patches.nodes)
        new = np.ones(guess.shape[1:3], np.bool_)
        new[::2, ::2] = False
        steps = np.arange(0, PATCH_PX + 1, spacing) + 0.5
        offsets = np.stack(np.meshgrid(steps, steps), axis=-1)[new]
        places = patches.places[:, None, :] + offsets
        nodes = guess.copy()
        nodes[:, new] = self.inverse.near(places, guess[:, new], slopes=patches.slopes())
        halved = Patches(patches.places, nodes, spacing, self._errors(guess[:, new], nodes[:, new]))
        if spacing == 1:  # every pixel is exact now
            return Patches(patches.places, nodes, spacing, np.zeros(len(nodes)))
        return Patches(
            patches.places, nodes, spacing, np.maximum(halved.error_px, self._at_landmarks(halved))
        )

    def _errors(self, guess: Floats, exact: Floats) -> Floats:
        """Greatest distance per patch of (n, m, 2) positions near the scan, doubled; infinite if unknown."""
        off = guess - exact
        distance = np.sqrt(off[..., 0] ** 2 + off[..., 1] ** 2)
        distance = np.where(np.isnan(distance), np.inf, distance)
        reach = _NEAR_PX + 2.0 * self.max_error_px
        far = ((exact < -reach) | (exact > np.add(self.scan_size, reach))).any(axis=-1)
        return np.asarray(_SAFETY * np.where(far, 0.0, distance).max(axis=1))

    def _at_landmarks(self, patches: Patches) -> Floats:
        """Greatest error per patch at the landmarks that lie in it."""
        error_px = np.zeros(len(patches.places))
        cells = np.floor((self.landmarks_at - 0.5) / PATCH_PX)
        for i, place in enumerate(patches.places):
            here = (cells == place // PATCH_PX).all(axis=1)
            if here.any():
                said = patches.at(i, self.landmarks_at[here] - 0.5 - place)
                error_px[i] = np.hypot(*(said - self.landmarks[here]).T).max()
        return np.where(np.isnan(error_px), np.inf, error_px)


def _patches_along(length: int) -> int:
    return -(-length // PATCH_PX)


def _extremes(patches: list[Patches]) -> tuple[Floats, Floats]:
    low = np.min([np.nanmin(group.nodes, axis=(0, 1, 2)) for group in patches], axis=0)
    high = np.max([np.nanmax(group.nodes, axis=(0, 1, 2)) for group in patches], axis=0)
    return low, high
