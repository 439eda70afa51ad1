"""A sheet placed by its names: what each name means, which do not fit and why, and the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from whence.maps.fitting import MapFit
    from whence.maps.points import ControlPoints

__all__ = ["Assigned", "Cause", "Placement", "Rejected"]

Cause: TypeAlias = Literal["unknown", "repeated", "far", "elsewhere", "taken", "outlier"]
"""Why a name takes no part.

unknown: no source knows it. repeated: it stands there twice. far: a place of that name is on the scan, but
not where the name stands. elsewhere: all its places lie off the scan. taken: another landmark has the place.
outlier: the fit disagrees with it.
"""


@dataclass(frozen=True)
class Assigned:
    """A name with the place that it means.

    Parameters
    ----------
    name
        As read.
    pixel
        Column, row.
    place
        What the place is called.
    longitude_deg, latitude_deg
        Where it is, WGS 84.
    rank, candidates
        Its place among the candidates by prior share, from 1, and how many there were.
    error_px
        Distance on the scan from where the similarity has it.
    """

    name: str
    pixel: tuple[float, float]
    place: str
    longitude_deg: float
    latitude_deg: float
    rank: int
    candidates: int
    error_px: float


@dataclass(frozen=True)
class Rejected:
    """A name that takes no part.

    Parameters
    ----------
    name
        As read.
    pixel
        Column, row.
    cause
        A word for it, see `Cause`.
    sentence
        The same in words.
    """

    name: str
    pixel: tuple[float, float]
    cause: Cause
    sentence: str


@dataclass(frozen=True, eq=False)
class Placement:
    """A sheet placed by its names.

    Parameters
    ----------
    points
        Control points of the names that agree, in a coordinate system.
    assigned
        What each of them means, in the same order.
    rejected
        The other names, and why.
    log10_false_alarms
        Expected number of placements as good by accident, log10.
    tolerance_px
        Distance that counts as agreement, beyond the spread of a landmark.
    plane
        The projection in which the sheet is nearest to a similar figure: a name in `planes.PLANES`.
    fit
        The fitted sheet with its accuracy.
    anchor
        Where the symbols of labels stand: in the ``"middle"`` (nothing else is known), ``"before"`` or
        ``"behind"`` them. The control points are there.
    """

    points: ControlPoints
    assigned: tuple[Assigned, ...]
    rejected: tuple[Rejected, ...]
    log10_false_alarms: float
    tolerance_px: float
    plane: str
    fit: MapFit
    anchor: str = "middle"

    @property
    def false_alarms(self) -> float:
        """Expected number of placements as good by accident."""
        return float(10.0**self.log10_false_alarms)

    @property
    def summary(self) -> str:
        """The finding in a few sentences."""
        total = len(self.assigned) + len(self.rejected)
        other = sum(one.rank > 1 for one in self.assigned)
        namesakes = f", {other} of them not the likeliest place of their name" if other else ""
        causes: dict[str, int] = {}
        for one in self.rejected:
            causes[one.cause] = causes.get(one.cause, 0) + 1
        left = ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items()))
        rest = f" Left out: {left}." if left else ""
        habit = "" if self.anchor == "middle" else f" Symbols stand {self.anchor} their labels."
        return (
            f"{len(self.assigned)} of {total} names agree on one placement{namesakes}; "
            f"10^{self.log10_false_alarms:.1f} such placements are expected by accident.{rest}{habit} "
            f"{self.fit.summary}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "assigned": [dict(vars(one)) for one in self.assigned],
            "rejected": [dict(vars(one)) for one in self.rejected],
            "log10_false_alarms": self.log10_false_alarms,
            "tolerance_px": self.tolerance_px,
            "plane": self.plane,
            "anchor": self.anchor,
            "crs": self.points.crs.label if self.points.crs else None,
            "fit": self.fit.to_json(),
            "summary": self.summary,
        }
