"""Refinement within the best cells, by which of a cell's photographs this one looks like.

Haas et al. (2024, "PIGEON: predicting image geolocations", section 3.4): the photographs of each cell are
clustered by their features; a prototype is the mean of a cluster. The best cells of a classifier are weighed
again by the nearest prototype, and the answer moves to where its photographs were taken.

Where this departs from there: clusters are those of k-means, which needs no neighbourhood to be chosen; the
temperature is chosen by the likelihood of the validation photographs unless given; with one photograph a
cluster the prototypes are the photographs themselves, and the nearest one wins (the released code takes the
farthest).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy import special

from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError
from whence.photos.heads.cells import CellHead, Cells, ClassifierSettings
from whence.photos.heads.clustering import k_means, nearest_center
from whence.photos.heads.keeping import best_columns, with_rest
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.parts import array_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whence.earth.partitions import Partition
    from whence.photos.heads.protocol import Task
    from whence.photos.samples import Samples
    from whence.typing import Floats, Floats32, Ints, Json

__all__ = ["PrototypeHead", "PrototypeTable", "Prototypes"]

_TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_STUDIED = 4_000  # photographs of a cell that are clustered
_TRIED = 2_000  # validation photographs that the temperature is chosen on
_ELSEWHERE = 0.01  # share of the likelihood that lies anywhere, so that one miss does not decide
_BLOCK = 1024
_ALWAYS_80 = 1.7941225779941015  # 80 % of a round Gaussian is within so many σ


@dataclass(frozen=True, eq=False)
class PrototypeTable:
    """Prototypes, cell by cell.

    Attributes
    ----------
    starts
        (cells + 1,) where the prototypes of each cell begin; a cell may have none.
    vectors
        (p, d) mean features, float16.
    lonlat
        (p, 2) mean positions, longitude, latitude, degrees.
    spread_m
        (p,) how far the photographs of each lie from it, metres.
    """

    starts: Ints
    vectors: NDArray[np.float16]
    lonlat: Floats
    spread_m: Floats

    def __post_init__(self) -> None:
        ends = self.starts[-1] if len(self.starts) else -1
        if not len(self.vectors) == len(self.lonlat) == len(self.spread_m) == ends:
            raise FormatError("the prototypes do not belong together; the file of the head is broken")

    @classmethod
    def of(cls, partition: Partition, samples: Samples, settings: Prototypes, *, seed: int) -> Self:
        """Cluster the photographs of every cell."""
        rng = np.random.default_rng(seed)
        cell = partition.assign(samples.lonlat)
        order = np.argsort(cell, kind="stable")
        bounds = np.searchsorted(cell[order], np.arange(len(partition) + 1))
        parts = [
            _prototypes_of(samples, order[start:end], settings, rng)
            for start, end in pairwise(bounds.tolist())
        ]
        starts = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])])
        vectors, lonlat, spread_m = (np.concatenate([part[at] for part in parts]) for at in range(3))
        return cls(starts, vectors.astype(np.float16), lonlat, spread_m)

    def distances(self, features: Floats32, cells: Ints) -> Iterator[tuple[int, Ints, Ints, Floats]]:
        """Walk over the cells of (n, k): cell, photographs (m,), their columns (m,), distances (m, p).

        Cell by cell, so that each prototype is read once.
        """
        squares = np.sum(features.astype(np.float64) ** 2, axis=1)
        order = np.argsort(cells.ravel(), kind="stable")
        found, first = np.unique(cells.ravel()[order], return_index=True)
        for cell, start, end in zip(found.tolist(), first, [*first[1:], len(order)], strict=False):
            photo, column = np.divmod(order[start:end], cells.shape[1])
            own = self.vectors[self.starts[cell] : self.starts[cell + 1]].astype(np.float32)
            products = (features[photo] @ own.T).astype(np.float64)
            apart = squares[photo, None] + np.sum(own.astype(np.float64) ** 2, axis=1) - 2.0 * products
            yield cell, photo, column, np.sqrt(np.maximum(apart, 0.0))


def _prototypes_of(
    samples: Samples, rows: Ints, settings: Prototypes, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Vectors (p, d), positions (p, 2) and spreads (p,) of one cell's photographs."""
    from whence.earth.partitions.occupied import mean_points

    rows = np.sort(rng.permutation(rows)[:_STUDIED])
    features = samples.take(rows).astype(np.float64)
    count = min(-(-len(rows) // settings.photos_per_cluster), settings.most_clusters)
    if count >= len(rows):
        return features, samples.lonlat[rows], np.zeros(len(rows))
    vectors = k_means(features, count, rng)
    label = nearest_center(features, vectors)
    kept, label = np.unique(label, return_inverse=True)
    first = np.unique(label, return_index=True)[1]
    lonlat = mean_points(samples.lonlat[rows], label, samples.lonlat[rows][first])
    squares = np.bincount(label, distance_m(samples.lonlat[rows], lonlat[label]) ** 2 / 2.0)
    return vectors[kept], lonlat, np.sqrt(squares / np.bincount(label))


@dataclass(frozen=True, eq=False)
class PrototypeHead:
    """A classifier over cells, refined by prototypes within the best of them.

    Attributes
    ----------
    classifier
        Gives P(cell); its `patches` is how many cells are refined.
    table
        The prototypes.
    temperature
        T of softmax(−distance / T), over the cells by their nearest prototype and over the prototypes of a
        cell.
    ratio
        Factor of all spreads, from validation.
    per_cell
        Prototypes kept for each cell; they share all of the cell's weight.
    """

    classifier: CellHead
    table: PrototypeTable
    temperature: float
    ratio: float
    per_cell: int

    kind: ClassVar[str] = "prototypes"

    def __post_init__(self) -> None:
        cells = self.classifier.network.outputs
        if len(self.table.starts) != cells + 1 or self.table.vectors.shape[1:] != (self.dim,):
            raise FormatError(
                f"prototypes {self.table.vectors.shape} of {len(self.table.starts) - 1} cells do not "
                f"belong to a classifier of {cells} cells and vectors of {self.dim}; the file is broken"
            )

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.classifier.dim

    def mixtures(self, features: Floats32) -> Mixtures:
        """Weighted prototypes for each of n vectors (n, dim)."""
        blocks = np.split(np.asarray(features, np.float32), range(_BLOCK, len(features), _BLOCK))
        return Mixtures.joined([self._mixtures(block) for block in blocks])

    def _mixtures(self, features: Floats32) -> Mixtures:
        head = self.classifier
        log_shares = head.log_weights(features)
        cells = best_columns(log_shares, head.patches)
        nearest, chosen, inner = self._within(features, cells)
        within = np.take_along_axis(log_shares, cells, axis=1)
        again = special.log_softmax(within - nearest / self.temperature, axis=1)
        again += special.logsumexp(within, axis=1, keepdims=True)  # the cells together weigh what they did
        patches = chosen.shape[1] * chosen.shape[2]
        lonlat = self.table.lonlat[chosen].reshape(len(cells), patches, 2)
        spread_m = self.ratio * self._spread_m(chosen, cells[..., None])
        log_weights = (again[..., None] + inner).reshape(len(cells), patches)
        kept = Mixtures(lonlat, log_weights, spread_m.reshape(log_weights.shape))
        return with_rest(kept, cells, log_shares, patches=(head.centers, head.spread_m))

    def _within(self, features: Floats32, cells: Ints) -> tuple[Floats, Ints, Floats]:
        """Nearest distance (n, k), and the prototypes (n, k, q) of each cell with log weights (n, k, q)."""
        most = max(1, min(self.per_cell, int(np.diff(self.table.starts).max())))
        nearest = np.zeros(cells.shape)
        chosen = np.zeros((*cells.shape, most), np.int64)
        inner = np.full((*cells.shape, most), -np.inf)
        for cell, photo, column, apart in self.table.distances(features, cells):
            near = best_columns(-apart, most)
            logs = np.take_along_axis(-apart / self.temperature, near, axis=1)
            nearest[photo, column] = apart.min(axis=1)
            chosen[photo, column, : near.shape[1]] = near + self.table.starts[cell]
            inner[photo, column, : near.shape[1]] = special.log_softmax(logs, axis=1)
        return nearest, chosen, inner

    def _spread_m(self, prototype: Ints, cells: Ints) -> Floats:
        """Spread (...) before the ratio: between that of the prototype and that of the cell."""
        own, around = self.table.spread_m[prototype] ** 2, self.classifier.spread_m[cells] ** 2
        return np.asarray(np.sqrt((own + around) / 2.0))

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give all that is needed to make it again."""
        settings, arrays = self.classifier.to_parts()
        own = {"temperature": self.temperature, "ratio": self.ratio, "per_cell": self.per_cell}
        table = {
            f"prototype.{name}": getattr(self.table, name)
            for name in ("starts", "vectors", "lonlat", "spread_m")
        }
        return settings | own, arrays | table

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again from what `to_parts` gave.

        Raises
        ------
        FormatError
            When something is missing or does not fit.
        """
        table = PrototypeTable(
            array_of(arrays, "prototype.starts", -1),
            array_of(arrays, "prototype.vectors", -1, -1),
            array_of(arrays, "prototype.lonlat", -1, 2),
            array_of(arrays, "prototype.spread_m", -1),
        )
        return cls(
            CellHead.from_parts(settings, arrays),
            table,
            float(value_of(settings, "temperature")),
            float(value_of(settings, "ratio")),
            int(value_of(settings, "per_cell")),
        )


@dataclass(frozen=True)
class Prototypes(ClassifierSettings):
    """Settings of a classifier over cells with prototypes in them.

    Attributes
    ----------
    refined_cells
        How many of the best cells are refined; the others become one wide patch, and `patches` is not used.
    photos_per_cluster
        Photographs of a cell that make one prototype, on average; 1 takes each as it is.
    most_clusters
        Prototypes of a cell at most.
    per_cell
        Prototypes kept for each cell and photograph.
    temperature
        T of softmax(−distance / T); 0 chooses it on validation. The paper has 1.6 for features of another
        length; those of whence are unit vectors.
    """

    refined_cells: int = 5
    photos_per_cluster: int = 8
    most_clusters: int = 64
    per_cell: int = 4
    temperature: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.refined_cells, self.photos_per_cluster, self.most_clusters, self.per_cell) < 1:
            raise InputError(
                "refined_cells, photos_per_cluster, most_clusters and per_cell must be at least 1"
            )
        if self.temperature < 0.0:
            raise InputError("temperature must be greater than zero, or 0 to choose it on validation")

    def fit(self, task: Task) -> PrototypeHead:
        """Train the classifier, cluster its cells, and choose spread and temperature on validation.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training and 5 validation samples, or when all are in one cell.
        MissingExtraError
            Without torch.
        """
        names = ClassifierSettings.__dataclass_fields__
        plain = Cells(**{name: getattr(self, name) for name in names})
        classifier = replace(plain.fit(task), patches=self.refined_cells)
        table = PrototypeTable.of(classifier.cells, task.train, self, seed=task.seed)
        head = PrototypeHead(classifier, table, self.temperature or 1.0, 1.0, self.per_cell)
        head = replace(head, ratio=_ratio(head, task.validation))
        return head if self.temperature > 0.0 else _with_best_temperature(head, task)


def _ratio(head: PrototypeHead, samples: Samples) -> float:
    """By how much spreads must grow for 80 % to lie within that of the nearest prototype of their cell."""
    share = []
    for block, features in samples.blocks():
        lonlat = samples.lonlat[block]
        cell = head.classifier.cells.assign(lonlat)[:, None]
        _, chosen, inner = head._within(features, cell)
        nearest = np.take_along_axis(chosen[:, 0], inner[:, 0].argmax(axis=1)[:, None], axis=1)[:, 0]
        apart_m = distance_m(head.table.lonlat[nearest], lonlat)
        share.append(apart_m / head._spread_m(nearest, cell[:, 0]))
    return max(float(np.quantile(np.concatenate(share), 0.8)) / _ALWAYS_80, 0.01)


def _with_best_temperature(head: PrototypeHead, task: Task) -> PrototypeHead:
    """Choose the temperature whose mixtures make the validation positions likeliest."""
    samples = task.validation
    chosen = np.sort(np.random.default_rng(task.seed).permutation(len(samples))[:_TRIED])
    features, lonlat = samples.take(chosen), samples.lonlat[chosen]

    def likelihood(temperature: float) -> float:
        density = replace(head, temperature=temperature).mixtures(features).log_density(lonlat)
        anywhere = np.log(_ELSEWHERE / (4.0 * np.pi))
        return float(np.logaddexp(density + np.log1p(-_ELSEWHERE), anywhere).mean())

    return replace(head, temperature=max(_TEMPERATURES, key=likelihood))
