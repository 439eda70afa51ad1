"""Locate photographs: the sources look at each one, and their beliefs are multiplied."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.naming import legible
from whence.imagery.photo import Photo, find_images
from whence.imagery.table import read_table
from whence.photos.estimate import Estimate, weigh
from whence.photos.evidence.sources import Sources, SourceSettings, prepare
from whence.photos.processes import map_in_processes

if TYPE_CHECKING:
    from whence.earth.region import Region
    from whence.photos.evidence.evidence import Evidence
    from whence.photos.index import PlaceIndex
    from whence.photos.journal import Journal
    from whence.photos.model import Model
    from whence.typing import Image, PathLike

__all__ = ["Locator", "gather", "locate", "locate_each", "locator"]

Photograph: TypeAlias = "PathLike | Image | Photo"


@dataclass(frozen=True, kw_only=True)
class Locator:
    """Everything that is decided before the first photograph is looked at; call it with a photograph.

    Attributes
    ----------
    sources
        The sources at work, and why the others are idle.
    region
        Where the photographs are known to be, if that is known.
    top_k
        Number of hypotheses at most.
    confidence
        Share of answers that the radius promises to hold.
    recipe
        The arguments of `locator` that make it again in another process.
    fingerprint
        All that an answer depends on, as text.
    """

    sources: Sources
    region: Region | None
    top_k: int
    confidence: float
    recipe: Mapping[str, Any]
    fingerprint: str

    def __call__(self, photo: Photo) -> Estimate:
        """Locate one photograph; one that cannot be read gets a status, not an exception."""
        truth = _truth(photo)
        name = photo.name
        if photo.row is not None and photo.row.problem:
            return self._unreadable(name, photo.row.problem, truth)
        try:
            problems = photo.metadata.problems
        except (NotAnImageError, NotFoundError) as error:
            return self._unreadable(name, str(error), truth)
        said, unread = self._ask(photo)
        if unread and not said:
            return self._unreadable(name, unread[0], truth, problems)
        return weigh(
            name,
            said,
            region=self.region,
            top_k=self.top_k,
            confidence=self.confidence,
            truth=truth,
            problems=[legible(problem) for problem in (*problems, *unread)],
        )

    def _ask(self, photo: Photo) -> tuple[list[Evidence], list[str]]:
        """Collect what the sources say; a broken picture silences only those that need its pixels."""
        said: list[Evidence] = []
        unread: list[str] = []
        for source in self.sources.ready.values():
            try:
                evidence = source(photo)
            except NotAnImageError as error:
                if str(error) not in unread:
                    unread.append(str(error))
                continue
            if evidence is not None:
                said.append(evidence)
        return said, unread

    def _unreadable(
        self, name: str, reason: str, truth: tuple[float, float] | None, problems: Sequence[str] = ()
    ) -> Estimate:
        status = legible(f"unreadable: {reason}")
        return Estimate(name, status, confidence=self.confidence, truth=truth, problems=tuple(problems))


def locator(
    *,
    index: PathLike | PlaceIndex | None = None,
    model: PathLike | Model | None = None,
    region: Region | None = None,
    sources: Sequence[str] | None = None,
    without: Sequence[str] = (),
    top_k: int = 5,
    confidence: float = 0.8,
    leave_one_out: bool = False,
) -> Locator:
    """Prepare to locate photographs.

    Parameters
    ----------
    index
        A place index, or its folder.
    model
        A trained model, or its folder.
    region
        Where the photographs are known to be; answers are cut to it.
    sources
        Names out of `whence.photos.evidence.SOURCES`; by default all that can work here.
    without
        Names of sources to leave out.
    top_k
        Number of hypotheses at most, from 1.
    confidence
        Share of answers that the radius promises to hold, between 0 and 1.
    leave_one_out
        Ignore each photograph's own entry in the index.

    Raises
    ------
    InputError, MissingExtraError
        For an unknown source, a named one that lacks what it needs, or when no source is left.
    """
    if top_k < 1 or not 0 < confidence < 1:
        raise InputError(
            f"top_k is {top_k} and confidence {confidence}; give at least 1, and a share between 0 and 1"
        )
    opened = _open_index(index) if isinstance(index, str | Path) else index
    trained = _open_model(model) if isinstance(model, str | Path) else model
    settings = SourceSettings(index=opened, model=trained, leave_one_out=leave_one_out)
    prepared = prepare(sources, settings, without=without)
    if not prepared.ready:
        raise InputError("no source of evidence is left; name at least one, or leave fewer out")
    recipe = {
        "index": None if opened is None else opened.folder,
        "model": None if trained is None else trained.folder or trained,
        "region": region,
        "sources": sources,
        "without": without,
        "top_k": top_k,
        "confidence": confidence,
        "leave_one_out": leave_one_out,
    }
    told = recipe | {
        "sources": sorted(prepared.ready),
        "index": None if opened is None else repr(opened.header),
        "model": None if trained is None else trained.identity,
        "region": None if region is None else region.to_geojson(),
    }
    return Locator(
        sources=prepared,
        region=region,
        top_k=top_k,
        confidence=confidence,
        recipe=recipe,
        fingerprint=json.dumps(told, sort_keys=True),
    )


def _open_index(folder: PathLike) -> PlaceIndex:
    from whence.photos.index import PlaceIndex  # only here: it brings OpenCV, which EXIF can do without

    return PlaceIndex.open(folder)


def _open_model(folder: PathLike) -> Model:
    from whence.photos.model import Model

    return Model.open(folder)


@overload
def locate(photographs: Image | Photo, **options: Any) -> Estimate: ...
@overload
def locate(photographs: PathLike, **options: Any) -> Any: ...
@overload
def locate(photographs: Iterable[Photograph], **options: Any) -> list[Estimate]: ...
def locate(photographs: Photograph | Iterable[Photograph], **options: Any) -> Estimate | list[Estimate]:
    """Locate a photograph, or many.

    Parameters
    ----------
    photographs
        A file, a picture as (h, w, 3) uint8 RGB, or a `Photo`: gives one `Estimate`. A folder, or any
        collection of these: gives a list in the same order (files of a folder sorted by path), then what
        else a table has.
    **options
        table
            CSV or Parquet file with what is known of the photographs.
        jobs
            Number of processes; 1 works in this one.
        index, model, region, sources, without, top_k, confidence, leave_one_out
            See `locator`.

    Raises
    ------
    NotFoundError
        When a named file or folder does not exist. Files that cannot be read as pictures raise nothing:
        their estimate says so in `status`.

    Examples
    --------
    >>> import whence
    >>> estimate = whence.locate("photo.jpg", sources=["exif"])           # doctest: +SKIP
    >>> estimate.best.latitude_deg, estimate.best.longitude_deg           # doctest: +SKIP
    (55.69817, 13.19539)
    """
    table, jobs = options.pop("table", None), options.pop("jobs", 1)
    prepared = locator(**options)
    if isinstance(photographs, str | Path | Photo | np.ndarray):
        photos = _photos([photographs], table)
        is_folder = isinstance(photographs, str | Path) and Path(photographs).is_dir()
        return list(locate_each(photos, prepared, jobs=jobs)) if is_folder else prepared(photos[0])
    return list(locate_each(_photos(list(photographs), table), prepared, jobs=jobs))


def gather(paths: Sequence[PathLike], *, table: PathLike | None = None) -> list[Photo]:
    """List the photographs to locate: those of files and folders, with what a table knows about them.

    Parameters
    ----------
    paths
        Files and folders; without any, the table's own photographs. A file that is reached twice counts once.
    table
        CSV or Parquet. Its rows give truth and camera to the photographs found; rows without a file among
        them are kept too, so that each gets a result.

    Raises
    ------
    InputError
        When there is nothing to locate.
    """
    if not paths and table is None:
        raise InputError("nothing to locate: name photographs, folders, or a --table")
    named = dict.fromkeys(Path(path) for path in paths)
    photos = list({photo.path.absolute(): photo for photo in _photos(list(named), table)}.values())
    if not photos:
        raise InputError(f"no pictures in {', '.join(str(path) for path in paths) or table}")
    return photos


def _photos(given: Sequence[Photograph], table: PathLike | None) -> list[Photo]:
    photos: list[Photo] = []
    for item in given:
        if isinstance(item, Photo):
            photos.append(item)
        elif isinstance(item, np.ndarray):
            photos.append(Photo.of_pixels(item, name=f"image {len(photos)}"))
        else:
            photos.extend(Photo(path) for path in find_images(item))
    if table is None:
        return photos
    folders = [Path(item) for item in given if isinstance(item, str | Path) and Path(item).is_dir()]
    rows = read_table(table, folder=folders[0] if len(folders) == 1 else None).rows
    by_path = {_real(row.path): row for row in rows}
    known = [
        photo if photo.pixels is not None else Photo(photo.path, row=by_path.get(_real(photo.path)))
        for photo in photos
    ]
    named = {_real(photo.path) for photo in known if photo.row is not None}
    return known + Photo.of_rows(row for path, row in by_path.items() if path not in named)


def _real(path: Path) -> str:
    return os.path.realpath(path)  # unlike Path.resolve, it bears links that lead to themselves


def locate_each(
    photos: Iterable[Photo], prepared: Locator, *, jobs: int = 1, journal: Journal | None = None
) -> Iterator[Estimate]:
    """Locate photographs one after another, in their order.

    Parameters
    ----------
    photos
        See `gather`.
    prepared
        See `locator`.
    jobs
        Number of processes; each needs its own copy of the readers in memory.
    journal
        Keeps finished estimates; those of an earlier run are not made again.
    """
    photos = list(photos)
    done = {} if journal is None else {i: journal.find(_key(photo)) for i, photo in enumerate(photos)}
    todo = [photo for i, photo in enumerate(photos) if done.get(i) is None]
    fresh = _map(prepared, todo, jobs)
    for i, photo in enumerate(photos):
        estimate = done.get(i)
        if estimate is not None:
            yield replace(estimate, truth=_truth(photo))  # it may have been corrected since
            continue
        estimate = next(fresh)
        if journal is not None:
            journal.add(_key(photo), estimate)
        yield estimate


def _truth(photo: Photo) -> tuple[float, float] | None:
    return photo.row.position if photo.row is not None else None


def _key(photo: Photo) -> str:
    """Name a photograph, its content's age and its camera: when these change it is looked at again."""
    camera = photo.row.camera_id if photo.row is not None else ""
    try:
        status = photo.path.stat()
    except OSError:
        return f"{photo.name} absent"
    return f"{photo.name} {status.st_size} {status.st_mtime_ns} {camera}"


def _map(prepared: Locator, photos: Sequence[Photo], jobs: int) -> Iterator[Estimate]:
    jobs = min(jobs, len(photos))
    if jobs <= 1:
        return map(prepared, photos)
    return map_in_processes(partial(locator, **prepared.recipe), photos, jobs=jobs)
