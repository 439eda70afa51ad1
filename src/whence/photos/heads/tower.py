"""Feature vectors turned into the space where they are compared: layers as plain arrays, numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError, InputError
from whence.learn.encoders.normalisation import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from whence.typing import Floats32

__all__ = ["Tower"]


@dataclass(frozen=True, eq=False)
class Tower:
    """Affine layers with ReLU between them, and a unit vector at the end.

    Without layers only the length changes. Whitening is one layer; a trained projection has one or more.

    Attributes
    ----------
    dim
        Length of the vectors that it takes.
    layers
        Pairs of weight (out, in) and bias (out,), float32, in the order of their use.

    Examples
    --------
    >>> Tower(2).apply(np.array([[3.0, 4.0]], np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """

    dim: int
    layers: tuple[tuple[Floats32, Floats32], ...] = ()

    def __post_init__(self) -> None:
        width = self.dim
        for weight, bias in self.layers:
            if weight.shape != (len(bias), width):
                raise FormatError(
                    f"a layer has a weight {weight.shape} and a bias {bias.shape} where vectors of {width} "
                    "components come in; the model folder is damaged"
                )
            width = len(bias)

    @property
    def out(self) -> int:
        """Length of the vectors that it gives."""
        return len(self.layers[-1][1]) if self.layers else self.dim

    def apply(self, features: Floats32) -> Floats32:
        """Turn vectors (n, dim) into unit vectors (n, out).

        Raises
        ------
        InputError
            For vectors of another length.
        """
        hidden = np.asarray(features, np.float32)
        if hidden.ndim != 2 or hidden.shape[1] != self.dim:
            raise InputError(f"the head takes vectors (n, {self.dim}), not {hidden.shape}; same encoder?")
        for place, (weight, bias) in enumerate(self.layers):
            hidden = (np.maximum(hidden, 0.0) if place else hidden) @ weight.T + bias
        return unit_rows(hidden)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Name the arrays: ``layer0.weight``, ``layer0.bias``, ``layer1.weight`` and so on."""
        named = {}
        for place, (weight, bias) in enumerate(self.layers):
            named[f"layer{place}.weight"], named[f"layer{place}.bias"] = weight, bias
        return named

    @classmethod
    def from_arrays(cls, dim: int, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read what `to_arrays` gave among other arrays."""
        count = sum(name.startswith("layer") and name.endswith(".weight") for name in arrays)
        pairs = [(arrays[f"layer{i}.weight"], arrays[f"layer{i}.bias"]) for i in range(count)]
        return cls.of_pairs(dim, pairs)

    @classmethod
    def of_pairs(cls, dim: int, pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> Self:
        """Make it of pairs of weight (out, in) and bias (out,) of any float type."""
        return cls(dim, tuple((np.array(w, np.float32), np.array(b, np.float32)) for w, b in pairs))
