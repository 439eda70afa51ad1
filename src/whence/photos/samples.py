"""Features with their positions: one side of a split, or a whole feature store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import InputError
from whence.imagery.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whence.typing import ArrayLike, Floats, Floats32, Ints

__all__ = ["Samples"]

_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Samples:
    """n photographs as an encoder sees them, and where they were taken.

    Attributes
    ----------
    features
        (N, d) unit vectors, float16 or float32, usually memory-mapped: all of a store.
    rows
        (n,) which of them these samples are.
    metadata
        What is known of the n photographs, in the order of `rows`.

    Examples
    --------
    >>> samples = Samples.of_arrays([[1, 0], [0, 1]], [[13.2, 55.7], [37.6, 55.8]], country=["SE", "RU"])
    >>> len(samples), samples.dim, samples.column("country").tolist()
    (2, 2, ['SE', 'RU'])
    """

    features: NDArray[Any]
    rows: Ints
    metadata: Catalogue

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.rows.shape != (len(self.metadata),):
            raise InputError(
                f"features {self.features.shape}, {len(self.rows)} rows and {len(self.metadata)} lines of "
                "metadata do not belong together"
            )
        if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < len(self.features):
            raise InputError(f"rows point outside the {len(self.features)} features")

    @classmethod
    def of_arrays(cls, features: ArrayLike, lonlat: ArrayLike, **columns: Sequence[Any]) -> Self:
        """Make samples of arrays.

        Parameters
        ----------
        features
            (n, d) vectors.
        lonlat
            (n, 2) longitude, latitude, degrees.
        **columns
            Further columns of n values, such as ``country``.
        """
        vectors = np.asarray(features)
        if vectors.dtype not in (np.float16, np.float32):
            vectors = vectors.astype(np.float32)
        return cls(vectors, np.arange(len(vectors)), Catalogue.of_arrays(lonlat, **columns))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.features.shape[1])

    @property
    def lonlat(self) -> Floats:
        """(n, 2) true positions, longitude, latitude, degrees."""
        return self.metadata.lonlat

    def column(self, name: str) -> NDArray[Any]:
        """(n,) values of a column of the metadata."""
        return self.metadata.column(name)

    def take(self, which: Ints | slice) -> Floats32:
        """Read the vectors (m, d) of some samples, by their place in these samples, as float32."""
        return np.asarray(self.features[self.rows[which]], np.float32)

    def blocks(self, size: int = _BLOCK) -> Iterator[tuple[slice, Floats32]]:
        """Walk over all samples in order: (places, vectors (m, d) float32)."""
        for start in range(0, len(self), size):
            block = slice(start, min(start + size, len(self)))
            yield block, self.take(block)

    def subset(self, which: Ints) -> Samples:
        """Keep some samples, by their place in these samples."""
        return replace(self, rows=self.rows[which], metadata=self.metadata.take(which))

    def with_features(self, features: NDArray[Any]) -> Samples:
        """Give the same photographs other vectors (n, d), such as projected ones."""
        return replace(self, features=features, rows=np.arange(len(self)))

    def settings(self) -> Mapping[str, Any]:
        """Tell what these samples are, for a record: their number and a digest of names and positions."""
        return {"count": len(self), "digest": self.metadata.digest()}
