"""What a look at every picture of a store found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.imagery.store.exclusions import Excluded
from whence.imagery.store.structure import picture_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whence.imagery.catalogue import Catalogue

__all__ = ["Verification", "verified"]

_TOLD_EVERY = 500


@dataclass(frozen=True)
class Verification:
    """The answer of `ImageStore.verify`.

    Attributes
    ----------
    images
        Pictures in the database.
    rows
        Rows of metadata.
    bytes_in_all
        Sum of their sizes.
    decoded
        Whether each was decoded, or only its structure looked at.
    problems
        What is wrong, by id.
    """

    images: int
    rows: int
    bytes_in_all: int
    decoded: bool
    problems: tuple[Excluded, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verified(
    items: Iterable[tuple[str, bytes]],
    metadata: Catalogue,
    *,
    decode: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compare pictures with rows, and look whether each is whole.

    Parameters
    ----------
    items
        Id and bytes of every picture, sorted.
    metadata
        The rows.
    decode
        Decode each picture.
    progress
        Called with (pictures done, pictures in all).
    """
    problems: list[Excluded] = []
    bytes_in_all = 0
    seen: list[str] = []
    for name, data in items:
        fault = picture_fault(data, decode=decode)
        if fault:
            problems.append(Excluded(name, fault))
        bytes_in_all += len(data)
        seen.append(name)
        if progress and len(seen) % _TOLD_EVERY == 0:
            progress(len(seen), len(metadata))
    if seen != metadata.ids:
        pictures, rows = set(seen), set(metadata.ids)
        problems += [Excluded(name, "a picture without a row") for name in sorted(pictures - rows)]
        problems += [Excluded(name, "a row without a picture") for name in sorted(rows - pictures)]
        if pictures == rows:
            problems.append(Excluded(metadata.ids[0], "rows and pictures are in different order"))
    return Verification(len(seen), len(metadata), bytes_in_all, decode, tuple(problems))
