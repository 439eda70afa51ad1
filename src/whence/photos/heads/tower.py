"""Feature vectors turned into the space where they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError, InputError
from whence.learn.encoders.normalisation import unit_rows
from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.typing import Floats32

__all__ = ["Tower"]

_PREFIX = "tower."


@dataclass(frozen=True, eq=False)
class Tower:
    """A network, if there is one, and a unit vector at the end.

    Attributes
    ----------
    dim
        Length of the vectors that it takes.
    network
        Layers as plain arrays: one for whitening, one or more for a trained projection; None leaves the
        direction as it is.

    Raises
    ------
    FormatError
        When the network takes vectors of another length.

    Examples
    --------
    >>> Tower(2).apply(np.array([[3.0, 4.0]], np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    dim: int
    network: Perceptron | None = None

    def __post_init__(self) -> None:
        if self.network is not None and self.network.dim != self.dim:
            raise FormatError(f"the layers take vectors of {self.network.dim} components, not {self.dim}")

    @property
    def out(self) -> int:
        """Length of the vectors that it gives."""
        return self.network.outputs if self.network else self.dim

    def apply(self, features: Floats32) -> Floats32:
        """Turn vectors (n, dim) into unit vectors (n, out).

        Raises
        ------
        InputError
            For vectors of another length, or without direction.
        """
        values = np.asarray(features, np.float32)
        if values.ndim != 2 or values.shape[1] != self.dim:
            raise InputError(f"the head takes vectors (n, {self.dim}), not {values.shape}; same encoder?")
        unit = unit_rows(self.network(values) if self.network else values)
        if not np.isfinite(unit).all() or (np.abs(unit).max(axis=1, initial=0.0) == 0).any():
            raise InputError("a vector is zero or not finite; was the photo encoded at all?")
        return unit

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Name the arrays."""
        return self.network.to_arrays(_PREFIX) if self.network else {}

    @classmethod
    def from_arrays(cls, dim: int, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read what `to_arrays` gave among other arrays."""
        trained = any(name.startswith(_PREFIX) for name in arrays)
        return cls(dim, Perceptron.from_arrays(arrays, _PREFIX) if trained else None)
