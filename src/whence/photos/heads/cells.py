"""Classification over the cells of a partition: each cell is a patch, the classifier gives its weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy import special

from whence._optional import require
from whence.errors import FormatError, InputError
from whence.photos.heads.fitting import Standardisation, check_enough, check_share, layer_sizes
from whence.photos.heads.keeping import kept_mixture
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.partitions import CellSettings, ancestor_levels, cell_spreads_m, load_partition
from whence.photos.heads.parts import array_of, value_of
from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.earth.partitions import Partition
    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32, Ints, Json

__all__ = ["CellHead", "Cells", "ClassifierSettings"]

_HELD = 8_000_000  # probabilities held at once: 64 MB


@dataclass(frozen=True, eq=False)
class CellHead:
    """Fixed patches that a network weighs.

    Attributes
    ----------
    network
        From features to one logit a cell.
    centers
        (n, 2) where the photographs of each cell lie on average, longitude, latitude, degrees.
    spread_m
        (n,) how far they lie from it: one-dimensional standard deviation, metres.
    patches
        Cells kept for a photograph; the others become one wide patch.
    partition
        What its `to_json` gave; None where the patches are no cells.
    by_ancestors
        Whether a cell weighs p(cell) Π p(ancestors) in place of p(cell) alone.
    """

    network: Perceptron
    centers: Floats
    spread_m: Floats
    patches: int
    partition: Json | None = None
    by_ancestors: bool = False

    kind: ClassVar[str] = "cells"

    def __post_init__(self) -> None:
        if not len(self.centers) == len(self.spread_m) == self.network.outputs:
            raise FormatError(
                f"{self.network.outputs} logits, {len(self.centers)} centres and {len(self.spread_m)} "
                "spreads do not belong together; the file of the head is broken"
            )

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.network.dim

    @cached_property
    def cells(self) -> Partition:
        """The partition.

        Raises
        ------
        FormatError
            When the patches are no cells.
        """
        if self.partition is None:
            raise FormatError("the patches of this head are not the cells of a partition")
        return load_partition(self.partition)

    def log_weights(self, features: Floats32) -> Floats:
        """Logarithm (n, cells) of the probability of every cell for n vectors."""
        logits = self.network(features).astype(np.float64)
        logs = np.asarray(special.log_softmax(logits, axis=1))
        if not self.by_ancestors:
            return logs
        shares = np.exp(logs)
        for ancestor in self._ancestors:
            logs = logs + np.log(_summed(shares, ancestor) + 1e-300)[:, ancestor]
        return np.asarray(special.log_softmax(logs, axis=1))

    def mixtures(self, features: Floats32) -> Mixtures:
        """Weighted cells for each of n vectors (n, dim)."""
        step = max(1, _HELD // len(self.centers))
        return Mixtures.joined(
            [
                kept_mixture(self.log_weights(block), self.centers, self.spread_m, most=self.patches)
                for block in np.split(features, range(step, len(features), step))
            ]
        )

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        settings = {
            "patches": self.patches,
            "partition": self.partition,
            "by_ancestors": self.by_ancestors,
        }
        return settings, self.network.to_arrays() | {"centers": self.centers, "spread_m": self.spread_m}

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        network = Perceptron.from_arrays(arrays)
        return cls(
            network,
            array_of(arrays, "centers", network.outputs, 2),
            array_of(arrays, "spread_m", network.outputs),
            int(value_of(settings, "patches")),
            value_of(settings, "partition"),
            bool(value_of(settings, "by_ancestors")),
        )

    @cached_property
    def _ancestors(self) -> list[Ints]:
        return ancestor_levels(self.cells)


def _summed(shares: Floats, group: Ints) -> Floats:
    """Sum columns (n, m) by their groups (m,); (n, groups)."""
    from scipy.sparse import csr_array

    columns = np.arange(len(group))
    return np.asarray(shares @ csr_array((np.ones(len(group)), (columns, group))))


@dataclass(frozen=True)
class ClassifierSettings(CellSettings):
    """Settings of a classifier over cells, whatever is done within them.

    Attributes
    ----------
    hidden
        Widths of the hidden layers.
    dropout
        Share of the hidden values left out in training.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1. Learning is about twice
        as fast then; few photographs of a city are learnt by heart, and new blocks of it suffer.
    tau_km
        Haversine smoothing: neighbouring cells are right too, exp(−d/τ) less so. 0: only the true cell is. 75
        on the globe, about the size of a cell in a city.
    label_smoothing
        Share of the target that is spread evenly over all cells.
    hierarchy
        Weight of the cross entropy of all the levels above the cells; 0 leaves them out.
    balance
        A photograph of a cell with n of them counts n^-balance: 0 alike, 1 every cell alike.
    patches
        Cells kept for a photograph; the others become one wide patch.
    """

    hidden: tuple[int, ...] = (512,)
    dropout: float = 0.1
    standardise: bool = False
    tau_km: float = 0.0
    label_smoothing: float = 0.0
    hierarchy: float = 0.0
    balance: float = 0.0
    patches: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        check_share(self.dropout, "dropout")
        check_share(self.label_smoothing, "label_smoothing")
        if min(self.tau_km, self.hierarchy, self.balance) < 0.0 or self.patches < 1:
            raise InputError("tau_km, hierarchy and balance must not be negative, and patches at least 1")

    def scaling(self, task: Task) -> Standardisation:
        """Measure the inputs, or leave them as they are."""
        if not self.standardise:
            return Standardisation.none(task.train.dim)
        return Standardisation.of(task.train, np.random.default_rng(task.seed))


@dataclass(frozen=True)
class Cells(ClassifierSettings):
    """Settings of a classifier over cells.

    Attributes
    ----------
    by_ancestors
        Whether answers weigh a cell by p(cell) Π p(ancestors), as Müller-Budack et al. (2018, "Geolocation
        estimation of photos using a hierarchical model and scene classification") do with their three levels.
    """

    by_ancestors: bool = False

    def fit(self, task: Task) -> CellHead:
        """Divide the Earth, train the classifier, and measure the spread in each cell.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples, or when all are in one cell.
        MissingExtraError
            Without torch.
        """
        check_enough(task)
        require("torch", extra="learn")
        from whence.photos.heads.learning.cells import CellLearner

        lonlat = task.train.lonlat
        partition = self.fit_partition(lonlat)
        learner = CellLearner.of(
            self, partition, dim=task.train.dim, inputs=self.scaling(task), seed=task.seed
        )
        task.optimise(learner, "cells")
        return CellHead(
            learner.perceptron(),
            partition.centers(),
            cell_spreads_m(partition, lonlat),
            self.patches,
            partition.to_json(),
            self.by_ancestors,
        )
