"""Cell and offset: a classifier says which cell, and for each cell a regression says where in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy import special

from whence._optional import require
from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError
from whence.photos.heads.cells import ClassifierSettings
from whence.photos.heads.fitting import check_enough
from whence.photos.heads.frames import FRAMES, BoxFrame, PlaneFrame, frame_from, has_boxes
from whence.photos.heads.keeping import best_columns, with_rest
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.partitions import cell_spreads_m, load_partition
from whence.photos.heads.parts import array_of, value_of
from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.earth.partitions import Partition
    from whence.photos.heads.protocol import Task
    from whence.photos.samples import Samples
    from whence.typing import Floats, Floats32, Ints, Json

__all__ = ["Hybrid", "HybridHead", "OffsetTable"]

_GATHERED = 16_000_000  # numbers of the offset tables held at once: 64 MB
_HELD = 8_000_000
_ALWAYS_80 = 1.7941225779941015  # 80 % of a round Gaussian is within so many σ
_LAPLACE_80 = 2.9943083036 / _ALWAYS_80  # σ of the Gaussian that holds 80 % where exp(−r/b) does, in b
_LEAST_RATIO = 0.01


@dataclass(frozen=True, eq=False)
class OffsetTable:
    """For each cell an affine map from the last hidden values to its offset.

    Attributes
    ----------
    weight
        (n, outputs, h) float32; n is 1 where all cells share it.
    bias
        (n, outputs) float32.
    reach
        Greatest offset along an axis, in units of the cell.
    with_scale
        Whether a third output is the logarithm of a scale, between e^-7 and e^2.
    """

    weight: Floats32
    bias: Floats32
    reach: float
    with_scale: bool

    def __call__(self, hidden: Floats32, cells: Ints) -> tuple[Floats, Floats | None]:
        """Offsets (n, k, 2) and scales (n, k) for hidden values (n, h) in cells (n, k)."""
        if len(self.weight) == 1:
            raw = (hidden @ self.weight[0].T + self.bias[0]).astype(np.float64)[:, None]
            raw = np.broadcast_to(raw, (*cells.shape, raw.shape[-1]))
        else:
            raw = np.empty((*cells.shape, self.bias.shape[1]))
            step = max(1, _GATHERED // max(1, cells.shape[1] * self.weight[0].size))
            for start in range(0, len(cells), step):
                rows = slice(start, start + step)
                here = np.matmul(self.weight[cells[rows]], hidden[rows, None, :, None])[..., 0]
                raw[rows] = here + self.bias[cells[rows]]
        scale = np.exp(-7.0 + 9.0 * special.expit(raw[..., 2])) if self.with_scale else None
        return self.reach * np.tanh(raw[..., :2]), scale


@dataclass(frozen=True, eq=False)
class HybridHead:
    """Cells weighed by a network, each with its own offset; one patch a cell.

    Attributes
    ----------
    network
        From features to one logit a cell.
    table
        From the network's last hidden values to the offsets.
    frame
        Where offsets lead.
    cell_spread_m
        (n,) spread of the photographs of each cell, metres.
    ratio
        Spread round the answer over the spread that the cell, or the learnt scale, has; from validation.
    patches
        Cells kept for a photograph; the others become one wide patch.
    partition
        What its `to_json` gave.
    """

    network: Perceptron
    table: OffsetTable
    frame: BoxFrame | PlaneFrame
    cell_spread_m: Floats
    ratio: float
    patches: int
    partition: Json

    kind: ClassVar[str] = "hybrid"

    def __post_init__(self) -> None:
        cells, hidden = self.network.outputs, self.network.weights[-1].shape[1]
        fitting = len(self.cell_spread_m) == len(self.frame.centers) == cells
        outputs = 3 if self.table.with_scale else 2
        shape = (len(self.table.weight), outputs, hidden)
        fitting &= self.table.weight.shape == shape and self.table.bias.shape == shape[:2]
        if not fitting or len(self.table.weight) not in (1, cells):
            raise FormatError(
                f"{cells} logits, {len(self.frame.centers)} centres and offsets {self.table.weight.shape} do "
                "not belong together; the file of the head is broken"
            )

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.network.dim

    @property
    def cells(self) -> Partition:
        """The partition."""
        return load_partition(self.partition)

    def within(self, features: Floats32, cells: Ints) -> tuple[Floats, Floats]:
        """Position (n, k, 2) and spread (n, k) in each of k given cells (n, k), for n vectors."""
        return self._within(self.network.hidden(features), cells)

    def mixtures(self, features: Floats32) -> Mixtures:
        """Weighted cells, each at its offset, for each of n vectors (n, dim)."""
        step = max(1, _HELD // self.network.outputs)
        blocks = np.split(features, range(step, len(features), step))
        return Mixtures.joined([self._mixtures(block) for block in blocks])

    def _mixtures(self, features: Floats32) -> Mixtures:
        hidden = self.network.hidden(features)
        log_shares = special.log_softmax(self.network.last(hidden).astype(np.float64), axis=1)
        cells = best_columns(log_shares, self.patches)
        lonlat, spread_m = self._within(hidden, cells)
        kept = Mixtures(lonlat, np.take_along_axis(log_shares, cells, axis=1), spread_m)
        return with_rest(kept, cells, log_shares, patches=(self.frame.centers, self.cell_spread_m))

    def _within(self, hidden: Floats32, cells: Ints) -> tuple[Floats, Floats]:
        offsets, scale = self.table(hidden, cells)
        spread_m = self.cell_spread_m[cells] if scale is None else scale * self.frame.unit_m()[cells]
        return self.frame.positions(offsets, cells), self.ratio * spread_m

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        settings = {
            "frame": self.frame.name,
            "reach": self.table.reach,
            "with_scale": self.table.with_scale,
            "ratio": self.ratio,
            "patches": self.patches,
            "partition": self.partition,
        }
        arrays: dict[str, NDArray[Any]] = {"offset.weight": self.table.weight, "offset.bias": self.table.bias}
        arrays |= {"cell_spread_m": self.cell_spread_m, **self.frame.to_arrays()}
        return settings, self.network.to_arrays() | arrays

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        network = Perceptron.from_arrays(arrays)
        table = OffsetTable(
            array_of(arrays, "offset.weight", -1, -1, -1),
            array_of(arrays, "offset.bias", -1, -1),
            float(value_of(settings, "reach")),
            bool(value_of(settings, "with_scale")),
        )
        return cls(
            network,
            table,
            frame_from(str(value_of(settings, "frame")), arrays, network.outputs),
            array_of(arrays, "cell_spread_m", network.outputs),
            float(value_of(settings, "ratio")),
            int(value_of(settings, "patches")),
            value_of(settings, "partition"),
        )


@dataclass(frozen=True)
class Hybrid(ClassifierSettings):
    """Settings of a classifier over cells with an offset in each.

    Attributes
    ----------
    offset
        ``box``: in sides of the cell's box (quadtree and grid); ``plane``: in metres over the cell's radius
        (any partition); ``auto``: the first that the partition has.
    offset_loss
        ``squares``, ``huber``, or a likelihood that also learns each photograph's spread: ``gaussian``,
        ``laplace``.
    offset_weight
        Weight of that loss beside the cross entropy.
    reach
        Greatest offset along an axis, in units of the cell.
    shared_offset
        Whether all cells share one offset, for few photographs a cell.
    """

    offset: str = "auto"
    offset_loss: str = "squares"
    offset_weight: float = 1.0
    reach: float = 1.2
    shared_offset: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.offset not in ("auto", *FRAMES):
            raise InputError(f"offset must be auto, {', '.join(FRAMES)}, not {self.offset!r}")
        if not self.hidden:
            raise InputError("a hybrid head takes at least one hidden layer, which both of its parts share")
        if self.reach <= 0.0 or self.offset_weight <= 0.0:
            raise InputError("reach and offset_weight must be greater than zero")

    def fit(self, task: Task) -> HybridHead:
        """Divide the Earth, train classifier and offsets together, and measure the spread on validation.

        Raises
        ------
        InputError
            For an unknown loss, or ``box`` with cells that are none.
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples, or when all are in one cell.
        MissingExtraError
            Without torch.
        """
        check_enough(task)
        require("torch", extra="learn")
        from whence.photos.heads.learning.hybrid import HybridLearner

        lonlat = task.train.lonlat
        partition = self.fit_partition(lonlat)
        auto = "box" if has_boxes(partition) else "plane"
        frame = FRAMES[auto if self.offset == "auto" else self.offset].of(partition, lonlat)
        learner = HybridLearner.of(self, partition, frame, inputs=self.scaling(task), seed=task.seed)
        task.optimise(learner, "hybrid")
        spreads_m = cell_spreads_m(partition, lonlat)
        head = HybridHead(
            learner.perceptron(), learner.table(), frame, spreads_m, 1.0, self.patches, partition.to_json()
        )
        start = _LAPLACE_80 if self.offset_loss == "laplace" else 1.0
        return replace(head, ratio=start * _ratio(replace(head, ratio=start), partition, task.validation))


def _ratio(head: HybridHead, partition: Partition, samples: Samples) -> float:
    """By how much the spreads must grow so that 80 % of the samples lie within, given their true cells."""
    share = []
    for block, features in samples.blocks():
        lonlat = samples.lonlat[block]
        places, spread_m = head.within(features, partition.assign(lonlat)[:, None])
        share.append(distance_m(places[:, 0], lonlat) / spread_m[:, 0])
    return max(float(np.quantile(np.concatenate(share), 0.8)) / _ALWAYS_80, _LEAST_RATIO)
