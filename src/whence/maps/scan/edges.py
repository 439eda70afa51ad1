"""A drawn line followed along its whole length, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Floats32

__all__ = ["Edge", "Strip", "follow", "strip_along"]

_PIECES = 240
_PER_PIECE = 4
_PARTS = 8
_ROUNDS = 6
_STEP_PX = 0.25
_LEAST_PIECES = 24
_FAINT = 6.0
_CURVED = 0.85  # a bend is believed when it leaves less than this share of the scatter of a straight line


@dataclass(frozen=True, eq=False)
class Strip:
    """What lies along a straight line on a scan, laid out flat.

    Attributes
    ----------
    start, end
        (2,) column, row of the ends of the line.
    across
        (2,) unit vector, in which offsets count: to the right of the direction from start to end.
    offsets_px
        (m,) of the rows of `dark`.
    dark
        (m, n) how much darker than both sides, 0 to 255, of n pieces along the line.
    """

    start: Floats
    end: Floats
    across: Floats
    offsets_px: Floats
    dark: Floats32

    @property
    def places(self) -> Floats:
        """(n,) middles of the pieces, -1 at the start to 1 at the end."""
        count = self.dark.shape[1]
        return np.asarray((np.arange(count) + 0.5) / count * 2.0 - 1.0)


@dataclass(frozen=True, eq=False)
class Edge:
    """A line that was followed: offsets from a strip's line as a polynomial of the place, -1 to 1.

    Attributes
    ----------
    strip
        Where it was followed.
    bend
        (3,) offset = bend[0] + bend[1]·place + bend[2]·place².
    bow_px
        How far its middle lies off the straight line between its ends; positive to the right.
    scatter_px
        Root mean square of the pieces about it.
    covered
        Share of the pieces in which it was seen.
    """

    strip: Strip
    bend: Floats
    bow_px: float
    scatter_px: float
    covered: float

    def at(self, place: Floats | float) -> Floats:
        """(..., 2) column, row at places along it."""
        along = (np.asarray(place)[..., None] + 1.0) / 2.0 * (self.strip.end - self.strip.start)
        away = np.polynomial.polynomial.polyval(np.asarray(place), self.bend)
        return np.asarray(self.strip.start + along + away[..., None] * self.strip.across)

    def tangent(self, place: float) -> Floats:
        """(3,) straight line a·column + b·row = c that touches it at a place."""
        slope = self.bend[1] + 2.0 * self.bend[2] * place
        direction = (self.strip.end - self.strip.start) / 2.0 + slope * self.strip.across
        normal = np.array([-direction[1], direction[0]]) / np.hypot(*direction)
        return np.append(normal, normal @ self.at(place))


def strip_along(scan: Scan, start: Floats, end: Floats, *, offsets_px: Floats, thick_px: float) -> Strip:
    """Lay out flat what lies along a line.

    Parameters
    ----------
    scan
        What is read in windows along the line.
    start, end
        (2,) column, row, pixel-edge convention.
    offsets_px
        (m,) how far to the right to look, ascending and even.
    thick_px
        Strokes up to this thickness count as dark, thicker ones as ground.
    """
    along = end - start
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    flat = np.concatenate(
        [
            _laid_flat(scan, start + along * part / _PARTS, along / _PARTS, offsets_px[:, None] * across)
            for part in range(_PARTS)
        ],
        axis=1,
    )
    step = float(offsets_px[1] - offsets_px[0])
    kernel = np.ones((2 * round(thick_px / step / 2.0) + 1, 1), np.uint8)
    dark = cv2.morphologyEx(flat, cv2.MORPH_BLACKHAT, kernel)
    return Strip(start, end, across, offsets_px, np.asarray(dark, np.float32))


def _laid_flat(scan: Scan, start: Floats, along: Floats, aside: Floats) -> Floats32:
    """Brightness (m, pieces) of one part of a line; only the pixels round it are read."""
    count = _PIECES // _PARTS
    shares = (np.arange(count * _PER_PIECE) + 0.5) / (count * _PER_PIECE)
    where = start + shares[None, :, None] * along + aside[:, None]
    low, high = where.min(axis=(0, 1)) - 2.0, where.max(axis=(0, 1)) + 2.0
    window, pixels = scan.around((low[0], low[1]), (high[0], high[1]))
    columns = (where[..., 0] - window.column - 0.5).astype(np.float32)
    rows = (where[..., 1] - window.row - 0.5).astype(np.float32)
    grey = np.ascontiguousarray(pixels.max(axis=2))
    seen = cv2.remap(grey, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen.reshape(len(aside), count, _PER_PIECE).astype(np.float32).mean(axis=2))


def follow(strip: Strip, bend: Floats, *, reach_px: float) -> Edge | None:
    """Follow the line nearest to a guess; None when it is not there.

    Parameters
    ----------
    strip
        Round the line.
    bend
        (3,) the guess, as of `Edge`.
    reach_px
        How far off the line may lie; it is narrowed to a quarter while the line is followed.
    """
    places, reach = strip.places, reach_px
    for _ in range(_ROUNDS):
        guess = np.asarray(np.polynomial.polynomial.polyval(places, bend), np.float64)
        offset, weight = _centroids(strip, guess, reach)
        seen = weight > _FAINT
        if seen.sum() < _LEAST_PIECES:
            return None
        bend = _fitted(places[seen], offset[seen])
        reach = max(reach * 0.7, reach_px / 4.0)
    away = offset[seen] - np.polynomial.polynomial.polyval(places[seen], bend)
    good = np.abs(away) < reach
    return Edge(
        strip,
        bend,
        bow_px=float(-bend[2]),
        scatter_px=float(np.sqrt(np.mean(away[good] ** 2))) if good.any() else float("nan"),
        covered=float(good.sum() / len(places)),
    )


def _centroids(strip: Strip, guess: Floats, reach_px: float) -> tuple[Floats, Floats]:
    """Offset (n,) of the ink near a guess in each piece, and how dark it is at most."""
    away = strip.offsets_px[:, None] - guess
    near = np.where(np.abs(away) <= reach_px, strip.dark, 0.0)
    darkest = near.max(axis=0)
    weight = np.maximum(near - darkest / 2.0, 0.0)
    total = np.maximum(weight.sum(axis=0), 1e-9)
    return (weight * strip.offsets_px[:, None]).sum(axis=0) / total, darkest.astype(np.float64)


def _fitted(places: Floats, offset: Floats) -> Floats:
    """Bend (3,) through the pieces, straight unless a bend explains them clearly better."""
    straight, scatter = _robust(places, offset, 1)
    curved, less = _robust(places, offset, 2)
    return curved if less < _CURVED * scatter else np.append(straight, 0.0)


def _robust(places: Floats, offset: Floats, degree: int) -> tuple[Floats, float]:
    """Polynomial in which pieces that lie off count little, and their scatter."""
    trust = np.ones(len(places))
    bend: Floats = np.zeros(degree + 1)
    scale = 0.0
    for _ in range(_ROUNDS):
        bend = np.asarray(np.polynomial.polynomial.polyfit(places, offset, degree, w=trust), np.float64)
        away = np.abs(offset - np.polynomial.polynomial.polyval(places, bend))
        scale = max(1.4826 * float(np.median(away)), 0.02)
        trust = 1.0 / np.maximum(away / (1.5 * scale), 1.0)
    return bend, scale
