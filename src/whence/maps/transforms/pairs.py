"""Control points at the door of a fit: checked once, and their bad arrangements called by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints

__all__ = ["Pairs", "as_plane", "is_line", "longest_line"]

_LINE_TOLERANCE = 1e-4  # of the length: half a pixel across a scan of 5000
_MOST_FOR_PAIRS = 60  # every pair of points spans a line; beyond this the search would cost more than the fit


def as_plane(points: ArrayLike, name: str) -> Floats:
    """Check (..., 2) plane coordinates; NaN is let through, so that a chain of transforms keeps it."""
    try:
        plane = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers, every row with two columns: {error}") from error
    if plane.ndim == 0 or plane.shape[-1] != 2:
        raise InputError(f"{name} must end in two columns; the shape given is {plane.shape}")
    return plane


@dataclass(frozen=True, eq=False)
class Pairs:
    """Control points that take part in a fit.

    Parameters
    ----------
    pixels, world
        (n, 2) finite; the same row is the same point.
    weights
        (n,) above 0.
    numbers
        (n,) number of each point in what was given, counted from 1, for messages.
    """

    pixels: Floats
    world: Floats
    weights: Floats
    numbers: Ints

    @classmethod
    def of(cls, pixels: ArrayLike, world: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Check control points and leave out those of weight 0.

        Raises
        ------
        InputError
            When shapes do not match, a number is not finite (the point is named), or a weight is negative.
        """
        scan, ground = _finite(pixels, "pixels"), _finite(world, "world")
        if scan.shape != ground.shape:
            raise InputError(
                f"{len(scan)} pixels and {len(ground)} world points do not belong together; give pairs"
            )
        shares = np.ones(len(scan)) if weights is None else np.asarray(weights, dtype=np.float64)
        if shares.shape != (len(scan),) or not (np.isfinite(shares) & (shares >= 0.0)).all():
            raise InputError(
                f"weights must be {len(scan)} finite numbers, none negative (1 / σ² of each point)"
            )
        used = np.flatnonzero(shares > 0.0)
        return cls(scan[used], ground[used], shares[used], used + 1)

    def __len__(self) -> int:
        return len(self.pixels)

    def named(self, rows: ArrayLike) -> str:
        """Say which points these rows are: ``points 2, 3 and 7``."""
        numbers = [str(number) for number in self.numbers[np.asarray(rows)]]
        if len(numbers) == 1:
            return f"point {numbers[0]}"
        return f"points {', '.join(numbers[:-1])} and {numbers[-1]}"

    def require_count(self, least: int, kind: str) -> None:
        """Refuse fewer than `least` points at different places."""
        if len(self) < least:
            raise NotEnoughDataError(
                f"{kind} needs at least {least} points, there {_are(len(self))}; add points or take a "
                "transform with fewer parameters (similarity from 2, affine from 3)"
            )
        for name, points in (("pixels", self.pixels), ("world points", self.world)):
            places = len(np.unique(points, axis=0))
            if places < least:
                raise NotEnoughDataError(
                    f"{kind} needs points at {least} different places; the {len(self)} {name} given lie at "
                    f"{places}: {self._repeats(points)}"
                )

    def require_different(self, kind: str) -> None:
        """Refuse two points at the same pixel, which an exact transform cannot bring to two places."""
        _, first, inverse = np.unique(self.pixels, axis=0, return_index=True, return_inverse=True)
        again = np.flatnonzero(first[inverse.ravel()] != np.arange(len(self)))
        if len(again):
            pair = [int(first[inverse.ravel()[again[0]]]), int(again[0])]
            raise NotEnoughDataError(
                f"{self.named(pair)} lie at the same pixel, and {kind} goes exactly through every point; "
                "leave one of them out, or use smoothing"
            )

    def require_plane(self, kind: str) -> None:
        """Refuse points that lie on one line, on the scan or on the ground."""
        for name, points in (("on the scan", self.pixels), ("on the ground", self.world)):
            if is_line(points):
                raise NotEnoughDataError(
                    f"all {len(self)} points lie on one line {name}, which leaves open what is beside it; "
                    f"{kind} needs a point well off that line (a similarity would do without)"
                )

    def line_of(self) -> str | None:
        """Say which points are on one line, when it is all but one or two of at least four; else None."""
        rows = longest_line(self.pixels)
        if len(rows) < max(3, len(self) - 2):
            return None
        return f"{len(rows)} of the {len(self)} points lie on one line ({self.named(rows)})"

    def _repeats(self, points: Floats) -> str:
        _, inverse, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
        rows = np.flatnonzero(inverse.ravel() == int(np.argmax(counts)))
        return f"{self.named(rows)} coincide"


def is_line(points: Floats) -> bool:
    """Tell whether (n, 2) points lie on one line, to within a ten-thousandth of its length."""
    extents = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(len(points) < 3 or extents[1] <= _LINE_TOLERANCE * extents[0])


def longest_line(points: Floats) -> Ints:
    """Rows of the most of (n, 2) points that lie on one line; none beyond 60 points."""
    best = np.zeros(0, dtype=np.int64)
    if len(points) > _MOST_FOR_PAIRS:
        return best
    width = _LINE_TOLERANCE * float(np.ptp(points, axis=0).max())
    for one, other in combinations(range(len(points)), 2):
        along = points[other] - points[one]
        length = float(np.hypot(*along))
        if length <= width:
            continue
        away = points - points[one]
        rows = np.flatnonzero(np.abs(away[:, 0] * along[1] - away[:, 1] * along[0]) <= width * length)
        best = rows if len(rows) > len(best) else best
    return best


def _finite(points: ArrayLike, name: str) -> Floats:
    plane = as_plane(points, name)
    if plane.ndim != 2:
        raise InputError(f"{name} must have the shape (n, 2); it is {plane.shape}")
    bad = np.flatnonzero(~np.isfinite(plane).all(axis=1))
    if len(bad):
        raise InputError(
            f"point {bad[0] + 1} of {name} is {plane[bad[0]].tolist()}, which is no position; leave it out"
        )
    return plane


def _are(count: int) -> str:
    return {0: "are none", 1: "is one"}.get(count, f"are {count}")
