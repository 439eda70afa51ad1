"""One picture of the ground with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from whence.imagery.raster import Window
    from whence.typing import Bools

__all__ = ["Pair", "Scene"]


@dataclass(frozen=True)
class Scene:
    """One image and its masks, as files.

    Attributes
    ----------
    image
        The image.
    mask
        Its mask, or the vector file that it is drawn from; None when there is none.
    eroded
        The mask whose borders between classes are ignored, where the data set has one.
    group
        The place: what lies in one group overlaps, touches or was photographed together, so that a split
        never parts it.
    name
        What it is called, each once in a data set.
    split
        ``train``, ``val`` or ``test`` as published; None where nothing is published.
    window
        The part of the image that is the scene; all of it when None.
    """

    image: Path
    mask: Path | None
    eroded: Path | None = None
    group: str = ""
    name: str = ""
    split: str | None = None
    window: Window | None = None


class Pair(NamedTuple):
    """Pixels of a scene.

    Attributes
    ----------
    image
        (rows, cols, bands) in the type of the file.
    ids
        (rows, cols) training ids, `IGNORE` where no class is meant and where the image has nothing; None
        without a mask.
    valid
        (rows, cols), False where the image has nothing; None when it has something everywhere.
    """

    image: NDArray[Any]
    ids: NDArray[np.uint8] | None
    valid: Bools | None
