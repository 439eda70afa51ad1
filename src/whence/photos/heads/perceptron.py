"""A finished multilayer perceptron in numpy: what a trained head needs of a network, without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.typing import Floats, Floats32

__all__ = ["Perceptron"]


@dataclass(frozen=True, eq=False)
class Perceptron:
    """Affine layers with max(0, ·) between them; nothing after the last.

    Attributes
    ----------
    weights
        Matrices (outputs, inputs), float32, first layer first, as ``torch.nn.Linear`` keeps them.
    biases
        Vectors (outputs,), float32.

    Raises
    ------
    FormatError
        When the layers do not fit onto each other, or a number is not finite.

    Examples
    --------
    >>> Perceptron((np.eye(2), np.ones((1, 2))), (np.zeros(2), np.array([0.5])))([[3.0, -1.0]]).tolist()
    [[3.5]]
    """

    weights: tuple[NDArray[Any], ...]
    biases: tuple[NDArray[Any], ...]

    def __post_init__(self) -> None:
        weights = tuple(np.ascontiguousarray(weight, np.float32) for weight in self.weights)
        biases = tuple(np.asarray(bias, np.float32) for bias in self.biases)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        shapes = [weight.shape for weight in weights]
        fitting = all(weight.ndim == 2 for weight in weights) and [bias.shape for bias in biases] == [
            shape[:1] for shape in shapes
        ]
        if not shapes or not fitting or any(a[0] != b[1] for a, b in pairwise(shapes)):
            raise FormatError(f"the layers {shapes} of a network do not fit together; its file is broken")
        if not all(np.isfinite(array).all() for array in (*weights, *biases)):
            raise FormatError("a network has weights that are not finite; train it again")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Self:
        """Read the layers ``0.weight``, ``0.bias``, ``2.weight``, … (odd numbers are the activations).

        Raises
        ------
        FormatError
            When one is missing or they do not fit.
        """
        names: list[str] = []
        while f"{prefix}{2 * len(names)}.weight" in arrays:
            names.append(f"{prefix}{2 * len(names)}")
        missing = [f"{name}.bias" for name in names if f"{name}.bias" not in arrays]
        if not names or missing:
            raise FormatError(f"the weights of a network lack {', '.join(missing) or prefix + '0.weight'}")
        return cls(
            tuple(arrays[f"{name}.weight"] for name in names), tuple(arrays[f"{name}.bias"] for name in names)
        )

    def to_arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        named = {f"{prefix}{2 * number}.weight": weight for number, weight in enumerate(self.weights)}
        return named | {f"{prefix}{2 * number}.bias": bias for number, bias in enumerate(self.biases)}

    @property
    def dim(self) -> int:
        """Number of inputs."""
        return int(self.weights[0].shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weights[-1].shape[0])

    def __call__(self, features: Floats32) -> Floats32:
        """Run (n, dim) vectors through; (n, outputs) float32.

        Raises
        ------
        InputError
            When the vectors have another length.
        """
        return self.last(self.hidden(features))

    def hidden(self, features: Floats32) -> Floats32:
        """Run (n, dim) vectors through all layers but the last; (n, width) float32.

        Raises
        ------
        InputError
            When the vectors have another length.
        """
        values = np.asarray(features, np.float32)
        if values.ndim != 2 or values.shape[1] != self.dim:
            raise InputError(f"the head takes vectors (n, {self.dim}), not {values.shape}")
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weight.T + bias, np.float32(0.0))
        return values

    def last(self, hidden: Floats32) -> Floats32:
        """Run (n, width) through the last layer; (n, outputs) float32."""
        return np.asarray(hidden @ self.weights[-1].T + self.biases[-1])

    def after_inputs(self, shift: Floats, scale: Floats) -> Self:
        """Take (features − shift) · scale, both (dim,), into the first layer."""
        weight = self.weights[0] * scale
        bias = self.biases[0] - weight @ shift
        return replace(self, weights=(weight, *self.weights[1:]), biases=(bias, *self.biases[1:]))

    def before_outputs(self, scale: Floats, shift: Floats) -> Self:
        """Take outputs · scale + shift, both (outputs,), into the last layer."""
        weight, bias = self.weights[-1] * scale[:, None], self.biases[-1] * scale + shift
        return replace(self, weights=(*self.weights[:-1], weight), biases=(*self.biases[:-1], bias))
