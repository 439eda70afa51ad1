"""The inks of a printed sheet, told apart on whatever paper and tint they lie.

What is under the lines (paper, tints, shadows of the scanner) is found by a morphological closing of each
channel and divided out. A line then lies, in CIE L*a*b*, somewhere on the way from white to its ink, the
farther the more of a pixel it covers; so a pixel belongs to the ink whose way passes it closest, and its
place on the way is the share that is covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Floats32, Image, Ints

__all__ = ["Ink", "Inks", "background_of", "find_inks", "flattened", "ink_of_hex"]

_UNDER_PX = 25
"""Whatever is narrower than this is a line, what is wider is a tint below the lines."""

_WINDOW_PX = 320
_WINDOWS = 40
_MOST_SAMPLES = 60_000
_CLUSTERS = 10
_FAINT = 14.0  # ΔE below which nothing is printed
_SAME_DEG = 14.0  # ways that part by less belong to one ink
_GREY = 12.0  # chroma of an ink that is black or grey
_BROWN_DEG = (18.0, 88.0)  # hue angles of brown, sepia, orange
_LUT_BITS = 6
_LEAST_SHARE = 0.3
_BLACK_ONLY = (
    "the sheet is printed in black only: roads, letters and contours have one ink. Where it shows little but "
    "contours, name the ink ({ink}), and lines are taken by their shape; else trace the contours by hand"
)
_NOTHING = "there is nothing printed in lines on the scan; check that it is the right one"
_BY_SHAPE = "lines were taken from black ink by their shape; look at the preview before using them"
_WHITE = np.array([100.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Ink:
    """One ink.

    Attributes
    ----------
    lab
        (3,) L*, a*, b* on white paper.
    share
        Of all that is printed in lines, 0 to 1.
    line_like
        Share of it that lies in long thin strokes, 0 to 1.
    """

    lab: Floats
    share: float
    line_like: float

    @property
    def is_grey(self) -> bool:
        """Whether it is black or grey."""
        return bool(np.hypot(*self.lab[1:]) < _GREY)

    @property
    def is_brown(self) -> bool:
        """Whether it is brown, sepia or orange, the colours in which contours are printed."""
        hue = float(np.degrees(np.arctan2(self.lab[2], self.lab[1])))
        return not self.is_grey and _BROWN_DEG[0] <= hue <= _BROWN_DEG[1]

    @property
    def hex(self) -> str:
        """Its colour on white paper as #rrggbb."""
        pixel = np.asarray(self.lab, np.float32)[None, None]
        red, green, blue = np.clip(np.round(255 * cv2.cvtColor(pixel, cv2.COLOR_Lab2RGB)[0, 0]), 0, 255)
        return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"


@dataclass(frozen=True, eq=False)
class Inks:
    """All inks of a sheet, and which of them is meant.

    Attributes
    ----------
    found
        The inks.
    chosen
        Number of that of the contours.
    notes
        What a reader should know about the choice.
    """

    found: tuple[Ink, ...]
    chosen: int
    notes: tuple[str, ...] = ()

    @property
    def ink(self) -> Ink:
        """That of the contours."""
        return self.found[self.chosen]

    def cover(self, image: Image) -> tuple[Image, Image]:
        """Find the ink on a picture.

        Parameters
        ----------
        image
            (h, w, 3) uint8 of a scan; inaccurate within some 30 pixels of its edges.

        Returns
        -------
        share, other
            (h, w) uint8 each: 0 to 255 how much of a pixel the chosen ink covers, and the same of any other.
        """
        number, share = self._table
        index = _cube(flattened(image))
        mine = number[index] == self.chosen
        printed = share[index]
        return np.where(mine, printed, 0).astype(np.uint8), np.where(mine, 0, printed).astype(np.uint8)

    @property
    def _table(self) -> tuple[Image, Image]:
        return _table(tuple(tuple(ink.lab.tolist()) for ink in self.found))


def _cube(flat: Image) -> Ints:
    """Give the number (h, w) of the cell of the colour cube in which each pixel lies."""
    red, green, blue = (flat[..., channel].astype(np.int64) >> 8 - _LUT_BITS for channel in range(3))
    return red << 2 * _LUT_BITS | green << _LUT_BITS | blue


@lru_cache(maxsize=4)
def _table(inks: tuple[tuple[float, ...], ...]) -> tuple[Image, Image]:
    """Tell for every cell of the colour cube the ink and how much it covers, 0 to 255."""
    steps = (np.arange(2**_LUT_BITS) + 0.5) / 2**_LUT_BITS
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    lab = cv2.cvtColor(cube.astype(np.float32), cv2.COLOR_RGB2Lab)[0]
    number, share = nearest_ink(lab, np.array(inks))
    printed = np.where(share >= _LEAST_SHARE, np.clip(255 * share, 0, 255), 0)
    return number.astype(np.uint8), printed.astype(np.uint8)


def background_of(image: Image) -> Image:
    """Paper and tints (h, w, 3) uint8 as they would look without the lines on them."""
    calm = cv2.medianBlur(np.ascontiguousarray(image), 3)
    box = np.ones((_UNDER_PX, _UNDER_PX), np.uint8)
    closed = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, box, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.blur(closed, (9, 9)), np.uint8)


def flattened(image: Image) -> Image:
    """Bring the paper and tints of a scan (h, w, 3) uint8 to white, so that lines remain."""
    under = np.maximum(background_of(image), 24)
    soft = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), 0.6)
    return np.asarray(cv2.divide(soft, under, scale=250.0), np.uint8)


def nearest_ink(lab: Floats32, inks: Floats) -> tuple[Floats, Floats]:
    """Find the ink of each colour.

    Parameters
    ----------
    lab
        (n, 3) L*, a*, b*.
    inks
        (k, 3) those of the inks.

    Returns
    -------
    number, share
        (n,) of the ink whose way from white passes closest, and how far along it.
    """
    away = lab - _WHITE.astype(np.float32)
    ways = (inks - _WHITE).astype(np.float32)
    along = np.clip(away @ ways.T / np.square(ways).sum(axis=1), 0.0, 1.15)
    rest = [np.linalg.norm(away - along[:, [k]] * way, axis=1) for k, way in enumerate(ways)]
    beside = np.stack(rest, axis=1)
    # Dark pixels where two inks overprint are not mistaken for a darker line of the brighter one.
    number = beside.argmin(axis=1)
    rows = np.arange(len(lab))
    far = beside[rows, number] > 0.45 * np.linalg.norm(away, axis=1) + 6.0
    share = np.where(far, 0.0, along[rows, number])
    return number, share


def ink_of_hex(text: str) -> Floats:
    """Read a colour such as ``#b06834``: (3,) L*, a*, b*.

    Raises
    ------
    InputError
        When it is no colour.
    """
    digits = text.strip().lstrip("#")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no colour; give red, green, blue as #rrggbb, such as #b06834"
        ) from error
    return np.asarray(_lab(np.array([[red, green, blue]], np.uint8))[0])


def find_inks(scan: Scan, *, ink: str | None = None) -> Inks:
    """Find the inks of a sheet and choose that of the contours.

    Parameters
    ----------
    scan
        The sheet.
    ink
        Colour of the contours, #rrggbb; None chooses the most line-like of the brown inks, failing that of
        the coloured ones.

    Raises
    ------
    NotEnoughDataError
        When nothing is printed on it.
    InputError
        When the ink is no colour, or none is given and all is printed in black.
    """
    windows = [flattened(part) for part in _samples(scan)]
    cores = np.concatenate([_cores(part) for part in windows])
    if len(cores) < 50:
        raise NotEnoughDataError(_NOTHING)
    centres, shares = _clusters(cores)
    if ink is not None:
        centres, shares = _with(centres, shares, ink_of_hex(ink))
    likeness = _line_likeness(windows, centres)
    found = tuple(Ink(*each) for each in zip(centres, shares.tolist(), likeness.tolist(), strict=True))
    if ink is not None:
        return Inks(found, len(found) - 1, (_BY_SHAPE,) if found[-1].is_grey else ())
    return Inks(found, *_choose(found))


def _samples(scan: Scan) -> list[Image]:
    """Cut windows all over a scan."""
    from whence.imagery.raster import Window

    if scan.width * scan.height <= _WINDOWS * _WINDOW_PX**2:
        return [scan.read(Window(0, 0, scan.width, scan.height))]
    ratio = scan.width / scan.height
    down = max(int(np.sqrt(_WINDOWS / ratio)), 1)
    across = max(_WINDOWS // down, 1)
    wide, high = min(_WINDOW_PX, scan.width), min(_WINDOW_PX, scan.height)
    return [
        scan.read(Window(int(left), int(top), wide, high))
        for top in np.linspace(0, scan.height - high, down + 2)[1:-1]
        for left in np.linspace(0, scan.width - wide, across + 2)[1:-1]
    ]


def _lab(rgb: Image) -> Floats:
    scaled = (np.asarray(rgb, np.float32) / 255)[None]
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)[0], np.float64)


def _cores(flat: Image) -> Floats:
    """L*, a*, b* (n, 3) of the middles of lines, which are least mixed with the paper."""
    lab = cv2.cvtColor(flat.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    away = np.linalg.norm(lab - _WHITE.astype(np.float32), axis=2)
    middle = (away > _FAINT) & (away >= 0.97 * cv2.dilate(away, np.ones((3, 3), np.uint8)))
    found = lab[middle].astype(np.float64)
    most = _MOST_SAMPLES // 4
    return np.asarray(found[:: max(len(found) // most, 1)])


def _clusters(cores: Floats) -> tuple[Floats, Floats]:
    """Group core colours into inks: (k, 3) L*, a*, b* and (k,) shares, the commonest first."""
    sample = cores[:: max(len(cores) // _MOST_SAMPLES, 1)].astype(np.float32)
    count = min(_CLUSTERS, len(sample))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.2)
    _, number, centres = cv2.kmeans(sample, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    sizes = np.bincount(number.ravel(), minlength=count).astype(float)
    return _merged(centres.astype(np.float64), sizes / sizes.sum())


def _merged(centres: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Join clusters on one way from white: the darkest of them that is common is the ink."""
    left = list(np.argsort(-shares))
    groups: list[list[int]] = []
    while left:
        first = left.pop(0)
        near = [other for other in left if _angle_deg(centres[first], centres[other]) < _SAME_DEG]
        groups.append([first, *near])
        left = [other for other in left if other not in near]
    found, weights = [], []
    for group in groups:
        weight = shares[group]
        if weight.sum() < 0.004:
            continue
        depth = np.linalg.norm(centres[group] - _WHITE, axis=1)
        common = weight >= 0.15 * weight.sum()
        deepest = int(np.where(common, depth, 0).argmax())
        mean = np.average(centres[group], axis=0, weights=weight) - _WHITE
        found.append(_WHITE + mean * depth[deepest] / np.linalg.norm(mean))
        weights.append(weight.sum())
    return np.array(found), np.array(weights)


def _angle_deg(one: Floats, other: Floats) -> float:
    """Angle between the ways of two inks from white."""
    first, second = one - _WHITE, other - _WHITE
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _with(centres: Floats, shares: Floats, given: Floats) -> tuple[Floats, Floats]:
    """Put a given ink last, in the place of one that is nearly the same."""
    apart = np.array([_angle_deg(centre, given) for centre in centres])
    same = apart < 0.7 * _SAME_DEG
    return np.concatenate([centres[~same], given[None]]), np.append(shares[~same], shares[same].sum())


def _line_likeness(windows: list[Image], centres: Floats) -> Floats:
    """Share (k,) of each ink that lies in long thin strokes."""
    thin, whole = np.zeros(len(centres)), np.zeros(len(centres))
    numbers, shares = _table(tuple(tuple(centre) for centre in centres.tolist()))
    for flat in windows[:: max(len(windows) // 12, 1)]:
        index = _cube(flat)
        number, covered = numbers[index], shares[index] > 100
        for ink in range(len(centres)):
            part, every = _thin_area((covered & (number == ink)).astype(np.uint8))
            thin[ink] += part
            whole[ink] += every
    return np.asarray(thin / np.maximum(whole, 1.0))


def _thin_area(mask: Image) -> tuple[float, float]:
    """Pixels in long thin components, and in all."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    area = stats[1:, cv2.CC_STAT_AREA].astype(float)
    longest = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1, initial=0)
    thin = (longest >= 40) & (area <= 8.0 * longest)
    return float(area[thin].sum()), float(area.sum())


def _choose(found: tuple[Ink, ...]) -> tuple[int, tuple[str, ...]]:
    """Choose the ink of the contours; also gives notes."""

    def rank(number: int) -> float:
        return found[number].line_like * float(np.sqrt(found[number].share))

    every = range(len(found))
    brown = [number for number in every if found[number].is_brown]
    if brown:
        return max(brown, key=rank), ()
    coloured = [number for number in every if not found[number].is_grey and found[number].line_like > 0.3]
    if coloured:
        best = max(coloured, key=rank)
        return best, (f"no brown ink; the most line-like coloured one was taken, {found[best].hex}",)
    black = found[max(every, key=rank)]
    if not black.line_like:
        raise NotEnoughDataError(_NOTHING)
    raise InputError(_BLACK_ONLY.format(ink=f"--ink '{black.hex}'"))
