"""What a scan tells of its contours: lines, their heights, on what these rest, and what contradicts what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.terrain import Contours

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["Contradiction", "Evidence", "OpenEnd", "Traced"]

Evidence = Literal["label", "neighbours", "none"]
Kind = Literal["label", "two labels", "spot", "neighbours", "crossing", "no line", "outside"]


class Placing(Protocol):
    """What brings pixels to the world: a fit or a transform of a sheet."""

    def to_world(self, pixels: ArrayLike) -> Floats:
        """Bring (..., 2) column, row to easting, northing."""
        ...


@dataclass(frozen=True)
class Contradiction:
    """Two things a map says that cannot both be right.

    Attributes
    ----------
    kind
        ``label``: a height beside a line against what all others say of it; ``two labels`` on one line;
        ``spot``: a spot height against the lines around it; ``neighbours``: two lines that face each other
        and differ by more than one interval; ``crossing``: lines that cross each other or themselves;
        ``no line``: a label with no line near it; ``outside``: a height that is not on the scan.
    place_px
        Column, row.
    said_m
        What is written, or the height of the first line.
    expected_m
        What the others say, or the height of the second line; NaN where they say nothing.
    lines
        Numbers of the lines concerned.
    name
        Of the label or spot, empty for lines.
    weight
        How much better all the rest of the sheet fits together without it, in units in which 1 is telling.
    likeliest
        Whether of all contradictions this one most probably is the mistake; it comes first.
    """

    kind: Kind
    place_px: tuple[float, float]
    said_m: float
    expected_m: float
    lines: tuple[int, ...] = ()
    name: str = ""
    weight: float = 0.0
    likeliest: bool = False

    @property
    def text(self) -> str:
        """One sentence."""
        return f"most probably wrong: {self._fact}" if self.likeliest else self._fact

    @property
    def _fact(self) -> str:
        column, row = self.place_px
        where = f"at column {column:.0f}, row {row:.0f}"
        named = f"{self.name!r} " if self.name else ""
        if self.kind == "no line":
            return f"label {named}of {self.said_m:g} {where} has no line near it"
        if self.kind == "outside":
            return f"height {named}of {self.said_m:g} {where} is not on the scan"
        if self.kind == "crossing":
            one, other = (number + 1 for number in self.lines)
            return f"line {one} crosses {'itself' if one == other else f'line {other}'} {where}"
        if self.kind == "neighbours":
            return (
                f"lines {self.lines[0] + 1} and {self.lines[1] + 1} face each other {where} and have "
                f"{self.said_m:g} and {self.expected_m:g}"
            )
        expected = (
            "the others do not tell its height"
            if np.isnan(self.expected_m)
            else f"the others say {self.expected_m:g}"
        )
        on = f" on line {self.lines[0] + 1}" if self.lines else ""
        return f"{self.kind} {named}{where}{on} says {self.said_m:g}, {expected}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "kind": self.kind,
            "place_px": list(self.place_px),
            "said_m": None if np.isnan(self.said_m) else self.said_m,
            "expected_m": None if np.isnan(self.expected_m) else self.expected_m,
            "lines": list(self.lines),
            "name": self.name,
            "weight": round(self.weight, 3),
            "likeliest": self.likeliest,
            "text": self.text,
        }


@dataclass(frozen=True)
class OpenEnd:
    """An end of a line within the map.

    Attributes
    ----------
    line
        Its number.
    place_px
        Column, row.
    """

    line: int
    place_px: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Traced:
    """Contour lines of a scan.

    Attributes
    ----------
    lines
        Each (n, 2) column, row; a closed line ends where it begins.
    heights_m
        (lines,) in the unit of the map; NaN where nothing decides.
    is_index
        (lines,) whether it is drawn thick.
    evidence
        (lines,) on what the height rests: a label on the line, its neighbours, or nothing.
    contradictions
        All that does not fit together, the most probable mistake first.
    open_ends
        Ends that lie neither at the rim of the scan nor at something that hides what is below.
    interval_m
        From one contour to the next; 0 when it is not known.
    size_px
        Width and height of the scan.
    ink
        Colour of the contours, #rrggbb.
    notes
        What a reader should know.
    """

    lines: tuple[Floats, ...]
    heights_m: Floats
    is_index: Bools
    evidence: tuple[Evidence, ...]
    contradictions: tuple[Contradiction, ...]
    open_ends: tuple[OpenEnd, ...]
    interval_m: float
    size_px: tuple[int, int]
    ink: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def undetermined(self) -> tuple[int, ...]:
        """Numbers of the lines without a height."""
        return tuple(int(number) for number in np.flatnonzero(np.isnan(self.heights_m)))

    @property
    def lengths_px(self) -> Floats:
        """Length (lines,) of each line."""
        return np.array([float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in self.lines])

    def to_world(self, fit: Placing) -> Contours:
        """Bring the lines that have a height to the world by the fit of the sheet.

        Raises
        ------
        NotEnoughDataError
            When no line has a height.
        """
        known = np.flatnonzero(np.isfinite(self.heights_m))
        if not len(known):
            raise NotEnoughDataError(
                f"none of the {len(self)} lines has a height; give heights beside contours (--labels) or "
                "spot heights (--spots), and the interval"
            )
        placed = [np.asarray(fit.to_world(self.lines[number])) for number in known]
        # Beyond a horizon there is no place; what is left of a line there is no line.
        whole = [k for k, line in enumerate(placed) if np.isfinite(line).all()]
        return Contours(tuple(placed[k] for k in whole), self.heights_m[known[whole]])

    def to_json(self) -> dict[str, Any]:
        """Return all but the lines as JSON types."""
        return {
            "lines": len(self),
            "with_height": len(self) - len(self.undetermined),
            "index_lines": int(self.is_index.sum()),
            "length_px": float(self.lengths_px.sum()),
            "interval_m": self.interval_m,
            "ink": self.ink,
            "undetermined": [
                {"line": number, "place_px": self.lines[number][len(self.lines[number]) // 2].tolist()}
                for number in self.undetermined
            ],
            "contradictions": [one.to_json() for one in self.contradictions],
            "open_ends": [{"line": one.line, "place_px": list(one.place_px)} for one in self.open_ends],
            "notes": list(self.notes),
        }
