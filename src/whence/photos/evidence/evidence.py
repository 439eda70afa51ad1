"""What one source says about one photograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.earth.belief import Belief

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """A belief about where a photograph was taken, with the reason in words.

    Attributes
    ----------
    source
        Name of the source, a key of `whence.photos.evidence.SOURCES`.
    belief
        What the source says, as a probability over the Earth.
    sentence
        The reason, for people: one or two sentences that quote what was seen.
    details
        The reason, for programs: values that JSON can hold.
    """

    source: str
    belief: Belief
    sentence: str
    details: Mapping[str, Any] = field(default_factory=dict)
