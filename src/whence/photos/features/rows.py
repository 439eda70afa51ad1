"""Rows of vectors on their way to the disk: made unit vectors, put in a random order, little in memory."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.typing import Bools, Ints

__all__ = [
    "DTYPE",
    "Parts",
    "check_usable",
    "read_excluded",
    "shuffled",
    "unit_rows",
    "write_excluded",
    "write_rows",
]

DTYPE = np.dtype("<f2")
_BUDGET_BYTES = 1 << 30
_SHORTEST = 1e-12


def unit_rows(vectors: NDArray[Any]) -> tuple[NDArray[np.float16], Bools]:
    """Scale vectors to length one.

    Parameters
    ----------
    vectors
        (n, d) of any float type.

    Returns
    -------
    rows, usable
        (n, d) float16, zero where a vector has no direction; (n,) whether it has one: it is finite and
        longer than zero.
    """
    wide = np.asarray(vectors, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # the length of what is not finite is not finite
        lengths = np.linalg.norm(wide, axis=1)
    usable = np.isfinite(lengths) & (lengths > _SHORTEST)
    rows = np.zeros(wide.shape, DTYPE)
    rows[usable] = wide[usable] / lengths[usable, None]
    return rows, usable


def shuffled(count: int, seed: int | None) -> Ints:
    """Order (n,) in which rows are written: a permutation drawn with the seed, or as they come."""
    if seed is None:
        return np.arange(count, dtype=np.int64)
    return np.random.default_rng(seed).permutation(count)


@dataclass(frozen=True, eq=False)
class Parts:
    """Arrays that count as one, one below the other; each is read when its rows are wanted.

    Attributes
    ----------
    dim
        Columns of every array.
    lengths
        Rows of each.
    read
        Gives the array (lengths[i], dim) of number i, mostly memory-mapped.
    """

    dim: int
    lengths: Sequence[int]
    read: Callable[[int], NDArray[Any]]

    def gather(self, rows: Ints) -> NDArray[np.float16]:
        """Read rows (m, dim) by number; each array is read once, forwards."""
        places = np.argsort(rows, kind="stable")
        ascending = rows[places]
        starts = np.cumsum([0, *self.lengths])
        cuts = np.searchsorted(ascending, starts)
        gathered = np.empty((len(rows), self.dim), DTYPE)
        for i, start in enumerate(starts[:-1]):
            mine = slice(cuts[i], cuts[i + 1])
            if mine.start < mine.stop:
                gathered[places[mine]] = self.read(i)[ascending[mine] - start]
        return gathered


def write_rows(path: Path, parts: Parts, order: Ints, *, budget_bytes: int = _BUDGET_BYTES) -> None:
    """Write rows of several arrays in a given order as one ``.npy`` file.

    The output is filled from its beginning to its end, a piece of `budget_bytes` at a time; for each
    piece all parts are read in their order. Nothing is read or written at random, and a full disk is an
    error of writing, not the end of the process as it is with a memory map.

    Parameters
    ----------
    path
        The file to write.
    parts
        The arrays.
    order
        (m,) which row of all parts together is the first, the second, ...
    budget_bytes
        Memory for a piece.
    """
    size = max(1, budget_bytes // (parts.dim * DTYPE.itemsize))
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(DTYPE), "fortran_order": False}
        np.lib.format.write_array_header_1_0(file, header | {"shape": (len(order), parts.dim)})
        for start in range(0, len(order), size):
            file.write(parts.gather(order[start : start + size]).data)


def check_usable(usable: Bools, ids: Sequence[str]) -> None:
    """Refuse vectors without a direction, by the id of the first.

    Raises
    ------
    InputError
        When there is one.
    """
    bad = np.flatnonzero(~usable)
    if len(bad):
        raise InputError(
            f"{len(bad)} of {len(usable)} vectors are zero or not finite, the first is that of "
            f"{ids[bad[0]]!r}; leave these photographs out or encode them again"
        )


def write_excluded(path: Path, excluded: Iterable[tuple[str, str]]) -> None:
    """Write id and reason of photographs that are not in a store."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "reason"])
        rows.writerows(excluded)


def read_excluded(path: Path) -> list[tuple[str, str]]:
    """Read what `write_excluded` wrote; none where there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["id"], row["reason"]) for row in csv.DictReader(file)]
