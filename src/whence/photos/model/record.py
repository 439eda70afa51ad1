"""What a model tells about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.typing import Json

__all__ = ["Record"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """Where a model comes from; all of it is for people and for comparison, nothing is computed with it.

    Attributes
    ----------
    name
        What it is called.
    encoder
        Identity of the encoder whose vectors it takes.
    data
        Of the photographs it learnt from: ``count``, ``digest``, ``features``.
    split
        Name, seed, settings, counts, and ``leak``: how near the photographs it was measured on are to those
        it learnt from.
    scores
        On the validation side of that split: the figures of `whence.photos.evaluate.evaluate`.
    training
        Settings.
    licence
        Under which it may be used; empty when nobody said.
    """

    name: str = "model"
    encoder: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""

    def to_json(self) -> Json:
        """Give it as values that JSON can hold."""
        return {
            name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()
        }

    def sentence(self, kind: str) -> str:
        """Say what it is and how good it was, for people.

        Examples
        --------
        >>> Record(name="city", data={"count": 1200}, split={"name": "blocks"}).sentence("cells")
        'city (cells, trained on 1,200 photographs, split by blocks)'
        """
        told = [kind]
        if self.data.get("count"):
            told.append(f"trained on {self.data['count']:,} photographs")
        if self.split.get("name"):
            told.append(f"split by {self.split['name']}")
        if self.scores.get("median_m") is not None:
            from whence.photos.summary import length_text

            told.append(f"median error {length_text(float(self.scores['median_m']))}")
        return f"{self.name} ({', '.join(told)})"
