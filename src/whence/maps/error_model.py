"""The error to expect anywhere on a sheet, also where no control point is.

What a fit leaves over is taken as a smooth deformation of the sheet, which neighbouring points share, plus
noise that every point has for itself. Both are random; how much of each, and how far the deformation
reaches, is learnt from the residuals: the restricted likelihood (Patterson & Thompson 1971; Diggle & Ribeiro
2007, Model-based Geostatistics, 5.4) is computed for a small table of shares and ranges, which are averaged
with it, so that few points do not pretend to know. The deformation has a Matérn covariance of smoothness 3/2.

Any fit that is linear in the world coordinates of its points, T(p) = Σ Ωⱼ(p) wⱼ, then errs at p by the
deformation there minus Σ Ωⱼ(p) (deformation + noise at point j), the variance of which is a quadratic form.
Far from the points it grows as Ω does. For kinds with parameters Ω follows from the design, for thin-plate
splines from the spline matrix. For other splines the weights of the thin-plate spline stand in, and the
result is raised to what leaving points out shows for the kind itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from scipy.stats import chi2, ncx2, norm
from scipy.stats import f as fisher

from whence.errors import InputError, NotEnoughDataError
from whence.maps.designs import Design, has_design
from whence.maps.leaving_out import areas
from whence.maps.spline_matrix import bordered_inverse, thin_plate, with_one

if TYPE_CHECKING:
    from whence.maps.transforms import Transform
    from whence.typing import ArrayLike, Floats

__all__ = ["ErrorModel", "Of"]

Of: TypeAlias = Literal["position", "point"]
"""Error of the true place, or of one more point measured as the control points were."""

RANGES = (0.5, 1.0, 2.0)
"""Reaches of the deformation that are tried, in units of the root mean square distance from the middle."""

SHARES = (0.5, 0.9, 0.99)
"""Shares of the deformation in the variance that are tried, beside none."""

_MOST_POINTS = 200  # for the likelihood; more would cost n³ and teach little
_BLOCK = 1024  # pixels at a time
_FAR = 1e4  # squared offsets over variance beyond which Rice's distribution is normal
_Weights: TypeAlias = "Callable[[Floats], tuple[Floats, Floats]]"
_Offset: TypeAlias = "Callable[[Floats], Floats]"


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """Expected error of one fit.

    Parameters
    ----------
    center_px, scale_px
        Frame of the pixels: (2,) middle of the points and root mean square distance from it, px.
    points
        (n, 2) control points in that frame.
    sills_m2
        Variance of the deformation at each of `RANGES`, of one coordinate, m².
    nugget_m2
        Variance of the noise, of one coordinate, m².
    freedom
        Degrees of freedom left by the fit.
    """

    center_px: Floats
    scale_px: float
    points: Floats
    sills_m2: Floats
    nugget_m2: float
    freedom: int
    _weights: _Weights = field(repr=False)
    _offset_m: _Offset | None = field(default=None, repr=False)

    @classmethod
    def of_fit(
        cls,
        transform: Transform,
        pixels: Floats,
        residuals_m: Floats,
        *,
        leave_one_out_m: Floats | None = None,
        scale_m: Callable[[Floats], Floats] | None = None,
        weights: Floats | None = None,
    ) -> ErrorModel:
        """Learn the model from a fit's residuals.

        Parameters
        ----------
        transform
            The fit.
        pixels
            (n, 2) column, row of its points.
        residuals_m
            (n, 2) residuals of the fit for kinds with parameters; of an affine fit to the same points for
            splines, whose own say nothing. Metres.
        leave_one_out_m
            (n, 2) differences at points left out of the fit, metres, which splines other than an exact
            thin-plate spline need.
        scale_m
            Metres per unit of the world at (m, 2) world positions; 1 when None.
        weights
            (n,) weights of the points in the fit, for kinds with parameters; equal when None.

        Raises
        ------
        NotEnoughDataError
            When no point can be spared, so that nothing tells the error.
        """
        frame = Design.of(transform, pixels)
        local = (pixels - frame.center_px) / frame.scale_px
        if has_design(transform.kind):
            design = _design_m(frame, scale_m)
            action = _parametric(design, pixels, np.ones(len(pixels)) if weights is None else weights)
        else:
            design = _affine_columns(frame)
            action = _spline(frame, local, float(getattr(transform, "smoothing", 0.0)))
        sills, nugget, freedom = _learn(design(pixels), local, residuals_m)
        model = cls(frame.center_px, frame.scale_px, local, sills, nugget, freedom, action)
        return model if leave_one_out_m is None else model._raised_to(leave_one_out_m)

    @property
    def is_centred(self) -> bool:
        """Whether no offset from another transform is known."""
        return self._offset_m is None

    def with_offset(self, offset_m: Callable[[Floats], Floats]) -> ErrorModel:
        """Say the same of another transform.

        Parameters
        ----------
        offset_m
            Tells how far, (m,) metres, the other transform is from this fit at (m, 2) pixels.
        """
        return replace(self, _offset_m=offset_m)

    def error_m(self, pixels: ArrayLike, *, of: Of = "position") -> Floats:
        """Return the standard deviation of one coordinate of the error.

        Parameters
        ----------
        pixels
            (..., 2) column, row.
        of
            ``"position"``: of the place that the fit gives against the true place. ``"point"``: against one
            more point measured like the control points, with the noise of its own.

        Returns
        -------
        Floats
            (...) metres.
        """
        variance, offset = self._parts(pixels, of)
        return np.asarray(np.sqrt(variance + np.square(offset) / 2), dtype=np.float64)

    def radius_m(self, pixels: ArrayLike, *, q: float = 0.8, of: Of = "position") -> Floats:
        """Return the radius round the given place that holds the true one with probability q.

        The two coordinates share their variance, which is known from `freedom` degrees of freedom, so
        r² / 2σ² has Fisher's distribution with 2 and as many; an offset (`with_offset`) shifts it.

        Parameters
        ----------
        pixels, of
            As `error_m`.
        q
            Probability, between 0 and 1.

        Returns
        -------
        Floats
            (...) metres.

        Raises
        ------
        InputError
            When q is not a probability between 0 and 1.
        """
        if not 0 < q < 1:
            raise InputError(f"q is a probability between 0 and 1; {q} is not")
        variance, offset = self._parts(pixels, of)
        # Fisher's distribution where no offset is known; with one, Rice's, widened as much.
        widened = variance * (2 * fisher.ppf(q, 2, self.freedom) / chi2.ppf(q, 2))
        far = np.square(offset) / np.maximum(widened, np.finfo(np.float64).tiny)
        near = np.minimum(far, _FAR)
        rice = np.sqrt(widened * np.where(near > 0, ncx2.ppf(q, 2, np.maximum(near, 1e-12)), chi2.ppf(q, 2)))
        return np.asarray(np.where(far > _FAR, offset + np.sqrt(widened) * norm.ppf(q), rice))

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as JSON types."""
        return {
            "ranges_px": [length * self.scale_px for length in RANGES],
            "deformation_m": np.sqrt(self.sills_m2).tolist(),
            "noise_m": float(np.sqrt(self.nugget_m2)),
            "degrees_of_freedom": self.freedom,
        }

    def _parts(self, pixels: ArrayLike, of: Of) -> tuple[Floats, Floats]:
        """Variance of one coordinate, m², and the offset, m, at (..., 2) pixels."""
        places = np.asarray(pixels, dtype=np.float64)
        if places.ndim == 0 or places.shape[-1] != 2 or not np.isfinite(places).all():
            raise InputError(f"pixels must be finite columns and rows, (..., 2); the shape is {places.shape}")
        flat = places.reshape(-1, 2)
        blocks = [self._variance_m2(flat[start : start + _BLOCK]) for start in range(0, len(flat), _BLOCK)]
        variance = np.concatenate([np.zeros(0), *blocks]) + self.nugget_m2 * (of == "point")
        offset = np.zeros(len(flat)) if self._offset_m is None else self._offset_m(flat)
        return variance.reshape(places.shape[:-1]), offset.reshape(places.shape[:-1])

    def _variance_m2(self, pixels: Floats) -> Floats:
        rows, own = self._weights(pixels)
        local = (pixels - self.center_px) / self.scale_px
        variance: Floats = self.nugget_m2 * np.square(rows).sum(axis=(1, 2))
        for k in map(int, np.flatnonzero(self.sills_m2)):
            across = _covariance(self.points, self.points, k)
            here = _covariance(local, self.points, k)
            spread = np.einsum("mrn,mrn->m", rows @ across, rows)
            left = np.maximum(1 - 2 * (own * here).sum(axis=1) + spread, 0.0)
            variance = variance + self.sills_m2[k] * left
        return variance

    def _raised_to(self, leave_one_out_m: Floats) -> ErrorModel:
        """Scale the variances up to what leaving points out shows, if that is more."""
        known = ~np.isnan(leave_one_out_m[:, 0])
        expected = self._left_out_m2()[known].mean() if known.any() else 0.0
        if expected <= 0:
            return self
        ratio = max(1.0, float(np.square(leave_one_out_m[known]).mean() / expected))
        return replace(self, sills_m2=self.sills_m2 * ratio, nugget_m2=self.nugget_m2 * ratio)

    def _left_out_m2(self) -> Floats:
        """Variance at every point for the thin-plate spline through the others, noise included."""
        inverse = bordered_inverse(self.points)[: len(self.points)]
        diagonal = np.diagonal(inverse)
        weights = inverse / np.where(diagonal == 0, np.inf, diagonal)[:, None]  # 1 at the point itself
        variance = self.nugget_m2 * np.square(weights).sum(axis=1)
        for k in map(int, np.flatnonzero(self.sills_m2)):
            across = _covariance(self.points, self.points, k)
            variance += self.sills_m2[k] * np.einsum("in,nk,ik->i", weights, across, weights)
        return np.asarray(variance, dtype=np.float64)


def _covariance(one: Floats, other: Floats, k: int) -> Floats:
    """Return the (m, n) covariance of a deformation of unit variance between places in the frame.

    A Matérn field of smoothness 3/2 with the k-th of `RANGES`.
    """
    scaled = np.sqrt(3.0) / RANGES[k] * cdist(one, other)
    return np.asarray((1 + scaled) * np.exp(-scaled), dtype=np.float64)


def _design_m(frame: Design, scale_m: Callable[[Floats], Floats] | None) -> Callable[[Floats], Floats]:
    def design(pixels: Floats) -> Floats:
        columns = frame.at(pixels)
        if scale_m is None:
            return columns
        return np.asarray(columns * scale_m(frame.transform.to_world(pixels))[:, :, None])

    return design


def _affine_columns(frame: Design) -> Callable[[Floats], Floats]:
    def design(pixels: Floats) -> Floats:
        return np.asarray(np.kron(np.eye(2), with_one((pixels - frame.center_px) / frame.scale_px)[:, None]))

    return design


def _parametric(design: Callable[[Floats], Floats], pixels: Floats, shares: Floats) -> _Weights:
    """Weights of a least-squares fit, D(p) (DᵀWD)⁻¹ DᵀW, for the mean square of the two coordinates."""
    roots = np.repeat(np.sqrt(shares), 2)
    at_points = design(pixels).reshape(2 * len(pixels), -1)
    solution = np.linalg.pinv(at_points * roots[:, None]) * roots  # (p, 2n)

    def weights(places: Floats) -> tuple[Floats, Floats]:
        full = (design(places) @ solution).reshape(len(places), 2, len(pixels), 2)
        own = (full[:, 0, :, 0] + full[:, 1, :, 1]) / 2
        rows = full.transpose(0, 1, 3, 2).reshape(len(places), 4, len(pixels))
        return rows / np.sqrt(2.0), own

    return weights


def _spline(frame: Design, local: Floats, smoothing: float) -> _Weights:
    """Weights of the thin-plate spline, the same for both coordinates."""
    inverse = bordered_inverse(local, smoothing)

    def weights(places: Floats) -> tuple[Floats, Floats]:
        here = (places - frame.center_px) / frame.scale_px
        own = np.concatenate([thin_plate(cdist(here, local)), with_one(here)], axis=1) @ inverse
        return own[:, None, :], own

    return weights


def _learn(design: Floats, local: Floats, residuals_m: Floats) -> tuple[Floats, float, int]:
    """Average the variances of deformation and noise over the table, by restricted likelihood."""
    if len(local) > _MOST_POINTS:
        chosen = np.array([part[0] for part in areas(local, _MOST_POINTS)])
        design, local, residuals_m = design[chosen], local[chosen], residuals_m[chosen]
    freedom = 2 * len(local) - design.shape[2]
    if freedom <= 0:
        raise NotEnoughDataError(
            f"{len(local)} points leave nothing over that could tell the error of this fit; "
            "add control points or take a kind with fewer parameters"
        )
    table = [(0.0, 0)] + [(share, k) for share in SHARES for k in range(len(RANGES))]
    prior = [1.0] + [1 / len(RANGES)] * (len(table) - 1)
    scores, variances = np.array(
        [_restricted(design, residuals_m, share * _covariance(local, local, k), share) for share, k in table]
    ).T
    posterior = np.array(prior) * np.exp(scores - scores.max())
    posterior *= variances / posterior.sum()
    sills = np.zeros(len(RANGES))
    for (share, k), mass in zip(table, posterior, strict=True):
        sills[k] += share * mass
    nugget = sum((1 - share) * mass for (share, _), mass in zip(table, posterior, strict=True))
    return sills, float(nugget), freedom


def _restricted(design: Floats, residuals_m: Floats, shared: Floats, share: float) -> tuple[float, float]:
    """Log restricted likelihood, the total variance profiled out, and that variance, m²."""
    n, _, p = design.shape
    factor = np.linalg.cholesky(shared + (1 - share) * np.eye(n))
    white = solve_triangular(factor, np.concatenate([residuals_m, design.reshape(n, -1)], axis=1), lower=True)
    columns = white[:, 2:].reshape(2 * n, p)
    basis, triangle = np.linalg.qr(columns)
    values = white[:, :2].reshape(2 * n)
    left = float(np.square(values - basis @ (basis.T @ values)).sum())
    freedom = 2 * n - p
    smallest = np.finfo(np.float64).tiny
    determinants = 2 * 2 * np.log(np.diagonal(factor)).sum() + 2 * np.log(np.abs(np.diagonal(triangle))).sum()
    return -0.5 * float(determinants + freedom * np.log(max(left, smallest))), left / freedom
