"""Splits by what belongs together: a drive, a camera, an author; by a given column; at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.photos.splits.located import Dealing, Located, located
from whence.photos.splits.nearness import apart
from whence.photos.splits.split import SIDES, TEST, TRAIN, UNUSED, VALIDATION, Sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.imagery.catalogue import Catalogue
    from whence.photos.splits.split import Split
    from whence.typing import Ints

__all__ = ["author", "camera", "codes", "column", "random", "sequence"]

_SPELLINGS = {
    **dict(zip(SIDES, range(len(SIDES)), strict=True)),
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "dev": VALIDATION,
    "testing": TEST,
    "": UNUSED,
}


def sequence(
    metadata: Catalogue,
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
    margin_m: float = 0.0,
) -> Split:
    """Hold out whole sequences (``sequence_id``); a photograph of no sequence is one by itself.

    The settings are those of `whence.photos.splits.places.cells`.
    """
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    here = located(metadata)
    group = codes(metadata, "sequence_id")[here.rows]
    alone = group < 0
    group[alone] = group.max(initial=-1) + 1 + np.arange(alone.sum())
    settings = dealing.settings() | {"margin_m": margin_m}
    return _by_group(here, group, dealing, name="sequence", seed=seed, settings=settings)


def camera(
    metadata: Catalogue,
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
    margin_m: float = 0.0,
) -> Split:
    """Hold out whole cameras (``camera_id``); photographs of an unknown camera are unused.

    The settings are those of `whence.photos.splits.places.cells`.
    """
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    return _by_column(metadata, "camera_id", dealing, name="camera", seed=seed, margin_m=margin_m)


def author(
    metadata: Catalogue,
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
    margin_m: float = 0.0,
) -> Split:
    """Hold out whole authors (``author``); photographs of an unknown author are unused.

    The settings are those of `whence.photos.splits.places.cells`.
    """
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    return _by_column(metadata, "author", dealing, name="author", seed=seed, margin_m=margin_m)


def random(
    metadata: Catalogue,
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.1,
    folds: int | None = None,
    fold: int = 0,
) -> Split:
    """Divide photographs one by one, at random: on street images this measures memory."""
    dealing = Dealing(validation=validation, test=test, folds=folds, fold=fold)
    here = located(metadata)
    group = np.arange(len(here.rows), dtype=np.int64)
    return _by_group(here, group, dealing, name="random", seed=seed, settings=dealing.settings())


def column(metadata: Catalogue, *, seed: int = 0, column: str = "split") -> Split:
    """Take the sides from a column of the table: train, validation (or val), test; empty is unused.

    Raises
    ------
    InputError
        When there is no such column, or it says something else.
    """
    here = located(metadata)
    words, which = np.unique(metadata.column(column)[here.rows].astype(str), return_inverse=True)
    wrong = [word for word in words.tolist() if word.strip().lower() not in _SPELLINGS]
    if wrong:
        raise InputError(
            f"the column {column!r} says {', '.join(map(repr, wrong[:5]))}; a side is "
            f"{', '.join(word for word in _SPELLINGS if word)}, or empty"
        )
    numbers = np.array([_SPELLINGS[word.strip().lower()] for word in words.tolist()], Sides)
    return here.split(numbers[which], name="column", seed=seed, settings={"column": column})


def codes(metadata: Catalogue, name: str) -> Ints:
    """Give every value of a column (n,) a number from 0, equal values alike; -1 where it is unknown or empty.

    Raises
    ------
    InputError
        When there is no such column, or nothing in it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in metadata.names:
        raise InputError(f"there is no column {name!r} to split by; there are {', '.join(metadata.names)}")
    texts = metadata.table.column(name).cast(pa.large_string()).combine_chunks()
    known = pc.if_else(pc.equal(texts, ""), None, texts)
    if known.null_count == len(known):
        raise InputError(f"the column {name!r} is empty for all {len(known)} photographs")
    return np.asarray(pc.fill_null(known.dictionary_encode().indices, -1).to_numpy(), np.int64)


def _by_column(
    metadata: Catalogue, column: str, dealing: Dealing, *, name: str, seed: int, margin_m: float
) -> Split:
    """Deal the groups of equal values of a column; where it is unknown, photographs are unused."""
    here = located(metadata)
    settings = dealing.settings() | {"margin_m": margin_m}
    group = codes(metadata, column)[here.rows]
    return _by_group(here, group, dealing, name=name, seed=seed, settings=settings)


def _by_group(
    here: Located, group: Ints, dealing: Dealing, *, name: str, seed: int, settings: dict[str, Any]
) -> Split:
    """Deal groups (m,) of the located photographs; a negative group is unused."""
    grouped = group >= 0
    if not grouped.any():
        raise NotEnoughDataError(f"no photograph with a position has a known {name}")
    dense = np.unique(group[grouped], return_inverse=True)[1].astype(np.int64)
    sides: NDArray[np.int8] = np.full(len(group), UNUSED, Sides)
    sides[grouped] = dealing.sides(dense, np.random.default_rng(seed))
    sides = apart(sides, here.lonlat, float(settings.get("margin_m", 0.0)))
    return here.split(sides, name=name, seed=seed, settings=settings)
