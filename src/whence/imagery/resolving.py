"""Which file a table means: tables are moved about, and their paths with them seldom."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from unicodedata import normalize

from whence.imagery.finding import search_images

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Resolved", "Resolver"]


@dataclass(frozen=True)
class Resolved:
    """Where a written path leads.

    Attributes
    ----------
    path
        The file, or where it would be when it is missing.
    prefix
        Leading folders of the written path that stand for the searched folder; None when the path was found
        as it is written, or not at all.
    rivals
        Files that fit equally well, when there is more than one.
    is_missing
        True when no file was found.
    """

    path: Path
    prefix: str | None = None
    rivals: tuple[Path, ...] = ()
    is_missing: bool = False


@dataclass
class Resolver:
    """Finds the files of a table in a folder.

    A path that is not found as it is written may end like a file in the folder: ``data/lund/images/01.jpg``
    is ``images/01.jpg`` in a folder ``…/lund``, and a bare ``01.jpg`` is the only ``01.jpg`` below it.

    Parameters
    ----------
    roots
        Folders that written paths may start from, the preferred one first; it is the one that is searched.
    """

    roots: tuple[Path, ...]
    _by_name: dict[str, list[tuple[str, ...]]] | None = field(default=None, init=False, repr=False)

    def resolve_all(self, written: Sequence[str]) -> list[Resolved]:
        """Find every path; a file is never given to two different paths.

        Where paths with different beginnings end alike (``data/berlin/images/01.jpg`` and
        ``data/lund/images/01.jpg``), those win whose beginning ends like the folder's own path.
        """
        found = [self._resolve(path) for path in written]
        agreement = {item.prefix: self._agreement(item.prefix) for item in found if item.prefix}
        best = max(agreement.values(), default=0)
        return [
            self._missing(path) if item.prefix and agreement[item.prefix] < best else item
            for path, item in zip(written, found, strict=True)
        ]

    def _resolve(self, written: str) -> Resolved:
        slashed = written.replace("\\", "/")
        # macOS stores "ü" in two characters, whatever the table holds.
        composed = (normalize(form, slashed) for form in ("NFC", "NFD"))
        for form in dict.fromkeys((written, slashed, *composed)):
            for root in self.roots:
                path = root / form  # an absolute path stays itself
                if _is_file(path):
                    return Resolved(Path(os.path.normpath(path)))
        return self._by_ending(written)

    def _by_ending(self, written: str) -> Resolved:
        parts = _parts(written)
        candidates = [
            inside
            for inside in self._index().get(normalize("NFC", parts[-1]) if parts else "", ())
            if _ends_alike(parts, inside)
        ]
        if not candidates:
            return self._missing(written)
        longest = max(min(len(inside), len(parts)) for inside in candidates)
        best = [inside for inside in candidates if min(len(inside), len(parts)) == longest]
        paths = tuple(self.roots[0].joinpath(*inside) for inside in best)
        prefix = "/".join(parts[: max(len(parts) - len(best[0]), 0)])
        return Resolved(paths[0], prefix, paths if len(paths) > 1 else ())

    def _index(self) -> dict[str, list[tuple[str, ...]]]:
        """Files of the folder by name, as parts relative to it; listed once, when first needed."""
        if self._by_name is None:
            self._by_name = defaultdict(list)
            if self.roots[0].is_dir():
                for path in search_images(self.roots[0]).images:
                    self._by_name[normalize("NFC", path.name)].append(path.relative_to(self.roots[0]).parts)
        return self._by_name

    def _missing(self, written: str) -> Resolved:
        return Resolved(self.roots[0] / written.replace("\\", "/"), is_missing=True)

    def _agreement(self, prefix: str) -> int:
        """Count the folders at the end of a beginning that the searched folder's own path ends with."""
        own = self.roots[0].absolute().parts
        return _common_ending(_parts(prefix), own)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _parts(written: str) -> tuple[str, ...]:
    return tuple(
        part for part in PurePosixPath(written.replace("\\", "/")).parts if part not in ("/", ".", "..")
    )


def _ends_alike(written: Sequence[str], inside: Sequence[str]) -> bool:
    """Tell whether the shorter of two paths is wholly the end of the longer one."""
    return _common_ending(written, inside) == min(len(written), len(inside))


def _common_ending(first: Iterable[str], second: Iterable[str]) -> int:
    count = 0
    for one, other in zip(reversed(tuple(first)), reversed(tuple(second)), strict=False):
        if normalize("NFC", one) != normalize("NFC", other):
            break
        count += 1
    return count
