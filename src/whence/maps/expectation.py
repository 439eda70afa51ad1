"""The right model of the error to expect for each kind of fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import f as fisher

from whence.errors import NotEnoughDataError
from whence.maps.designs import has_design
from whence.maps.error_model import ErrorModel
from whence.maps.ground import metres_per_unit, scale_about
from whence.maps.leaving_out import fitter_of

if TYPE_CHECKING:
    from whence.maps.points import ControlPoints
    from whence.maps.quality import Quality
    from whence.maps.transforms import Transform
    from whence.typing import Floats

__all__ = ["model_errors", "with_rival"]

_PARAMETERS = {"linear": 4, "similarity": 4, "affine5": 5}
"""Kinds that are special cases of the affine, with its six."""

_SIGNIFICANT = 0.01


def model_errors(
    transform: Transform, points: ControlPoints, quality: Quality, *, weights: Floats
) -> ErrorModel:
    """Learn the error to expect of a fit from its residuals.

    Kinds with parameters are judged by what they leave over; splines by what an affine leaves over, and by
    their errors at points left out. Where an affine explains significantly more (F test, 1 %) than a kind
    that is a special case of it, that kind is wrong in a known way, namely by its distance from the affine.

    Parameters
    ----------
    transform
        The fit.
    points
        Its points, all in use.
    quality
        Its errors at them.
    weights
        (n,) their weights.

    Raises
    ------
    NotEnoughDataError
        When no point can be spared, so that nothing tells the error.
    """
    scale_m = scale_about(points.crs, points.world)
    pixels, world = points.pixels, points.world
    if has_design(transform.kind):
        if transform.kind in _PARAMETERS and len(points) > transform.min_points + 1:
            affine = _better_affine(transform, points, quality, weights)
            if affine is not None:
                residuals_m = (affine.to_world(pixels) - world) * scale_m(world)
                better = ErrorModel.of_fit(affine, pixels, residuals_m, scale_m=scale_m, weights=weights)
                return better.with_offset(_Distance(transform, affine, scale_m).at)
        return ErrorModel.of_fit(transform, pixels, quality.residuals_m, scale_m=scale_m, weights=weights)
    affine = fitter_of("affine")(pixels, world, None)
    residuals_m = (affine.to_world(pixels) - world) * scale_m(world)
    return ErrorModel.of_fit(transform, pixels, residuals_m, leave_one_out_m=quality.leave_one_out_m)


def with_rival(
    model: ErrorModel, transform: Transform, points: ControlPoints, *, rival: str, weights: Floats
) -> ErrorModel:
    """Add the doubt of a close choice between two kinds.

    Where two kinds are as good as each other, as far as the points can tell, the truth is with one as likely
    as with the other: half of the squared distance between the two is added to the squared error. Without it
    a kind that was chosen for its small errors promises too much, foremost outside the points.

    Parameters
    ----------
    model, transform
        The error to expect of the chosen fit alone; the chosen fit.
    points
        Its points, all in use.
    rival
        The other kind.
    weights
        (n,) weights of the points.
    """
    if not model.is_centred:
        return model
    other = fitter_of(rival)(points.pixels, points.world, weights)
    apart = _Distance(transform, other, scale_about(points.crs, points.world))
    return model.with_offset(lambda pixels: apart.at(pixels) / np.sqrt(2))


class _Distance:
    """How far two transforms are from each other."""

    def __init__(self, one: Transform, other: Transform, scale_m: Callable[[Floats], Floats]) -> None:
        self.one, self.other, self.scale_m = one, other, scale_m

    def at(self, pixels: Floats) -> Floats:
        """(m,) metres at (m, 2) pixels."""
        there = self.one.to_world(pixels)
        apart_m = (self.other.to_world(pixels) - there) * self.scale_m(there)
        return np.asarray(np.linalg.norm(apart_m, axis=1), dtype=np.float64)


def _better_affine(
    transform: Transform, points: ControlPoints, quality: Quality, weights: Floats
) -> Transform | None:
    """Return the affine through the points if it explains significantly more."""
    try:
        affine = fitter_of("affine")(points.pixels, points.world, weights)
    except NotEnoughDataError:  # all on one line, where a similarity is all there can be
        return None
    freedom = 2 * len(points) - 6
    extra = 6 - _PARAMETERS[transform.kind]
    left_m = (affine.to_world(points.pixels) - points.world) * metres_per_unit(points.crs, points.world)
    rest = float((weights[:, None] * np.square(left_m)).sum())
    gain = float((weights[:, None] * np.square(quality.residuals_m)).sum()) - rest
    if freedom <= 0 or gain <= 0:
        return None
    return affine if gain / extra > fisher.isf(_SIGNIFICANT, extra, freedom) * rest / freedom else None
