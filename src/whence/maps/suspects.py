"""Control points that are probably wrong, and what may have happened to them.

A point that disagrees with the consensus of the others is tried with every common mistake undone: columns and
rows exchanged, easting and northing exchanged, a sign lost, minutes written as decimals, places of two points
exchanged, one digit mistyped or two neighbours swapped. A mistake explains it when the point then agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.sphere import geometric_median
from whence.errors import NotEnoughDataError
from whence.maps.plane import in_plane
from whence.maps.robust import Consensus, find_consensus
from whence.maps.slips import Slip, number_slips, point_slips

if TYPE_CHECKING:
    from whence.maps.points import ControlPoints

__all__ = ["Suspect", "find_suspects"]

_FEWEST = 5  # with four points three agree too easily to accuse the fourth


@dataclass(frozen=True)
class Suspect:
    """A point that is probably wrong.

    Parameters
    ----------
    row
        Its row among the enabled points, from 0.
    name
        Its name.
    error_px
        Distance on the scan from where the other points have it.
    cause
        A word for the mistake: ``"duplicate"``, ``"columns and rows"``, ``"easting and northing"``,
        ``"hemisphere"``, ``"minutes"``, ``"exchanged"``, ``"digit"`` or ``"unknown"``.
    sentence
        The finding in words.
    pixel, world
        The values that would agree, where the mistake is known.
    """

    row: int
    name: str
    error_px: float
    cause: str
    sentence: str
    pixel: tuple[float, float] | None = None
    world: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return dict(vars(self))


def find_suspects(
    points: ControlPoints,
    *,
    size_px: tuple[int, int] | None = None,
    tolerance_px: float | None = None,
    consensus: Consensus | None = None,
) -> tuple[Suspect, ...]:
    """Find the points that are probably wrong.

    Parameters
    ----------
    points
        Control points; disabled ones do not count.
    size_px, tolerance_px
        As `robust.find_consensus`.
    consensus
        Where the enabled points agree, if that is known already.

    Returns
    -------
    tuple
        Points that repeat another, then those that disagree with the consensus, worst first. Without a
        consensus nobody can be accused of disagreeing.

    Examples
    --------
    >>> from whence.maps.points import ControlPoints
    >>> rng = np.random.default_rng(1)
    >>> pixels = rng.uniform(0, 4000, (8, 2)).round()
    >>> world = pixels * [0.85, -0.85] + [500000, 6000000]
    >>> world[3, 0] += 90000
    >>> [(one.row, one.cause) for one in find_suspects(ControlPoints(pixels, world))]
    [(3, 'digit')]
    """
    active = points.active
    found = list(_duplicates(active))
    if len(active) < _FEWEST:
        return tuple(found)
    if consensus is None:
        plane = in_plane(active.crs, active.world)
        try:
            consensus = find_consensus(active.pixels, plane, size_px=size_px, tolerance_px=tolerance_px)
        except NotEnoughDataError:
            return tuple(found)
    witness = _Witness(active, consensus)
    wrong = np.flatnonzero(~consensus.agree)
    wrong = wrong[np.argsort(-consensus.errors_px[wrong], kind="stable")]
    return (*found, *(_accuse(witness, int(row)) for row in wrong))


class _Witness:
    """The consensus, asked how far other values of a point would lie from where it has them."""

    def __init__(self, points: ControlPoints, consensus: Consensus) -> None:
        self.points = points
        self.consensus = consensus
        crs = points.crs
        self.geographic = crs is not None and crs.is_geographic
        world = points.world
        possible = (np.abs(world[:, 0]) <= 180) & (np.abs(world[:, 1]) <= 90)
        self.origin = geometric_median(world[possible]) if self.geographic else None

    def agrees(self, slips: list[Slip]) -> Slip | None:
        """Return the first of the slips that explains the point."""
        if not slips:
            return None
        world = np.array([slip.world for slip in slips])
        plane = in_plane(self.points.crs, world, origin=self.origin)
        fits = self.consensus.accepts(np.array([slip.pixel for slip in slips]), plane)
        return slips[int(fits.argmax())] if fits.any() else None


def _accuse(witness: _Witness, row: int) -> Suspect:
    points, consensus = witness.points, witness.consensus
    pixel, world = points.pixels[row], points.world[row]
    others = [int(other) for other in np.flatnonzero(~consensus.agree) if other != row]
    slip = (
        witness.agrees(point_slips(pixel, world, geographic=witness.geographic))
        or witness.agrees(_exchanges(points, row, others))
        or witness.agrees(number_slips(pixel, world))
    )
    error = float(consensus.errors_px[row])
    name = points.names[row]
    where = f"{name} lies {error:.0f} px from where the other points have it"
    if slip is None:
        return Suspect(row, name, error, "unknown", f"{where}; no common mistake explains it.")
    return Suspect(row, name, error, slip.cause, f"{where}; {slip.story}.", slip.pixel, slip.world)


def _exchanges(points: ControlPoints, row: int, others: list[int]) -> list[Slip]:
    """Take the world coordinates of another point that disagrees."""
    pixel = (float(points.pixels[row, 0]), float(points.pixels[row, 1]))
    return [
        Slip(
            "exchanged", f"it agrees with the place of {points.names[other]}: the two were exchanged",
            pixel, (float(points.world[other, 0]), float(points.world[other, 1])),
        )
        for other in others
    ]  # fmt: skip


def _duplicates(points: ControlPoints) -> Iterator[Suspect]:
    """Name every point that repeats a pixel or a place of an earlier one."""
    for values, other, what, rest in (
        (points.pixels, points.world, "pixel", "place"),
        (points.world, points.pixels, "place", "pixel"),
    ):
        _, first, inverse = np.unique(values, axis=0, return_index=True, return_inverse=True)
        for row in np.flatnonzero(first[inverse.ravel()] != np.arange(len(values))):
            twin = int(first[inverse.ravel()[row]])
            same = bool((other[row] == other[twin]).all())
            if same and what == "place":
                continue  # named already
            story = "the same point twice" if same else f"the same {what} with another {rest}"
            sentence = f"{points.names[row]} repeats {points.names[twin]}: {story}."
            yield Suspect(int(row), points.names[row], 0.0, "duplicate", sentence)
