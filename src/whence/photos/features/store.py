"""A feature store: open one, make one of arrays, join several."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.imagery.catalogue import Catalogue
from whence.photos.features.header import Header, read_header, write_header
from whence.photos.features.rows import (
    DTYPE,
    Parts,
    check_usable,
    read_excluded,
    shuffled,
    unit_rows,
    write_excluded,
    write_rows,
)
from whence.photos.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whence.learn.encoders.protocol import Encoder
    from whence.photos.splits.split import Split
    from whence.typing import ArrayLike, Ints, Json, PathLike

__all__ = ["ENCODER", "EXCLUDED", "FEATURES", "METADATA", "FeatureStore", "finish"]

FEATURES = "features.npy"
METADATA = "metadata.parquet"
EXCLUDED = "excluded.csv"
ENCODER = "encoder"

_BLOCK = 65_536
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FeatureStore:
    """Photographs encoded once.

    Attributes
    ----------
    folder
        Where it is.
    header
        What it says of itself.
    features
        (n, dim) float16 unit vectors, memory-mapped, read-only; rows in a random order.

    Examples
    --------
    >>> import tempfile
    >>> from whence.imagery.catalogue import Catalogue
    >>> known = Catalogue.of_arrays([[13.2, 55.7], [37.6, 55.8]], ids=["lund", "moscow"])
    >>> folder = tempfile.mkdtemp() + "/two.features"
    >>> store = FeatureStore.create(folder, [[3.0, 4.0], [0.0, 2.0]], known, identity="made by hand")
    >>> row = store.metadata.ids.index("lund")
    >>> len(store), store.dim, store.features[row].tolist()
    (2, 2, [0.60009765625, 0.7998046875])
    """

    folder: Path
    header: Header
    features: NDArray[np.float16] = field(repr=False)

    @classmethod
    def open(cls, folder: PathLike) -> FeatureStore:
        """Open a store that is complete.

        Raises
        ------
        NotFoundError
            When there is none.
        FormatError
            When it is incomplete, cut off, or of another version; the message tells the way out.
        """
        place = Path(folder)
        header = read_header(place)
        if not header.complete:
            raise FormatError(
                f"{place} is not complete: its embedding was interrupted; give the same command "
                "`whence embed` again, which goes on where it stopped"
            )
        features = _mapped(place / FEATURES, header)
        _check_metadata(place / METADATA, header)
        return cls(place, header, features)

    @classmethod
    def create(
        cls,
        folder: PathLike,
        features: ArrayLike,
        metadata: Catalogue,
        *,
        identity: str,
        encoder: Encoder | None = None,
        shuffle_seed: int | None = 0,
        source: str = "",
    ) -> FeatureStore:
        """Write a store of arrays.

        Parameters
        ----------
        folder
            The folder to make; it must not exist.
        features
            (n, d) vectors of any length but zero.
        metadata
            What is known of the n photographs, in the order of the vectors.
        identity
            Identity of the encoder, such as ``encoder.identity``.
        encoder
            The encoder itself, to be kept beside the vectors.
        shuffle_seed
            Seed of the order in which the rows are written; None keeps the order given, which is right only
            when that order is random already.
        source
            Where the vectors came from, for a person to read.

        Raises
        ------
        InputError
            When the shapes do not fit, a vector is zero or not finite, the encoder is another one, or the
            folder exists.
        """
        vectors = np.asanyarray(features)
        if vectors.ndim != 2 or len(vectors) != len(metadata):
            raise InputError(f"features {vectors.shape} do not fit {len(metadata)} rows of metadata")
        if encoder is not None and encoder.identity != identity:
            raise InputError(f"the vectors are of {identity!r}, the encoder given is {encoder.identity!r}")
        header = Header(encoder=identity, dim=int(vectors.shape[1]), shuffle_seed=shuffle_seed, source=source)
        parts = _units(vectors, metadata)
        return _written(Path(folder), header, parts, metadata=metadata, encoder=encoder)

    @classmethod
    def join(cls, stores: Sequence[FeatureStore], folder: PathLike, *, shuffle_seed: int = 0) -> FeatureStore:
        """Write one store with the photographs of several.

        Raises
        ------
        InputError
            When two stores are of different encoders, a photograph is in two of them, or the folder exists.
        """
        if not stores:
            raise InputError("there is no store to join; give at least one")
        first = stores[0]
        for other in stores[1:]:
            if (other.identity, other.dim) != (first.identity, first.dim):
                raise InputError(
                    f"{other.folder} was made with the encoder {other.identity!r}, {first.folder} with "
                    f"{first.identity!r}: their vectors cannot be compared; embed one of them again"
                )
        together = _joined([store.metadata for store in stores])
        header = Header(
            encoder=first.identity,
            dim=first.dim,
            shuffle_seed=shuffle_seed,
            source=" + ".join(store.header.source or str(store.folder) for store in stores),
        )
        return _written(
            Path(folder),
            header,
            Parts(first.dim, [len(store) for store in stores], lambda i: stores[i].features),
            metadata=together,
            encoder=first.encoder() if first.has_encoder else None,
            excluded=[pair for store in stores for pair in store.excluded],
        )

    def __len__(self) -> int:
        return self.header.count

    def __reduce__(self) -> tuple[Any, ...]:
        return FeatureStore.open, (self.folder,)  # another process maps the file by itself

    @property
    def identity(self) -> str:
        """Identity of the encoder: only vectors of one identity are ever compared."""
        return self.header.encoder

    @property
    def dim(self) -> int:
        """Components of a vector."""
        return self.header.dim

    @cached_property
    def metadata(self) -> Catalogue:
        """What is known of the n photographs, in the order of the vectors."""
        return Catalogue.read(self.folder / METADATA)

    @property
    def excluded(self) -> list[tuple[str, str]]:
        """Id and reason of every photograph that was offered and is not in the store."""
        return read_excluded(self.folder / EXCLUDED)

    @property
    def has_encoder(self) -> bool:
        """Whether the encoder is kept in the store."""
        return (self.folder / ENCODER).is_dir()

    def encoder(self) -> Encoder:
        """Load the encoder, so that further photographs can be encoded alike.

        Raises
        ------
        NotFoundError
            When the store has none.
        FormatError
            When the one that lies there is not the one that made the vectors.
        """
        from whence.learn.encoders import load_encoder

        if not self.has_encoder:
            raise NotFoundError(
                f"{self.folder} has no encoder: its vectors came from outside, by {self.identity!r}; save "
                f"that encoder into {self.folder / ENCODER} (encoder.save), or embed the photographs with: "
                "whence embed"
            )
        loaded = load_encoder(self.folder / ENCODER)
        if loaded.identity != self.identity:
            raise FormatError(
                f"{self.folder / ENCODER} holds {loaded.identity!r}, but the vectors were made by "
                f"{self.identity!r}; put the right encoder there or embed the photographs again"
            )
        return loaded

    def facts(self) -> Json:
        """Tell what it holds, as values of JSON."""
        kept = {
            name: getattr(self.header, name) for name in ("encoder", "dim", "count", "excluded", "source")
        }
        return kept | {
            "bytes": self.features.nbytes,
            "columns": list(self.metadata.names),
            "has_encoder": self.has_encoder,
            "digest": self.header.digest,
        }

    def samples(self, rows: Ints | None = None) -> Samples:
        """Give rows of the store with what is known of them; all rows by default."""
        if rows is None:
            return Samples(self.features, np.arange(len(self)), self.metadata)
        return Samples(self.features, np.asarray(rows, np.int64), self.metadata.take(rows))

    def side(self, split: Split, name: str) -> Samples:
        """Give the samples on one side of a split of these photographs, matched by id.

        What does not match is logged; `Split.onto` gives it as a value.

        Raises
        ------
        InputError
            When the split is one of other photographs, or there is no such side.
        """
        match = split.onto(self.metadata)
        for note in match.notes():
            _log.warning("%s: %s", self.folder, note)
        return self.samples(match.split.rows(name))

    def verify(self) -> None:
        """Read everything: rows of length one, metadata as they were written.

        Raises
        ------
        FormatError
            When something differs.
        """
        if self.metadata.digest() != self.header.digest:
            raise FormatError(
                f"{self.folder / METADATA} is not the one that was written with the vectors: its digest "
                "differs; embed the photographs again"
            )
        for start in range(0, len(self), _BLOCK):
            lengths = np.linalg.norm(np.asarray(self.features[start : start + _BLOCK], np.float32), axis=1)
            off = np.flatnonzero(~(np.abs(lengths - 1.0) < 0.01))
            if len(off):
                name = self.metadata.ids[start + int(off[0])]
                raise FormatError(
                    f"{self.folder / FEATURES}: the vector of {name!r} has length {lengths[off[0]]:.3g}, "
                    "not 1; the file is damaged: embed the photographs again"
                )


def finish(folder: Path, header: Header, parts: Parts, metadata: Catalogue) -> Header:
    """Write vectors and metadata of a store in the order of its seed, and then the header that says so.

    Parameters
    ----------
    folder
        The folder of the store, there already.
    header
        What is known so far.
    parts
        Unit rows, aligned with `metadata`.
    metadata
        What is known of the photographs.
    """
    order = shuffled(len(metadata), header.shuffle_seed)
    ordered = metadata.take(order)
    ordered.write(folder / METADATA)
    with atomic_path(folder / FEATURES) as beside:
        write_rows(beside, parts, order)
    done = replace(header, count=len(ordered), digest=ordered.digest(), complete=True)
    write_header(folder, done)
    return done


def _written(
    folder: Path,
    header: Header,
    parts: Parts,
    *,
    metadata: Catalogue,
    encoder: Encoder | None,
    excluded: Sequence[tuple[str, str]] = (),
) -> FeatureStore:
    """Write a whole store and open it."""
    if folder.exists():
        raise InputError(f"{folder} exists; choose another name for the feature store, or remove it")
    if not len(metadata):
        raise NotEnoughDataError("a feature store needs at least one photograph")
    with atomic_path(folder, folder=True) as beside:
        if encoder is not None:
            encoder.save(beside / ENCODER)
        write_excluded(beside / EXCLUDED, excluded)
        finish(beside, replace(header, excluded=len(excluded)), parts, metadata)
    return FeatureStore.open(folder)


def _units(vectors: NDArray[Any], metadata: Catalogue) -> Parts:
    """Vectors of any length as unit rows, block by block when they are asked for."""

    def read(block: int) -> NDArray[np.float16]:
        rows = slice(block * _BLOCK, (block + 1) * _BLOCK)
        units, usable = unit_rows(vectors[rows])
        check_usable(usable, metadata.ids[rows])
        return units

    lengths = [min(_BLOCK, len(vectors) - start) for start in range(0, len(vectors), _BLOCK)]
    return Parts(int(vectors.shape[1]), lengths, read)


def _joined(known: Sequence[Catalogue]) -> Catalogue:
    """Rows of several tables, one below the other; a column that some lack is unknown there."""
    import pyarrow as pa

    try:
        return Catalogue(pa.concat_tables([one.table for one in known], promote_options="permissive"))
    except pa.ArrowInvalid as error:
        raise InputError(f"the stores' columns do not fit together: {error}") from error


def _mapped(path: Path, header: Header) -> NDArray[np.float16]:
    """Map the vectors and check that they are all there."""
    if not path.is_file():
        raise FormatError(f"{path} is missing; embed the photographs again, or restore it from a copy")
    try:
        features: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise FormatError(
            f"{path} is cut off or broken ({error}); embed the photographs again, or restore it from a copy"
        ) from error
    if features.shape != (header.count, header.dim) or features.dtype != DTYPE:
        raise FormatError(
            f"{path} holds {features.shape} {features.dtype}, the header promises "
            f"{(header.count, header.dim)} {header.dtype}; embed the photographs again"
        )
    return features


def _check_metadata(path: Path, header: Header) -> None:
    """Check that there are as many rows as vectors, by the footer of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise FormatError(f"{path} is missing; embed the photographs again, or restore it from a copy")
    try:
        count = pq.read_metadata(path).num_rows
    except pa.ArrowInvalid as error:
        raise FormatError(f"{path} is broken ({error}); restore it from a copy, or embed again") from error
    if count != header.count:
        raise FormatError(
            f"{path} has {count} rows, the header promises {header.count}; restore it from a copy, or embed "
            "the photographs again"
        )
