"""A sheet of paper after a hundred years: shrunk, warped, folded, and laid askew on the scanner.

The way from the scan to the flat sheet is a closed formula; the way back is found by iteration, to a
thousandth of a pixel or better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats

__all__ = ["Crease", "Paper"]

_ROUNDS = 60
_EXACT_PX = 1e-7
_WAVES = 5
_CREASE_WIDTH = 0.006  # of the side of the sheet


@dataclass(frozen=True, eq=False)
class Crease:
    """A fold across the sheet; beyond it the paper is displaced.

    Attributes
    ----------
    point_px, normal
        (2,) a point of the fold, px of the sheet as it lies flat; (2,) unit vector across it.
    offset_px
        (2,) how far the paper beyond the fold is displaced against that before it.
    width_px
        Distance over which the displacement comes about.
    """

    point_px: Floats
    normal: Floats
    offset_px: Floats
    width_px: float

    def beyond_px(self, flat_px: Floats) -> Floats:
        """Signed distance (...) of (..., 2) pixels from the fold."""
        return np.asarray((flat_px - self.point_px) @ self.normal)

    def shift_px(self, flat_px: Floats) -> Floats:
        """Displacement (..., 2) of the paper, half on either side."""
        step = np.tanh(self.beyond_px(flat_px) / self.width_px)
        return np.asarray(step[..., None] * self.offset_px / 2)


@dataclass(frozen=True, eq=False)
class Paper:
    """How a sheet lies on the scanner.

    Attributes
    ----------
    size_px, scan_size_px
        Width and height of the flat sheet and of the scan.
    shrinkage
        (2,) factors of the paper along its columns and rows, about 0.99 to 1.
    turn_deg
        Clockwise turn on the scanner.
    creases
        Folds.
    """

    size_px: tuple[int, int]
    scan_size_px: tuple[int, int]
    shrinkage: Floats
    turn_deg: float
    creases: tuple[Crease, ...]
    _waves: Floats  # (k, 2) radians per px
    _phases: Floats  # (k,)
    _amplitudes_px: Floats  # (k, 2)

    @classmethod
    def aged(
        cls,
        size_px: tuple[int, int],
        rng: np.random.Generator,
        *,
        turn_deg: float | None = None,
        quarter_turns: int = 0,
        deformation_px: float = 3.0,
        crease_px: float = 3.0,
    ) -> Self:
        """Draw the fate of a sheet.

        Parameters
        ----------
        size_px
            Width and height of the flat sheet.
        rng
            Chance.
        turn_deg
            Clockwise turn of the sheet on the scanner; within three degrees by chance when None.
        quarter_turns
            Further quarter turns, clockwise.
        deformation_px
            Standard deviation of each coordinate of the smooth deformation, in the mean over the sheet.
        crease_px
            Length of the displacement across each of the two creases.

        Raises
        ------
        InputError
            When the deformation would fold the sheet over itself.
        """
        side = float(min(size_px))
        if not 0 <= deformation_px <= 0.02 * side or not 0 <= crease_px <= _CREASE_WIDTH * side:
            raise InputError(
                f"a deformation of {deformation_px:g} px and creases of {crease_px:g} px would fold a sheet "
                f"of {side:g} px over itself; take at most {0.02 * side:.0f} and {_CREASE_WIDTH * side:.0f}"
            )
        askew = rng.uniform(-3, 3)
        turn = (askew if turn_deg is None else turn_deg) + 90.0 * quarter_turns
        lengths = side * rng.uniform(0.6, 2.0, _WAVES)
        directions = rng.uniform(0, 2 * np.pi, _WAVES)
        waves = 2 * np.pi / lengths[:, None] * np.stack([np.cos(directions), np.sin(directions)], axis=1)
        amplitudes = rng.normal(0, 1, (_WAVES, 2))
        amplitudes *= deformation_px * np.sqrt(2 / np.square(amplitudes).sum(axis=0))
        shrinkage = 1 - np.array([rng.uniform(0.004, 0.010), rng.uniform(0.0, 0.003)])[:: rng.choice([-1, 1])]
        return cls(
            size_px=size_px,
            scan_size_px=_bounds(size_px, turn),
            shrinkage=shrinkage,
            turn_deg=turn,
            creases=_folds(size_px, rng, crease_px),
            _waves=waves,
            _phases=rng.uniform(0, 2 * np.pi, _WAVES),
            _amplitudes_px=amplitudes,
        )

    def to_sheet(self, scan_px: ArrayLike) -> Floats:
        """Column and row on the flat sheet of (..., 2) columns and rows of the scan; a closed formula."""
        lying = self.as_it_lies(scan_px)
        return np.asarray((lying - self._middle) / self.shrinkage + self._middle + self._shift_px(lying))

    def as_it_lies(self, scan_px: ArrayLike) -> Floats:
        """Column and row (..., 2) on the shrunken and folded sheet, upright, of pixels of the scan."""
        away = np.asarray(scan_px, dtype=np.float64) - self._scan_middle
        return np.asarray(away @ self._turn + self._middle)

    def to_scan(self, sheet_px: ArrayLike) -> Floats:
        """Column and row on the scan of (..., 2) columns and rows of the flat sheet; by iteration."""
        sheet = np.asarray(sheet_px, dtype=np.float64)
        lying = sheet.copy()
        for _ in range(_ROUNDS):
            again = self._middle + self.shrinkage * (sheet - self._middle - self._shift_px(lying))
            moved = float(np.abs(again - lying).max(initial=0.0))
            lying = again
            if moved < _EXACT_PX:
                break
        return np.asarray((lying - self._middle) @ self._turn.T + self._scan_middle)

    @property
    def _turn(self) -> Floats:
        """(2, 2) from the sheet to the scan, to be multiplied from the left."""
        cosine, sine = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        return np.array([[cosine, -sine], [sine, cosine]])

    @property
    def _middle(self) -> Floats:
        return np.asarray(self.size_px, dtype=np.float64) / 2

    @property
    def _scan_middle(self) -> Floats:
        return np.asarray(self.scan_size_px, dtype=np.float64) / 2

    def _shift_px(self, lying_px: Floats) -> Floats:
        """Deformation (..., 2) of the paper where it lies: waves and folds."""
        shift = np.cos(lying_px @ self._waves.T + self._phases) @ self._amplitudes_px
        for crease in self.creases:
            shift = shift + crease.shift_px(lying_px)
        return np.asarray(shift)


def _bounds(size_px: tuple[int, int], turn_deg: float) -> tuple[int, int]:
    """Width and height of a scan that holds the turned sheet."""
    cosine, sine = abs(np.cos(np.deg2rad(turn_deg))), abs(np.sin(np.deg2rad(turn_deg)))
    width, height = size_px
    across, down = np.ceil(np.round([width * cosine + height * sine, width * sine + height * cosine], 6))
    return int(across), int(down)


def _folds(size_px: tuple[int, int], rng: np.random.Generator, crease_px: float) -> tuple[Crease, ...]:
    """One fold down and one across, each a little off the middle and off the square."""
    folds = []
    for axis in (0, 1):
        normal = np.zeros(2)
        normal[axis] = 1.0
        normal[1 - axis] = rng.uniform(-0.03, 0.03)
        point = np.array(size_px) * rng.uniform(0.38, 0.62, 2)
        direction = rng.uniform(0, 2 * np.pi)
        folds.append(
            Crease(
                point_px=point,
                normal=normal / np.hypot(*normal),
                offset_px=crease_px * np.array([np.cos(direction), np.sin(direction)]),
                width_px=_CREASE_WIDTH * min(size_px),
            )
        )
    return tuple(folds)
