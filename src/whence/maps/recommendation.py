"""Which kind of transform suits a set of points: the simplest that does as well as the best elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.maps import transforms
from whence.maps.ground import metres_per_unit
from whence.maps.leaving_out import fitter_of, k_fold_by_area, leave_one_out
from whence.maps.quality import AREAS, rms, rms_of_known

if TYPE_CHECKING:
    from whence.maps.points import ControlPoints
    from whence.typing import Floats

__all__ = ["CANDIDATES", "Candidate", "Recommendation", "recommend"]

CANDIDATES = ("similarity", "affine5", "affine", "projective", "polynomial2", "tps", "polynomial3")
"""Kinds that are compared, from the simplest to the most flexible."""

_SPARE = 2  # points beyond the fewest, so that every one can be left out of a fit that still has one to spare


@dataclass(frozen=True)
class Candidate:
    """How one kind did.

    Parameters
    ----------
    kind
        Key of `transforms.TRANSFORMS`.
    rmse_m, leave_one_out_rmse_m, by_area_rmse_m
        Root mean square errors: at the points, at points left out, in areas left out; metres. None where
        there are too few points.
    verdict
        Why it was chosen or not.
    """

    kind: str
    rmse_m: float | None
    leave_one_out_rmse_m: float | None
    by_area_rmse_m: float | None
    verdict: str


@dataclass(frozen=True)
class Recommendation:
    """The kind to use, and why.

    Parameters
    ----------
    kind
        Key of `transforms.TRANSFORMS`.
    reason
        Why, in a sentence.
    candidates
        All that were compared: those that were measured by their error at points left out, then the rest.
    """

    kind: str
    reason: str
    candidates: tuple[Candidate, ...]

    @property
    def rival(self) -> str | None:
        """The kind with the smallest error at points left out, where that is not the chosen one."""
        best = self.candidates[0].kind
        return None if best == self.kind else best

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "candidates": [vars(candidate) for candidate in self.candidates],
        }


def recommend(points: ControlPoints, *, kinds: Sequence[str] = CANDIDATES) -> Recommendation:
    """Choose a kind by leaving points out.

    Of all kinds the one with the smallest error at points left out is the best; chosen is the simplest that
    is not worse by more than the standard error of the difference, point by point (the rule of one standard
    error, Breiman et al. 1984, Classification and Regression Trees, 3.4.3).

    Parameters
    ----------
    points
        Control points; disabled ones do not count.
    kinds
        Kinds to compare, from the simplest to the most flexible.

    Raises
    ------
    NotEnoughDataError
        When no kind can spare a point.

    Examples
    --------
    >>> from whence.maps.points import ControlPoints
    >>> rng = np.random.default_rng(5)
    >>> pixels = rng.uniform(0, 5000, (12, 2))
    >>> world = pixels @ [[0.85, 0.0], [0.02, -0.83]] + rng.normal(0, 0.5, (12, 2))
    >>> recommend(ControlPoints(pixels, world)).kind
    'affine'
    """
    active = points.active
    scale_m = metres_per_unit(active.crs, active.world)
    measured: dict[str, tuple[Candidate, Floats]] = {}
    rejected: list[Candidate] = []
    for kind in kinds:
        outcome = _measure(active, kind, scale_m)
        if isinstance(outcome, Candidate):
            rejected.append(outcome)
        else:
            measured[kind] = outcome
    if not measured:
        raise NotEnoughDataError(
            f"there are {len(active)} points, none to spare, so that no kind can be told from another; "
            "add points or name the kind"
        )
    return _choose(measured, rejected)


def _measure(points: ControlPoints, kind: str, scale_m: Floats) -> tuple[Candidate, Floats] | Candidate:
    """Squared errors at points left out, or why there are none."""
    fewest = transforms.kind(kind).min_points
    if len(points) < fewest + _SPARE:
        return Candidate(kind, None, None, None, f"needs {fewest + _SPARE} points to be checked")
    fitter, pixels, world = fitter_of(kind), points.pixels, points.world
    try:
        residuals = (fitter(pixels, world, None).to_world(pixels) - world) * scale_m
    except InputError as error:
        return Candidate(kind, None, None, None, f"cannot be fitted: {error}")
    left_out = leave_one_out(fitter, pixels, world) * scale_m
    if np.isnan(left_out).any():
        return Candidate(kind, rms(residuals), None, None, "some points cannot be left out")
    by_area = None
    if len(points) >= 2 * AREAS:
        by_area = rms_of_known(k_fold_by_area(fitter, pixels, world, folds=AREAS) * scale_m)
    return Candidate(kind, rms(residuals), rms(left_out), by_area, ""), np.square(left_out).sum(axis=1)


def _choose(measured: dict[str, tuple[Candidate, Floats]], rejected: list[Candidate]) -> Recommendation:
    best = min(measured, key=lambda kind: measured[kind][1].mean())
    chosen = next(kind for kind in measured if _as_good(measured[kind][1], measured[best][1]))
    verdicts = {kind: _verdict(kind, chosen, best, measured) for kind in measured}
    ranked = sorted(measured, key=lambda kind: measured[kind][1].mean())
    candidates = [
        Candidate(one.kind, one.rmse_m, one.leave_one_out_rmse_m, one.by_area_rmse_m, verdicts[one.kind])
        for one in (measured[kind][0] for kind in ranked)
    ]
    return Recommendation(chosen, _reason(chosen, best, measured), (*candidates, *rejected))


def _as_good(errors: Floats, least: Floats) -> bool:
    """Tell whether squared errors exceed the least ones by at most one standard error of the difference."""
    worse = errors - least
    return bool(worse.mean() <= worse.std(ddof=1) / np.sqrt(len(worse)) + 1e-12 * errors.mean())


def _verdict(kind: str, chosen: str, best: str, measured: dict[str, tuple[Candidate, Floats]]) -> str:
    order = list(measured)
    if kind == chosen:
        return "chosen"
    if _as_good(measured[kind][1], measured[best][1]) and order.index(kind) > order.index(chosen):
        return f"no better than {chosen} by more than chance, and more flexible"
    return f"worse than {best} at points left out, by more than chance"


def _reason(chosen: str, best: str, measured: dict[str, tuple[Candidate, Floats]]) -> str:
    left_out = {kind: float(np.sqrt(errors.mean())) for kind, (_, errors) in measured.items()}
    sentence = f"{chosen} errs by {left_out[chosen]:.3g} m at points left out"
    if chosen != best:
        sentence += f"; {best} by {left_out[best]:.3g} m, which is no more than chance for the same points"
    simpler = [kind for kind in measured if list(measured).index(kind) < list(measured).index(chosen)]
    if simpler:
        nearest = min(simpler, key=lambda kind: left_out[kind])
        sentence += f"; of the simpler kinds {nearest} comes nearest, with {left_out[nearest]:.3g} m"
    worst = max(left_out, key=lambda kind: left_out[kind] / (measured[kind][0].rmse_m or np.inf))
    if worst != chosen and left_out[worst] > left_out[chosen]:
        sentence += (
            f"; {worst} follows its own points to {measured[worst][0].rmse_m:.3g} m but errs by "
            f"{left_out[worst]:.3g} m elsewhere"
        )
    return sentence + "."
