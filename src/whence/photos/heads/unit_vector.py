"""A position as a direction in space: no date line, no poles, no range to keep.

The network gives three numbers, and their direction is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from whence._optional import require
from whence.earth.sphere import distance_m, from_unit_vectors
from whence.errors import FormatError
from whence.photos.heads.fitting import (
    Standardisation,
    check_enough,
    check_share,
    layer_sizes,
    predicted_points,
    spread_holding,
)
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.parts import value_of
from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32, Json

__all__ = ["UnitVector", "UnitVectorHead"]


@dataclass(frozen=True, eq=False)
class UnitVectorHead:
    """The direction of a network's three outputs; one patch a photograph.

    Attributes
    ----------
    network
        From features to x, y, z in the frame of `whence.earth.sphere.to_unit_vectors`, of any length.
    spread_m
        Spread of every patch, metres.
    """

    network: Perceptron
    spread_m: float

    kind: ClassVar[str] = "unit-vector"

    def __post_init__(self) -> None:
        if self.network.outputs != 3:
            raise FormatError(f"a unit vector has three components, not {self.network.outputs}")

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.network.dim

    def positions(self, features: Floats32) -> Floats:
        """Position (n, 2) for each of n vectors, longitude, latitude, degrees."""
        outputs = self.network(features).astype(np.float64)
        outputs[np.abs(outputs).max(axis=1, initial=0.0) < 1e-12] = [1.0, 0.0, 0.0]  # no direction at all
        return from_unit_vectors(outputs)

    def mixtures(self, features: Floats32) -> Mixtures:
        """One patch for each of n vectors (n, dim)."""
        return Mixtures.at(self.positions(features), self.spread_m)

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        return {"spread_m": self.spread_m}, self.network.to_arrays()

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        return cls(Perceptron.from_arrays(arrays), float(value_of(settings, "spread_m")))


@dataclass(frozen=True)
class UnitVector:
    """Settings of a network that gives a direction.

    Attributes
    ----------
    loss
        A name of `whence.learn.losses.LOSSES`; one of the distance, so not ``mse``.
    hidden
        Widths of the hidden layers.
    dropout
        Share of the hidden values left out in training.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1. Learning is about twice
        as fast then; few photographs of a city are learnt by heart, and new blocks of it suffer.
    """

    loss: str = "haversine"
    hidden: tuple[int, ...] = (256, 128)
    dropout: float = 0.0
    standardise: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        check_share(self.dropout, "dropout")

    def fit(self, task: Task) -> UnitVectorHead:
        """Train the network; the spread of the patches comes from the validation errors.

        Raises
        ------
        InputError
            When the loss is not one of the distance.
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples.
        MissingExtraError
            Without torch.
        """
        check_enough(task)
        require("torch", extra="learn")
        from whence.photos.heads.learning.positions import VectorLearner

        inputs = Standardisation.none(task.train.dim)
        if self.standardise:
            inputs = Standardisation.of(task.train, np.random.default_rng(task.seed))
        learner = VectorLearner.of(self, task.train, inputs=inputs, seed=task.seed)
        task.optimise(learner, "unit-vector")
        head = UnitVectorHead(learner.perceptron(), 1.0)
        errors_m = distance_m(predicted_points(head, task.validation), task.validation.lonlat)
        return UnitVectorHead(head.network, spread_holding(errors_m))
