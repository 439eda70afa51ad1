"""Retrieval in a space learnt so that photographs of one region lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence._optional import require
from whence.errors import InputError
from whence.photos.heads.fitting import Standardisation, check_enough, check_share, layer_sizes
from whence.photos.heads.gallery import Gallery, GalleryHead, Search
from whence.photos.heads.kernel import FEWEST
from whence.photos.heads.partitions import CELL_PARTITIONS
from whence.photos.heads.regions import Regions
from whence.photos.heads.retrieval import check_neighbours
from whence.photos.heads.tower import Tower

if TYPE_CHECKING:
    from whence.photos.heads.protocol import Task

__all__ = ["Projection"]


@dataclass(frozen=True)
class Projection:
    """Settings of a projection trained by regions, and of retrieval in its space.

    The loss is the regional contrast of OpenStreetView-5M (Astruc et al. 2024, CVPR), see
    `whence.learn.losses.contrastive.region_contrastive_loss`.

    Attributes
    ----------
    dim
        Components of the new space.
    hidden
        Widths of the hidden layers; none makes the projection linear.
    regions
        ``quadtree``, ``h3``, ``grid``, ``country``, ``region``, or ``column:`` and a column of the metadata.
    region_photos
        Photographs beyond which a box of the quadtree is split; 0: the square root of their number, from 10
        to 1000.
    temperature
        τ of the contrast.
    dropout
        Share of the hidden values left out in training.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1.
    neighbours
        Training photographs that count for an answer.
    storage
        How the projected vectors are kept: ``"float16"`` or ``"int8"``.
    search
        ``"exact"``, ``"approximate"`` or ``"auto"``, as in retrieval.
    """

    dim: int = 128
    hidden: tuple[int, ...] = ()
    regions: str = "quadtree"
    region_photos: int = 0
    temperature: float = 0.1
    dropout: float = 0.1
    standardise: bool = True
    neighbours: int = 50
    storage: Literal["float16", "int8"] = "float16"
    search: Search = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        check_share(self.dropout, "dropout")
        check_neighbours(self.neighbours)
        if not Regions.is_known(self.regions):
            known = ", ".join(CELL_PARTITIONS)
            raise InputError(f"no regions {self.regions!r}; there are {known}, or column:NAME")
        if self.dim < 1 or self.region_photos < 0 or not self.temperature > 0:
            raise InputError("dim must be at least 1, region_photos not negative, temperature above zero")

    def fit(self, task: Task) -> GalleryHead:
        """Train the projection, store the projected photographs, choose the kernel on the validation samples.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training or 10 validation samples, or when all are of one region.
        MissingExtraError
            Without torch.
        """
        check_enough(task, validation=FEWEST)
        require("torch", extra="learn")
        from whence.photos.heads.learning.projection import RegionLearner

        inputs = Standardisation.none(task.train.dim)
        if self.standardise:
            inputs = Standardisation.of(task.train, np.random.default_rng(task.seed))
        regions = Regions.fit(self.regions, task.train, most=self.region_photos)
        learner = RegionLearner.of(self, task.train, regions, inputs=inputs, seed=task.seed)
        task.optimise(learner, "projection")
        tower = Tower(task.train.dim, learner.perceptron())
        gallery = Gallery.of_samples(task.train, tower, dtype=self.storage).searched(self.search)
        return GalleryHead.fit(tower, gallery, task, neighbours=self.neighbours)[0]
