"""Flat things in space, drawn where they are nearer than what is there already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.smallworld.camera import Camera
    from whence.typing import Bools, Floats, Floats32, Image

__all__ = ["Canvas", "Sheet", "draw"]

NEAR_M = 0.4


@dataclass(frozen=True, eq=False)
class Canvas:
    """Colours by daylight and glow at dusk, (h, w, 4), and depth along the view axis (h, w), metres."""

    colour: Floats32
    depth_m: Floats32


@dataclass(frozen=True, eq=False)
class Sheet:
    """A rectangle that hangs in space.

    Attributes
    ----------
    corner_m
        (3,) its top left corner: east, north, up.
    across_m, down_m
        (3,) its upper and its left edge.
    paint
        Gives the image on it, (h, w, 4) uint8: colour, and glow or, to be cut out, opacity. Called only
        when some of it is seen.
    shade
        Factor of the colour.
    cut_out
        Leave away what is not opaque.
    """

    corner_m: Floats
    across_m: Floats
    down_m: Floats
    paint: Callable[[], Image]
    shade: float = 1.0
    cut_out: bool = False


def draw(canvas: Canvas, camera: Camera, sheet: Sheet) -> None:
    """Draw a sheet on the canvas, in place."""
    basis = np.column_stack([
        camera.rotation @ sheet.across_m, camera.rotation @ sheet.down_m, camera.to_camera(sheet.corner_m),
    ])  # fmt: skip
    outline = _outline(basis, camera)
    if outline is None:
        return
    left, top = np.maximum(np.floor(outline.min(axis=0)), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(outline.max(axis=0)), [camera.width_px, camera.height_px]).astype(int)
    if right <= left or bottom <= top:
        return
    where = (slice(top, int(bottom)), slice(left, int(right)))
    depth_m = _depth_m(basis, camera, where)
    nearer = _inside(outline, where) & (depth_m < canvas.depth_m[where])
    if not nearer.any():
        return
    window = _warped(sheet.paint(), camera.intrinsics @ basis, where)
    if sheet.cut_out:
        nearer &= window[..., 3] > 127
        window[..., 3] = 0
    drawn = window[nearer].astype(np.float32)
    drawn[:, :3] *= sheet.shade
    canvas.colour[where][nearer] = drawn
    canvas.depth_m[where][nearer] = depth_m[nearer]


def _outline(basis: Floats, camera: Camera) -> Floats | None:
    """Give the corners in pixels, (n, 2), cut at the near plane; None behind it."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) @ basis.T
    kept = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            kept.append(a + (NEAR_M - a[2]) / (b[2] - a[2]) * (b - a))
    if len(kept) < 3:
        return None
    pixels = np.array(kept) @ camera.intrinsics.T
    return np.asarray(pixels[:, :2] / pixels[:, 2:])


def _inside(outline: Floats, where: tuple[slice, slice]) -> Bools:
    rows, columns = where
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    sixteenths = np.round((outline - [columns.start, rows.start]) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, sixteenths, 1, shift=4)
    return mask > 0


def _depth_m(basis: Floats, camera: Camera, where: tuple[slice, slice]) -> Floats:
    """Depth at every pixel of a window: on a plane its inverse is linear in the pixel."""
    normal = np.linalg.solve(basis.T, np.array([0.0, 0.0, 1.0]))  # normal · point = 1 on the plane
    per_column, per_row, constant = normal @ np.linalg.inv(camera.intrinsics)
    rows, columns = (np.arange(side.start, side.stop) + 0.5 for side in where)
    inverse = per_column * columns + (per_row * rows + constant)[:, None]
    return np.asarray(1.0 / np.maximum(inverse, 1e-6))


def _warped(image: Image, homography: Floats, where: tuple[slice, slice]) -> Image:
    """Bring an image on the unit square into a window of the picture."""
    rows, columns = where
    size = (columns.stop - columns.start, rows.stop - rows.start)
    while image.shape[0] * image.shape[1] > 5 * size[0] * size[1] and min(image.shape[:2]) > 8:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA))  # against glitter
    shift = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]], np.float64)
    from_pixels = np.diag([1 / image.shape[1], 1 / image.shape[0], 1.0])
    return np.asarray(
        cv2.warpPerspective(image, shift @ homography @ from_pixels, size, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )
