"""OpenStreetView-5M: from its published archives and tables straight into a store.

The layout is that of the data set ``osv5m/osv5m`` (Astruc et al., CVPR 2024): ``train.csv``, ``test.csv``,
``images/train/00.zip`` to ``97.zip``, ``images/test/00.zip`` to ``04.zip``; a picture is ``00/<id>.jpg``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from whence.errors import InputError, NotFoundError
from whence.imagery.columns import read_columns
from whence.imagery.naming import legible
from whence.imagery.store import Excluded, ImageStore, StoreWriter
from whence.photos.datasets.archives import Archive, is_readable
from whence.photos.datasets.screening import screened
from whence.photos.datasets.sources import FolderSource, Source, source_of

if TYPE_CHECKING:
    from whence.imagery.catalogue import Catalogue
    from whence.photos.datasets.archives import Member
    from whence.typing import PathLike

__all__ = ["Osv5mSettings", "import_osv5m"]

Progress = Callable[[int, int], None]

_LEFT_OUT = ("thumb_original_url",)  # long, and expired soon after the data set was made
_FINISHED = -1
_TOLD_EVERY = 200
_FEW = 10
_SHARE = 0.01
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Osv5mSettings:
    """How to import.

    Attributes
    ----------
    split
        Which of the two published sets.
    limit
        Stop after so many pictures, in the order of the archives; 0 takes all.
    restart
        Remove what an earlier import left.
    allow_missing
        Finish although archives are missing or damaged, or many rows have no picture.
    progress
        Called with (pictures dealt with, pictures in all).
    """

    split: Literal["train", "test"] = "train"
    limit: int = 0
    restart: bool = False
    allow_missing: bool = False
    progress: Progress | None = None


def import_osv5m(
    source: PathLike | Source, out: PathLike, *, settings: Osv5mSettings | None = None
) -> ImageStore:
    """Import one split of OpenStreetView-5M.

    The bytes of every picture are kept as they are. An interrupted import goes on when it is called again
    with the same arguments; archives that were dealt with are not opened again.

    Parameters
    ----------
    source
        The folder with the published files, ``hf:osv5m/osv5m``, or a `Source`.
    out
        The store to make.
    settings
        How.

    Returns
    -------
    The finished store. What is not in it, of the table and of the archives, is in its `excluded`.

    Raises
    ------
    NotFoundError
        When the source, its table or all its archives are absent.
    InputError
        When an archive is missing in the numbering or cannot be read, or more than 10 pictures and 1 % of
        the rows have no picture (without `allow_missing`); when the disk is full.
    """
    settings = settings or Osv5mSettings()
    out = Path(out)
    StoreWriter.check(out, restart=settings.restart)
    if isinstance(source, str | Path):
        source = source_of(source, download_to=out.with_name(f"{out.name}.download"))
    names = source.names()
    archives = _archives(names, source, settings)
    known, faults = _table(names, source, settings.split)
    origin = {"kind": "osv5m", "split": settings.split, "limit": settings.limit, "table": known.digest()}
    command = _command(source, out, settings)
    with StoreWriter.open(out, source=origin, command=command, restart=settings.restart) as writer:
        importing = _Importing(writer, known, {item.id for item in faults}, settings)
        unreadable = [fault for name in archives if (fault := importing.archive(source, name))]
        without = [] if settings.limit else importing.without_picture()
        if not settings.allow_missing:
            _check_missing(without, len(known), command)
        stated = {item.id for item in writer.excluded()}
        absent = [Excluded(name, "no image in the archives") for name in without if name not in stated]
        return writer.finish(known, excluded=[*faults, *unreadable, *absent])


@dataclass
class _Importing:
    """One import under way."""

    writer: StoreWriter
    known: Catalogue
    faulty: set[str]
    settings: Osv5mSettings

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return bool(self.settings.limit) and len(self.writer) >= self.settings.limit

    def archive(self, source: Source, name: str) -> Excluded | None:
        """Deal with one archive; tell why it cannot be read where that is allowed."""
        if self.is_full or self.writer.done(name) == _FINISHED:
            return None
        path = source.fetch(name)
        try:
            opened = Archive(path)
        except InputError as error:
            if not self.settings.allow_missing:
                raise InputError(f"{error}, or go on without it: --allow-missing") from error
            return Excluded(name, f"archive cannot be read: {error}")
        with opened:
            self._members(opened, name)
        if not self.is_full:
            self.writer.mark(name, _FINISHED)
            self.writer.commit()  # before the archive may go
            source.release(path)
        return None

    def _members(self, archive: Archive, name: str) -> None:
        start = self.writer.done(name)
        members = archive.members[start:]
        wanted = self._has_row(members)
        for done, (member, has_row) in enumerate(zip(members, wanted, strict=True), start + 1):
            if self.is_full:
                return
            self._take(archive, member, has_row=has_row)
            self.writer.mark(name, done)
            if self.settings.progress and done % _TOLD_EVERY == 0:
                self.settings.progress(len(self.writer), self.settings.limit or len(self.known))

    def _take(self, archive: Archive, member: Member, *, has_row: bool) -> None:
        where = legible(archive.where(member))
        if not has_row:
            if member.id not in self.faulty:  # that one is listed with the fault of its row
                self.writer.exclude(legible(member.id), f"no row in the table: {where}")
            return
        data, fault = archive.read(member)
        if fault:
            self.writer.exclude(member.id, legible(fault))
        elif not self.writer.add(member.id, data):
            self.writer.exclude(member.id, f"id repeated in the archives: {where}, the first is kept")

    def _has_row(self, members: Sequence[Member]) -> list[bool]:
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = pa.array([legible(member.id) for member in members], pa.large_string())
        found: list[bool] = pc.is_in(ids, value_set=self.known.table.column("id")).to_pylist()
        return found

    def without_picture(self) -> list[str]:
        """List the rows that have no picture in the store, sorted by id."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ids = self.known.table.column("id")
        here = pc.is_in(ids, value_set=pa.array(self.writer.ids(), pa.large_string()))
        return sorted(ids.filter(pc.invert(here)).to_pylist())


def _archives(names: Sequence[str], source: Source, settings: Osv5mSettings) -> list[str]:
    """Name the archives of a split in their order, and see that none is obviously absent or cut."""
    folder = f"images/{settings.split}/"
    archives = sorted(name for name in names if name.startswith(folder) and name.endswith(".zip"))
    if not archives:
        raise NotFoundError(
            f"{source.name} has no archives {folder}*.zip; fetch them as they are published (pictures "
            "that were unpacked are imported with: whence dataset folder)"
        )
    if not settings.allow_missing and not settings.limit:
        _check_archives(archives, source)
    return archives


def _check_archives(archives: Sequence[str], source: Source) -> None:
    numbers = {int(stem) for name in archives if (stem := PurePosixPath(name).stem).isdecimal()}
    gaps = [f"{number:02}.zip" for number in range(max(numbers, default=0)) if number not in numbers]
    cut = []
    if isinstance(source, FolderSource):  # the directory of an archive stands at its end
        cut = [name for name in archives if not is_readable(source.fetch(name))]
    for kind, found in (("are missing", gaps), ("cannot be read, they are cut off or no zip archives", cut)):
        if found:
            raise InputError(
                f"{len(found)} archives of {source.name} {kind}: {_named(found)}; fetch them (again), or go "
                "on without them: --allow-missing"
            )


def _table(names: Sequence[str], source: Source, split: str) -> tuple[Catalogue, list[Excluded]]:
    table = f"{split}.csv"
    if table not in names:
        raise NotFoundError(f"{source.name} has no {table}, the table of positions; fetch it, too")
    return screened(read_columns(source.fetch(table), leave_out=_LEFT_OUT))


def _check_missing(without: Sequence[str], rows: int, command: str) -> None:
    if len(without) <= max(_FEW, _SHARE * rows):
        return
    raise InputError(
        f"{len(without)} of {rows} rows have no usable picture: {_named(without)}; are archives missing? "
        f"What came in is kept: add them and give the same command again, or finish without: {command} "
        "--allow-missing"
    )


def _command(source: Source, out: Path, settings: Osv5mSettings) -> str:
    """Give what to type to go on."""
    words = ["whence", "dataset", "osv5m", source.name, "--split", settings.split, "--out", str(out)]
    words += ["--limit", str(settings.limit)] if settings.limit else []
    return shlex.join(words)


def _named(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
