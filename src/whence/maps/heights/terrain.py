"""What a map says about heights: contour lines, spot heights, flat lakes and breaklines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from whence.earth.crs import Crs
    from whence.typing import ArrayLike, Bools, Floats, Ints

__all__ = ["Contours", "Lake", "Spots", "Terrain"]


@dataclass(frozen=True, eq=False)
class Contours:
    """Contour lines.

    Parameters
    ----------
    lines
        Each (n, 2) easting, northing, at least two positions; a closed line ends where it begins.
    heights_m
        (lines,) the height of each.

    Raises
    ------
    InputError
        When lines and heights are not as many, or a line is no finite path.

    Examples
    --------
    >>> Contours.of([[[0, 0], [100, 0]], [[0, 50], [100, 50]]], [20, 40]).interval_m
    20.0
    """

    lines: tuple[Floats, ...]
    heights_m: Floats

    def __post_init__(self) -> None:
        if len(self.lines) != len(self.heights_m):
            raise InputError(f"{len(self.lines)} lines have {len(self.heights_m)} heights; give one for each")
        for number, line in enumerate(self.lines):
            if line.ndim != 2 or line.shape[1] != 2 or len(line) < 2 or not np.isfinite(line).all():
                raise InputError(f"line {number} is no path of at least two finite positions; leave it out")
        if not np.isfinite(self.heights_m).all():
            bad = np.flatnonzero(~np.isfinite(self.heights_m))
            raise InputError(f"line {bad[0]} has no height ({len(bad)} in all); give it one or leave it out")

    @classmethod
    def of(cls, lines: Iterable[ArrayLike], heights_m: ArrayLike) -> Self:
        """Make contours of anything like arrays."""
        paths = tuple(np.asarray(line, dtype=float) for line in lines)
        return cls(paths, np.asarray(heights_m, dtype=float).reshape(-1))

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def closed(self) -> Bools:
        """(lines,) which of them end where they begin."""
        return np.array([len(line) > 3 and bool((line[0] == line[-1]).all()) for line in self.lines], bool)

    @cached_property
    def interval_m(self) -> float:
        """The contour interval: the commonest step between the heights that occur, 0 with one height."""
        levels = np.unique(np.round(self.heights_m, 6))
        if len(levels) < 2:
            return 0.0
        steps, counts = np.unique(np.round(np.diff(levels), 6), return_counts=True)
        return float(steps[counts.argmax()])

    def choose(self, kept: Bools | Ints) -> Contours:
        """Give some of the lines, by a mask or by numbers."""
        numbers = np.arange(len(self))[kept]
        return Contours(tuple(self.lines[number] for number in numbers), self.heights_m[numbers])

    def relabel(self, heights_m: Floats) -> Contours:
        """Give the same lines with other heights."""
        return Contours(self.lines, np.asarray(heights_m, dtype=float))

    def densified(self, step_m: float) -> tuple[Floats, Ints, Floats]:
        """Put positions along the lines, evenly within each segment.

        Parameters
        ----------
        step_m
            Greatest distance between two of them.

        Returns
        -------
        positions, numbers, lengths_m
            (n, 2) easting, northing; (n,) the line of each; (n,) the length of line that it stands for.
            Their sum is the length of all lines.
        """
        start, span, owner = self.segments()
        length = np.hypot(*span.T)
        parts = _parts(length, step_m)
        segment, along = _spread(parts)
        positions = start[segment] + span[segment] * (along[:, None] + 0.5) / parts[segment, None]
        return positions, owner[segment], (length / parts)[segment]

    def vertices(self, step_m: float = np.inf) -> tuple[Floats, Ints]:
        """Give all vertices, with more between them where they are further apart than a step.

        Returns
        -------
        positions, numbers
            (n, 2) easting, northing and (n,) the line of each.
        """
        start, span, owner = self.segments()
        parts = _parts(np.hypot(*span.T), step_m)
        segment, along = _spread(parts)
        positions = start[segment] + span[segment] * along[:, None] / parts[segment, None]
        ends = np.array([line[-1] for line in self.lines]).reshape(-1, 2)
        return np.concatenate([positions, ends]), np.concatenate([owner[segment], np.arange(len(self))])

    def segments(self) -> tuple[Floats, Floats, Ints]:
        """Give (n, 2) begin and (n, 2) course of every segment, and (n,) its line."""
        if not self.lines:
            return np.empty((0, 2)), np.empty((0, 2)), np.empty(0, dtype=np.int64)
        path = np.concatenate(self.lines)
        number = np.repeat(np.arange(len(self)), [len(line) for line in self.lines])
        within = number[1:] == number[:-1]
        return path[:-1][within], np.diff(path, axis=0)[within], number[:-1][within]


def _parts(lengths: Floats, step: float) -> Ints:
    """Into how many parts no longer than a step each length is cut."""
    return np.maximum(np.ceil(lengths / step), 1).astype(np.int64)


def _spread(parts: Ints) -> tuple[Ints, Ints]:
    """Count the parts of each: (n,) to which they belong, and their number there from 0 on."""
    owner = np.repeat(np.arange(len(parts)), parts)
    return owner, np.arange(len(owner)) - (np.cumsum(parts) - parts)[owner]


@dataclass(frozen=True, eq=False)
class Spots:
    """Spot heights: (n, 2) easting, northing and (n,) metres."""

    positions: Floats = field(default_factory=lambda: np.empty((0, 2)))
    heights_m: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if self.positions.shape != (len(self.heights_m), 2):
            raise InputError(
                f"spot heights need (n, 2) positions and (n,) heights, not {self.positions.shape} "
                f"and {self.heights_m.shape}"
            )
        if not (np.isfinite(self.positions).all() and np.isfinite(self.heights_m).all()):
            raise InputError("a spot height is not finite; leave it out")

    def __len__(self) -> int:
        return len(self.heights_m)

    def choose(self, kept: Bools | Ints) -> Spots:
        """Give some of them, by a mask or by numbers."""
        return Spots(self.positions[kept], self.heights_m[kept])


@dataclass(frozen=True, eq=False)
class Lake:
    """A flat area: (n, 2) easting, northing of its shore, and its level in metres."""

    shore: Floats
    level_m: float

    def __post_init__(self) -> None:
        if self.shore.ndim != 2 or self.shore.shape[1] != 2 or len(self.shore) < 3:
            raise InputError("the shore of a lake needs at least three positions")


@dataclass(frozen=True, eq=False)
class Terrain:
    """All that a map says about the heights of an area.

    Parameters
    ----------
    contours
        The lines.
    spots
        Summits, passes, water levels: single heights.
    lakes
        Flat areas.
    breaklines
        Lines across which the ground may bend sharply (streams, ridges, embankments), each (n, 2) easting,
        northing. They have no height of their own.
    crs
        Horizontal coordinate system, None when it is not known.
    """

    contours: Contours
    spots: Spots = field(default_factory=Spots)
    lakes: tuple[Lake, ...] = ()
    breaklines: tuple[Floats, ...] = ()
    crs: Crs | None = None

    def with_contours(self, contours: Contours) -> Terrain:
        """Give the same terrain with other contours."""
        return replace(self, contours=contours)

    @property
    def interval_m(self) -> float:
        """The contour interval."""
        return self.contours.interval_m

    def positions(self) -> Floats:
        """All (n, 2) positions with a height, as they were given."""
        shores = [lake.shore for lake in self.lakes]
        return np.concatenate([*self.contours.lines, self.spots.positions, *shores])

    def samples(self, step_m: float = np.inf) -> tuple[Floats, Floats]:
        """Positions with heights for methods that know points only.

        Parameters
        ----------
        step_m
            Greatest distance along a line; without it only what was drawn.

        Returns
        -------
        positions, heights_m
            (n, 2) and (n,): the spots, along the contours, and along the shores.

        Raises
        ------
        NotEnoughDataError
            When there are not two different heights.
        """
        shores = Contours(
            tuple(np.concatenate([lake.shore, lake.shore[:1]]) for lake in self.lakes),
            np.array([lake.level_m for lake in self.lakes]),
        )
        found = [self.spots.positions]
        heights = [self.spots.heights_m]
        for lines in (self.contours, shores):
            positions, owner = lines.vertices(step_m)
            found.append(positions)
            heights.append(lines.heights_m[owner])
        together = np.concatenate(heights)
        self.check(together)
        return np.concatenate(found), together

    @staticmethod
    def check(heights_m: Floats) -> None:
        """Refuse heights that make no surface: none, or all the same."""
        if len(heights_m) == 0:
            raise NotEnoughDataError("there is no height at all; give contours or spot heights")
        if np.ptp(heights_m) == 0:
            raise NotEnoughDataError(
                f"all heights are {heights_m[0]:g}, which makes a plane and no terrain; check that the right "
                "field was read as height"
            )
