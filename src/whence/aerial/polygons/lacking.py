"""Why there are no polygons of a class, or none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.scheme import IGNORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.aerial.polygons.ground import Ground
    from whence.aerial.polygons.rows import Rows
    from whence.typing import Ints

__all__ = ["why_lacking"]


def why_lacking(
    rows: Rows, lacking: Sequence[int], called: Sequence[str], *, ground: Ground, min_area: float
) -> tuple[str, ...]:
    """Say why a raster gave no polygons.

    Parameters
    ----------
    rows
        The classes as they were read.
    lacking
        Ids of classes that were asked for and of which there are no polygons; none where all classes were
        asked for and there are no polygons at all.
    called
        Names of all 255 classes.
    ground
        The size of pixels.
    min_area
        The least area, in the unit of the ground.

    Returns
    -------
    tuple
        A sentence for each class, or one for all.
    """
    counts = _counted(rows)
    if not counts.any():
        height, width = rows.shape
        return (
            f"no polygons: none of the {width} × {height} pixels has a class, all are 255 or without data",
        )
    if not lacking:
        return (f"no polygons: {_lost(int(counts.sum()), ground, min_area)}",)
    found = ", ".join(called[number] for number in np.flatnonzero(counts).tolist())
    return tuple(
        f"no polygons of {called[number]}: "
        + (
            _lost(int(counts[number]), ground, min_area)
            if counts[number]
            else f"no pixel has that class; the raster holds {found}"
        )
        for number in lacking
    )


def _lost(pixels: int, ground: Ground, min_area: float) -> str:
    if min_area > ground.cell_m2:
        return f"all {pixels} pixels lie in parts below the least area of {min_area:g} {ground.unit}²"
    return f"cleaning left nothing of {pixels} pixels"


def _counted(rows: Rows) -> Ints:
    """Count the pixels of each of the 255 classes."""
    counts = np.zeros(IGNORE + 1, np.int64)
    for _, ids in rows.blocks():
        counts += np.bincount(ids.ravel(), minlength=IGNORE + 1)
    return counts[:IGNORE]
