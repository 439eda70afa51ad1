"""Retrieval: where the most similar training photographs were taken.

The idea is that of Hays and Efros ("IM2GPS: estimating geographic information from a single image", CVPR
2008) and of Vo, Jacobs and Hays ("Revisiting IM2GPS in the deep learning era", ICCV 2017): nearest neighbours
in feature space and a kernel density over their positions. Here temperature and width of the kernel are
chosen by the likelihood of validation photographs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.learn.encoders.classic.projection import Projection
from whence.photos.heads.constant import drawn
from whence.photos.heads.gallery import SEARCHES, Gallery, GalleryHead, Search
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.tower import Tower

if TYPE_CHECKING:
    from whence.photos.heads.protocol import Task
    from whence.photos.samples import Samples

__all__ = ["Retrieval", "check_neighbours", "whitening_tower"]

_LEARNT_FROM = 50_000
_DECIDED_ON = 100_000


@dataclass(frozen=True)
class Retrieval:
    """Nearest neighbours among the training photographs.

    Attributes
    ----------
    neighbours
        k, how many count.
    whitening
        ``"yes"``: principal directions of the training features, divided by their variance to the power
        0.35; ``"no"``; ``"auto"``: what makes the validation photographs likelier. It matters for features
        with a few strong directions, such as those of a plain network for classification.
    whitened_dim
        Directions kept by whitening.
    storage
        How the vectors are kept: ``"float16"``, or ``"int8"`` in half the bytes.
    search
        ``"exact"``, ``"approximate"`` (by faiss, from 10,000 photographs on), or ``"auto"``: approximate from
        a million on, where faiss is installed.
    """

    neighbours: int = 50
    whitening: Literal["auto", "yes", "no"] = "auto"
    whitened_dim: int = 512
    storage: Literal["float16", "int8"] = "float16"
    search: Search = "auto"

    def __post_init__(self) -> None:
        check_neighbours(self.neighbours)
        if self.whitened_dim < 1:
            raise InputError(f"whitening keeps at least one direction, not {self.whitened_dim}")
        if self.whitening not in ("auto", "yes", "no"):
            raise InputError(f'whitening is "auto", "yes" or "no", not {self.whitening!r}')
        if self.storage not in ("float16", "int8"):
            raise InputError(f'storage is "float16" or "int8", not {self.storage!r}')
        if self.search not in SEARCHES:
            raise InputError(f"search is one of {', '.join(SEARCHES)}, not {self.search!r}")

    def fit(self, task: Task) -> GalleryHead:
        """Store the training photographs and choose the kernel on the validation ones.

        Raises
        ------
        NotEnoughDataError
            Without training samples, or with fewer than 10 validation samples.
        """
        if not len(task.train):
            raise NotEnoughDataError("there is no training photograph to be a neighbour; give some")
        return self._fitted(task, whiten=self._whitens(task))[0]

    def _whitens(self, task: Task) -> bool:
        """Decide on whitening, if that is left to the data: on at most 100,000 training photographs."""
        if self.whitening != "auto":
            return self.whitening == "yes"
        few = replace(task, train=task.train.subset(drawn(len(task.train), _DECIDED_ON, task.seed)))
        return self._fitted(few, whiten=True)[1] > self._fitted(few, whiten=False)[1]

    def _fitted(self, task: Task, *, whiten: bool) -> tuple[GalleryHead, float]:
        tower = Tower(task.train.dim)
        if whiten:
            tower = whitening_tower(task.train, dim=self.whitened_dim, seed=task.seed)
        gallery = Gallery.of_samples(task.train, tower, dtype=self.storage).searched(self.search)
        return GalleryHead.fit(tower, gallery, task, neighbours=self.neighbours)


def whitening_tower(samples: Samples, *, dim: int, seed: int) -> Tower:
    """Learn the whitening of features, from at most 50,000 of them."""
    vectors = samples.take(drawn(len(samples), _LEARNT_FROM, seed))
    learnt = Projection.fit(vectors, dim=dim, rng=np.random.default_rng(seed))
    return Tower(samples.dim, Perceptron((learnt.matrix.T,), (-(learnt.mean @ learnt.matrix),)))


def check_neighbours(neighbours: int) -> None:
    """Refuse a number of neighbours that cannot be."""
    if neighbours < 1:
        raise InputError(f"at least one neighbour must count, not {neighbours}")
