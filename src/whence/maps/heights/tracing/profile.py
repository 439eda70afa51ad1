"""Lines brought onto the middle of their ink, and how thick each is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Image

__all__ = ["centred", "resampled", "thick_lines"]

_STEP_PX = 2.0
_LEAST_INK = 0.8  # px across, so that there is something to be centred upon
_APART = 1.25  # thick lines are at least so much thicker than thin ones
_FEWEST = 4


def resampled(points_px: Floats, step_px: float) -> Floats:
    """Put (m, 2) vertices at equal distances along a line; its ends stay."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points_px, axis=0).T))])
    count = max(round(along[-1] / step_px), 3 if (points_px[0] == points_px[-1]).all() else 1)
    wanted = np.linspace(0.0, along[-1], count + 1)
    return np.stack([np.interp(wanted, along, points_px[:, axis]) for axis in (0, 1)], axis=1)


def centred(points_px: Floats, share: Image, reach_px: float) -> tuple[Floats, float]:
    """Bring a thinned line onto the middle of its ink.

    Parameters
    ----------
    points_px
        (n, 2) column, row.
    share
        (h, w) uint8, how much ink covers each pixel.
    reach_px
        How far to look on either side.

    Returns
    -------
    points_px, width_px
        (m, 2) two pixels apart, and the median width of the ink, NaN where there is none.
    """
    from scipy.ndimage import gaussian_filter1d, map_coordinates

    closed = bool((points_px[0] == points_px[-1]).all())
    mode = "wrap" if closed else "nearest"
    way = resampled(points_px, _STEP_PX)
    way = way[:-1] if closed else way
    smooth = np.asarray(gaussian_filter1d(way, 1.5, axis=0, mode=mode))
    course = _course(smooth, closed=closed)
    normal = np.stack([-course[:, 1], course[:, 0]], axis=1)
    offsets = np.arange(-np.ceil(reach_px), np.ceil(reach_px) + 0.5, 0.5)
    places = smooth[:, None] + offsets[:, None] * normal[:, None]
    ink = (
        map_coordinates(share, [places[..., 1] - 0.5, places[..., 0] - 0.5], order=1, output=np.float32) / 255
    )
    ink = _own(ink)
    across = 0.5 * ink.sum(axis=1)
    there = across >= _LEAST_INK
    middle = np.where(there, (ink * offsets).sum(axis=1) / np.maximum(ink.sum(axis=1), 1e-6), 0.0)
    shift = np.asarray(gaussian_filter1d(np.where(there, middle, 0.0), 2.0, mode=mode))
    moved = smooth + shift[:, None] * normal
    width = float(np.median(across[there])) if there.any() else float("nan")
    return (np.concatenate([moved, moved[:1]]) if closed else moved), width


def _course(points: Floats, *, closed: bool) -> Floats:
    """Give the unit direction (n, 2) of a line at each vertex."""
    if closed:
        step = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    else:
        step = np.gradient(points, axis=0) if len(points) > 2 else np.diff(points, axis=0)[[0, 0]]
    return np.asarray(step / np.maximum(np.hypot(*step.T), 1e-9)[:, None])


def _own(ink: Floats) -> Floats:
    """Keep of each profile (n, k) what hangs together with its middle, not the neighbouring line."""
    kept = ink.copy()
    middle = ink.shape[1] // 2
    for side in (range(middle + 2, ink.shape[1]), range(middle - 2, -1, -1)):
        on = np.ones(len(ink), bool)
        for column in side:
            on &= ink[:, column] > 0.15
            kept[~on, column] = 0.0
    return kept


def thick_lines(widths_px: Floats, lengths_px: Floats) -> Bools:
    """Tell which (n,) lines are drawn thick: index contours.

    Two groups of widths are parted so that the lengths' variance within them is least (Otsu 1979). Where they
    differ by less than a quarter, or the thick ones are the greater part, all lines are alike.
    """
    known = np.flatnonzero(np.isfinite(widths_px))
    none = np.zeros(len(widths_px), bool)
    if len(known) < _FEWEST:
        return none
    order = known[np.argsort(widths_px[known])]
    value, weight = widths_px[order], lengths_px[order]
    total, moment = np.cumsum(weight)[:-1], np.cumsum(weight * value)[:-1]
    rest, beyond = weight.sum() - total, (weight * value).sum() - moment
    between = total * rest * np.square(moment / total - beyond / rest)
    cut = int(between.argmax())
    thin, thick = moment[cut] / total[cut], beyond[cut] / rest[cut]
    if thick < _APART * thin or rest[cut] > 0.6 * weight.sum():
        return none
    return np.asarray(np.isfinite(widths_px) & (widths_px >= (value[cut] + value[cut + 1]) / 2))
