"""The table of sources, and how the chosen ones are made ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from whence._lazy import named
from whence.errors import InputError, MissingExtraError
from whence.photos.evidence.evidence import Evidence

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.index import PlaceIndex
    from whence.photos.model import Model

__all__ = ["SOURCES", "SWITCHED_OFF", "Source", "SourceSettings", "Sources", "prepare"]

Source: TypeAlias = Callable[["Photo"], Evidence | None]
"""Looks at a photograph; gives its evidence, or None when it has nothing to say."""

SOURCES = {
    "exif": "whence.photos.evidence.exif:exif_source",
    "time": "whence.photos.evidence.time:time_source",
    "text": "whence.photos.evidence.text:text_source",
    "camera": "whence.photos.evidence.camera:camera_source",
    "index": "whence.photos.evidence.places:index_source",
    "model": "whence.photos.evidence.model:model_source",
}
"""Name -> "module:builder".

A builder takes `SourceSettings` and returns a `Source`; where it lacks what it needs, it raises an
`InputError` or a `MissingExtraError` that tells the way out.
"""

SWITCHED_OFF = "switched off"


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """What sources may draw on besides the photograph.

    Attributes
    ----------
    index
        The place index of known photographs, opened; None without one.
    model
        The trained model, opened; None without one.
    leave_one_out
        Ignore the index entry that is the photograph itself: a test of an index on its own photos.
    """

    index: PlaceIndex | None = None
    model: Model | None = None
    leave_one_out: bool = False


@dataclass(frozen=True)
class Sources:
    """The sources at work.

    Attributes
    ----------
    ready
        Name -> source, in the order of `SOURCES`.
    idle
        Name -> why it does not take part, with the way to change that.
    """

    ready: dict[str, Source]
    idle: dict[str, str]


def prepare(names: Sequence[str] | None, settings: SourceSettings, *, without: Sequence[str] = ()) -> Sources:
    """Build the named sources; all that can work here when no names are given.

    Parameters
    ----------
    names
        Which sources to use; each must be able to work.
    settings
        What they may draw on.
    without
        Which sources to leave out.

    Raises
    ------
    InputError
        For an unknown name, or a named source that lacks what it needs (an index, say).
    MissingExtraError
        For a named source whose optional dependencies are absent.
    """
    unknown = sorted({*(names or ()), *without} - SOURCES.keys())
    if unknown:
        raise InputError(f"no source is called {', '.join(unknown)}; there are: {', '.join(SOURCES)}")
    ready: dict[str, Source] = {}
    idle: dict[str, str] = {}
    for name, home in SOURCES.items():
        if name in without or (names is not None and name not in names):
            idle[name] = SWITCHED_OFF
            continue
        try:
            ready[name] = named(home)(settings)
        except (MissingExtraError, InputError) as error:
            if names is not None:
                raise
            idle[name] = str(error)
    return Sources(ready, idle)
