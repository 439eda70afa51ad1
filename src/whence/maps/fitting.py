"""From control points to a finished fit: transform, errors, suspects, and what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import require_same
from whence.errors import InputError, NotEnoughDataError
from whence.maps.designs import has_design
from whence.maps.expectation import model_errors, with_rival
from whence.maps.ground import metres_per_unit
from whence.maps.leaving_out import fitter_of
from whence.maps.plane import in_plane
from whence.maps.quality import Checks, Quality, check, measure
from whence.maps.recommendation import Recommendation, recommend
from whence.maps.robust import Consensus, find_consensus, reweight
from whence.maps.suspects import Suspect, find_suspects

if TYPE_CHECKING:
    from whence.maps.error_model import ErrorModel, Of
    from whence.maps.points import ControlPoints
    from whence.maps.proposals import Handed
    from whence.maps.transforms import Transform
    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["MapFit", "fit"]

_THIN = 0.05  # spread of the points across their line, over that along it
_SMALL = 0.25  # share of the scan within the hull


@dataclass(frozen=True, eq=False)
class MapFit:
    """A fitted sheet and how far it can be trusted.

    Parameters
    ----------
    transform
        From pixels to the coordinate system of the points.
    points
        All enabled points that were given.
    used
        (n,) whether a point took part in the fit.
    weights
        (n,) weights of the points, 0 to 1.
    quality
        Errors at the points of the fit, in their order.
    checks
        Errors at independent checkpoints, or None.
    consensus
        How a robust fit chose its points, or None.
    suspects
        Points that are probably wrong, and why.
    recommendation
        How the kind was chosen when it was left open, or None.
    options
        Options of the kind.
    """

    transform: Transform
    points: ControlPoints
    used: Bools
    weights: Floats
    quality: Quality
    checks: Checks | None = None
    consensus: Consensus | None = None
    suspects: tuple[Suspect, ...] = ()
    recommendation: Recommendation | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Kind of the transform."""
        return self.transform.kind

    def to_world(self, pixels: ArrayLike) -> Floats:
        """Bring (..., 2) pixels, column and row, to the coordinate system of the points."""
        return self.transform.to_world(pixels)

    def to_pixels(self, world: ArrayLike) -> Floats:
        """Bring (..., 2) world coordinates to column and row."""
        return self.transform.to_pixels(world)

    @cached_property
    def error_model(self) -> ErrorModel:
        """The error to expect anywhere.

        Raises
        ------
        NotEnoughDataError
            When no point can be spared, so that nothing tells the error.
        """
        chosen, weights = self.points.where(self.used), self.weights[self.used]
        model = model_errors(self.transform, chosen, self.quality, weights=weights)
        rival = self.recommendation.rival if self.recommendation else None
        if rival is None:
            return model
        return with_rival(model, self.transform, chosen, rival=rival, weights=weights)

    def predicted_error_m(self, pixels: ArrayLike, *, of: Of = "position") -> Floats:
        """Return the standard deviation of one coordinate, metres (`ErrorModel.error_m`)."""
        return self.error_model.error_m(pixels, of=of)

    def predicted_radius_m(self, pixels: ArrayLike, *, q: float = 0.8, of: Of = "position") -> Floats:
        """Return the radius that holds the truth with probability q, metres (`ErrorModel.radius_m`)."""
        return self.error_model.radius_m(pixels, q=q, of=of)

    def inside(self, pixels: ArrayLike) -> Bools:
        """Tell which (..., 2) pixels lie within the hull of the control points."""
        return self.quality.coverage.inside(pixels)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of the sheet as a whole before trusting it."""
        coverage, found = self.quality.coverage, []
        middle = self.points.pixels[self.used].mean(axis=0)
        if np.linalg.det(self.transform.jacobian(middle)) > 0:
            found.append(
                "The sheet is mirrored: easting and northing were exchanged in every row, rows were counted "
                "upward, or the scan shows its back"
            )
        if coverage.thinness < _THIN:
            found.append("The points lie nearly on one line, and beside it the fit is a guess")
        if coverage.share_of_scan is not None and coverage.share_of_scan < _SMALL:
            found.append(
                f"The points enclose {coverage.share_of_scan:.0%} of the scan; the rest is extrapolated"
            )
        return tuple(found)

    @property
    def summary(self) -> str:
        """The accuracy in two or three sentences."""
        quality = self.quality
        count, n = int(self.used.sum()), len(self.points)
        parts = [f"{self.kind} through {count} of {n} points: RMSE {quality.rmse_m:.2f} m"]
        left_out = quality.leave_one_out_rmse_m
        parts[0] += f", {left_out:.2f} m at points left out" if left_out is not None else ""
        parts[0] += (
            f", {self.checks.rmse_m:.2f} m at {len(self.checks.names)} checkpoints" if self.checks else ""
        )
        if left_out is None:
            parts.append("No point can be spared, so nothing checks this fit")
        elif quality.indispensable:
            parts.append(f"{quality.indispensable} points cannot be left out, and nothing checks them")
        parts += [*self.remarks, *(suspect.sentence for suspect in self.suspects)]
        return ". ".join(part.rstrip(".") for part in parts) + "."

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types: enough to make the fit again and to judge it."""
        points = self.points
        return {
            "kind": self.kind,
            "options": dict(self.options),
            "crs": points.crs.label if points.crs else None,
            "crs_wkt": points.crs.wkt if points.crs else None,
            "transform": self.transform.to_json(),
            "points": [
                {
                    "name": name,
                    "pixel": pixel.tolist(),
                    "world": world.tolist(),
                    "used": bool(used),
                    "weight": float(weight),
                }
                for name, pixel, world, used, weight in zip(
                    points.names, points.pixels, points.world, self.used, self.weights, strict=True
                )
            ],
            "quality": self.quality.to_json(),
            "expected_error": self._expected_error(),
            "checkpoints": self.checks.to_json() if self.checks else None,
            "consensus": self.consensus.to_json() if self.consensus else None,
            "remarks": list(self.remarks),
            "suspects": [suspect.to_json() for suspect in self.suspects],
            "recommendation": self.recommendation.to_json() if self.recommendation else None,
            "summary": self.summary,
        }

    def _expected_error(self) -> dict[str, Any] | None:
        try:
            return self.error_model.to_json()
        except NotEnoughDataError:
            return None


def fit(
    points: ControlPoints,
    *,
    kind: str = "affine",
    robust: bool = False,
    checkpoints: ControlPoints | None = None,
    size_px: tuple[int, int] | None = None,
    tolerance_px: float | None = None,
    **options: Any,
) -> MapFit:
    """Fit a sheet and measure the fit.

    Parameters
    ----------
    points
        Control points; disabled ones do not count.
    kind
        A key of `transforms.TRANSFORMS`, or ``"auto"`` for the one that `recommend` finds.
    robust
        Whether to use only the points that agree on one map, and to weigh these by how well they do.
    checkpoints
        Independent points, to compare the fit with.
    size_px
        Width and height of the scan.
    tolerance_px
        For robust fits, the largest distance on the scan that counts as agreement; found when None.
    **options
        Those of the kind, such as ``smoothing``.

    Returns
    -------
    MapFit
        The transform, its errors, and the points that are probably wrong.

    Raises
    ------
    InputError
        When the kind or an option is not known, options come with ``"auto"``, points lie off the scan, or
        points and checkpoints are in different coordinate systems.
    NotEnoughDataError
        When the points do not determine the transform, or a robust fit finds no consensus.

    Examples
    --------
    >>> from whence.maps.points import ControlPoints
    >>> pixels = [[0, 0], [1000, 0], [1000, 1000], [0, 1000.0]]
    >>> world = [[5e5, 6e6], [500850, 6e6], [500850, 5999150], [500002, 5999150]]
    >>> sheet = fit(ControlPoints(pixels, world), kind="similarity")
    >>> round(sheet.quality.rmse_m, 2), round(sheet.quality.leave_one_out_rmse_m, 2)
    (0.71, 1.41)
    """
    active = points.active
    if size_px is not None:
        _require_on_scan(active, size_px)
    if checkpoints is not None and checkpoints.crs is not None and active.crs is not None:
        require_same(active.crs, checkpoints.crs, names=("the control points", "the checkpoints"))
    consensus = _consensus(active, size_px, tolerance_px, options) if robust else None
    used = np.ones(len(active), dtype=bool) if consensus is None else consensus.agree
    recommendation = None
    if kind == "auto":
        if options:
            raise InputError(f"options ({', '.join(options)}) belong to one kind; name it instead of 'auto'")
        recommendation = recommend(active.where(used))
        kind = recommendation.kind
    fitter = fitter_of(kind, **options)
    weights = used.astype(np.float64)
    if robust and has_design(kind):
        scale_m = metres_per_unit(active.crs, active.world)
        weights = reweight(fitter, active.pixels, active.world, start=used, scale_m=scale_m)
        used = weights > 0
    chosen = active.where(used)
    transform = fitter(chosen.pixels, chosen.world, weights[used])
    quality = measure(fitter, chosen, weights=weights[used], size_px=size_px)
    return MapFit(
        transform=transform, points=active, used=used, weights=weights, quality=quality,
        checks=(
            None
            if checkpoints is None
            else check(transform, quality.coverage, checkpoints, crs=active.crs)
        ),
        consensus=consensus, suspects=find_suspects(
            active, size_px=size_px, tolerance_px=tolerance_px, consensus=consensus
        ),
        recommendation=recommendation, options=dict(options),
    )  # fmt: skip


def _consensus(
    points: ControlPoints,
    size_px: tuple[int, int] | None,
    tolerance_px: float | None,
    options: Mapping[str, Any],
) -> Consensus:
    """Find the points that agree; of a mirrored sheet only where the options of the kind allow for it."""
    plane = in_plane(points.crs, points.world)

    def find(handed: Handed) -> Consensus:
        return find_consensus(points.pixels, plane, size_px=size_px, tolerance_px=tolerance_px, handed=handed)

    handedness = options.get("handedness", "map")
    if handedness == "mirrored":
        return find("mirrored")
    try:
        return find("map")
    except NotEnoughDataError as error:
        try:
            mirrored = find("mirrored")
        except NotEnoughDataError:
            raise error from None
        if handedness == "auto":
            return mirrored
        raise NotEnoughDataError(
            "the points agree only on a mirrored sheet: exchange easting and northing in every row if they "
            "are the wrong way round, count rows downward, or fit with handedness='mirrored'"
        ) from error


def _require_on_scan(points: ControlPoints, size_px: tuple[int, int]) -> None:
    off = ((points.pixels < 0) | (points.pixels > size_px)).any(axis=1)
    if off.any():
        names = ", ".join(points.names[row] for row in np.flatnonzero(off))
        raise InputError(
            f"{int(off.sum())} points lie off the scan of {size_px[0]} by {size_px[1]} px ({names}); "
            "correct or disable them, or check that they belong to this scan"
        )
