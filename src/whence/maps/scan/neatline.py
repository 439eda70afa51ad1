"""The neatline: the innermost of the frames that are drawn round a map, one inside the other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.scan.edges import strip_along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.scan.edges import Strip
    from whence.maps.scan.source import Scan
    from whence.typing import Floats

__all__ = ["nested_frames"]

_INWARD, _OUTWARD = 0.075, 0.05  # of the mean side
_STEP_PX = 0.5
_SHEAR_PX = 2.0
_DARKER = 1e-4  # of several offsets at which a thick line is full, the darkest counts
_GROUND = 0.25
_FULL = 32.0
_LEAST_DRAWN = 0.42
_LEAST_ABOVE = 0.2
_ALIKE = 0.35
_ALIKE_PX = 4.0
_BESIDE_PX = 8.0
_SAME_PX = 1.75
_THICK_PX = 9.0


def nested_frames(scan: Scan, corners: Floats) -> list[tuple[Floats, float]]:
    """Find the frames that run round a map at an even distance from a first one.

    Parameters
    ----------
    scan
        A scan, best made small.
    corners
        (4, 2) of any of the frames, clockwise from the top left.

    Returns
    -------
    list
        Of each frame, from the outermost to the innermost: offsets (4, 3) of its top, right, bottom and left
        from the sides of the first frame, as `whence.maps.scan.edges.Edge` bends, inward positive; and how
        fully its least drawn side is drawn, 0 to 1.
    """
    sides = [corners[(i + 1) % 4] - corners[i] for i in range(4)]
    mean_px = float(np.mean([np.hypot(*side) for side in sides]))
    offsets = np.arange(-_OUTWARD * mean_px, _INWARD * mean_px, _STEP_PX)
    peaks = [
        _parallels(
            strip_along(scan, corners[i], corners[(i + 1) % 4], offsets_px=offsets, thick_px=_THICK_PX)
        )
        for i in range(4)
    ]
    return _matched(peaks)


def _parallels(strip: Strip) -> list[tuple[float, float, float]]:
    """Lines nearly parallel to a strip: offset of the middle, slope, how fully drawn."""
    drawn = np.minimum(strip.dark / _FULL, 1.0) + _DARKER * strip.dark
    shears = np.arange(-_SHEAR_PX, _SHEAR_PX + _STEP_PX / 2, _STEP_PX)
    # Of each offset and shear the mean along the line.
    rows = np.arange(len(strip.offsets_px))[:, None]
    means = np.stack(
        [
            drawn[np.clip(rows + shift, 0, len(rows) - 1), np.arange(drawn.shape[1])].mean(axis=1)
            for shift in (np.rint(shear * strip.places / _STEP_PX).astype(np.int64) for shear in shears)
        ]
    )
    best = means.max(axis=0)
    beside = round(_BESIDE_PX / _STEP_PX)
    found = []
    for i in range(1, len(best) - 1):
        low, high = max(i - beside, 0), i + beside + 1
        above = best[i] - float(np.quantile(best[low:high], _GROUND))
        near = best[max(i - round(_SAME_PX / _STEP_PX), 0) : i + round(_SAME_PX / _STEP_PX) + 1]
        if best[i] == near.max() and best[i] >= _LEAST_DRAWN and above >= _LEAST_ABOVE:
            found.append((float(strip.offsets_px[i]), float(shears[means[:, i].argmax()]), float(best[i])))
    return found


def _matched(peaks: Sequence[Sequence[tuple[float, float, float]]]) -> list[tuple[Floats, float]]:
    """Choose sets of one line a side at about the same distance, each line used once."""
    found: list[tuple[Floats, float]] = []
    combinations = [quad for quad in itertools.product(*peaks) if _even(quad)]
    taken: set[tuple[int, float]] = set()
    for quad in sorted(combinations, key=_unevenness):
        used = {(side, line[0]) for side, line in enumerate(quad)}
        if not used & taken:
            taken |= used
            bends = np.array([[offset, shear, 0.0] for offset, shear, _ in quad])
            found.append((bends, min(line[2] for line in quad)))
    return sorted(found, key=lambda frame: float(frame[0][:, 0].mean()))


def _even(quad: Sequence[tuple[float, float, float]]) -> bool:
    offsets = [line[0] for line in quad]
    middle = float(np.median(offsets))
    return max(abs(one - middle) for one in offsets) <= max(_ALIKE * abs(middle), _ALIKE_PX)


def _unevenness(quad: Sequence[tuple[float, float, float]]) -> float:
    """Spread of the distances less how fully the lines are drawn."""
    offsets = np.array([line[0] for line in quad])
    return float(np.ptp(offsets) - _BESIDE_PX * min(line[2] for line in quad))
