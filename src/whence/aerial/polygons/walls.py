"""Walls of outlines that touch: each stands once, however many outlines it belongs to.

A wall is a straight line; an outline is a ring of them, and its corners are where neighbours meet. Two
outlines with a wall in common have the same line there, so that nothing is between them and nothing is
covered twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.polygons.directions import NEAR, off, rotation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.aerial.polygons.directions import Piece
    from whence.typing import Floats

__all__ = ["Side", "Wall", "Walls", "wall_of"]

_PARALLEL = np.sin(np.radians(8.0))
_SHORT_STEPS = 2.5
_ROUNDS = 50
_SAME_PLACE = 1e-9  # of a step


@dataclass(frozen=True, eq=False)
class Wall:
    """A straight line through a point, and the length that it was fitted to."""

    point: Floats
    along: Floats
    length: float

    @property
    def normal(self) -> Floats:
        """The direction across it."""
        return np.array([-self.along[1], self.along[0]])

    def meets(self, other: Wall) -> Floats | None:
        """Give the corner with another wall, or None when they are almost parallel."""
        cross = float(self.along[0] * other.along[1] - self.along[1] * other.along[0])
        if abs(cross) < _PARALLEL:
            return None
        apart = other.point - self.point
        step = (apart[0] * other.along[1] - apart[1] * other.along[0]) / cross
        return np.asarray(self.point + step * self.along)


@dataclass(frozen=True, eq=False)
class Side:
    """A wall as an outline passes it: its number, in which direction, and how long."""

    wall: int
    heading: Floats
    length: float

    @property
    def backwards(self) -> Side:
        """The same for the outline on the other side."""
        return replace(self, heading=-self.heading)


def wall_of(piece: Piece, axes: Floats, step: float, *, keep: bool = False) -> Wall | None:
    """Lay a wall through the middles of a piece, turned into a main direction if it is near one.

    Parameters
    ----------
    piece
        Of a chain.
    axes
        Main directions.
    step
        Tolerance of the outline.
    keep
        Give a wall in any case; else short pieces in no main direction are none.
    """
    along = piece.along
    away = off(np.arctan2(along[1], along[0]), axes)
    best = int(np.abs(away).argmin())
    short = piece.span < _SHORT_STEPS * step
    if abs(away[best]) <= NEAR or (short and keep):
        along = rotation(-float(away[best])) @ along
    elif short:
        return None
    return Wall(piece.middle, along, float(piece.count))


class Walls:
    """The walls of a group of outlines, while they are being joined.

    Parameters
    ----------
    step
        Parallel neighbours less than this apart become one.
    """

    def __init__(self, step: float) -> None:
        self.rings: list[list[Side]] = []
        self._step = step
        self._walls: list[Wall] = []
        self._ends: list[list[Floats]] = []
        self._root: list[int] = []
        self._across: dict[tuple[int, int], int] = {}

    def add(self, wall: Wall, span: float) -> Side:
        """Take a wall that was fitted to a piece of that span; give it as the outline passes it."""
        self._walls.append(wall)
        self._ends.append([wall.point - wall.along * span / 2.0, wall.point + wall.along * span / 2.0])
        self._root.append(len(self._root))
        return Side(len(self._root) - 1, wall.along, wall.length)

    def find(self, number: int) -> int:
        """Give the wall that a wall has become."""
        while self._root[number] != number:
            number = self._root[number]
        return number

    def settle(self, shared: Iterable[tuple[int, int, int]]) -> bool:
        """Join parallel neighbours in all rings until there are none.

        Parameters
        ----------
        shared
            Walls with the two rings that have them. What goes on beyond the end of one in both rings is laid
            into one line where it is less than a step apart.

        Returns
        -------
        bool
            Whether an end was found.
        """
        listed = list(shared)
        for _ in range(_ROUNDS * max(len(self.rings), 1)):
            joined = sum(self._join(ring) for ring in self.rings)
            if not joined and not self._level(listed):
                return True
        return False

    def _join(self, ring: list[Side]) -> bool:
        """Join the first two neighbours that are parallel, or put a short wall across."""
        for number in range(len(ring) if len(ring) > 2 else 0):
            place = (number + 1) % len(ring)
            side, other = ring[number], ring[place]
            one, two = self._walls[self.find(side.wall)], self._walls[self.find(other.wall)]
            if one.meets(two) is not None:
                continue
            apart = abs(float((two.point - one.point) @ one.normal))
            if apart <= self._step or side.heading @ other.heading < 0.0:
                longer = side if one.length >= two.length else other
                self._merge(side.wall, other.wall)
                ring[number] = replace(longer, length=side.length + other.length)
                del ring[place]
            else:
                ring.insert(number + 1, self._between(side, other, ring))
            return True
        return False

    def _merge(self, number: int, other: int) -> None:
        root, child = self.find(number), self.find(other)
        if root == child:
            return
        one, two = self._walls[root], self._walls[child]
        total = one.length + two.length
        point = (one.point * one.length + two.point * two.length) / total
        longer = one if one.length >= two.length else two
        self._walls[root] = Wall(point, longer.along, total)
        self._ends[root] += self._ends[child]
        self._root[child] = root

    def _between(self, side: Side, other: Side, ring: list[Side]) -> Side:
        """Give the wall across between two parallel ones: one of the outlines beside, or a new one."""
        one, two = self.find(side.wall), self.find(other.wall)
        key = (min(one, two), max(one, two))
        if key not in self._across:
            third = self._beside(one, ring) & self._beside(two, ring)
            walls = self._walls[one], self._walls[two]
            if third:
                self._across[key] = min(third)
            else:
                middle = (walls[0].point + walls[1].point) / 2.0
                self._across[key] = self.add(Wall(middle, walls[0].normal, 1.0), 0.0).wall
        number = self.find(self._across[key])
        apart = self._walls[two].point - self._walls[one].point
        along = self._walls[number].along
        return Side(number, along if along @ apart >= 0.0 else -along, 1.0)

    def _beside(self, number: int, without: list[Side]) -> set[int]:
        """Find the walls that meet a wall in other rings."""
        found = set()
        for ring in (one for one in self.rings if one is not without):
            numbers = [self.find(side.wall) for side in ring]
            for k, one in enumerate(numbers):
                if one == number:
                    found |= {numbers[k - 1], numbers[(k + 1) % len(numbers)]}
        own = self._walls[number]
        return {one for one in found if own.meets(self._walls[one]) is not None}

    def _level(self, shared: list[tuple[int, int, int]]) -> bool:
        """Lay what two rings go on with beyond a common wall into one line; tell whether there was any."""
        changed = False
        for wall, first, second in shared:
            number = self.find(wall)
            one, other = self.rings[first], self.rings[second]
            for i in self._places_of(number, one):
                for j in self._places_of(number, other):
                    for here, there in ((i - 1, j + 1), (i + 1, j - 1)):
                        pair = one[here % len(one)], other[there % len(other)]
                        if self._in_line(*pair):
                            self._merge(pair[0].wall, pair[1].wall)
                            changed = True
        return changed

    def _places_of(self, number: int, ring: list[Side]) -> list[int]:
        return [k for k, side in enumerate(ring) if self.find(side.wall) == number]

    def _in_line(self, side: Side, other: Side) -> bool:
        one, two = self.find(side.wall), self.find(other.wall)
        if one == two or self._walls[one].meets(self._walls[two]) is not None:
            return False
        if side.heading @ other.heading < 0.0:
            return False
        longer = max(one, two, key=lambda number: self._walls[number].length)
        offsets = np.array([*self._ends[one], *self._ends[two]]) @ self._walls[longer].normal
        return bool(np.ptp(offsets) <= self._step)

    def corners(self) -> list[Floats | None]:
        """Give the corners (n, 2) of every ring; those of others on a wall are corners of all that have it.

        Returns
        -------
        list
            None for a ring that has fewer than three walls or neighbours that do not meet.
        """
        numbers = [[self.find(side.wall) for side in ring] for ring in self.rings]
        found = [self._corners_of(ring) for ring in numbers]
        on_wall: dict[int, list[Floats]] = {}
        for ring, corners in zip(numbers, found, strict=True):
            for k, number in enumerate(ring if corners else ()):
                on_wall.setdefault(number, []).extend([corners[k], corners[(k + 1) % len(corners)]])
        return [
            self._with_others(ring, corners, on_wall) if corners else None
            for ring, corners in zip(numbers, found, strict=True)
        ]

    def _corners_of(self, ring: list[int]) -> list[Floats]:
        """Give the corners of a ring where it has some, the first where the last wall meets the first."""
        found = [self._corner(ring[k - 1], one) for k, one in enumerate(ring)]
        known = [corner for corner in found if corner is not None]
        return known if len(known) == len(found) and len(found) > 2 else []

    def _corner(self, number: int, other: int) -> Floats | None:
        """Give the corner of two walls, to the last digit the same whichever comes first."""
        return self._walls[min(number, other)].meets(self._walls[max(number, other)])

    def _with_others(
        self, numbers: list[int], corners: list[Floats], on_wall: dict[int, list[Floats]]
    ) -> Floats:
        """Add the corners of other rings that lie on the walls of this one."""
        listed = []
        for k, number in enumerate(numbers):
            start, end = corners[k], corners[(k + 1) % len(corners)]
            listed.append(start)
            length = float(np.hypot(*(end - start)))
            near = _SAME_PLACE * self._step
            if length > near:
                within = {float((at - start) @ (end - start)) / length: at for at in on_wall[number]}
                listed += [within[far] for far in sorted(within) if near < far < length - near]
        return np.array(listed)
