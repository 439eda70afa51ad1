"""The eight ways in which a map can lie on a scan: four quarter turns, each also mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import Floats, Image

__all__ = ["ATTITUDES", "TURNS_DEG", "Attitude"]

TURNS_DEG = (0, 90, 180, 270)

_SIDES = {0: "top", 90: "right", 180: "bottom", 270: "left"}
# East and north (rows) by steps to the right and down of the scan (columns).
_GROUND = {
    0: ((1.0, 0.0), (0.0, -1.0)),
    90: ((0.0, 1.0), (1.0, 0.0)),
    180: ((-1.0, 0.0), (0.0, 1.0)),
    270: ((0.0, -1.0), (-1.0, 0.0)),
}


@dataclass(frozen=True)
class Attitude:
    """How a map lies on its scan.

    Attributes
    ----------
    turn_deg
        By how much the map is turned clockwise on the scan: 0, 90, 180 or 270. With 90 the top of the map
        is at the right of the scan.
    mirrored
        Whether left and right of the scan are exchanged; the turn is that of the scan put right.

    Raises
    ------
    InputError
        For another turn.

    Examples
    --------
    >>> Attitude(90).words
    'the top of the map is at the right of the scan'
    """

    turn_deg: int
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.turn_deg not in TURNS_DEG:
            raise InputError(f"a scan lies turned by 0, 90, 180 or 270 degrees, not by {self.turn_deg}")

    @property
    def ground(self) -> Floats:
        """(2, 2): east and north (rows) of a step to the right and of a step down (columns) on the scan."""
        matrix = np.array(_GROUND[self.turn_deg])
        return matrix * [-1.0, 1.0] if self.mirrored else matrix

    @property
    def words(self) -> str:
        """A sentence's part."""
        side = _SIDES[self.turn_deg]
        if not self.mirrored:
            return f"the top of the map is at the {side} of the scan"
        side = {"left": "right", "right": "left"}.get(side, side)
        return f"the scan is mirrored, and the top of the map is at its {side}"

    def upright(self, image: Image) -> Image:
        """Turn pixels (h, w, ...) as a reader of the map would hold them."""
        return np.rot90(image[:, ::-1] if self.mirrored else image, self.turn_deg // 90)


ATTITUDES = tuple(Attitude(turn, mirrored) for mirrored in (False, True) for turn in TURNS_DEG)
"""All eight, those that are not mirrored first."""
