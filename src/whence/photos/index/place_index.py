"""`PlaceIndex`: the index as its users see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.spatial import cKDTree

from whence._optional import available
from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import FormatError, InputError
from whence.imagery.photo import open_image
from whence.learn.encoders import load_encoder
from whence.learn.encoders.classic.local import LOCAL_INPUT_PX, extract
from whence.photos.index.approximate import FEWEST, MANY, approximate_top, opened_lists
from whence.photos.index.build import BuildReport, BuildSettings, add_to, build_in, read_skipped
from whence.photos.index.calibration import Calibration, default_for
from whence.photos.index.consensus import belief_from_neighbours
from whence.photos.index.local_store import LocalStore
from whence.photos.index.merge import merge_into
from whence.photos.index.neighbours import Exclude, Neighbours
from whence.photos.index.places import Places, scores_of_groups
from whence.photos.index.rerank import reranked
from whence.photos.index.search import exact_top, unit_rows
from whence.photos.index.sources import Skipped, photos_of
from whence.photos.index.store import Header, Records, read_header
from whence.photos.index.vectors import UnitVectors

if TYPE_CHECKING:
    from whence.earth.belief import Belief
    from whence.learn.encoders.protocol import Encoder
    from whence.typing import Floats, Floats32, Image, Ints, PathLike

__all__ = ["PlaceIndex"]

_DEFAULT_K = 20


@dataclass(frozen=True, eq=False)
class PlaceIndex:
    """Photographs of known position, searched by likeness.

    Made by `build`, `open` or `merge`, never directly.

    Attributes
    ----------
    folder
        Where it lies.
    header
        Its encoder and counts.
    records
        Names, positions, sequences and cameras of its photos.
    vectors
        Their unit vectors, mapped from disk.
    """

    folder: Path
    header: Header
    records: Records
    vectors: UnitVectors
    given_encoder: Encoder | None = None

    @classmethod
    def build(
        cls,
        photos: Any,
        folder: PathLike,
        *,
        encoder: str | Encoder = "classic",
        calibrate: bool = True,
        **settings: Any,
    ) -> Self:
        """Encode photos of known position and write the index.

        Parameters
        ----------
        photos
            A table (`PhotoTable`, or the path of one), a folder of photos with EXIF positions, or
            `IndexPhoto` values.
        folder
            The folder to make. What an interrupted build left there is taken up.
        encoder
            Its name (an encoder that learns, such as "classic", is fitted on these photos), or an encoder.
        calibrate
            Measure on the photos themselves how far the answers can be trusted; see `calibrate`.
        **settings
            Fields of `BuildSettings`: dtype, workers, shard_size, resume, seed, progress.

        Raises
        ------
        InputError
            When the folder holds something else or a finished index, or two photos have one name.
        NotEnoughDataError
            When no photo is usable.

        Examples
        --------
        >>> index = PlaceIndex.build("photos.csv", "city.index", workers=4)     # doctest: +SKIP
        >>> len(index), index.skipped                                          # doctest: +SKIP
        (4096, [])
        """
        target = Path(folder)
        chosen = _settings(settings)
        build_in(target, photos_of(photos), encoder=encoder, settings=chosen)
        index = cls.open(target, encoder=None if isinstance(encoder, str) else encoder)
        if calibrate:
            index.calibrate(seed=chosen.seed)
        return index

    @classmethod
    def open(cls, folder: PathLike, *, encoder: Encoder | None = None) -> Self:
        """Open an index; its vectors stay on disk.

        Parameters
        ----------
        folder
            The folder of the index.
        encoder
            An encoder of the same identity, for one that cannot be loaded from the folder.

        Raises
        ------
        NotFoundError
            When there is no index.
        FormatError
            When it is unfinished, damaged, or of another version.
        InputError
            When `encoder` is not the one the index was made with.
        """
        path = Path(folder)
        header = read_header(path)
        if not header.complete:
            raise FormatError(
                f"{path} is unfinished: its build was interrupted; run the same build again, it goes on "
                f"where it stopped"
            )
        if encoder is not None and encoder.identity != header.encoder:
            raise InputError(
                f"{path} was made with the encoder {header.encoder!r}, not with {encoder.identity!r}"
            )
        records, vectors = Records.read(path / header.data), UnitVectors.open(path / header.data)
        if not len(records) == len(vectors) == header.count or vectors.dim != header.dim:
            raise FormatError(
                f"{path} is damaged: {header.count} photos announced, {len(records)} listed, "
                f"{len(vectors)} vectors; build it again"
            )
        return cls(path, header, records, vectors, encoder)

    @classmethod
    def merge(cls, first: PathLike, second: PathLike, out: PathLike) -> tuple[Self, tuple[Skipped, ...]]:
        """Write the photos of two indexes of one encoder to a new one; see `merge.merge_into`.

        Returns
        -------
        index, duplicates
            The new index, calibrated anew, and the photos that were in both.
        """
        duplicates = merge_into(Path(out), Path(first), Path(second))
        merged = cls.open(out)
        merged.calibrate()
        return merged, duplicates

    def __len__(self) -> int:
        return len(self.records)

    def add(self, photos: Any, *, calibrate: bool = True, **settings: Any) -> tuple[PlaceIndex, BuildReport]:
        """Append photos; gives the index anew, with what came in and what did not.

        Parameters
        ----------
        photos
            As for `build`. A name that the index has already is reported as skipped.
        calibrate
            Measure again; otherwise the old calibration stays in force.
        **settings
            Fields of `BuildSettings`; the vectors stay of the type that the index has.
        """
        chosen = _settings(settings)
        report = add_to(self.folder, photos_of(photos), encoder=self.encoder, settings=chosen)
        grown = PlaceIndex.open(self.folder, encoder=self.given_encoder)
        if calibrate and report.added:
            grown.calibrate(seed=chosen.seed)
        return grown, report

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, loaded when first needed."""
        if self.given_encoder is not None:
            return self.given_encoder
        loaded = load_encoder(self.folder / "encoder")
        if loaded.identity != self.header.encoder:
            raise FormatError(
                f"{self.folder}/encoder is {loaded.identity!r}, but the vectors were made with "
                f"{self.header.encoder!r}; build the index again"
            )
        return loaded

    @property
    def skipped(self) -> list[Skipped]:
        """Photos that were offered but are not in the index, and why."""
        return read_skipped(self.folder / self.header.data)

    @cached_property
    def places(self) -> Places:
        """The distinct places of the photos, each with all photos taken there."""
        return Places.of(self.records.lonlat)

    @cached_property
    def has_sequences(self) -> bool:
        """Whether the photos are known to come from at least two drives or walks."""
        return len(set(self.records.sequence_ids) - {""}) > 1

    @cached_property
    def calibration(self) -> Calibration:
        """How far the answers can be trusted: measured, or the wide defaults for a tiny index."""
        return Calibration.open(self.folder) or default_for(self.places)

    def query(
        self,
        images: Sequence[Image | PathLike],
        *,
        k: int = _DEFAULT_K,
        rerank: bool | None = None,
        **options: Any,
    ) -> list[Neighbours]:
        """Find the photos most like each image.

        Parameters
        ----------
        images
            Pixels (h, w, 3), at least `input_px` on the short side, or files.
        k
            Neighbours a query.
        rerank
            Compare the geometry of the first 20; by default when the index has local features.
        **options
            Of `query_vectors`.

        Raises
        ------
        InputError
            When geometry is asked for and the index has no local features.
        """
        if rerank and not self.header.has_local:
            raise InputError(
                f"{self.folder} has no local features to compare; build it again with rerank=True (--rerank)"
            )
        pixels = self._opened(images)
        found = self.query_vectors(self._encoded(pixels), k=k, **options)
        if rerank is False or not self.header.has_local:
            return found
        return [
            reranked(neighbours, extract(image), self.local)
            for neighbours, image in zip(found, pixels, strict=True)
        ]

    @property
    def input_px(self) -> int:
        """Pixels on the short side that a query should have."""
        return max(self.encoder.input_px, LOCAL_INPUT_PX if self.header.has_local else 0)

    @cached_property
    def local(self) -> LocalStore:
        """Local features of every photo, mapped from disk."""
        return LocalStore.open(self.folder / self.header.data)

    def encode(self, images: Sequence[Image | PathLike]) -> Floats32:
        """Encode images or image files: unit vectors (n, dim)."""
        return self._encoded(self._opened(images))

    def _opened(self, images: Sequence[Image | PathLike]) -> list[Image]:
        return [
            image if isinstance(image, np.ndarray) else open_image(image, size_hint_px=self.input_px)
            for image in images
        ]

    def _encoded(self, pixels: list[Image]) -> Floats32:
        return self.encoder.encode(pixels) if pixels else np.empty((0, self.header.dim), np.float32)

    def query_vectors(
        self,
        vectors: Floats32,
        *,
        k: int = _DEFAULT_K,
        exclude: Exclude | Sequence[Exclude] | None = None,
        approximate: bool | None = None,
    ) -> list[Neighbours]:
        """Find the photos most like each query vector.

        Parameters
        ----------
        vectors
            (q, dim) of any length above zero.
        k
            Neighbours a query; fewer when the index has fewer.
        exclude
            What must not be found: one for all, or one for each query.
        approximate
            Search inverted lists (needs ``whence[scale]``), or never; by default from a million photos on,
            if faiss is installed. Makes no difference below 10,000 photos.

        Returns
        -------
        list of Neighbours
            One for each query, best first.
        """
        _check_k(k)
        queries = unit_rows(vectors, dim=self.header.dim)
        excluded = self._excluded(exclude, len(queries))
        most = min(k, len(self))
        if approximate is None:
            approximate = len(self) >= MANY and available("faiss")
        if approximate and len(self) >= FEWEST:
            rows, similarity = approximate_top(self._lists, self.vectors, queries, most, excluded=excluded)
        else:
            rows, similarity = exact_top(self.vectors, queries, most, excluded=excluded)
        return [self.neighbours_at(r[r >= 0], s[r >= 0]) for r, s in zip(rows, similarity, strict=True)]

    def query_group(
        self,
        vectors: Floats32,
        *,
        k: int = _DEFAULT_K,
        exclude: Exclude | None = None,
    ) -> Neighbours:
        """Find the places most like several photos of one place together.

        The unit vectors of the group are summed, and compared with the sum over each place of the index
        (the photos within a metre of each other): no headings are needed.

        Parameters
        ----------
        vectors
            (m, dim), one for each photo of the group.
        k
            Places to return; `rows` and `names` are those of the first photo there.
        exclude
            What must not be found: places with any such photo.
        """
        _check_k(k)
        queries = unit_rows(vectors, dim=self.header.dim)
        scores = scores_of_groups(
            self.vectors, self.places, queries.sum(axis=0, keepdims=True), norms=self.place_norms
        )[0]
        if exclude is not None:
            scores[self.places.of_row[self._excluded_rows(exclude)]] = -np.inf
        return self.best_places(scores, k=k, photos=len(queries))

    def best_places(self, scores: Floats, *, k: int, photos: int) -> Neighbours:
        """List the best k places by their scores (p,); those of -inf are left out."""
        order = np.argsort(-scores, kind="stable")[:k]
        order = order[np.isfinite(scores[order])]
        return replace(self.neighbours_at(self.places.first_rows[order], scores[order]), photos=photos)

    def belief(self, neighbours: Neighbours) -> Belief:
        """Turn a list of neighbours into a calibrated belief about the place."""
        return belief_from_neighbours(neighbours, self.calibration)

    def locate(
        self, images: Sequence[Image | PathLike], *, k: int = _DEFAULT_K, **options: Any
    ) -> list[Belief]:
        """Belief about the place of each image: `query`, then `belief`."""
        return [self.belief(found) for found in self.query(images, k=k, **options)]

    def calibrate(self, *, seed: int = 0, queries: int = 2000) -> Calibration:
        """Measure on the index's own photos how far its answers can be trusted, and keep that.

        See `calibrate.fitted_calibration`. Takes seconds to a few minutes.
        """
        from whence.photos.index.calibrate import fitted_calibration

        calibration: Calibration = fitted_calibration(self, rng=np.random.default_rng(seed), queries=queries)
        calibration.save(self.folder)
        self.__dict__.pop("calibration", None)
        return calibration

    def names_of(self, path: PathLike) -> frozenset[str]:
        """Name the photos of the index that a file may be: those that share most of the end of its path.

        For tests of an index on its own photos. Several names come back when they fit equally well.
        """
        parts = Path(path).parts[::-1]
        shared = {
            name: _common(parts, Path(name).parts[::-1]) for name in self._names_by_file.get(parts[0], ())
        }
        most = max(shared.values(), default=0)
        return frozenset(name for name, length in shared.items() if length == most)

    def rows_within(self, center: Floats, radius_m: float) -> Ints:
        """Rows of the photos within so many metres of a position, ascending."""
        chord = 2.0 * np.sin(min(radius_m / (2.0 * EARTH_RADIUS_M), np.pi / 2))
        found = self._tree.query_ball_point(to_unit_vectors(center), chord)
        return np.sort(np.asarray(found, np.int64))

    @cached_property
    def place_norms(self) -> Floats:
        """(p,) lengths of the summed unit vectors of each place."""
        return self.places.norms(self.vectors)

    @cached_property
    def _lists(self) -> Any:
        return opened_lists(self.vectors, self.folder / self.header.data)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(to_unit_vectors(self.records.lonlat))

    @cached_property
    def _names_by_file(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in self.records.names:
            names.setdefault(Path(name).name, []).append(name)
        return names

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.records.names)}

    def _excluded(self, exclude: Exclude | Sequence[Exclude] | None, count: int) -> list[Ints] | None:
        if exclude is None:
            return None
        each = [exclude] * count if isinstance(exclude, Exclude) else list(exclude)
        if len(each) != count:
            raise InputError(f"{len(each)} exclusions for {count} queries; give one, or one for each query")
        return [self._excluded_rows(one) for one in each]

    def _excluded_rows(self, exclude: Exclude) -> Ints:
        named = [self._row_of[name] for name in exclude.names if name in self._row_of]
        parts = [np.array(named, np.int64), exclude.rows]
        if exclude.around is not None:
            parts += [self.rows_within(center, exclude.radius_m) for center in np.atleast_2d(exclude.around)]
        return np.unique(np.concatenate(parts))

    def neighbours_at(self, rows: Ints, similarity: Floats) -> Neighbours:
        """Name and place the given rows (k,)."""
        names = tuple(self.records.names[row] for row in rows)
        return Neighbours(rows, self.records.lonlat[rows], similarity, names)


def _settings(given: dict[str, Any]) -> BuildSettings:
    known = [field.name for field in fields(BuildSettings)]
    stray = sorted(given.keys() - set(known))
    if stray:
        raise InputError(f"no build setting is called {', '.join(stray)}; there are: {', '.join(known)}")
    return BuildSettings(**given)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Count the equal parts at the beginning of two sequences."""
    pairs = zip(first, second, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _check_k(k: int) -> None:
    if k < 1:
        raise InputError(f"k is the number of neighbours and must be at least 1, not {k}")
