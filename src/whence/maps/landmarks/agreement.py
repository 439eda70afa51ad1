"""A proposed similarity, refined until the landmarks that agree with it no longer change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import from_unit_vectors
from whence.maps.landmarks.chance import log10_tail, log10_tries
from whence.maps.landmarks.planes import PLANES
from whence.maps.landmarks.problem import FINEST_PX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.landmarks.problem import Problem
    from whence.typing import Bools, Floats, Ints

__all__ = ["LARGEST_SHARE", "Agreement", "refine", "start_of"]

LARGEST_SHARE = 0.05
"""Largest distance that counts as agreement, as a share of the root of the scan's area."""

_MOST_STRETCH = 2.0  # paper does not stretch more, and few projections do
_ROUNDS = 10
_JOINING = 3.5  # standard deviations of one coordinate
_LEAST_REACH = 0.01  # of the scan: gazetteers and draughtsmen differ as much about where a town is
_LUCKY = 0.03  # a landmark that chance would bring as near more often joins nothing


@dataclass(frozen=True, eq=False)
class Agreement:
    """A map from the ground to the scan and who agrees with it.

    Parameters
    ----------
    chosen
        (n,) candidate of every landmark that lies nearest to its pixel.
    errors_px
        (n,) its distance.
    agree
        (n,) whether that is near enough, and the place is not taken by another landmark.
    tolerance_px
        Distance, beyond the spread of each landmark, that counts as near enough.
    log10_alarms
        Expected number of accidents as good, log10.
    plane, middle, core
        Name of the plane, (2,) longitude, latitude of its middle, and (2, 3) map from it to column and row.
    in_sight
        (n,) candidates of every landmark that lie on the scan.
    """

    chosen: Ints
    errors_px: Floats
    agree: Bools
    tolerance_px: float
    log10_alarms: float
    plane: str
    middle: Floats
    core: Floats
    in_sight: Ints

    @property
    def count(self) -> int:
        """Landmarks that agree."""
        return int(self.agree.sum())

    def places_px(self, lonlat: Floats) -> Floats:
        """(c, 2) column and row of (c, 2) places."""
        return PLANES[self.plane](lonlat, self.middle) @ self.core[:, :2].T + self.core[:, 2]


def start_of(problem: Problem, pair: Ints, tolerance_px: float) -> Agreement | None:
    """Return who agrees with a pair of candidates, or None where the two have no map."""
    owners = problem.owner[pair]
    chosen = problem.starts.copy()
    chosen[owners] = pair
    agree = np.zeros(len(problem), dtype=bool)
    agree[owners] = True
    return _step(problem, chosen, agree, plane="azimuthal", size=2, tolerance_px=tolerance_px)


def refine(
    problem: Problem, start: Agreement, *, planes: Sequence[str] = ("azimuthal",), sizes: Sequence[int] = (2,)
) -> Agreement:
    """Refit to those that agree, with the tolerance that chance explains least, until nothing changes.

    Parameters
    ----------
    problem
        The landmarks.
    start
        A first agreement.
    planes
        Names in `PLANES` to try.
    sizes
        2 for similarities, 3 for affine maps.

    Returns
    -------
    Agreement
        That of all tries with the fewest alarms.
    """
    best = start
    for plane in planes:
        for size in sizes:
            found = _settle(problem, start, plane=plane, size=size)
            if found is not None and (found.log10_alarms, found.tolerance_px) < (
                best.log10_alarms,
                best.tolerance_px,
            ):
                best = found
    return best


def extend(problem: Problem, found: Agreement, *, size: int) -> Agreement:
    """Let those join whose distance the scatter of the others explains, unless chance does as well."""
    side = np.sqrt(problem.area_px2)
    for _ in range(_ROUNDS):
        excess = _excess(problem, found.errors_px[found.agree], found.agree)
        scatter = max(float(np.sqrt(np.square(excess).mean() / 2)), FINEST_PX)
        reach = min(max(_JOINING * scatter, found.tolerance_px, _LEAST_REACH * side), LARGEST_SHARE * side)
        renewed = _step(
            problem, found.chosen, found.agree, plane=found.plane, size=size, tolerance_px=reach, lucky=_LUCKY
        )
        if renewed is None or renewed.count < found.count or (renewed.agree == found.agree).all():
            break
        found = renewed
    return found


def _settle(problem: Problem, start: Agreement, *, plane: str, size: int) -> Agreement | None:
    found, best = start, None
    for _ in range(_ROUNDS):
        if found.agree.sum() < size:
            break
        renewed = _step(problem, found.chosen, found.agree, plane=plane, size=size)
        if renewed is None:
            break
        if best is None or renewed.log10_alarms < best.log10_alarms:
            best = renewed
        if (renewed.agree == found.agree).all() and (renewed.chosen == found.chosen)[renewed.agree].all():
            break
        found = renewed
    return best


def _step(
    problem: Problem,
    chosen: Ints,
    agree: Bools,
    *,
    plane: str,
    size: int,
    tolerance_px: float | None = None,
    lucky: float = 1.0,
) -> Agreement | None:
    """Fit to those that agree, and see who does then."""
    lonlat = problem.candidates.lonlat
    rows = chosen[agree]
    middle = from_unit_vectors(problem.units[rows].sum(axis=0))
    ground = PLANES[plane](lonlat, middle)
    core = _least_squares(problem, ground[rows], agree, size)
    if core is None:
        return None
    places = ground @ core[:, :2].T + core[:, 2]
    away = np.linalg.norm(places - problem.pixels[problem.owner], axis=1)
    nearest, errors = problem.nearest(away)
    in_sight = np.bincount(problem.owner[problem.in_sight(places)], minlength=len(problem))
    excess = _excess(problem, errors, slice(None))
    excess[~_first_come(nearest, excess, lonlat)] = np.inf
    prior = np.sort(problem.log10_prior[nearest[agree]])[-size:].sum()
    tries = log10_tries(len(problem), size) - float(prior) + np.log10(len(problem) * len(PLANES))
    by_chance = _Chance(in_sight, _crossed(problem, places))
    reach, alarms = _fewest_alarms(problem, excess, by_chance, size=size, tolerance_px=tolerance_px)
    near = excess <= reach
    if lucky < 1.0:
        near &= by_chance.anywhere(problem, np.array([reach]))[0] <= lucky
    return Agreement(
        nearest, errors, near, float(reach), tries + alarms, plane, middle, core, in_sight
    )  # fmt: skip


def _excess(problem: Problem, errors_px: Floats, rows: Bools | slice) -> Floats:
    """Distance beyond what the spread of a landmark explains."""
    squares = np.square(errors_px) - np.square(problem.spreads_px[rows])
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _first_come(chosen: Ints, excess: Floats, lonlat: Floats) -> Bools:
    """Tell which landmarks have their place for themselves: the nearest of those that want it."""
    first = np.zeros(len(chosen), dtype=bool)
    taken: set[tuple[float, ...]] = set()
    for row in np.argsort(excess, kind="stable"):
        place = tuple(lonlat[chosen[row]].round(6).tolist())
        first[row] = place not in taken
        taken.add(place)
    return first


@dataclass(frozen=True, eq=False)
class _Chance:
    """What accident would do: pixels anywhere on the scan, or names exchanged among the pixels.

    Names crowd on maps, and where they do, exchanged ones agree more often than pixels spread evenly would.

    Parameters
    ----------
    in_sight
        (n,) candidates of every landmark that lie on the scan.
    crossed
        (n, n) distance from the pixel of each landmark to the nearest candidate of every other; infinite on
        the diagonal.
    """

    in_sight: Ints
    crossed: Floats

    def anywhere(self, problem: Problem, reach: Floats) -> Floats:
        """(t, n) probability that a landmark anywhere on the scan is within (t,) reaches of a candidate."""
        squares = np.square(reach)[:, None] + np.square(problem.spreads_px)
        return np.asarray(np.minimum(self.in_sight * (np.pi * squares / problem.area_px2), 1.0))

    def likelier(self, problem: Problem, reach: Floats) -> Floats:
        """(t, n) the same, or that it is where one of the others is, whichever is the more probable."""
        limits = np.hypot(reach[:, None], problem.spreads_px)
        exchanged = [(self.crossed <= limit[:, None]).mean(axis=1) for limit in limits]
        others = len(problem) / max(len(problem) - 1, 1)
        return np.maximum(self.anywhere(problem, reach), np.minimum(others * np.array(exchanged), 1.0))


def _crossed(problem: Problem, places: Floats) -> Floats:
    """Return the distances between landmarks and the candidates of others (see `_Chance`)."""
    n, far = len(problem), 2 * LARGEST_SHARE * np.sqrt(problem.area_px2)
    left, top, right, bottom = problem.frame_px
    low, high = np.array([left, top]) - far, np.array([right, bottom]) + far
    rows = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
    crossed = np.full((n, n), np.inf)
    away = np.linalg.norm(places[rows, None] - problem.pixels[None], axis=2)
    np.minimum.at(crossed, problem.owner[rows], away)
    np.fill_diagonal(crossed, np.inf)
    return crossed


def _fewest_alarms(
    problem: Problem, excess: Floats, by_chance: _Chance, *, size: int, tolerance_px: float | None
) -> tuple[float, float]:
    """Return the reach that chance explains least and log10 of how often it does; of a given reach if any."""
    n, largest = len(problem), LARGEST_SHARE * np.sqrt(problem.area_px2)
    if tolerance_px is None:
        reach = np.unique(np.maximum(excess[excess <= largest], FINEST_PX))
    else:
        reach = np.array([tolerance_px])
    if not len(reach):
        return FINEST_PX, 0.0
    agree = (excess[None] <= reach[:, None]).sum(axis=1)
    mean = by_chance.likelier(problem, reach).mean(axis=1)
    # The bound of Hoeffding holds above the mean only; below it nothing is unlikely.
    likely = agree - size <= mean * (n - size)
    alarms = np.where(likely, 0.0, log10_tail(agree - size, n - size, mean))
    best = int(alarms.argmin())
    return float(reach[best]) * (1 + 1e-9), float(alarms[best])


def _least_squares(problem: Problem, ground: Floats, agree: Bools, size: int) -> Floats | None:
    """(2, 3) weighted least-squares map to the scan; None where it is degenerate, turned over or torn."""
    pixels = problem.pixels[agree]
    weights = 1.0 / np.hypot(problem.spreads_px[agree], FINEST_PX)
    shares = np.square(weights)[:, None] / np.square(weights).sum()
    middle, height = (shares * pixels).sum(axis=0), (shares * ground).sum(axis=0)
    scan, plane = pixels - middle, ground - height
    sign = 1.0 if problem.handed == "map" else -1.0
    if size == 2:
        linear = _similarity(scan, plane, shares[:, 0], sign)
    else:
        linear = np.linalg.lstsq(plane * weights[:, None], scan * weights[:, None], rcond=1e-6)[0].T
    stretch = np.linalg.svd(linear, compute_uv=False)
    if not np.isfinite(linear).all() or sign * np.linalg.det(linear) >= 0:
        return None
    if stretch[0] > _MOST_STRETCH * stretch[1]:
        return None
    return np.column_stack([linear, middle - linear @ height])


def _similarity(scan: Floats, plane: Floats, shares: Floats, sign: float) -> Floats:
    """(2, 2) part: column − i row = factor · (east ± i north), weighted."""
    on_scan = scan @ np.array([1.0, -1j])
    on_ground = plane @ np.array([1.0, sign * 1j])
    norm = float((shares * np.abs(on_ground) ** 2).sum())
    if norm <= 0:
        return np.full((2, 2), np.nan)
    factor = complex((shares * on_scan * on_ground.conj()).sum()) / norm
    a, b = factor.real, factor.imag
    return np.array([[a, -sign * b], [-b, -sign * a]])
