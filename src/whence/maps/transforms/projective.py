"""The projective transform: a photographed sheet, or a map drawn in perspective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.optimize import least_squares

from whence.errors import NotEnoughDataError
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Json

__all__ = ["Projective"]

_RANK_TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False)
class Projective(PlaneTransform):
    """Eight parameters: straight lines stay straight.

    X = (a x + b y + c) / (g x + h y + 1), Y = (d x + e y + f) / (g x + h y + 1), in the frames of scan and
    ground. Where the denominator is not positive the scan looks beyond the horizon, and there is no ground.
    """

    kind: ClassVar[str] = "projective"
    min_points: ClassVar[int] = 4

    matrix: Floats
    """(3, 3) homogeneous, its last entry 1."""

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Solve the linear equations, then make the residuals on the ground smallest.

        The linear solution is the direct linear transformation in normalised coordinates (Hartley and
        Zisserman, Multiple View Geometry, algorithm 4.2); beyond four points Levenberg's and Marquardt's
        method follows.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 4, of which four have no three on one line.
        weights
            (n,) 1 / σ² of each point.

        Raises
        ------
        NotEnoughDataError
            When all points but one lie on one line, or the horizon would run between the points.
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        roots = np.sqrt(pairs.weights / pairs.weights.max())
        matrix = _linear_solution(scan, ground, roots)
        if matrix is None:
            raise NotEnoughDataError(_too_straight(pairs))
        if not (_depths(matrix, scan) / matrix[2, 2] > 0.0).all():
            raise NotEnoughDataError(
                f"the horizon of the best {cls.kind} runs between the points: some pixels or places were "
                "exchanged; look at the residuals of an affine first"
            )
        matrix = matrix / matrix[2, 2]
        return cls(frames, freeze(_refined(matrix, scan, ground, roots) if len(pairs) > 4 else matrix))

    def _forward(self, scan: Floats) -> Floats:
        return _project(self.matrix, scan)

    def _slope(self, scan: Floats) -> Floats:
        depth = _visible(_depths(self.matrix, scan))
        ground = self._forward(scan)
        above = self.matrix[:2, :2] - ground[:, :, None] * self.matrix[2, :2]
        return np.asarray(above / depth[:, None, None])

    def _backward(self, ground: Floats) -> Floats:
        return _project(np.asarray(np.linalg.inv(self.matrix), dtype=np.float64), ground)

    @property
    def parameters(self) -> Json:
        """Its matrix for homogeneous (column, row, 1), in pixels and world units."""
        pixel, world = self.frames.pixel, self.frames.world
        inward = np.array([[1.0, 0.0, -pixel.x], [0.0, 1.0, -pixel.y], [0.0, 0.0, pixel.scale]])
        outward = np.array([[world.scale, 0.0, world.x], [0.0, world.scale, world.y], [0.0, 0.0, 1.0]])
        return {"matrix": (outward @ self.matrix @ inward / pixel.scale).tolist()}

    def _content(self) -> Json:
        return {"matrix": self.matrix.tolist()}

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        matrix = freeze(content["matrix"])
        if matrix.shape != (3, 3):
            raise ValueError(f"a matrix of shape {matrix.shape}")
        return cls(frames, matrix)


def _linear_solution(scan: Floats, ground: Floats, roots: Floats) -> Floats | None:
    """(3, 3) null vector of the equations; None where they leave more than one."""
    zeros, ones = np.zeros((len(scan), 3)), np.column_stack([scan, np.ones(len(scan))])
    rows = np.vstack(
        [
            np.hstack([ones, zeros, -ground[:, :1] * ones]) * roots[:, None],
            np.hstack([zeros, ones, -ground[:, 1:] * ones]) * roots[:, None],
        ]
    )
    # Four points leave a null vector beyond the eight equations; of many, only the nine columns matter.
    _, singular, vectors = np.linalg.svd(rows, full_matrices=len(rows) < 9)
    matrix = np.asarray(vectors[8], dtype=np.float64).reshape(3, 3)
    flat = np.linalg.svd(matrix, compute_uv=False)
    if singular[7] <= _RANK_TOLERANCE * singular[0] or flat[2] <= _RANK_TOLERANCE * flat[0]:
        return None
    return matrix


def _refined(matrix: Floats, scan: Floats, ground: Floats, roots: Floats) -> Floats:
    """Least squares of the weighted residuals on the ground, the last entry held at 1."""
    ones = np.column_stack([scan, np.ones(len(scan))])

    def residuals(entries: Floats) -> Floats:
        return np.asarray(((_image(_whole(entries), scan) - ground) * roots[:, None]).T.ravel())

    def slopes(entries: Floats) -> Floats:
        whole = _whole(entries)
        image, scaled = _image(whole, scan), ones * (roots / _depths(whole, scan))[:, None]
        zeros = np.zeros_like(scaled)
        return np.vstack(
            [
                np.hstack([scaled, zeros, -image[:, :1] * scaled[:, :2]]),
                np.hstack([zeros, scaled, -image[:, 1:] * scaled[:, :2]]),
            ]
        )

    found = least_squares(
        residuals, matrix.ravel()[:8], jac=slopes, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    refined = _whole(found.x)
    return refined if (_depths(refined, scan) > 0.0).all() else matrix


def _whole(entries: Floats) -> Floats:
    return np.append(entries, 1.0).reshape(3, 3)


def _depths(matrix: Floats, points: Floats) -> Floats:
    return np.asarray(points @ matrix[2, :2] + matrix[2, 2])


def _image(matrix: Floats, points: Floats) -> Floats:
    """(m, 2) images, wherever they are."""
    return np.asarray((points @ matrix[:2, :2].T + matrix[:2, 2]) / _depths(matrix, points)[:, None])


def _visible(depths: Floats) -> Floats:
    return np.where(depths > 0.0, depths, np.nan)


def _project(matrix: Floats, points: Floats) -> Floats:
    """(m, 2) images; NaN beyond the horizon."""
    above = points @ matrix[:2, :2].T + matrix[:2, 2]
    return np.asarray(above / _visible(_depths(matrix, points))[:, None])


def _too_straight(pairs: Pairs) -> str:
    fact = pairs.line_of() or "the points do not go together, or too many of them lie on one line"
    return f"{fact}; projective needs four points of which no three do: add points, or take an affine"
