"""From pixels of a sheet to pixels of its scan: exactly, or from a good guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.maps.warping.frame import Frame
    from whence.maps.warping.placing import Placing
    from whence.typing import Floats

__all__ = ["NEAR_ERROR_PX", "Inverse"]

NEAR_ERROR_PX = 1e-3
"""Iterations from a guess end when the error that is left is estimated below this, pixels of the scan."""

_STEPS = 6
_FIRST_RATIO = 0.1
"""What is taken for the share of the error that a first step leaves, until a second one has shown it."""


@dataclass(frozen=True, eq=False)
class Inverse:
    """The way from a sheet to its scan.

    Parameters
    ----------
    placing
        From the scan to the coordinate system of the sheet.
    frame
        The sheet's pixels in that system.
    """

    placing: Placing
    frame: Frame

    def forward(self, pixels: Floats) -> Floats:
        """Give (n, 2) pixels of the sheet of (n, 2) pixels of the scan."""
        return self.frame.to_pixels(self.placing.to_sheet(pixels))

    def exact(self, places: Floats) -> Floats:
        """Give (n, 2) pixels of the scan of (n, 2) pixels of the sheet; NaN where there are none."""
        return self.placing.to_pixels(self.frame.to_crs(places))

    def near(self, places: Floats, guess: Floats, *, slopes: Floats) -> Floats:
        """Give pixels of the scan from a guess: by the closed form, or by a few steps along a known slope.

        A transform without a closed inverse solves for each position by Newton's method from afar. From a
        guess within a pixel and with a slope right to a percent, one or two evaluations of the transform
        do (the chord method: each step leaves that percent of the error). Where this does not come to an
        end, the transform's own inverse is asked.

        Parameters
        ----------
        places
            (n, m, 2) pixels of the sheet.
        guess
            (n, m, 2) pixels of the scan; NaN where unknown.
        slopes
            (n, 2, 2) derivatives of column, row on the scan by those on the sheet.

        Returns
        -------
        Floats
            (n, m, 2) pixels of the scan; NaN where there are none.
        """
        if self.placing.has_closed_inverse:
            return self.exact(places.reshape(-1, 2)).reshape(places.shape)
        group = np.repeat(np.arange(len(places)), places.shape[1])
        targets, found = places.reshape(-1, 2), guess.reshape(-1, 2).copy()
        left = self._step_along(targets, found, slopes[group])
        if len(left):
            found[left] = self.exact(targets[left])
        return found.reshape(places.shape)

    def _step_along(self, targets: Floats, found: Floats, slopes: Floats) -> np.ndarray:
        """Improve `found` in place; give the indices of those that did not converge."""
        active = np.flatnonzero(np.isfinite(found).all(axis=1) & np.isfinite(slopes).all(axis=(1, 2)))
        unsolved = np.ones(len(found), np.bool_)
        last = np.full(len(found), np.inf)
        for attempt in range(_STEPS):
            if not len(active):
                break
            miss = targets[active] - self.forward(found[active])
            step = np.einsum("nij,nj->ni", slopes[active], miss)
            length = np.sqrt(step[:, 0] ** 2 + step[:, 1] ** 2)
            with np.errstate(invalid="ignore"):
                ratio = np.full(len(active), _FIRST_RATIO) if attempt == 0 else length / last[active]
            found[active] += step
            last[active] = np.maximum(length, 1e-300)
            done = (length * ratio <= NEAR_ERROR_PX) & (ratio < 0.5)
            unsolved[active[done]] = False
            active = active[~done & (ratio < 0.5)]
        return np.flatnonzero(unsolved)
