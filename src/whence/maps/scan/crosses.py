"""Grid crosses on a scan: two thin black strokes across each other with empty corners between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.maps.scan.ink import ink_by_bands
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Floats32, Image, Ints

__all__ = ["Crosses", "find_crosses", "settled"]

_ARMS_PX = (12, 18, 27)
_TURNS_DEG = (-4.0, -2.0, 0.0, 2.0, 4.0)
_STROKE_PX = 3.0
_GAP_PX = 2.0
_GUARD_PX = 6.0
_LEAST_SCORE = 0.3
_MOST = 400
_STRIPE_PX = 8_000_000
_BAND_PX = 4
_LEAST_SAMPLES = 8
_FINE_PX = 0.125
_ALONG = 0.25
_LEAST_BLACK = 0.35
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Crosses:
    """Candidates for grid crosses, the most cross-like first.

    Attributes
    ----------
    pixels
        (n, 2) column, row of the crossing, pixel-edge convention.
    scores
        (n,) how much blacker the strokes are than the paper beside them, 0 to 1.
    """

    pixels: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: Ints) -> Crosses:
        """Keep some."""
        return Crosses(self.pixels[rows], self.scores[rows])


def find_crosses(image: Image | Scan, *, most: int = _MOST) -> Crosses:
    """Find what looks like a small upright or slightly turned cross.

    Junctions of roads and letters look like crosses too; which candidates belong to a grid is for
    `whence.maps.scan.find_grid` to say.

    Parameters
    ----------
    image
        (h, w, 3) uint8, or a scan that is read in stripes.
    most
        Candidates at most.

    Raises
    ------
    InputError
        When the array is no picture of a map.
    """
    scan = as_scan(image)
    found = Crosses(np.zeros((0, 2)), np.zeros(0))
    rows = max(_STRIPE_PX // scan.width, 1)
    for top, bottom, low, ink in ink_by_bands(scan, rows, margin=2 * _ARMS_PX[-1] + 2):
        more = _crosses_of(ink, top - low, bottom - low, most=most)
        pixels = np.concatenate([found.pixels, more.pixels + np.array([0.0, low])])
        scores = np.concatenate([found.scores, more.scores])
        found = Crosses(pixels, scores).take(np.argsort(-scores, kind="stable")[:most])
    return found.take(np.flatnonzero(np.isfinite(found.pixels).all(axis=1)))


def _crosses_of(ink: Floats32, first: int, last: int, *, most: int) -> Crosses:
    """Candidates in the rows from `first` to `last` of a stripe, the best first; NaN where no lines cross."""
    response = _response(ink)
    reach = 2 * _ARMS_PX[-1] + 1
    peaks = (response == cv2.dilate(response, np.ones((reach, reach)))) & (response > _LEAST_SCORE)
    peaks[:first] = peaks[last:] = False
    rows, columns = np.nonzero(peaks)
    best = np.argsort(-response[rows, columns], kind="stable")[:most]
    rough = np.stack([columns[best], rows[best]], axis=1) + 0.5
    exact = np.array([_crossing(ink, pixel) for pixel in rough]).reshape(-1, 2)
    return Crosses(exact, response[rows[best], columns[best]].astype(np.float64))


def _crossing(ink: Floats32, pixel: Floats) -> Floats:
    """Crossing (2,) of the strokes near a pixel, to a fraction of a pixel; NaN when they are no two lines.

    Each stroke is a line through the centroids of the ink across it, fitted so that a road or a letter that
    touches it hardly counts.
    """
    half = _ARMS_PX[-1]
    column, row = (int(value) for value in np.floor(pixel))
    if not (half <= column < ink.shape[1] - half and half <= row < ink.shape[0] - half):
        return np.full(2, np.nan)
    window = ink[row - half : row + half + 1, column - half : column + half + 1].astype(np.float64)
    across = _stroke(window)  # row = a + b · column
    down = _stroke(window.T)  # column = c + d · row
    slant = 1.0 - across[1] * down[1]
    if not np.isfinite([*across, *down]).all() or abs(slant) < 0.5:
        return np.full(2, np.nan)
    right = (down[0] + down[1] * across[0]) / slant
    below = across[0] + across[1] * right
    if max(abs(right), abs(below)) > _BAND_PX:
        return np.full(2, np.nan)
    return np.array([column + 0.5 + right, row + 0.5 + below])


def _stroke(window: Floats) -> tuple[float, float]:
    """Intercept and slope of the horizontal stroke of a window (2h+1, 2h+1), from its middle."""
    half = len(window) // 2
    band = window[half - _BAND_PX : half + _BAND_PX + 1]
    offsets = np.arange(-_BAND_PX, _BAND_PX + 1, dtype=np.float64)
    along = np.arange(-half, half + 1, dtype=np.float64)
    weight = band.sum(axis=0)
    # Next to the crossing the other stroke fills the band; farther out it may have ended.
    usable = (weight > 0.8) & (weight < _STROKE_PX + 2.5) & (np.abs(along) > _STROKE_PX)
    if usable.sum() < _LEAST_SAMPLES or not ((along[usable] < 0).any() and (along[usable] > 0).any()):
        return float("nan"), float("nan")
    where, height = along[usable], (offsets @ band)[usable] / weight[usable]
    trust = np.ones(len(where))
    for _ in range(_ROUNDS):
        slope, intercept = np.polyfit(where, height, 1, w=trust)
        away = np.abs(height - intercept - slope * where)
        scale = max(1.4826 * float(np.median(away)), 0.05)
        trust = 1.0 / np.maximum(away / (1.5 * scale), 1.0)
    return float(intercept), float(slope)


def settled(ink: Floats32, pixel: Floats, *, turn_rad: float) -> Floats:
    """Crossing (2,) near a pixel when the direction of the strokes is known; NaN when there are none.

    A stroke is black along its whole length, what touches it only somewhere: of each line beside the
    crossing the blackness is taken that three quarters of it exceed. So a road that runs into a stroke at a
    sharp angle does not pull it aside.
    """
    shifts = []
    for angle in (turn_rad, turn_rad + np.pi / 2.0):
        along = np.array([np.cos(angle), np.sin(angle)])
        shift = _offset_of_stroke(ink, pixel, along)
        if not np.isfinite(shift):
            return np.full(2, np.nan)
        shifts.append(shift * np.array([-along[1], along[0]]))
    return np.asarray(pixel + shifts[0] + shifts[1])


def _offset_of_stroke(ink: Floats32, pixel: Floats, along: Floats) -> float:
    """Distance from a pixel to the stroke in the direction `along`, to the right of it, pixels."""
    offsets = np.arange(-_BAND_PX, _BAND_PX + _FINE_PX / 2, _FINE_PX)
    across = np.array([-along[1], along[0]])
    for arm in _ARMS_PX[::-1]:
        reach = np.arange(_STROKE_PX + 1.0, arm, 0.5)
        places = np.concatenate([-reach, reach])
        where = pixel - 0.5 + places[None, :, None] * along + offsets[:, None, None] * across
        columns, rows = (where[..., axis].astype(np.float32) for axis in (0, 1))
        seen = cv2.remap(ink, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        profile = np.quantile(seen, _ALONG, axis=1)
        peak = int(profile.argmax())
        if profile[peak] < _LEAST_BLACK:
            continue
        near = np.abs(offsets - offsets[peak]) <= _STROKE_PX
        weight = np.where(near, np.maximum(profile - profile[peak] / 2.0, 0.0), 0.0)
        return float(weight @ offsets / weight.sum())
    return float("nan")


def _response(ink: Floats32) -> Floats32:
    """Largest answer (h, w) of any template at each pixel."""
    best = np.full(ink.shape, -1.0, np.float32)
    for arm in _ARMS_PX:
        for turn in _TURNS_DEG:
            template = _template(arm, np.deg2rad(turn))
            np.maximum(
                best, cv2.filter2D(ink, cv2.CV_32F, template, borderType=cv2.BORDER_REPLICATE), out=best
            )
    return best


def _template(arm: int, turn_rad: float) -> Floats32:
    """Mean ink of the two strokes minus mean ink of the corners beside them."""
    reach = np.arange(-arm - 2, arm + 3, dtype=np.float64)
    columns, rows = np.meshgrid(reach, reach)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    along, off = np.abs(cosine * columns + sine * rows), np.abs(cosine * rows - sine * columns)
    half = _STROKE_PX / 2.0
    stroke = ((off <= half) & (along <= arm)) | ((along <= half) & (off <= arm))
    beyond = half + _GAP_PX
    near = np.minimum(along, off)
    corner = (near > beyond) & (near <= beyond + _GUARD_PX) & (np.maximum(along, off) <= arm)
    return np.asarray(stroke / stroke.sum() - corner / corner.sum(), np.float32)
