"""Unit vectors on disk: int8 with one scale a vector, or float16; read as float32 blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats32, Ints

__all__ = ["DTYPES", "UnitVectors", "VectorType", "quantised"]

VectorType = Literal["int8", "float16"]
DTYPES: dict[VectorType, type[Any]] = {"int8": np.int8, "float16": np.float16}

_BLOCK_BYTES = 4 << 20  # as floats; what stays in the cache is turned and multiplied four times as fast
_SMALLEST_NORM = 1e-12


def quantised(vectors: Floats32, dtype: VectorType) -> tuple[NDArray[Any], Floats32]:
    """Store unit vectors in few bytes.

    Parameters
    ----------
    vectors
        (n, d) finite vectors of any length above zero.
    dtype
        ``"int8"``: each vector is stretched to its own maximum, so the rounding error of a component
        is at most 1/254 of the largest; ``"float16"``: 11 significant bits.

    Returns
    -------
    codes, scales
        (n, d) and (n,) such that ``codes * scales[:, None]`` has exactly unit length (in float32).

    Raises
    ------
    InputError
        For a vector that is not finite or has no length; the message names its row.
    """
    peaks = np.abs(vectors).max(axis=1, initial=0.0)
    bad = np.flatnonzero(~(np.isfinite(peaks) & (peaks > _SMALLEST_NORM)))
    if len(bad):
        raise InputError(
            f"vector {bad[0]} ({len(bad)} of {len(vectors)}) is zero or not finite and has no direction; "
            f"the encoder must give a vector for every image it accepts"
        )
    stretch = 127.0 if dtype == "int8" else 1.0
    codes = np.rint(vectors * (stretch / peaks[:, None])) if dtype == "int8" else vectors / peaks[:, None]
    codes = codes.astype(DTYPES[dtype])
    norms = np.linalg.norm(codes.astype(np.float32), axis=1)
    return codes, (1.0 / norms).astype(np.float32)


@dataclass(frozen=True, eq=False)
class UnitVectors:
    """(n, d) unit vectors as codes and scales, usually memory-mapped."""

    codes: NDArray[Any]
    scales: Floats32

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or self.scales.shape != (len(self.codes),):
            raise FormatError(
                f"vectors {self.codes.shape} and scales {self.scales.shape} do not belong together; "
                f"the index folder is damaged and must be built again"
            )

    @classmethod
    def encode(cls, vectors: Floats32, *, dtype: VectorType = "int8") -> Self:
        """Quantise float vectors, (n, d), in memory."""
        return cls(*quantised(np.asarray(vectors, np.float32), dtype))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map `vectors.npy` and read `scales.npy`."""
        return cls(
            np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False),
            np.load(folder / "scales.npy", allow_pickle=False),
        )

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def dtype(self) -> VectorType:
        """How the vectors are stored."""
        return "int8" if self.codes.dtype == np.int8 else "float16"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.codes.shape[1])

    def take(self, rows: Ints | slice) -> Floats32:
        """Decode some rows to float32 unit vectors, (m, d)."""
        taken: Floats32 = self.codes[rows].astype(np.float32)
        taken *= self.scales[rows, None]
        return taken

    def blocks(self, *, block_bytes: int = _BLOCK_BYTES) -> Iterator[tuple[int, Floats32]]:
        """Walk over all vectors: (first row, (m, d) float32 codes **before** scaling).

        One scaling of the products costs less than one of the vectors, so it is left to the caller.
        """
        step = max(1, block_bytes // (4 * max(1, self.dim)))
        for start in range(0, len(self), step):
            yield start, self.codes[start : start + step].astype(np.float32)
