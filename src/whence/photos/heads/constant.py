"""The baseline beside which every head is printed: always the same place, as wide as the data are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import geometric_median, to_unit_vectors
from whence.errors import FormatError
from whence.photos.heads.mixtures import Mixtures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32, Ints, Json

__all__ = ["Constant", "ConstantHead", "spread_round_m"]

_MOST = 200_000


def spread_round_m(lonlat: Floats, center: Floats) -> float:
    """Spread (metres) of the von Mises-Fisher density round `center` (2,) that fits positions (n, 2) best.

    Maximum likelihood: the κ whose mean vector is as long as the mean cosine of the distances (Mardia & Jupp
    2000, section 10.3.1, for a known centre).
    """
    apart = to_unit_vectors(lonlat) - to_unit_vectors(center)
    deficit = float((apart**2).sum(axis=1).mean()) / 2.0
    return float(vmf.spread_m(vmf.concentration_of_deficit(np.array([deficit])))[0])


@dataclass(frozen=True)
class Constant:
    """The geometric median of the training positions, with the spread of their distances from it.

    No fields; the validation samples are not looked at.
    """

    def fit(self, task: Task) -> ConstantHead:
        """Find the point; of more than 200,000 positions a sample is drawn.

        Raises
        ------
        NotEnoughDataError
            When there is no training sample.
        """
        lonlat = task.train.lonlat
        if len(lonlat) > _MOST:
            lonlat = lonlat[drawn(len(lonlat), _MOST, task.seed)]
        center = geometric_median(lonlat)
        return ConstantHead(task.train.dim, center, spread_round_m(lonlat, center))


@dataclass(frozen=True, eq=False)
class ConstantHead:
    """One patch for every photograph.

    Attributes
    ----------
    dim
        Length of the vectors it takes and ignores.
    lonlat
        (2,) longitude, latitude, degrees.
    spread_m
        Metres.
    """

    dim: int
    lonlat: Floats
    spread_m: float

    kind: ClassVar[str] = "constant"

    def mixtures(self, features: Floats32) -> Mixtures:
        """Give each of n vectors (n, dim) the same patch."""
        return Mixtures.at(np.tile(self.lonlat, (len(features), 1)), self.spread_m)

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give settings and arrays; see `Head.to_parts`."""
        return {"dim": self.dim, "lonlat": self.lonlat.tolist(), "spread_m": self.spread_m}, {}

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:  # noqa: ARG003
        """Make it again; see `Head.from_parts`."""
        try:
            return cls(
                int(settings["dim"]), np.array(settings["lonlat"], np.float64), float(settings["spread_m"])
            )
        except KeyError as error:
            raise FormatError(f"the constant head lacks {error}; its model folder is incomplete") from error


def drawn(count: int, most: int, seed: int) -> Ints:
    """Draw at most so many of `count` places, ascending; the same for the same seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
