"""A split as a value: the side of every photograph, by its id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from whence.imagery.catalogue import Catalogue
    from whence.typing import Ints, Json, PathLike

__all__ = ["SIDES", "TEST", "TRAIN", "UNUSED", "VALIDATION", "Match", "Sides", "Split"]

SIDES = ("train", "validation", "test", "unused")
"""What the numbers 0, 1, 2, 3 of `Split.sides` stand for."""

TRAIN, VALIDATION, TEST, UNUSED = range(4)
Sides = np.int8
_VERSION = 1
_KEY = b"whence-split"
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Split:
    """Which side each of n photographs is on.

    Attributes
    ----------
    name
        Its key in `whence.photos.splits.SPLITS`.
    seed
        Seed of its random choices.
    settings
        What else it was made with, defaults included.
    sides
        (n,) int8: the place of the side in `SIDES`.
    ids
        n ids as an Arrow array, in the order of `sides`.

    Examples
    --------
    >>> from whence.imagery.catalogue import Catalogue
    >>> known = Catalogue.of_arrays([[13, 55], [14, 55], [15, 55]], ids=["a", "b", "c"])
    >>> split = Split.of(known, [0, 1, 0], name="by hand")
    >>> split.rows("train"), split.counts()
    (array([0, 2]), {'train': 2, 'validation': 1, 'test': 0, 'unused': 0})
    """

    name: str
    seed: int
    settings: Mapping[str, Any]
    sides: NDArray[np.int8] = field(repr=False)
    ids: pa.Array = field(repr=False)

    def __post_init__(self) -> None:
        sides = np.asarray(self.sides, Sides)
        if sides.shape != (len(self.ids),):
            raise InputError(f"{sides.shape} sides do not fit {len(self.ids)} photographs")
        if len(sides) and not 0 <= sides.min() <= sides.max() < len(SIDES):
            raise InputError(f"sides are numbers from 0 to {len(SIDES) - 1}: {', '.join(SIDES)}")
        object.__setattr__(self, "sides", sides)

    @classmethod
    def of(
        cls,
        metadata: Catalogue,
        sides: NDArray[Any] | list[int],
        *,
        name: str,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Make a split of the photographs of a table, with a side for each of its rows."""
        ids = metadata.table.column("id").combine_chunks()
        return cls(name, seed, dict(settings or {}), np.asarray(sides, Sides), ids)

    def __len__(self) -> int:
        return len(self.sides)

    def rows(self, side: str) -> Ints:
        """Give the rows on a side, ascending.

        Raises
        ------
        InputError
            When there is no such side.
        """
        return np.flatnonzero(self.sides == _number(side)).astype(np.int64)

    def counts(self) -> dict[str, int]:
        """Count the photographs on each side."""
        return dict(zip(SIDES, np.bincount(self.sides, minlength=len(SIDES)).tolist(), strict=True))

    def digest(self) -> str:
        """Return a SHA-256 of ids and sides in their order."""
        total = hashlib.sha256(np.ascontiguousarray(self.sides).tobytes())
        for start in range(0, len(self), 100_000):
            total.update("\n".join(self.ids.slice(start, 100_000).to_pylist()).encode())
        return total.hexdigest()

    def record(self) -> Json:
        """Name, seed, settings and counts, for a model's record."""
        return {
            "name": self.name,
            "seed": self.seed,
            "settings": dict(self.settings),
            "counts": self.counts(),
        }

    def sentence(self) -> str:
        """Tell in one line how it was made and how many photographs each side has."""
        settings = "".join(f", {key} {value}" for key, value in self.settings.items() if value is not None)
        counts = ", ".join(f"{count:,} {side}" for side, count in self.counts().items() if count)
        return f"split by {self.name} (seed {self.seed}{settings}): {counts}"

    def write(self, path: PathLike) -> None:
        """Write one Parquet file, whole or not at all: columns id and side, the rest in its schema."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = pa.DictionaryArray.from_arrays(pa.array(self.sides), pa.array(SIDES))
        about = {"version": _VERSION, "name": self.name, "seed": self.seed, "settings": dict(self.settings)}
        table = pa.table({"id": self.ids, "side": names})
        table = table.replace_schema_metadata({_KEY: json.dumps(about, ensure_ascii=False).encode()})
        with atomic_path(path) as beside:
            pq.write_table(table, beside, compression="zstd")

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """Read what `write` wrote.

        Raises
        ------
        NotFoundError
            When there is no such file.
        FormatError
            When it is no split, of a later version, or broken.
        """
        import pyarrow as pa

        table = _read_table(Path(path))
        about = _about(table, path)
        try:
            sides = table.column("side").combine_chunks().cast(pa.string())
            ids = table.column("id").combine_chunks().cast(pa.large_string())
            numbers = [_number(name) for name in sides.unique().to_pylist()]
            codes = np.asarray(sides.dictionary_encode().indices.to_numpy(zero_copy_only=False))
            return cls(about["name"], about["seed"], about["settings"], np.array(numbers, Sides)[codes], ids)
        except (KeyError, InputError, pa.ArrowInvalid) as error:
            raise FormatError(f"{path} is broken: {error}; make the split again: whence split") from error

    def onto(self, metadata: Catalogue) -> Match:
        """Apply it to a table of the same photographs in any order, by their ids.

        Returns
        -------
        Match
            The split in the order of `metadata`, and what is on one side only. A photograph that the split
            does not know is unused.

        Raises
        ------
        InputError
            When no photograph is in both.
        """
        import pyarrow.compute as pc

        ids = metadata.table.column("id").combine_chunks()
        if ids.equals(self.ids):
            return Match(self, (), ())
        found = pc.index_in(ids, value_set=self.ids)
        strangers = found.is_null()
        if found.null_count == len(ids):
            raise InputError(
                f"the split knows none of the {len(ids)} photographs: its own are {self.ids[:3].to_pylist()} "
                f"…, these are {ids[:3].to_pylist()} …; make a split of these"
            )
        rows = np.asarray(pc.fill_null(found, 0).to_numpy())
        sides = np.where(strangers.to_numpy(zero_copy_only=False), UNUSED, self.sides[rows])
        absent = self.ids.filter(pc.invert(pc.is_in(self.ids, value_set=ids)))
        split = type(self)(self.name, self.seed, self.settings, sides.astype(Sides), ids)
        return Match(split, tuple(ids.filter(strangers).to_pylist()), tuple(absent.to_pylist()))


@dataclass(frozen=True, eq=False)
class Match:
    """A split in the order of another table of photographs.

    Attributes
    ----------
    split
        The split, aligned with the table.
    strangers
        Ids of the table that the split does not know; they are unused.
    absent
        Ids of the split that the table does not have, such as pictures that could not be read.
    """

    split: Split
    strangers: tuple[str, ...]
    absent: tuple[str, ...]

    def notes(self) -> list[str]:
        """Sentences about what does not match; none when all does."""
        told = []
        if self.strangers:
            told.append(
                f"{len(self.strangers):,} photographs are not in the split and stay unused: "
                f"{_named(self.strangers)}"
            )
        if self.absent:
            told.append(f"{len(self.absent):,} photographs of the split are not here: {_named(self.absent)}")
        return told


def _number(side: str) -> int:
    if side not in SIDES:
        raise InputError(f"there is no side {side!r}; there are {', '.join(SIDES)}")
    return SIDES.index(side)


def _read_table(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise NotFoundError(f"there is no split {path}; make one with: whence split SOURCE --out {path}")
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FormatError(f"{path} is no split: {error}; make one with: whence split") from error


def _about(table: pa.Table, path: PathLike) -> Json:
    """Read what the schema says of a split."""
    stored = (table.schema.metadata or {}).get(_KEY)
    if stored is None:
        raise FormatError(f"{path} is a table, but no split; make one with: whence split")
    about: Json = json.loads(stored)
    if about.get("version") != _VERSION:
        raise FormatError(
            f"{path} is a split of version {about.get('version')!r}, this release reads {_VERSION}; use the "
            "release that wrote it, or make the split again"
        )
    return about


def _named(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more
