"""Which pictures show one place, so that they are drawn together, and what is drawn for intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.datasets.pairing import key_of
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Ints

__all__ = ["LEAST_PLACES", "Sample", "place_of"]

LEAST_PLACES = 5
"""Places below which images are drawn instead: an interval over fewer says little of others."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What is drawn with replacement for intervals.

    Attributes
    ----------
    members
        (n,) number of the unit that each picture or tile belongs to, from 0 on; -1 where nothing is known
        of its classes.
    told
        What the units are, such as ``"7 places"`` or ``"9 images of one place"``.
    """

    members: Ints
    told: str

    @classmethod
    def of(cls, known: Bools, what: str, places: Sequence[str] = ()) -> Sample:
        """Draw places where there are enough of them, else pictures or tiles one by one.

        Parameters
        ----------
        known
            (n,) whether a picture or tile has a pixel with a true class.
        what
            What they are, such as ``"images"``.
        places
            The place of each; none where places are not known.
        """
        names, place = (
            np.unique(np.array(places, dtype=object)[known], return_inverse=True) if len(places) else ((), ())
        )
        count = int(known.sum())
        single = f"{count} {what}"
        if len(names) in (0, count):
            return cls(_numbered(known, np.arange(count)), single)
        if len(names) >= LEAST_PLACES:
            return cls(_numbered(known, np.asarray(place)), f"{len(names)} places")
        few = "one place" if len(names) == 1 else f"{len(names)} places, too few to be drawn"
        return cls(_numbered(known, np.arange(count)), f"{single} of {few}")

    @property
    def units(self) -> int:
        """How many there are."""
        return int(self.members.max(initial=-1)) + 1

    @property
    def line(self) -> str:
        """What the intervals are, in a few words."""
        return f"95 % by bootstrap over {self.told}" if self.units > 1 else "one picture: no intervals"

    def pooled(self, tables: NDArray[Any]) -> NDArray[Any]:
        """Add up tables (n, ...) of pictures to those of the units."""
        out = np.zeros((self.units, *tables.shape[1:]), tables.dtype)
        own = self.members >= 0
        np.add.at(out, self.members[own], tables[own])
        return out


def _numbered(known: Bools, numbers: Ints) -> Ints:
    members = np.full(len(known), -1)
    members[known] = numbers
    return members


def place_of(path: Path, name: str, *, dataset: str | None = None, group: str | None = None) -> str:
    """Tell the place that a mask shows.

    Parameters
    ----------
    path
        The mask. Tiles that were cut know the place of their scene (``tiles.json`` beside them).
    name
        What it is called, folders included.
    dataset
        Name of the data set, whose names may tell the place.
    group
        A regular expression; what its first group matches in the name is the place.

    Returns
    -------
    str
        The name itself where no place is known.

    Raises
    ------
    InputError
        When the expression is none, or does not match the name.
    FormatError
        When ``tiles.json`` is damaged.
    """
    from whence.aerial.datasets.folder import places_of_tiles
    from whence.aerial.datasets.two_folders import place_in_name

    if group is not None:
        return _matched(group, name)
    cut = places_of_tiles(path.parent)
    found = cut.get(path.stem, cut.get(key_of(path.stem)))
    return found or place_in_name(dataset or "", name)


def _matched(group: str, name: str) -> str:
    try:
        match = re.search(group, name)
    except re.error as error:
        raise InputError(f"{group!r} is no regular expression ({error})") from error
    if match is None:
        raise InputError(f"the place of {name} is not found by {group!r}; it must match every name")
    return str(match[1] if match.re.groups else match[0])
