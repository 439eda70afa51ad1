"""A finished head that compares: the vectors of a gallery, their positions, and a kernel round them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from whence._optional import available, require
from whence.errors import FormatError, InputError
from whence.photos.heads.constant import Constant, drawn
from whence.photos.heads.kernel import Answers, Kernel
from whence.photos.heads.tower import Tower
from whence.photos.index.approximate import FEWEST, MANY, approximate_top, learnt_lists
from whence.photos.index.search import exact_top
from whence.photos.index.vectors import DTYPES, UnitVectors, quantised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.heads.protocol import Task
    from whence.photos.samples import Samples
    from whence.typing import Floats, Floats32, Json

__all__ = ["SEARCHES", "Gallery", "GalleryHead", "Search", "stored_vectors"]

Search = Literal["auto", "exact", "approximate"]
SEARCHES: tuple[Search, ...] = ("auto", "exact", "approximate")
"""``auto`` is approximate from a million entries on, where faiss is installed."""

_CHOSEN_ON = 4000


@dataclass(frozen=True, eq=False)
class Gallery:
    """What photographs are compared with.

    Attributes
    ----------
    vectors
        g unit vectors of `tower.out` components.
    lonlat
        (g, 2) where they lie, longitude, latitude, degrees.
    reach_m
        (g,) float32, how far round its position each stands for others; 0 for a photograph.
    lists
        Inverted lists of an approximate search, as faiss writes them, bytes; None searches exactly.
    """

    vectors: UnitVectors
    lonlat: Floats
    reach_m: Floats32
    lists: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        count = len(self.vectors)
        if self.lonlat.shape != (count, 2) or self.reach_m.shape != (count,):
            raise FormatError(
                f"a gallery of {count} vectors has positions {self.lonlat.shape} and reaches "
                f"{self.reach_m.shape}; the model folder is damaged"
            )

    @classmethod
    def of_samples(cls, samples: Samples, tower: Tower, *, dtype: Literal["int8", "float16"]) -> Self:
        """Take photographs themselves as the gallery."""
        return cls(
            stored_vectors(samples, tower, dtype=dtype), samples.lonlat, np.zeros(len(samples), np.float32)
        )

    def searched(self, search: Search) -> Gallery:
        """Give the same gallery with the lists that a way of searching needs.

        Raises
        ------
        InputError
            For an unknown way.
        MissingExtraError
            For ``"approximate"`` without faiss.
        """
        if search not in SEARCHES:
            raise InputError(f"search is one of {', '.join(SEARCHES)}, not {search!r}")
        least = {"exact": np.inf, "approximate": FEWEST, "auto": MANY if available("faiss") else np.inf}[
            search
        ]
        if len(self.vectors) < least:
            return self
        lists = learnt_lists(self.vectors)
        return replace(self, lists=np.asarray(require("faiss", extra="scale").serialize_index(lists)))

    def nearest(self, queries: Floats32, k: int) -> Answers:
        """Find the k most similar of every unit vector (n, d); exactly without lists or without faiss."""
        most = min(k, len(self.vectors))
        if self.lists is not None and available("faiss"):
            rows, similarity = approximate_top(self._opened, self.vectors, queries, most)
        else:
            rows, similarity = exact_top(self.vectors, queries, most)
        return Answers(similarity, self.lonlat[rows], self.reach_m[rows].astype(np.float64))

    @cached_property
    def _opened(self) -> Any:
        return require("faiss", extra="scale").deserialize_index(self.lists)


@dataclass(frozen=True, eq=False)
class GalleryHead:
    """Neighbours in a gallery, and the density that they make.

    Attributes
    ----------
    tower
        Turns features into the space of the gallery.
    gallery
        What they are compared with.
    kernel
        Makes a density of the neighbours.
    neighbours
        k, how many of them count.
    """

    tower: Tower
    gallery: Gallery
    kernel: Kernel
    neighbours: int

    kind: ClassVar[str] = "gallery"

    @classmethod
    def fit(cls, tower: Tower, gallery: Gallery, task: Task, *, neighbours: int) -> tuple[Self, float]:
        """Choose the kernel on at most 4000 validation samples; gives the head and its mean log density.

        Raises
        ------
        NotEnoughDataError
            With fewer than 10 validation samples.
        """
        chosen = drawn(len(task.validation), _CHOSEN_ON, task.seed)
        answers = gallery.nearest(tower.apply(task.validation.take(chosen)), neighbours)
        wide = Constant().fit(task)
        kernel, likelihood = Kernel.fit(
            answers, task.validation.lonlat[chosen], wide_lonlat=wide.lonlat, wide_spread_m=wide.spread_m
        )
        return cls(tower, gallery, kernel, neighbours), likelihood

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.tower.dim

    def mixtures(self, features: Floats32) -> Mixtures:
        """Say where n photographs may have been taken, from their vectors (n, dim).

        Raises
        ------
        InputError
            For vectors of another length, or without direction.
        """
        return self.kernel.mixtures(self.gallery.nearest(self.tower.apply(features), self.neighbours))

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give settings and arrays; see `Head.to_parts`."""
        settings = {"dim": self.dim, "neighbours": self.neighbours, "kernel": self.kernel.to_json()}
        return settings, {
            "gallery.codes": self.gallery.vectors.codes,
            "gallery.scales": self.gallery.vectors.scales,
            "gallery.lonlat": self.gallery.lonlat,
            "gallery.reach_m": self.gallery.reach_m,
            **({} if self.gallery.lists is None else {"gallery.lists": self.gallery.lists}),
            **self.tower.to_arrays(),
        }

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again; see `Head.from_parts`."""
        try:
            tower = Tower.from_arrays(int(settings["dim"]), arrays)
            vectors = UnitVectors(arrays["gallery.codes"], arrays["gallery.scales"])
            places, lists = arrays["gallery.lonlat"], arrays.get("gallery.lists")
            gallery = Gallery(vectors, places, arrays["gallery.reach_m"], lists)
            kernel, neighbours = Kernel.from_json(settings["kernel"]), int(settings["neighbours"])
        except KeyError as error:
            raise FormatError(f"the head lacks {error}; its model folder is incomplete") from error
        if vectors.dim != tower.out:
            raise FormatError(
                f"the gallery has vectors of {vectors.dim} components and the layers give {tower.out}; "
                "the model folder is damaged"
            )
        return cls(tower, gallery, kernel, neighbours)


def stored_vectors(samples: Samples, tower: Tower, *, dtype: Literal["int8", "float16"]) -> UnitVectors:
    """Turn all samples and keep them in few bytes; one block at a time is in memory as floats."""
    codes = np.empty((len(samples), tower.out), DTYPES[dtype])
    scales = np.empty(len(samples), np.float32)
    for rows, block in samples.blocks():
        codes[rows], scales[rows] = quantised(tower.apply(block), dtype)
    return UnitVectors(codes, scales)
