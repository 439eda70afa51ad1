"""The eight ways to lay a square down, and the mean of what a network says about all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.prediction.blending import quantised
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from whence.typing import Bools, Floats32

__all__ = ["AUGMENTATIONS", "D4", "Turn", "augmentation", "averaged"]


@dataclass(frozen=True)
class Turn:
    """An element of the dihedral group of the square: quarter turns after a possible flip.

    Attributes
    ----------
    quarters
        Quarter turns, counter-clockwise.
    flipped
        Whether left and right are exchanged first.
    """

    quarters: int
    flipped: bool

    def apply(self, squares: NDArray[Any], axes: tuple[int, int]) -> NDArray[Any]:
        """Turn arrays whose rows and columns are the given axes."""
        laid = np.flip(squares, axes[1]) if self.flipped else squares
        return np.ascontiguousarray(np.rot90(laid, self.quarters, axes))

    def undo(self, squares: NDArray[Any], axes: tuple[int, int]) -> NDArray[Any]:
        """Turn back; exact, because pixels only change places."""
        back = np.rot90(squares, -self.quarters, axes)
        return np.ascontiguousarray(np.flip(back, axes[1]) if self.flipped else back)


D4 = tuple(Turn(quarters, flipped) for flipped in (False, True) for quarters in range(4))
"""All eight."""

AUGMENTATIONS = {"none": D4[:1], "d4": D4}
"""Name -> the ways in which every tile is shown to the network."""


def augmentation(name: str) -> tuple[Turn, ...]:
    """Look up a set of turns.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in AUGMENTATIONS:
        raise InputError(f"there is no augmentation {name!r}; choose one of: {', '.join(AUGMENTATIONS)}")
    return AUGMENTATIONS[name]


def averaged(
    probabilities: Callable[[NDArray[Any], Bools | None], Floats32],
    tiles: NDArray[Any],
    valid: Bools | None,
    *,
    turns: tuple[Turn, ...],
    held: tuple[int, int] | None = None,
    room: NDArray[np.float32] | None = None,
) -> NDArray[np.uint32]:
    """Mean of the answers to a batch laid down in several ways, each turned back.

    The mean is taken over whole numbers: laying the batch down otherwise changes nothing but the places. A
    tile that the image does not fill is filled up by mirroring after it was turned, so that the same holds
    for an image of any size.

    Parameters
    ----------
    probabilities
        As of a `Segmenter`.
    tiles, valid
        Its arguments; the tiles are square.
    turns
        Their number is a power of two.
    held
        Rows and columns of the tiles that are of the image, from above and left; all when None. Where none
        of the image is, the answer is 0.
    room
        Where the result may go, (B, classes, rows, cols).

    Returns
    -------
    NDArray[numpy.uint32]
        (B, classes, rows, cols) as `quantised`.
    """
    if turns == D4[:1]:
        return quantised(probabilities(tiles, valid), room)
    if not turns:
        raise InputError("there must be at least one way to lay a tile down")
    side = tiles.shape[1]
    rows, columns = held or (side, side)
    total = np.zeros((len(tiles), 0, 0, 0), np.uint32)
    for turn in turns:
        seen = None if valid is None else _laid(valid[:, :rows, :columns], turn, side)
        said = quantised(probabilities(_laid(tiles[:, :rows, :columns], turn, side), seen))
        height, width = (columns, rows) if turn.quarters % 2 else (rows, columns)
        back = turn.undo(said[:, :, :height, :width], (2, 3))
        total = total + back if total.size else back
    mean = (total + np.uint32(len(turns) // 2)) // np.uint32(len(turns))
    return np.pad(mean, ((0, 0), (0, 0), (0, side - rows), (0, side - columns)))


def _laid(part: NDArray[Any], turn: Turn, side: int) -> NDArray[Any]:
    """Turn (B, rows, cols, …) and fill it up to a square by mirroring."""
    laid = turn.apply(part, (1, 2))
    missing = [(0, 0), (0, side - laid.shape[1]), (0, side - laid.shape[2]), *[(0, 0)] * (laid.ndim - 3)]
    return np.pad(laid, missing, mode="symmetric") if laid.shape[1:3] != (side, side) else laid
