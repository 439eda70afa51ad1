"""Which control points agree on one map, and whether that could be chance.

Small samples propose maps from the ground to the scan (similarities of two points, affines of three). The
tolerance is not asked for: a proposal is judged a contrario (Moisan & Stival 2004, "A probabilistic criterion
to detect rigid point matches"), by the expected number of samples that would find as many points as near if
the pixels lay anywhere on the scan. The best one gives the tolerance, by which all proposals are scored again
as MSAC does (Torr & Zisserman 2000, "MLESAC"), and the winner is refined by least squares. A consensus that
chance explains is refused, and so is one of a minority or of one corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln
from scipy.stats import f as fisher

from whence.errors import InputError, NotEnoughDataError
from whence.maps.proposals import CORES, Proposals

if TYPE_CHECKING:
    from whence.maps.leaving_out import Fitter
    from whence.maps.proposals import Handed
    from whence.typing import Bools, Floats

__all__ = ["Consensus", "find_consensus", "reweight"]

CHANCE = 1e-3
"""Largest expected number of accidental agreements that is still taken for a consensus."""

LEAST_SHARE = 0.5
"""Smallest share of the points that must agree."""

LARGEST_TOLERANCE = 0.05
"""Largest tolerance that is tried, as a share of the root of the scan's area."""

_FINEST_PX = 0.5  # no one points better, and exact agreement must not count as infinitely unlikely
_LEAST_EXTENT = 0.3  # of the points that agree, relative to that of all points
_REJECT = 1e-3  # share of good sheets that may lose a point (0 to 3 of 1000 do)
_TUKEY = 4.685  # 95 % efficient on Gaussian noise
_MEDIAN_LENGTH = 1.1774  # of a plane Gaussian vector, in standard deviations of one coordinate


@dataclass(frozen=True, eq=False)
class Consensus:
    """The points that agree on one map.

    Parameters
    ----------
    agree
        (n,) whether the point agrees.
    errors_px
        (n,) distance on the scan between a point and where the agreed map has it.
    tolerance_px
        Largest distance that counts as agreement.
    log10_chance
        Logarithm of the expected number of agreements as good by accident.
    core
        (2, 3) map from metres (or units) in the plane of the points to column and row.
    """

    agree: Bools
    errors_px: Floats
    tolerance_px: float
    log10_chance: float
    core: Floats
    _proposals: Proposals = field(repr=False)

    def accepts(self, pixels: Floats, plane: Floats) -> Bools:
        """Tell which other points would agree, (m,), for (m, 2) pixels and places in the plane."""
        found = plane @ self.core[:, :2].T + self.core[:, 2]
        lengths = np.linalg.norm(found - pixels, axis=1)
        near = _likely(self._proposals, self.agree, lengths, self.errors_px[self.agree], plane)
        return np.asarray(near | (lengths <= self.tolerance_px), dtype=bool)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "agree": self.agree.tolist(),
            "errors_px": self.errors_px.tolist(),
            "tolerance_px": self.tolerance_px,
            "log10_chance": self.log10_chance,
        }


def find_consensus(
    pixels: Floats,
    plane: Floats,
    *,
    size_px: tuple[int, int] | None = None,
    tolerance_px: float | None = None,
    least_share: float = LEAST_SHARE,
    handed: Handed = "map",
    seed: int = 0,
) -> Consensus:
    """Find the points that agree on one map, or refuse.

    Parameters
    ----------
    pixels
        (n, 2) column, row.
    plane
        (n, 2) east, north in a plane where the sheet is about similar to the ground, any unit.
    size_px
        Width and height of the scan; the box round the points when None.
    tolerance_px
        Largest distance that counts as agreement; found from the points when None.
    least_share
        Share of the points that must agree, from 0 to 1.
    handed
        ``"map"`` for a scan that reads like a map, ``"mirrored"`` for one that shows its back.
    seed
        Of the samples, where there are too many to try all.

    Raises
    ------
    NotEnoughDataError
        With fewer than four points, or when no consensus is there; the message says how near it came.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> pixels = rng.uniform(0, 4000, (8, 2))
    >>> plane = pixels * [0.85, -0.85]
    >>> plane[3] += 500
    >>> find_consensus(pixels, plane).agree.nonzero()[0].tolist()
    [0, 1, 2, 4, 5, 6, 7]
    """
    if len(pixels) < 4:
        raise NotEnoughDataError(
            f"{len(pixels)} points cannot outvote a wrong one; robust fits need at least 4"
        )
    if tolerance_px is not None and not tolerance_px > 0:
        raise InputError(f"tolerance_px must be above 0; it is {tolerance_px}")
    width, height = size_px if size_px is not None else np.maximum(np.ptp(pixels, axis=0), 1.0)
    area = float(width * height)
    best: Consensus | None = None
    for size in CORES:
        proposals = Proposals.of(pixels, plane, size=size, handed=handed, seed=seed)
        found = _best_of(proposals, area, tolerance_px)
        if found is not None and (best is None or _rank(found) > _rank(best)):
            best = found
    if best is None:
        raise NotEnoughDataError("no two points are apart on scan and ground, so they propose no map")
    _require(best, pixels, least_share)
    return best


def reweight(
    fitter: Fitter, pixels: Floats, world: Floats, *, start: Bools, scale_m: Floats | None = None
) -> Floats:
    """Weigh points by how well they agree with the fit, over and over (IRLS with Tukey's biweight).

    Parameters
    ----------
    fitter
        How to fit.
    pixels, world
        (n, 2) column, row; (n, 2) easting, northing.
    start
        (n,) points of the first fit.
    scale_m
        (n, 2) metres per unit of the world; 1 when None.

    Returns
    -------
    Floats
        (n,) weights, 0 to 1; 0 for points beyond 4.685 standard deviations.

    Raises
    ------
    NotEnoughDataError
        When the points do not determine the fit.

    Notes
    -----
    With fewer than twice the points that the kind needs, residuals say too little about single points, and
    the weights are those of the start.
    """
    weights = start.astype(np.float64)
    unit = np.ones_like(world) if scale_m is None else scale_m
    smallest = 1e-9 * float(np.ptp(world[start] * unit[start], axis=0).max())
    for _ in range(50):
        transform = fitter(pixels, world, weights)
        spare = int((weights > 0).sum()) - transform.min_points
        if spare < transform.min_points:
            return start.astype(np.float64)
        lengths = np.linalg.norm((transform.to_world(pixels) - world) * unit, axis=1)
        # Residuals of a fit with few points to spare are too short by √(spare / n).
        short = np.sqrt(spare / (spare + transform.min_points))
        scale = max(float(np.median(lengths[weights > 0])) / _MEDIAN_LENGTH / short, smallest)
        renewed = np.square(np.maximum(1 - np.square(lengths / (_TUKEY * scale)), 0.0))
        if np.abs(renewed - weights).max() < 1e-4:
            break
        weights = renewed
    return weights


def _rank(found: Consensus) -> tuple[bool, int, float]:
    """Prefer what chance does not explain, then more points, then what chance explains least."""
    return found.log10_chance <= np.log10(CHANCE), int(found.agree.sum()), -found.log10_chance


def _best_of(proposals: Proposals, area: float, tolerance_px: float | None) -> Consensus | None:
    """Find the points that agree on the best proposal; a tolerance that was given is the last word."""
    if len(proposals.maps) == 0:
        return None
    errors = proposals.errors_px()
    largest_px = tolerance_px or _tolerance_px(errors, proposals.size, area)
    cost = np.square(np.minimum(errors, largest_px)).sum(axis=1)  # MSAC
    core = _polish(proposals, proposals.maps[int(cost.argmin())], largest_px)
    lengths = proposals.errors_px(core[None])[0]
    agree = lengths <= largest_px
    count = int(agree.sum())
    if count <= proposals.size:
        return Consensus(agree, lengths, largest_px, 0.0, core, proposals)
    reached = np.sort(lengths)[None, :count]
    chance = float(_log10_chance(reached, proposals.size, area, of=len(lengths))[0, -1])
    if tolerance_px is None:
        agree, core = _extend(proposals, agree, largest_px=LARGEST_TOLERANCE * float(np.sqrt(area)))
        lengths = proposals.errors_px(core[None])[0]
        largest_px = max(largest_px, float(lengths[agree].max()))
    return Consensus(agree, lengths, largest_px, chance, core, proposals)


def _tolerance_px(errors: Floats, size: int, area: float) -> float:
    """Return the tolerance at which one of the (t, n) proposals is least likely to be chance."""
    order = np.sort(errors, axis=1)
    chances = _log10_chance(order, size, area)
    row, rank = np.unravel_index(int(chances.argmin()), chances.shape)
    return max(float(order[row, size + rank]), _FINEST_PX) * (1 + 1e-9)


def _extend(proposals: Proposals, agree: Bools, *, largest_px: float) -> tuple[Bools, Floats]:
    """Add points that the agreed map does not contradict, for as long as there are any.

    The tightest agreement is not the whole truth: a point far out may well miss by more. It joins when its
    distance, over the noise and what the map amplifies of it there, is not in the tail of Fisher's
    distribution that holds `_REJECT` of all sheets.
    """
    while True:
        core = proposals.least_squares(agree)
        lengths = proposals.errors_px(core[None])[0]
        likely = _likely(proposals, agree, lengths, lengths[agree], proposals.plane)
        renewed = agree | (likely & (lengths <= largest_px))
        if (renewed == agree).all():
            return agree, core
        agree = renewed


def _likely(proposals: Proposals, agree: Bools, lengths: Floats, agreed: Floats, places: Floats) -> Bools:
    """Tell which distances are no larger than noise and what the map makes of it at those places explain."""
    freedom = 2 * len(agreed) - 2 * proposals.size
    noise = max(float(np.square(agreed).sum()) / freedom, _FINEST_PX**2 / 2)
    bound = float(fisher.isf(_REJECT / len(agree), 2, freedom))
    ratio = np.square(lengths) / (2 * noise * (1 + proposals.leverage(agree, places)))
    return np.asarray(ratio <= bound, dtype=bool)


def _polish(proposals: Proposals, core: Floats, tolerance_px: float) -> Floats:
    """Refit to the points that agree for as long as that lowers the MSAC cost."""
    best, cost = core, np.inf
    while True:
        lengths = proposals.errors_px(core[None])[0]
        renewed_cost = float(np.square(np.minimum(lengths, tolerance_px)).sum())
        agree = lengths <= tolerance_px
        if renewed_cost >= cost or agree.sum() < proposals.size:
            return best
        best, cost = core, renewed_cost
        core = proposals.least_squares(agree)


def _log10_chance(order: Floats, size: int, area: float, of: int | None = None) -> Floats:
    """Return the expected number of accidental agreements of size + 1, … points, log10, (t, n − size).

    (n − m) C(n, k) C(k, m) α^(k − m): α the share of the scan that is as near as the k-th point.
    """
    n = of or order.shape[1]
    count = np.arange(size + 1, order.shape[1] + 1)
    reach = np.maximum(order[:, size:], _FINEST_PX)
    share = np.minimum(np.pi * np.square(reach) / area, 1.0)
    share[reach > LARGEST_TOLERANCE * np.sqrt(area)] = 1.0
    samples = np.log(n - size) + _log_choose(n, count) + _log_choose(count, size)
    return np.asarray((samples + (count - size) * np.log(share)) / np.log(10), dtype=np.float64)


def _log_choose(n: Any, k: Any) -> Any:
    return gammaln(np.asarray(n) + 1.0) - gammaln(np.asarray(k) + 1.0) - gammaln(np.asarray(n) - k + 1.0)


def _require(found: Consensus, pixels: Floats, least_share: float) -> None:
    """Refuse what chance, a minority or one corner explains."""
    count, n = int(found.agree.sum()), len(pixels)
    story = f"at best {count} of {n} points agree to {found.tolerance_px:.1f} px"
    way_out = "check the points, their coordinate system and the order of columns, or add points"
    if found.log10_chance > np.log10(CHANCE):
        raise NotEnoughDataError(f"no consensus: {story}, which chance would do as well; {way_out}")
    if count < least_share * n:
        raise NotEnoughDataError(
            f"no consensus: {story}, fewer than the {least_share:.0%} asked for; {way_out}"
        )
    extent = np.ptp(pixels[found.agree], axis=0).max() / np.ptp(pixels, axis=0).max()
    if extent < _LEAST_EXTENT:
        raise NotEnoughDataError(
            f"no consensus: {story}, but all in one corner, {extent:.0%} of their extent; {way_out}"
        )
