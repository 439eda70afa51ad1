"""Errors at points that the fit has not seen: one left out at a time, or a whole area.

A difference is the place that the fit gives minus the place that was given, in the unit of the world.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.maps import transforms
from whence.maps.designs import LINEAR, Design
from whence.maps.spline_matrix import bordered_inverse

if TYPE_CHECKING:
    from whence.maps.transforms import Transform
    from whence.typing import Bools, Floats, Ints

__all__ = ["Fitter", "areas", "by_refitting", "fitter_of", "k_fold_by_area", "leave_one_out"]

Fitter: TypeAlias = "Callable[[Floats, Floats, Floats | None], Transform]"
"""How to fit: pixels (n, 2), world (n, 2), weights (n,) or None -> transform."""

_ALONE = 1e-9  # a point with this little left unexplained by itself holds the fit alone


def fitter_of(kind: str, **options: Any) -> Fitter:
    """Return how to fit one kind of `transforms.TRANSFORMS` with its options."""

    def fitter(pixels: Floats, world: Floats, weights: Floats | None) -> Transform:
        return transforms.fit(pixels, world, kind=kind, weights=weights, **options)

    return fitter


def leave_one_out(fitter: Fitter, pixels: Floats, world: Floats, *, weights: Floats | None = None) -> Floats:
    """Return the difference at every point of a fit to all the others.

    In closed form for kinds that are linear in their parameters, e₍ᵢ₎ = (I − Hᵢᵢ)⁻¹ eᵢ with the 2 × 2 block
    of the hat matrix (Cook & Weisberg 1982, Residuals and Influence, 2.2), and for thin-plate splines,
    e₍ᵢ₎ = cᵢ / (A⁻¹)ᵢᵢ with the inverse of the bordered spline matrix (Rippa 1999, eq. 10). Otherwise by
    fitting n times. Points in the same pixel are left out together: a point that is given twice would vouch
    for itself.

    Parameters
    ----------
    fitter
        How to fit.
    pixels, world
        (n, 2) column, row, px; (n, 2) easting, northing.
    weights
        (n,) weights of the points, or None for equal ones.

    Returns
    -------
    Floats
        (n, 2) differences in the unit of `world`; NaN where the others alone do not suffice for a fit.
    """
    groups = _same_pixel(pixels)
    if len(groups) < len(pixels):
        return by_refitting(fitter, pixels, world, groups=groups, weights=weights)
    transform = fitter(pixels, world, weights)
    if transform.kind in LINEAR:
        return _linear(transform, pixels, world, weights)
    if transform.kind == "tps" and _is_interpolating(transform, pixels, world):
        return _spline(pixels, world)
    return by_refitting(fitter, pixels, world, weights=weights)


def by_refitting(
    fitter: Fitter,
    pixels: Floats,
    world: Floats,
    *,
    groups: Sequence[Ints] | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Return the difference at every point of a fit to the points outside its group.

    Parameters
    ----------
    fitter, pixels, world, weights
        As `leave_one_out`.
    groups
        Indices of the points to leave out together; every point by itself when None.

    Returns
    -------
    Floats
        (n, 2) differences in the unit of `world`; NaN where the rest does not suffice for a fit.
    """
    out = np.full_like(world, np.nan)
    for group in [np.array([i]) for i in range(len(pixels))] if groups is None else groups:
        kept = np.ones(len(pixels), dtype=bool)
        kept[group] = False
        try:
            transform = fitter(pixels[kept], world[kept], None if weights is None else weights[kept])
        except InputError:  # too few or degenerate without this group, which NaN says
            continue
        out[group] = transform.to_world(pixels[group]) - world[group]
    return out


def k_fold_by_area(
    fitter: Fitter, pixels: Floats, world: Floats, *, folds: int = 5, weights: Floats | None = None
) -> Floats:
    """Return the difference at every point of a fit to the points of all other areas of the sheet.

    Neighbours no longer vouch for one another, so this is nearer to the error in parts without points.

    Parameters
    ----------
    fitter, pixels, world, weights
        As `leave_one_out`.
    folds
        Number of compact areas of about equally many points.

    Returns
    -------
    Floats
        (n, 2) differences in the unit of `world`; NaN where the rest does not suffice for a fit.

    Raises
    ------
    NotEnoughDataError
        With fewer points than areas, or fewer than two areas.
    """
    return by_refitting(fitter, pixels, world, groups=areas(pixels, folds), weights=weights)


def areas(pixels: Floats, count: int) -> list[Ints]:
    """Split points into compact areas, always halving the fullest across its longer side.

    Parameters
    ----------
    pixels
        (n, 2) column, row.
    count
        Number of areas, from 2 to n.

    Returns
    -------
    list
        `count` arrays of indices, together all points.

    Raises
    ------
    NotEnoughDataError
        With fewer points than areas, or fewer than two areas.
    """
    if not 2 <= count <= len(pixels):
        raise NotEnoughDataError(
            f"{len(pixels)} points cannot be split into {count} areas; ask for 2 to n areas"
        )
    parts: list[Ints] = [np.arange(len(pixels))]
    while len(parts) < count:
        fullest = max(range(len(parts)), key=lambda k: len(parts[k]))
        part = parts.pop(fullest)
        longer = int(np.ptp(pixels[part], axis=0).argmax())
        order = part[np.argsort(pixels[part, longer], kind="stable")]
        parts += [np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])]
    return parts


def _same_pixel(pixels: Floats) -> list[Ints]:
    """Row numbers of the points in each pixel that has any."""
    _, where = np.unique(np.floor(pixels), axis=0, return_inverse=True)
    order = np.argsort(where, kind="stable")
    starts = np.flatnonzero(np.diff(where[order])) + 1
    return [np.asarray(rows, dtype=np.int64) for rows in np.split(order, starts)]


def _is_interpolating(transform: Transform, pixels: Floats, world: Floats) -> bool:
    """Tell whether a fit passes through its points, to a millionth of their extent."""
    miss = np.abs(transform.to_world(pixels) - world).max()
    return bool(miss <= 1e-6 * np.ptp(world, axis=0).max())


def _linear(transform: Transform, pixels: Floats, world: Floats, weights: Floats | None) -> Floats:
    design = Design.of(transform, pixels).at(pixels)  # (n, 2, p)
    root = np.ones(len(pixels)) if weights is None else np.sqrt(weights)
    basis, _ = np.linalg.qr((design * root[:, None, None]).reshape(2 * len(pixels), -1))
    blocks = basis.reshape(len(pixels), 2, -1)
    free = np.eye(2) - blocks @ blocks.transpose(0, 2, 1)  # I − Hᵢᵢ
    alone: Bools = np.linalg.eigvalsh(free)[:, 0] <= _ALONE
    free[alone] = np.eye(2)
    residuals = transform.to_world(pixels) - world
    out = np.linalg.solve(free, residuals[..., None])[..., 0]
    out[alone] = np.nan
    return np.asarray(out, dtype=np.float64)


def _spline(pixels: Floats, world: Floats) -> Floats:
    center, scale = pixels.mean(axis=0), np.ptp(pixels, axis=0).max()
    inverse = bordered_inverse((pixels - center) / scale)[: len(pixels)]
    coefficients = inverse @ (world - world.mean(axis=0))
    diagonal = np.diagonal(inverse)
    alone = np.abs(diagonal) <= _ALONE * np.abs(diagonal).max()
    out = -coefficients / np.where(alone, 1.0, diagonal)[:, None]
    out[alone] = np.nan
    return np.asarray(out, dtype=np.float64)
