"""A fit over the whole sheet: distortion and expected error on a lattice of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.ground import scale_about
from whence.maps.transforms.distortion import Distortion

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.fitting import MapFit
    from whence.typing import Bools, Floats

__all__ = ["Lattice", "round_step"]

PROBABILITIES = (0.8, 0.95)
"""Radii are given that hold the truth with these."""

_MARGIN = 0.06  # round the points, of their extent, where the size of the scan is not known
_FEW_POINTS = 100
_EVEN_DEG, _EVEN = 1e-6, 1e-9


@dataclass(frozen=True, eq=False)
class Lattice:
    """What a fit does at regular places of the scan; NaN where the transform leads nowhere.

    Parameters
    ----------
    columns, rows
        (w,) and (h,) pixels; the outermost lie on the edge of the scan.
    world
        (h, w, 2) easting, northing in the system of the points.
    inside
        (h, w) whether a place lies in the hull of the control points.
    radii_m
        (2, h, w) radii that hold the truth with `PROBABILITIES`, metres; None where nothing tells the error.
    scale_m
        (h, w) root of the ground that a pixel covers, metres.
    turn_deg
        (h, w) direction on the ground of the scan's rows, degrees anticlockwise from its middle value.
    angular_deg
        (h, w) largest change of an angle between two directions, ω with sin(ω/2) = (a − b)/(a + b) for the
        axes a, b of Tissot's ellipse (Snyder 1987, Map Projections, eq. 4-1a).
    """

    columns: Floats
    rows: Floats
    world: Floats
    inside: Bools
    radii_m: Floats | None
    scale_m: Floats
    turn_deg: Floats
    angular_deg: Floats

    @classmethod
    def of(cls, fit: MapFit, *, size_px: tuple[int, int] | None = None, longest: int | None = None) -> Self:
        """Look at a fit all over the scan.

        Parameters
        ----------
        fit
            The fit.
        size_px
            Width and height of the scan; the box round the points with a margin when None.
        longest
            Places along the longer side; 97, or 49 with more than 100 points, when None.
        """
        low, high = _extent(fit, size_px)
        places = longest or (97 if len(fit.points) <= _FEW_POINTS else 49)
        counts = np.maximum(np.rint(places * (high - low) / (high - low).max()).astype(int), 2)
        columns, rows = (np.linspace(low[k], high[k], counts[k]) for k in (0, 1))
        pixels = np.stack(np.meshgrid(columns, rows), axis=-1)
        world = fit.to_world(pixels)
        crs, flat = fit.points.crs, world.reshape(-1, 2)
        scale_m = scale_about(crs, fit.points.world[fit.used])(flat).reshape(world.shape)
        found = Distortion.of(fit.transform.jacobian(pixels) * scale_m[..., None])
        inside = fit.inside(pixels)
        return cls(
            columns,
            rows,
            world,
            inside,
            _radii_m(fit, pixels),
            scale_m=np.sqrt(found.area),
            turn_deg=_turn(found.angle_deg, inside),
            angular_deg=np.degrees(
                2 * np.arcsin(np.clip((found.major - found.minor) / (found.major + found.minor), 0, 1))
            ),
        )

    @property
    def is_even(self) -> bool:
        """Whether the sheet is distorted alike everywhere, as with an affine."""
        return bool(
            np.nanmax(self.scale_m) - np.nanmin(self.scale_m) <= _EVEN * np.nanmax(self.scale_m)
            and np.ptp(self.turn_deg[np.isfinite(self.turn_deg)]) <= _EVEN_DEG
        )

    @property
    def amid(self) -> Bools:
        """(h, w) the places in the hull; all places where the hull is smaller than the lattice's meshes."""
        return self.inside if self.inside.any() else np.ones_like(self.inside)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types, six digits; null where there is none."""
        radii = None
        if self.radii_m is not None:
            radii = {f"{q:g}": _listed(radius) for q, radius in zip(PROBABILITIES, self.radii_m, strict=True)}
        return {
            "columns_px": _listed(self.columns),
            "rows_px": _listed(self.rows),
            "inside_hull": self.inside.tolist(),
            "radius_m": radii,
            "scale_m_per_px": _listed(self.scale_m),
            "turn_deg": _listed(self.turn_deg),
            "angular_distortion_deg": _listed(self.angular_deg),
        }


def round_step(length: float, *, parts: int = 6) -> float:
    """Return the largest of 1, 2, 5 × 10ⁿ that divides a length into at least so many parts.

    Examples
    --------
    >>> round_step(3120.0, parts=6), round_step(0.07, parts=7)
    (500.0, 0.01)
    """
    rough = length / parts * (1 + 1e-9)
    tens = float(10.0 ** np.floor(np.log10(rough)))
    return next(factor * tens for factor in (5.0, 2.0, 1.0) if factor * tens <= rough)


def _extent(fit: MapFit, size_px: tuple[int, int] | None) -> tuple[Floats, Floats]:
    if size_px is not None:
        return np.zeros(2), np.array(size_px, dtype=np.float64)
    pixels = fit.points.pixels
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    margin = _MARGIN * float((high - low).max())
    return low - margin, high + margin


def _radii_m(fit: MapFit, pixels: Floats) -> Floats | None:
    try:
        return np.stack([fit.predicted_radius_m(pixels, q=q) for q in PROBABILITIES])
    except NotEnoughDataError:
        return None


def _turn(angle_deg: Floats, inside: Bools) -> Floats:
    """Count directions from their middle one, so that none jumps by a full turn."""
    angles = np.deg2rad(angle_deg)
    chosen = angles[inside & np.isfinite(angles)] if inside.any() else angles[np.isfinite(angles)]
    middle = np.arctan2(np.sin(chosen).mean(), np.cos(chosen).mean())
    return np.asarray(np.degrees(np.angle(np.exp(1j * (angles - middle)))), dtype=np.float64)


def _listed(values: Floats) -> list[Any]:
    """Nested lists with six digits and None for what is not finite."""
    if values.ndim > 1:
        return [_listed(row) for row in values]
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.tolist()]
