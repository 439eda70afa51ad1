"""Photographs and positions in one space: the answer is the position most like the photograph.

After Vivanco Cepeda, Nayak and Shah 2023, "GeoCLIP: clip-inspired alignment between locations and images for
effective worldwide geo-localization" (NeurIPS). What differs from the published program, on purpose:

* the gallery is encoded once, when the head is fitted, and stored; there it is encoded at every question;
* wrong answers beyond the batch are real training positions from the first step on; there the queue begins
  with noise;
* a place that occurs twice is no wrong answer to itself;
* the scales of the waves follow the extent and the density of the data, so that it also works for a town;
* the weights over the gallery are calibrated: temperature, width and background by the likelihood of
  validation photographs. The softmax over a gallery alone depends on how dense the gallery is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import cKDTree

from whence._optional import require
from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import InputError
from whence.learn.fourier import Frame, fitting_sigmas
from whence.photos.heads.constant import drawn
from whence.photos.heads.fitting import Standardisation, check_enough, check_share, layer_sizes
from whence.photos.heads.gallery import Gallery, GalleryHead
from whence.photos.heads.kernel import FEWEST
from whence.photos.heads.retrieval import check_neighbours
from whence.photos.heads.tower import Tower
from whence.photos.index.vectors import UnitVectors

if TYPE_CHECKING:
    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32

__all__ = ["Contrastive", "gallery_positions"]


@dataclass(frozen=True)
class Contrastive:
    """Settings of training photographs against positions.

    The published sizes are ``hidden = [768]``, ``dim = 512``, ``width = 1024``, ``waves = 256`` and
    ``queue = 4096``, for a GPU.

    Attributes
    ----------
    dim
        Components of the common space.
    hidden
        Widths of the hidden layers of the network of photographs.
    width
        Of the three hidden layers of each network of positions.
    waves
        Random waves of each scale.
    sigmas
        Scales of the waves, in periods per half of the extent; none: chosen by how densely the training
        positions lie.
    extent_km
        Longer side of the area; 0 takes that of the training positions.
    queue
        Training positions drawn for every batch as further wrong answers.
    gallery
        Positions that can be the answer, at most: the training positions, or a random part of them.
    dropout
        Share of the hidden values of the network of photographs left out in training.
    standardise
        Whether every component of the features is brought to mean 0 and deviation 1.
    neighbours
        Positions of the gallery that count for a photograph.
    storage
        How the gallery is kept: ``"float16"`` or ``"int8"``.
    """

    dim: int = 256
    hidden: tuple[int, ...] = (512,)
    width: int = 256
    waves: int = 128
    sigmas: tuple[float, ...] = ()
    extent_km: float = 0.0
    queue: int = 1024
    gallery: int = 100_000
    dropout: float = 0.1
    standardise: bool = True
    neighbours: int = 64
    storage: Literal["float16", "int8"] = "float16"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", layer_sizes(self.hidden))
        object.__setattr__(self, "sigmas", tuple(map(float, self.sigmas)))
        check_share(self.dropout, "dropout")
        check_neighbours(self.neighbours)
        if min(self.dim, self.width, self.waves, self.queue, self.gallery) < 1:
            raise InputError("dim, width, waves, queue and gallery must each be at least 1")
        if not all(sigma > 0 for sigma in self.sigmas):
            raise InputError(f"the scales of the waves must be above zero, not {list(self.sigmas)}")

    def fit(self, task: Task) -> GalleryHead:
        """Train both networks, encode the gallery once, choose the kernel on the validation samples.

        Raises
        ------
        NotEnoughDataError
            With fewer than 20 training or 10 validation samples.
        MissingExtraError
            Without torch.
        """
        check_enough(task, validation=FEWEST)
        require("torch", extra="learn")
        from whence.photos.heads.learning.contrastive import ContrastiveLearner

        frame = Frame.of(task.train.lonlat, extent_km=self.extent_km)
        inputs = Standardisation.none(task.train.dim)
        if self.standardise:
            inputs = Standardisation.of(task.train, np.random.default_rng(task.seed))
        learner = ContrastiveLearner.of(
            self,
            task.train,
            frame=frame,
            sigmas=self.sigmas or fitting_sigmas(task.train.lonlat, frame),
            inputs=inputs,
            seed=task.seed,
        )
        task.optimise(learner, "contrastive")
        places, reach_m = gallery_positions(task.train.lonlat, most=self.gallery, seed=task.seed)
        vectors = UnitVectors.encode(learner.positions(places), dtype=self.storage)
        tower = Tower(task.train.dim, learner.perceptron())
        return GalleryHead.fit(tower, Gallery(vectors, places, reach_m), task, neighbours=self.neighbours)[0]


def gallery_positions(lonlat: Floats, *, most: int, seed: int) -> tuple[Floats, Floats32]:
    """Thin positions (n, 2) to a gallery: each place once, and how far it is to the nearest other one.

    Returns
    -------
    lonlat, reach_m
        (g, 2) degrees, g ≤ `most`; (g,) half the distance to the nearest other entry, metres. It is joined
        with the width of the kernel: where entries lie thin each stands for a wider area.
    """
    places = np.unique(lonlat, axis=0)
    places = places[drawn(len(places), most, seed)]
    if len(places) < 2:
        return places, np.zeros(len(places), np.float32)
    vectors = to_unit_vectors(places)
    chords = cKDTree(vectors).query(vectors, k=2)[0][:, 1]
    return places, (EARTH_RADIUS_M * chords / 2.0).astype(np.float32)
