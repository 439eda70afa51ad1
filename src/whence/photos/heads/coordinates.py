"""Coordinates straight from a network: the head of the thesis, with its three last layers.

512 -> 256 -> 128 -> 2, then longitude and latitude as they come and clamped to the globe (`clamp`), or
squeezed into it by tanh or the logistic function. Any loss of `whence.learn.losses.LOSSES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy import special

from whence._optional import require
from whence.earth.points import wrap_longitude_deg
from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError
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

__all__ = ["LAST_LAYERS", "WORLD", "CoordinateHead", "Coordinates", "extent_of"]

LAST_LAYERS = ("clamp", "tanh", "logistic")
"""What becomes of the two outputs z: clamped degrees, tanh(z) or 2 σ(z) − 1 of half the range."""

WORLD = (-180.0, -90.0, 180.0, 90.0)
"""West, south, east, north of the whole globe, degrees."""

_MARGIN = 0.1  # of the box of the training positions, left free round it


@dataclass(frozen=True, eq=False)
class CoordinateHead:
    """Longitude and latitude from a network; one patch a photograph.

    Attributes
    ----------
    network
        From features to two numbers z.
    last_layer
        One of `LAST_LAYERS`.
    box
        West, south, east, north, degrees: the range of the answers. East may be beyond 180 where the box
        crosses the date line.
    spread_m
        Spread of every patch, metres.
    """

    network: Perceptron
    last_layer: str
    box: tuple[float, float, float, float]
    spread_m: float

    kind: ClassVar[str] = "coordinates"

    def __post_init__(self) -> None:
        if self.last_layer not in LAST_LAYERS or self.network.outputs != 2:
            raise FormatError(
                f"a head of coordinates has two outputs and one of the last layers {', '.join(LAST_LAYERS)}; "
                f"this one has {self.network.outputs} and {self.last_layer!r}"
            )

    @classmethod
    def from_weights(
        cls, weights: Mapping[str, NDArray[Any]], last_layer: str, spread_m: float, *, dropped: bool = False
    ) -> Self:
        """Make a head of the whole globe from the weights of a plain network.

        Parameters
        ----------
        weights
            ``0.weight`` (outputs, inputs), ``0.bias``, ``2.weight``, … as ``torch.nn.Sequential`` names them.
        last_layer
            One of `LAST_LAYERS`.
        spread_m
            Spread of its answers, metres; see `whence.photos.heads.fitting.spread_holding`.
        dropped
            Whether there is a layer of dropout after each activation, which counts in the names.
        """
        step = 3 if dropped else 2
        renamed = {
            f"{2 * int(name.partition('.')[0]) // step}.{name.partition('.')[2]}": array
            for name, array in weights.items()
        }
        return cls(Perceptron.from_arrays(renamed), last_layer, WORLD, spread_m)

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.network.dim

    def positions(self, features: Floats32) -> Floats:
        """Position (n, 2) for each of n vectors, longitude, latitude, degrees."""
        raw = self.network(features).astype(np.float64)
        low, high = np.array(self.box[:2]), np.array(self.box[2:])
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        if self.last_layer == "clamp":
            lonlat = np.clip(raw, low, high)
        elif self.last_layer == "tanh":
            lonlat = middle + half * np.tanh(raw)
        else:
            lonlat = middle + half * (2.0 * special.expit(raw) - 1.0)
        lonlat[:, 0] = wrap_longitude_deg(lonlat[:, 0])
        return np.asarray(np.clip(lonlat, WORLD[:2], WORLD[2:]))

    def mixtures(self, features: Floats32) -> Mixtures:
        """One patch for each of n vectors (n, dim)."""
        return Mixtures.at(self.positions(features), self.spread_m)

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        settings = {"last_layer": self.last_layer, "box": list(self.box), "spread_m": self.spread_m}
        return settings, self.network.to_arrays()

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        west, south, east, north = map(float, value_of(settings, "box"))
        spread_m = float(value_of(settings, "spread_m"))
        last_layer = str(value_of(settings, "last_layer"))
        return cls(Perceptron.from_arrays(arrays), last_layer, (west, south, east, north), spread_m)


@dataclass(frozen=True)
class Coordinates:
    """Settings of a network that gives coordinates.

    Attributes
    ----------
    loss
        A name of `whence.learn.losses.LOSSES`.
    last_layer
        ``clamp``, ``tanh`` or ``logistic``. Under ``clamp`` a position beyond the range has no gradient.
    hidden
        Widths of the hidden layers.
    dropout
        Share of the hidden values left out in training.
    extent
        ``world``, or ``data``: the range of the last layer is the box of the training positions with a margin
        of a tenth. A city is a ten-thousandth of the globe, which the last layer would have to hit.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1. Learning is about twice
        as fast then; few photographs of a city are learnt by heart, and new blocks of it suffer.
    """

    loss: str = "haversine"
    last_layer: str = "tanh"
    hidden: tuple[int, ...] = (256, 128)
    dropout: float = 0.0
    extent: str = "world"
    standardise: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        check_share(self.dropout, "dropout")
        if self.last_layer not in LAST_LAYERS:
            raise InputError(
                f"there is no last layer {self.last_layer!r}; there are {', '.join(LAST_LAYERS)}"
            )
        if self.extent not in ("world", "data"):
            raise InputError(f"extent must be 'world' or 'data', not {self.extent!r}")

    def fit(self, task: Task) -> CoordinateHead:
        """Train the network; the spread of the patches comes from the validation errors.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples.
        MissingExtraError
            Without torch.
        """
        check_enough(task)
        require("torch", extra="learn")
        from whence.photos.heads.learning.positions import CoordinateLearner

        rng = np.random.default_rng(task.seed)
        inputs = Standardisation.of(task.train, rng) if self.standardise else None
        box = WORLD if self.extent == "world" else extent_of(task.train.lonlat)
        learner = CoordinateLearner.of(self, task.train.dim, box, inputs=inputs, seed=task.seed)
        task.optimise(learner, "coordinates")
        head = CoordinateHead(learner.perceptron(), self.last_layer, box, 1.0)
        errors_m = distance_m(predicted_points(head, task.validation), task.validation.lonlat)
        return CoordinateHead(head.network, self.last_layer, box, spread_holding(errors_m))


def extent_of(lonlat: Floats) -> tuple[float, float, float, float]:
    """Box round positions (n, 2) with a margin of a tenth; it crosses the date line where that is shorter.

    Returns
    -------
    tuple of float
        West, south, east, north, degrees; east is beyond 180 where the box crosses the date line.
    """
    longitudes = np.unique(lonlat[:, 0])
    gaps = np.diff(longitudes, append=longitudes[0] + 360.0)
    widest = int(gaps.argmax())
    west = float(longitudes[(widest + 1) % len(longitudes)])
    width = 360.0 - float(gaps[widest])
    south, north = float(lonlat[:, 1].min()), float(lonlat[:, 1].max())
    across, along = max(_MARGIN * width, 1e-4), max(_MARGIN * (north - south), 1e-4)
    if width + 2.0 * across >= 360.0:
        west, width, across = -180.0, 360.0, 0.0
    return west - across, max(south - along, -90.0), west + width + across, min(north + along, 90.0)
