"""A height model in small, to be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.alignment import strips_of
from whence.maps.heights.model_file import lattice_of
from whence.maps.heights.resampling import block_means

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats, Floats32, PathLike

__all__ = ["overview", "reduced"]


def overview(model: PathLike, *, longest: int = 700) -> tuple[Floats, Lattice]:
    """Read a model of any size so small that its longer side has no more than so many cells.

    Blocks of cells are averaged, so that what is left is square cells of a whole number of the model's.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no height model.
    """
    lattice, _ = lattice_of(model)
    block = _block(lattice.shape, longest)
    parts: list[Floats] = []
    waiting: list[Floats] = []
    for strip in strips_of(model):
        waiting.append(strip.heights_m[1:-1, 1:-1])
        rows = np.concatenate(waiting)
        whole = len(rows) // block * block
        if whole:
            parts.append(block_means(rows[:whole], block))
        waiting = [rows[whole:]]
    if len(waiting[0]):
        parts.append(block_means(waiting[0], block))
    return np.concatenate(parts), _coarser(lattice, block)


def reduced(values: Floats | Floats32, lattice: Lattice, *, longest: int = 700) -> tuple[Floats, Lattice]:
    """Average (rows, columns) values that are in memory in the same way."""
    block = _block(lattice.shape, longest)
    return block_means(np.asarray(values, dtype=np.float64), block), _coarser(lattice, block)


def _block(shape: tuple[int, int], longest: int) -> int:
    return max(-(-max(shape) // longest), 1)


def _coarser(lattice: Lattice, block: int) -> Lattice:
    rows, columns = (-(-n // block) for n in lattice.shape)
    return replace(lattice, cell_m=lattice.cell_m * block, rows=rows, columns=columns)
