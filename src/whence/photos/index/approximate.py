"""Approximate search for large indexes: inverted lists of product codes, refined by the stored vectors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whence.photos.index.vectors import UnitVectors
    from whence.typing import Floats, Floats32, Ints

__all__ = ["FEWEST", "MANY", "approximate_top", "learnt_lists", "opened_lists"]

FEWEST = 10_000
"""Below so many photos the exact search takes milliseconds, and is used whatever was asked for."""

MANY = 1_000_000
"""From so many photos on the exact search takes about half a second, and is left where faiss is installed."""

_FILE = "approximate.faiss"
_LISTS_PER_ROOT = 4.0  # lists = 4 √n
_TRAINING_PER_LIST = 50
_COMPONENTS_PER_CODE = 4  # of four bits each: an eighth of the bytes of int8
_LISTS_SEARCHED = 48
_CANDIDATES_PER_ANSWER = 20
_LEAST_CANDIDATES = 400
_log = logging.getLogger(__name__)


def opened_lists(vectors: UnitVectors, folder: Path) -> Any:
    """Open the inverted lists of an index; made and kept in `folder` when asked for the first time.

    Jégou, Douze and Schmid 2011, "Product quantization for nearest neighbor search" (IEEE PAMI 33), by faiss,
    with the four-bit codes of André, Kermarrec and Le Scouarnec 2017 ("Accelerated nearest neighbor search
    with Quick ADC", ICMR), which are learnt in a hundredth of the time of eight-bit ones.

    Raises
    ------
    MissingExtraError
        Without faiss: ``pip install 'whence[scale]'``.
    """
    faiss = require("faiss", extra="scale")
    path = folder / _FILE
    if not path.is_file():
        lists = learnt_lists(vectors)
        with atomic_path(path) as beside:
            faiss.write_index(lists, str(beside))
    return faiss.read_index(str(path))


def learnt_lists(vectors: UnitVectors) -> Any:
    """Make the inverted lists of vectors, in memory; see `opened_lists`.

    Raises
    ------
    MissingExtraError
        Without faiss: ``pip install 'whence[scale]'``.
    """
    faiss = require("faiss", extra="scale")
    lists = _empty_lists(faiss, vectors)
    for start, block in vectors.blocks():
        lists.add(block * vectors.scales[start : start + len(block), None])
    return lists


def _empty_lists(faiss: Any, vectors: UnitVectors) -> Any:
    count = int(_LISTS_PER_ROOT * np.sqrt(len(vectors)))
    _log.info("making %d inverted lists of %d vectors", count, len(vectors))
    lists = faiss.index_factory(
        vectors.dim, f"IVF{count},PQ{_codes_for(vectors.dim)}x4fs", faiss.METRIC_INNER_PRODUCT
    )
    rng = np.random.default_rng(0)
    sample = np.sort(rng.permutation(len(vectors))[: _TRAINING_PER_LIST * count])
    lists.cp.min_points_per_centroid = 5  # small lists are meant; faiss would warn
    lists.train(vectors.take(sample))
    return lists


def _codes_for(dim: int) -> int:
    """Choose the codes a vector: a divisor of its length, about a quarter of it."""
    most = max(1, dim // _COMPONENTS_PER_CODE)
    return max(m for m in range(1, most + 1) if dim % m == 0)


def approximate_top(
    lists: Any, vectors: UnitVectors, queries: Floats32, k: int, *, excluded: Sequence[Ints] | None = None
) -> tuple[Ints, Floats]:
    """Find the k most similar vectors among the candidates that the lists give; see `search.exact_top`.

    The similarities are exact; some of the true k may be missing.
    """
    hidden = max((len(rows) for rows in excluded), default=0) if excluded is not None else 0
    wanted = min(len(vectors), max(_LEAST_CANDIDATES, _CANDIDATES_PER_ANSWER * k) + hidden)
    lists.nprobe = _LISTS_SEARCHED
    _, candidates = lists.search(np.ascontiguousarray(queries), wanted)
    rows = np.full((len(queries), k), -1, np.int64)
    similarity = np.full((len(queries), k), -np.inf)
    for i, found in enumerate(candidates):
        kept = np.sort(found[found >= 0])
        if excluded is not None:
            kept = np.setdiff1d(kept, excluded[i])
        exact = vectors.take(kept) @ queries[i]
        order = np.argsort(-exact, kind="stable")[:k]
        rows[i, : len(order)], similarity[i, : len(order)] = kept[order], exact[order]
    return rows, similarity
