"""What is wrong with control points and the mask of a map, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely.geometry import Point, Polygon
from shapely.validation import explain_validity

from whence.earth.points import wrap_longitude_deg
from whence.earth.sphere import mean_point
from whence.earth.tangent import TangentPlane
from whence.errors import NotEnoughDataError
from whence.maps.transforms.linear import Affine
from whence.maps.transforms.mesh import Mesh
from whence.maps.transforms.pairs import is_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.points.control import ControlPoints
    from whence.typing import Floats

__all__ = ["Fault", "faults_of", "incomplete"]

_MISFIT = 0.05  # root mean square of an affine's residuals, of the extent: no paper shrinks so unevenly
_SHEAR_DEG = 45.0
_OUTSIDE = 0.05  # of the diagonal of the mask: a cross in the margin is no mistake


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        What, as a short phrase that programs can compare.
    sentence
        What and where, for people.
    serious
        Whether a fit to these points would be wrong or impossible; otherwise it is only worth a look.
    """

    kind: str
    sentence: str
    serious: bool = True


def incomplete(pairs: Sequence[tuple[Any, Any]]) -> list[Fault]:
    """Name the points that lack a pixel or a place."""
    found = []
    for what, side in (("pixel", 0), ("place", 1)):
        rows = [number for number, pair in enumerate(pairs, 1) if not _is_pair(pair[side])]
        if rows:
            found.append(
                Fault(f"point without a {what}", f"no {what} for {_points(rows)}; complete or remove it")
            )
    return found


def faults_of(
    points: ControlPoints, corners: Any, *, size_px: tuple[int, int] | None
) -> tuple[tuple[Fault, ...], Floats | None]:
    """Look over control points and a mask.

    Parameters
    ----------
    points
        Complete points.
    corners
        Corners of the mask as they were given: a list of column, row, perhaps closed; or None.
    size_px
        Width and height of the scan, where known.

    Returns
    -------
    faults
        What is wrong, points first.
    mask
        (m, 2) the mask, not closed; None where it is missing or no list of corners.
    """
    mask = _as_mask(corners)
    found = [*_number_faults(points), *_repeat_faults(points)]
    if not found:
        found = _fit_faults(points)
    if corners is None:
        found.append(Fault("no mask", "no mask says which part of the scan is map"))
    elif mask is None:
        found.append(
            Fault("mask is no ring", "the mask is no plain list of at least three corners (column, row)")
        )
    else:
        found += _mask_faults(mask, size_px)
        if Polygon(mask).is_valid:
            found += _place_faults(points, mask)
    return tuple(found), mask


def _number_faults(points: ControlPoints) -> list[Fault]:
    count = len(points)
    if count < 3:
        return [Fault("too few points", f"{count} control point{'s' * (count != 1)}; at least 3 are needed")]
    return []


def _repeat_faults(points: ControlPoints) -> list[Fault]:
    found = []
    for what, rows in (("pixel", points.pixels), ("place", points.world)):
        _, inverse, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        for group in np.flatnonzero(counts > 1):
            numbers = (np.flatnonzero(inverse.ravel() == group) + 1).tolist()
            found.append(Fault(f"repeated {what}", f"{_points(numbers)} have the same {what}"))
    return found


def _fit_faults(points: ControlPoints) -> list[Fault]:
    """Faults that only show when an affine and a mesh are tried."""
    for what, rows in (("scan", points.pixels), ("ground", points.world)):
        if is_line(rows):
            return [Fault(f"one line on the {what}", f"all control points lie on one line on the {what}")]
    place = points.world
    if points.crs is not None and points.crs.is_geographic:
        off = np.flatnonzero((np.abs(place) > (360.0, 90.0)).any(axis=1))
        if len(off):
            where = place[off[0]].tolist()
            return [
                Fault(
                    "off the Earth", f"{_points([int(off[0]) + 1])} is at {where}, which is no place on Earth"
                )
            ]
        lonlat = np.column_stack([wrap_longitude_deg(place[:, 0]), place[:, 1]])
        place = TangentPlane(mean_point(lonlat)).to_enu(lonlat)  # a continent's degrees would contradict
    affine = Affine.fit(points.pixels, place)
    residuals = affine.to_world(points.pixels) - place
    misfit = float(np.sqrt(np.mean(np.sum(residuals**2, axis=1))) / np.hypot(*np.ptp(place, axis=0)))
    shear_deg = float(affine.parameters["shear_deg"])
    found = []
    if misfit > _MISFIT:
        worst = int(np.argmax(np.sum(residuals**2, axis=1))) + 1
        found.append(
            Fault(
                "contradiction",
                f"the points contradict each other: an affine misses them by {misfit:.0%} of their extent, "
                f"point {worst} most",
            )
        )
    if abs(shear_deg) > _SHEAR_DEG:
        found.append(Fault("shear", f"the points shear the scan by {shear_deg:.0f}°; one of them is far off"))
    try:
        Mesh.fit(points.pixels, place)
    except NotEnoughDataError as error:
        found.append(Fault("fold", str(error)))
    return found


def _mask_faults(mask: Floats, size_px: tuple[int, int] | None) -> list[Fault]:
    found = []
    closed = [*mask.tolist(), mask[0].tolist()]
    again = [number for number, (one, other) in enumerate(pairwise(closed), 1) if one == other]
    if again:
        found.append(Fault("repeated corner", f"corner {again[0]} of the mask is repeated"))
    polygon = Polygon(mask)
    if not polygon.is_valid:
        reason = explain_validity(polygon)
        found.append(Fault("mask crosses itself", f"the mask crosses itself ({reason})"))
    if size_px is not None:
        out = np.flatnonzero(((mask < 0.0) | (mask > size_px)).any(axis=1))
        if len(out):
            corner = mask[out[0]].tolist()
            found.append(
                Fault(
                    "mask outside the scan", f"corner {out[0] + 1} of the mask, {corner}, is outside the scan"
                )
            )
        elif polygon.is_valid and polygon.area == size_px[0] * size_px[1]:
            found.append(
                Fault("mask is the scan", "the mask is the whole scan, margins included", serious=False)
            )
    return found


def _place_faults(points: ControlPoints, mask: Floats) -> list[Fault]:
    found = []
    at_corner = np.flatnonzero((points.pixels[:, None, :] == mask).all(axis=2).any(axis=1)) + 1
    if len(at_corner):
        sentence = f"at a corner of the mask: {_points(at_corner.tolist())}"
        found.append(Fault("point at a corner", sentence, serious=False))
    polygon = Polygon(mask)
    distances = np.array([polygon.distance(Point(pixel)) for pixel in points.pixels])
    outside = np.flatnonzero(distances > 0.0)
    if len(outside):
        far = bool(distances.max() > _OUTSIDE * np.hypot(*np.ptp(mask, axis=0)))
        sentence = f"{_points((outside + 1).tolist())} outside the mask, by up to {distances.max():.0f} px"
        found.append(Fault("point outside the mask", sentence, serious=far))
    return found


def _as_mask(corners: Any) -> Floats | None:
    """(m, 2) corners without the repeated last one; None where they are no plain list."""
    try:
        mask = np.array(corners, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if mask.ndim != 2 or mask.shape[1:] != (2,) or not np.isfinite(mask).all():
        return None
    if len(mask) > 3 and (mask[0] == mask[-1]).all():
        mask = mask[:-1]
    return mask if len(mask) >= 3 else None


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) in (2, 3)
        and all(isinstance(number, int | float) and np.isfinite(number) for number in value)
    )


def _points(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"point {numbers[0]}"
    return f"points {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
