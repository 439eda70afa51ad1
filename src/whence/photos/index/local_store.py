"""Local features of many photos on disk: some 80 kB a photo, read one photo at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError
from whence.imagery.atomic import atomic_path
from whence.learn.encoders.classic.local import LocalFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.typing import Floats, Ints

__all__ = ["LocalStore", "write_local"]

_FOLDER = "local"
_DESCRIPTOR_DIM = 128


@dataclass(frozen=True, eq=False)
class LocalStore:
    """Keypoints of n photos, one behind the other, mapped from disk.

    Attributes
    ----------
    positions, descriptors
        (t, 2) uint16 and (t, 128) uint8 of all photos.
    offsets
        (n + 1,) where each photo's begin.
    aspects
        (n,) width over height.
    """

    positions: NDArray[Any]
    descriptors: NDArray[Any]
    offsets: Ints
    aspects: Floats

    def __post_init__(self) -> None:
        if len(self.offsets) != len(self.aspects) + 1 or self.offsets[-1] != len(self.descriptors):
            raise FormatError("the local features of the index do not fit together; build it again")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what `write_local` wrote below `folder`."""
        home = folder / _FOLDER
        mapped = [np.load(home / f"{name}.npy", mmap_mode="r") for name in ("positions", "descriptors")]
        return cls(mapped[0], mapped[1], np.load(home / "offsets.npy"), np.load(home / "aspects.npy"))

    def __len__(self) -> int:
        return len(self.aspects)

    def __getitem__(self, row: int) -> LocalFeatures:
        span = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        return LocalFeatures(
            np.asarray(self.positions[span]), np.asarray(self.descriptors[span]), float(self.aspects[row])
        )


def write_local(folder: Path, photos: Sequence[LocalFeatures | tuple[LocalStore, int]]) -> None:
    """Write the features of photos below `folder`: given, or as rows of other stores."""
    counts = [len(item) if isinstance(item, LocalFeatures) else _count(*item) for item in photos]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    total = int(offsets[-1])
    with atomic_path(folder / _FOLDER, folder=True) as beside:
        positions = _new(beside / "positions.npy", np.uint16, (total, 2))
        descriptors = _new(beside / "descriptors.npy", np.uint8, (total, _DESCRIPTOR_DIM))
        aspects = np.ones(len(photos))
        for row, item in enumerate(photos):
            features = item if isinstance(item, LocalFeatures) else item[0][item[1]]
            span = slice(offsets[row], offsets[row + 1])
            positions[span], descriptors[span] = features.positions, features.descriptors
            aspects[row] = features.aspect
        np.save(beside / "offsets.npy", offsets)
        np.save(beside / "aspects.npy", aspects)


def _count(store: LocalStore, row: int) -> int:
    return int(store.offsets[row + 1] - store.offsets[row])


def _new(path: Path, dtype: type[Any], shape: tuple[int, int]) -> NDArray[Any]:
    if not shape[0]:  # an empty file cannot be mapped
        empty = np.empty(shape, dtype)
        np.save(path, empty)
        return empty
    mapped: NDArray[Any] = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    return mapped
