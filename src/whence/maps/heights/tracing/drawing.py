"""A picture of traced lines over their scan, to judge them by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL.Image

from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from whence.maps.heights.tracing.traced import Traced
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Image, PathLike

__all__ = ["draw_traced", "write_preview"]

_SHIFT = 4
_LONGEST_PX = 3000
_UNKNOWN = (120, 120, 120)
_MARK = (220, 0, 160)
_OPEN = (0, 120, 255)


def draw_traced(scan: Scan, traced: Traced, *, longest_px: int = _LONGEST_PX) -> Image:
    """Draw lines coloured by their height over the paled scan.

    Grey lines have no height; a ring marks a contradiction, a dot an open end.

    Parameters
    ----------
    scan
        The scan.
    traced
        Its lines.
    longest_px
        Longer side of the picture at most.

    Returns
    -------
    (h, w, 3) uint8.
    """
    small, factor = scan.small(longest_px)
    picture = np.ascontiguousarray(255 - (255 - small) // 3)
    for line, colour, index in zip(traced.lines, _colours(traced.heights_m), traced.is_index, strict=True):
        cv2.polylines(picture, [_fixed(line / factor)], False, colour, 3 if index else 2, cv2.LINE_AA, _SHIFT)
    for end in traced.open_ends:
        cv2.circle(picture, _whole(end.place_px, factor), 3, _OPEN, -1, cv2.LINE_AA)
    for one in traced.contradictions:
        cv2.circle(picture, _whole(one.place_px, factor), 18, _MARK, 3, cv2.LINE_AA)
        cv2.putText(
            picture,
            "?" if np.isnan(one.said_m) else f"{one.said_m:g}",
            _whole(one.place_px, factor, 20),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.6,
            _MARK,
            2,
        )
    return np.asarray(picture, np.uint8)


def write_preview(path: PathLike, picture: Image) -> None:
    """Write a picture, whole or not at all; its kind is told by the ending."""
    with atomic_path(path) as beside:
        PIL.Image.fromarray(picture).save(beside)


def _colours(heights_m: Floats) -> list[tuple[int, int, int]]:
    """Blue for low, green, red for high; grey without a height."""
    known = np.isfinite(heights_m)
    low, span = (heights_m[known].min(), max(np.ptp(heights_m[known]), 1e-9)) if known.any() else (0.0, 1.0)
    share = np.where(known, (heights_m - low) / span, 0.0)
    hue = np.round(120 * (1 - share)).astype(np.uint8)
    hsv = np.stack([hue, np.full_like(hue, 255), np.full_like(hue, 200)], axis=1)[None]
    rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0]
    return [
        (int(one[0]), int(one[1]), int(one[2])) if there else _UNKNOWN
        for one, there in zip(rgb, known, strict=True)
    ]


def _fixed(points: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.asarray(np.round((points - 0.5) * 2**_SHIFT), np.int32)


def _whole(place: tuple[float, float], factor: float, aside: int = 0) -> tuple[int, int]:
    return round(place[0] / factor) + aside, round(place[1] / factor)
