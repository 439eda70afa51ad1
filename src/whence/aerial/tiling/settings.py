"""How scenes are cut, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.tiling.windows import windows
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.scheme import Scheme
    from whence.typing import Json

__all__ = ["Cut", "Cutting"]

_MODES = ("train", "val")


@dataclass(frozen=True)
class Cut:
    """How scenes are cut.

    Attributes
    ----------
    side_px, stride_px
        Side of a tile, and the way from one to the next.
    mode
        ``train`` leaves out tiles in which no pixel has a class; ``val`` keeps every tile in which the image
        has something, so that tiles can be put together again.
    scale
        What scenes are resampled by before they are cut; for ``val`` alone.
    edge
        ``pad`` or ``shift``; see `whence.aerial.tiling.windows.starts`.
    eroded
        Take the masks whose borders between classes are ignored.
    coloured
        Write masks in the colours of the scheme, for looking at, instead of training ids.
    """

    side_px: int = 1024
    stride_px: int = 512
    mode: str = "train"
    scale: float = 1.0
    edge: str = "pad"
    eroded: bool = False
    coloured: bool = False

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise InputError(f"tiles are cut to {' or '.join(_MODES)}, not to {self.mode!r}")
        if self.scale != 1 and self.mode != "val":
            raise InputError("scenes are resampled in mode val alone; scale crops while training instead")
        if not 0 < self.scale <= 16:
            raise InputError(f"the scale is {self.scale}; give a positive number, 16 at most")
        windows(1, 1, side_px=self.side_px, stride_px=self.stride_px, edge=self.edge)


@dataclass(frozen=True)
class Cutting:
    """What was cut.

    Attributes
    ----------
    scheme
        The classes.
    scenes
        How many scenes were cut.
    tiles
        Name, scene, group, split and window of each tile, and its pixels by class.
    padded
        How many of them reach over the rim of their scene.
    empty
        Tiles left out because the image has nothing there.
    unlabelled
        Tiles left out because no pixel has a class.
    kept
        Of the tiles, how many were there from an earlier cutting.
    left_out
        What the data set left out.
    """

    scheme: Scheme
    scenes: int
    tiles: tuple[Json, ...]
    padded: int
    empty: int
    unlabelled: int
    kept: int
    left_out: tuple[str, ...] = ()

    @property
    def shares(self) -> dict[str, float]:
        """Share of each class among the pixels that have one; where tiles overlap, pixels count as often."""
        counts = self._counts()
        total = max(int(counts[:-1].sum()), 1)
        return {name: int(count) / total for name, count in zip(self.scheme.names, counts, strict=False)}

    @property
    def ignored(self) -> float:
        """Share of the pixels of all masks that have no class."""
        counts = self._counts()
        return int(counts[-1]) / max(int(counts.sum()), 1)

    def _counts(self) -> Any:
        counts = np.zeros(len(self.scheme.classes) + 1, np.int64)
        for tile in self.tiles:
            if tile["pixels"]:
                counts += np.array(tile["pixels"], np.int64)
        return counts

    def to_json(self) -> Json:
        """Give the figures, without the list of tiles."""
        return {
            "scheme": self.scheme.name,
            "scenes": self.scenes,
            "tiles": len(self.tiles),
            "padded": self.padded,
            "left out: nothing in the image": self.empty,
            "left out: no class": self.unlabelled,
            "kept from before": self.kept,
            "shares": self.shares,
            "ignored": self.ignored,
            "left out of the data set": list(self.left_out),
        }
