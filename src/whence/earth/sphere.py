"""The Earth as a sphere: great circles, unit vectors, means and medians.

Good for ranking and for scores over the globe; it differs from the ellipsoid by up to 0.56 %. Where metres
within a city are reported use `whence.earth.ellipsoid`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.points import as_lonlat
from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = [
    "EARTH_AREA_KM2",
    "EARTH_RADIUS_M",
    "bearing_deg",
    "destination",
    "distance_m",
    "from_unit_vectors",
    "geometric_median",
    "local_axes",
    "mean_point",
    "to_unit_vectors",
]

EARTH_RADIUS_M = 6_371_008.8
"""IUGG mean radius (2a + b) / 3 of WGS 84."""

EARTH_AREA_KM2 = 4.0 * np.pi * (EARTH_RADIUS_M / 1000.0) ** 2
"""Area of that sphere, square kilometres."""

_VANISHING = 1e-9  # a mean vector shorter than this points nowhere: rounding alone makes 1e-16


def distance_m(a: ArrayLike, b: ArrayLike) -> Floats:
    """Great-circle distance.

    Haversine with the sine and the cosine of half the angle each as a sum of squares, so that it is as exact
    at the antipodes as beside the point; the usual arcsine loses 0.1 m there and needs clipping
    (Sinnott 1984, "Virtues of the Haversine", for the sine; the cosine follows from
    cos²(Δφ/2) = sin²((φ₁+φ₂)/2) + cos φ₁ cos φ₂).

    Parameters
    ----------
    a, b
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    Floats
        (...) metres on the sphere of `EARTH_RADIUS_M`.

    Raises
    ------
    InputError
        When a position is not one, or the shapes do not broadcast.

    Examples
    --------
    >>> moscow, lisbon = [37.6173, 55.7558], [-9.1393, 38.7223]
    >>> round(float(distance_m(moscow, lisbon)) / 1000)
    3906
    """
    start, end = _pair(a, b)
    half = np.deg2rad(end - start) / 2.0
    middle = np.deg2rad(start[..., 1] + end[..., 1]) / 2.0
    cosines = np.cos(np.deg2rad(start[..., 1])) * np.cos(np.deg2rad(end[..., 1]))
    sine = np.sqrt(np.sin(half[..., 1]) ** 2 + cosines * np.sin(half[..., 0]) ** 2)
    cosine = np.sqrt(np.sin(middle) ** 2 + cosines * np.cos(half[..., 0]) ** 2)
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arctan2(sine, cosine))


def bearing_deg(a: ArrayLike, b: ArrayLike) -> Floats:
    """Direction in which the great circle from `a` to `b` sets out.

    Parameters
    ----------
    a, b
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    Floats
        (...) degrees clockwise from north, in [0, 360); 0 where the points coincide. At a pole the meridian
        of the given longitude is the one that counts as north or south.

    Examples
    --------
    >>> float(bearing_deg([0.0, 0.0], [1.0, 0.0]))
    90.0
    """
    start, end = _pair(a, b)
    turn, rise = np.moveaxis(np.deg2rad(end - start), -1, 0)
    sin_start, cos_end = np.sin(np.deg2rad(start[..., 1])), np.cos(np.deg2rad(end[..., 1]))
    east = np.sin(turn) * cos_end
    # Equal to cosφ₁ sinφ₂ − sinφ₁ cosφ₂ cosΔλ, without its cancellation between neighbours.
    north = np.sin(rise) + 2.0 * sin_start * cos_end * np.sin(turn / 2.0) ** 2
    bearing = np.remainder(np.rad2deg(np.arctan2(east, north)), 360.0)
    return np.asarray(np.where(bearing >= 360.0, 0.0, bearing))


def destination(start: ArrayLike, bearing_deg: ArrayLike, distance_m: ArrayLike) -> Floats:
    """Where a great circle leads.

    Parameters
    ----------
    start
        (..., 2) longitude, latitude, degrees.
    bearing_deg
        (...) degrees clockwise from north.
    distance_m
        (...) metres; any length, negative walks backwards.

    Returns
    -------
    Floats
        (..., 2) longitude, latitude, degrees.

    Raises
    ------
    InputError
        When a position is not one, a bearing or distance is not finite, or the shapes do not broadcast.

    Examples
    --------
    >>> destination([0.0, 0.0], 90.0, 1000.0).round(6)
    array([0.008993, 0.      ])
    """
    origin = as_lonlat(start, "start")
    course = np.deg2rad(_finite(bearing_deg, "bearing_deg"))[..., np.newaxis]
    angle = _finite(distance_m, "distance_m")[..., np.newaxis] / EARTH_RADIUS_M
    up, east, north = to_unit_vectors(origin), *local_axes(origin)
    try:
        ahead = np.cos(course) * north + np.sin(course) * east
        return from_unit_vectors(np.cos(angle) * up + np.sin(angle) * ahead)
    except ValueError as error:
        raise InputError(
            f"start {origin.shape}, bearings {course.shape[:-1]} and distances {angle.shape[:-1]} "
            "do not broadcast together"
        ) from error


def to_unit_vectors(lonlat: ArrayLike) -> Floats:
    """Turn positions into unit vectors: x to (0°, 0°), y to (90° E, 0°), z to the north pole.

    Parameters
    ----------
    lonlat
        (..., 2) longitude, latitude, degrees.

    Returns
    -------
    Floats
        (..., 3) of length one.
    """
    longitude, latitude = np.moveaxis(np.deg2rad(as_lonlat(lonlat)), -1, 0)
    level = np.cos(latitude)
    return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], axis=-1)


def from_unit_vectors(xyz: ArrayLike) -> Floats:
    """Turn directions into positions; their length does not matter.

    Parameters
    ----------
    xyz
        (..., 3), each longer than zero.

    Returns
    -------
    Floats
        (..., 2) longitude, latitude, degrees.

    Raises
    ------
    InputError
        When a vector is zero or not finite.
    """
    vectors = np.asarray(xyz, dtype=np.float64)
    if vectors.ndim == 0 or vectors.shape[-1] != 3:
        raise InputError(f"vectors must end in three columns; the shape given is {vectors.shape}")
    x, y, z = np.moveaxis(vectors, -1, 0)
    level = np.hypot(x, y)
    length = np.hypot(level, z)
    if not (np.isfinite(length) & (length > 0.0)).all():
        raise InputError("a vector that is zero or not finite has no direction; leave it out")
    return np.asarray(np.rad2deg(np.stack([np.arctan2(y, x), np.arctan2(z, level)], axis=-1)))


def local_axes(lonlat: ArrayLike) -> tuple[Floats, Floats]:
    """Return the directions east and north at each position.

    Parameters
    ----------
    lonlat
        (..., 2) longitude, latitude, degrees. At a pole the longitude decides which way is east.

    Returns
    -------
    tuple of Floats
        East and north, each (..., 3), unit vectors in the frame of `to_unit_vectors`.
    """
    longitude, latitude = np.moveaxis(np.deg2rad(as_lonlat(lonlat)), -1, 0)
    sin_lon, cos_lon, sin_lat = np.sin(longitude), np.cos(longitude), np.sin(latitude)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(sin_lon)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, np.cos(latitude)], axis=-1)
    return east, north


def mean_point(lonlat: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Mean position: the direction of the mean unit vector.

    Unlike the mean of the degrees it knows nothing of the date line and the poles.

    Parameters
    ----------
    lonlat
        (n, 2) longitude, latitude, degrees.
    weights
        (n,) not negative; all equal by default.

    Returns
    -------
    Floats
        (2,) longitude, latitude, degrees.

    Raises
    ------
    NotEnoughDataError
        When there is no point with a positive weight, or the points cancel out (antipodes, an even ring).

    Examples
    --------
    >>> mean_point([[179.0, 0.0], [-179.0, 0.0]])
    array([180.,   0.])
    """
    points, shares = _weighted(lonlat, weights)
    mean = shares @ to_unit_vectors(points)
    if np.linalg.norm(mean) < _VANISHING:
        raise NotEnoughDataError(
            f"{len(points)} points spread evenly round the Earth have no mean; take fewer or weight them"
        )
    return from_unit_vectors(mean)


def geometric_median(lonlat: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Point with the least weighted sum of great-circle distances; a few gross errors hardly move it.

    Weiszfeld's iteration in the tangent plane of the current point (Fletcher, Venkatasubramanian and Joshi
    2009, NeuroImage 45), with the rule of Vardi and Zhang (2000, PNAS 97) for landing on a data point. It
    starts at the mean, and for points over more than a hemisphere finds the minimum nearest to there.

    Parameters
    ----------
    lonlat
        (n, 2) longitude, latitude, degrees.
    weights
        (n,) not negative; all equal by default.

    Returns
    -------
    Floats
        (2,) longitude, latitude, degrees, converged to about a millimetre or a millionth of the spread.

    Raises
    ------
    NotEnoughDataError
        As `mean_point`.

    Examples
    --------
    >>> geometric_median([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [90.0, 0.0]]).round(3)
    array([0., 0.])
    """
    points, shares = _weighted(lonlat, weights)
    targets = to_unit_vectors(points)
    here = to_unit_vectors(mean_point(points, shares))
    for _ in range(500):
        step, scale = _weiszfeld_step(here, targets, shares)
        length = float(np.linalg.norm(step))
        if length > 0.0:
            here = np.cos(length) * here + np.sin(length) * step / length
        if length <= max(1e-10, 1e-8 * scale):
            break
    return from_unit_vectors(here)


def _weiszfeld_step(here: Floats, targets: Floats, shares: Floats) -> tuple[Floats, float]:
    """Tangent vector (3,) towards the median, radians, and the mean distance of the targets."""
    dots = targets @ here
    flat = targets - dots[:, np.newaxis] * here  # (n, 3) of length sin(angle)
    sines = np.linalg.norm(flat, axis=1)
    angles = np.arctan2(sines, dots)
    apart = sines > 1e-12  # six micrometres: on the point itself, or on its antipode, there is no direction
    scale = float(shares @ angles)
    if not apart.any():
        return np.zeros(3), scale
    pulls = shares[apart] / angles[apart]
    pull = (shares[apart] / sines[apart]) @ flat[apart]
    strength = float(np.linalg.norm(pull))
    held = float(shares[dots > 0.0] @ (~apart)[dots > 0.0])  # weight of the points that lie right here
    if strength <= held or strength == 0.0:
        return np.zeros(3), scale
    return pull * (1.0 - held / strength) / pulls.sum(), scale


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    start, end = as_lonlat(a, "a"), as_lonlat(b, "b")
    try:
        np.broadcast_shapes(start.shape, end.shape)
    except ValueError as error:
        raise InputError(
            f"positions {start.shape} and {end.shape} do not broadcast; "
            "for all pairs give a[:, None, :] and b[None, :, :]"
        ) from error
    return start, end


def _finite(values: ArrayLike, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite numbers")
    return array


def _weighted(lonlat: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Check (n, 2) points and their weights; the weights returned sum to one."""
    points = as_lonlat(lonlat)
    if points.ndim != 2 or len(points) == 0:
        raise NotEnoughDataError(
            f"at least one position is needed, as rows of (n, 2); the shape given is {points.shape}"
        )
    if weights is None:
        return points, np.full(len(points), 1.0 / len(points))
    shares = _finite(weights, "weights")
    if shares.shape != (len(points),) or (shares < 0.0).any():
        raise InputError(
            f"weights must be {len(points)} numbers, none negative; the shape given is {shares.shape}"
        )
    total = shares.sum()
    if total <= 0.0:
        raise NotEnoughDataError("every weight is zero; at least one point must count")
    return points, shares / total
