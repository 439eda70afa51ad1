"""Exact cosine search: blocked matrix products over codes that stay on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.photos.index.vectors import UnitVectors
    from whence.typing import Bools, Floats, Floats32, Ints

__all__ = ["exact_top", "unit_rows"]

_QUERIES_AT_ONCE = 256


def unit_rows(vectors: Floats32, *, dim: int) -> Floats32:
    """Bring query vectors, (q, d), to unit length.

    Raises
    ------
    InputError
        For the wrong number of components, or a vector without direction.
    """
    rows = np.atleast_2d(np.asarray(vectors, np.float32))
    if rows.ndim != 2 or rows.shape[1] != dim:
        raise InputError(f"the index holds vectors of {dim} components; the query has shape {rows.shape}")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.all(np.isfinite(norms) & (norms > 0)):
        raise InputError("a query vector is zero or not finite; was the photo encoded at all?")
    unit: Floats32 = rows / norms
    return unit


def exact_top(
    vectors: UnitVectors,
    queries: Floats32,
    k: int,
    *,
    excluded: Sequence[Ints] | None = None,
    candidates: Bools | None = None,
) -> tuple[Ints, Floats]:
    """Find the k most similar vectors of every query, exactly.

    Memory is bounded by one float32 block (4 MB) and its products, whatever the size of the index.

    Parameters
    ----------
    vectors
        The n vectors searched.
    queries
        (q, d) unit vectors.
    k
        How many to return; fewer come back when fewer are left.
    excluded
        For each query the rows it must not return.
    candidates
        (n,) rows that any query may return; all by default.

    Returns
    -------
    rows, similarity
        (q, k) each, best first, equal similarities in the order of rows. A query with fewer than k
        candidates is padded with row -1 and similarity -inf.
    """
    parts = [
        _top_of_chunk(vectors, queries[i : i + _QUERIES_AT_ONCE], k, _slice(excluded, i), candidates)
        for i in range(0, len(queries), _QUERIES_AT_ONCE)
    ]
    if not parts:
        return np.empty((0, k), np.int64), np.empty((0, k))
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([sims for _, sims in parts])


def _slice(excluded: Sequence[Ints] | None, start: int) -> Sequence[Ints] | None:
    return None if excluded is None else excluded[start : start + _QUERIES_AT_ONCE]


def _top_of_chunk(
    vectors: UnitVectors,
    queries: Floats32,
    k: int,
    excluded: Sequence[Ints] | None,
    candidates: Bools | None,
) -> tuple[Ints, Floats]:
    count = len(queries)
    best_rows = np.full((count, k), -1, np.int64)
    best = np.full((count, k), -np.inf)
    for start, block in vectors.blocks():
        products = (queries @ block.T) * vectors.scales[start : start + len(block)]
        if excluded is not None:
            _blank(products, start, excluded)
        if candidates is not None:
            products[:, ~candidates[start : start + len(block)]] = -np.inf
        rows, similarity = _top_of_block(products, min(k, len(block)))
        rows = np.where(np.isneginf(similarity), -1, rows + start)
        best_rows, best = _best_of(np.hstack([best_rows, rows]), np.hstack([best, similarity]), k)
    return best_rows, best


def _blank(products: Floats32, start: int, excluded: Sequence[Ints]) -> None:
    stop = start + products.shape[1]
    for query, rows in enumerate(excluded):
        inside = rows[(rows >= start) & (rows < stop)]
        products[query, inside - start] = -np.inf


def _top_of_block(products: Floats32, k: int) -> tuple[Ints, Floats]:
    if k < products.shape[1]:
        rows = np.sort(np.argpartition(-products, k - 1, axis=1)[:, :k], axis=1)
    else:
        rows = np.broadcast_to(np.arange(products.shape[1]), products.shape)
    return rows.astype(np.int64), np.take_along_axis(products, rows, axis=1).astype(np.float64)


def _best_of(rows: Ints, similarity: Floats, k: int) -> tuple[Ints, Floats]:
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(similarity, order, axis=1)
