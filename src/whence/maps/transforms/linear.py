"""Transforms that are linear in the pixel: north-up, similarity, affine with five and six parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Json

__all__ = ["Affine", "Affine5", "Handedness", "Linear", "Similarity"]

Handedness = Literal["map", "mirrored", "auto"]
"""``map``: rows grow southward when columns grow eastward; ``mirrored``: the scan shows its back."""


@dataclass(frozen=True, eq=False)
class _Matrix(PlaneTransform):
    """X = A p + t, in the frames of scan and ground."""

    matrix: Floats
    """(2, 3) the columns of A, then t."""

    def _forward(self, scan: Floats) -> Floats:
        return np.asarray(scan @ self.matrix[:, :2].T + self.matrix[:, 2])

    def _slope(self, scan: Floats) -> Floats:
        return np.broadcast_to(self.matrix[:, :2], (len(scan), 2, 2))

    def _backward(self, ground: Floats) -> Floats:
        solved = np.linalg.solve(self.matrix[:, :2], (ground - self.matrix[:, 2]).T)
        return np.asarray(solved.T, dtype=np.float64)

    def coefficients(self) -> Floats:
        """(2, 3) easting = c00 column + c01 row + c02; northing = c10 column + c11 row + c12; world units."""
        pixel, world = self.frames.pixel, self.frames.world
        linear = self.matrix[:, :2] * (world.scale / pixel.scale)
        shift = self.matrix[:, 2] * world.scale + (world.x, world.y) - linear @ (pixel.x, pixel.y)
        return np.column_stack([linear, shift])

    @property
    def parameters(self) -> Json:
        """Its coefficients, and the scales, turn and shear they amount to."""
        matrix = self.coefficients()
        local = self.distortion([0.0, 0.0])
        return {
            "easting": dict(zip(("column", "row", "shift"), matrix[0].tolist(), strict=True)),
            "northing": dict(zip(("column", "row", "shift"), matrix[1].tolist(), strict=True)),
            "scale_x": float(local.scale_x),
            "scale_y": float(local.scale_y),
            "angle_deg": float(local.angle_deg),
            "shear_deg": float(local.shear_deg),
            "mirrored": bool(local.handedness < 0),
        }

    def _content(self) -> Json:
        return {"matrix": self.matrix.tolist()}

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        return cls(frames, _invertible(content["matrix"], cls.kind))


class Linear(_Matrix):
    """Two scales and two shifts: a scan whose rows run due east (QGIS calls it linear).

    X = a column + c, Y = b row + d.
    """

    kind: ClassVar[str] = "linear"
    min_points: ClassVar[int] = 2

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Fit a line to the eastings by column, and one to the northings by row.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 2, in at least two columns and two rows.
        weights
            (n,) 1 / σ² of each point.

        Raises
        ------
        NotEnoughDataError
            When all points lie in one column or one row.
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        for axis, name in enumerate(("column", "row")):
            if np.ptp(scan[:, axis]) <= 1e-9 or np.ptp(ground[:, axis]) <= 1e-9:
                raise NotEnoughDataError(
                    f"all {len(pairs)} points lie in one {name} (on the scan or on the ground), which leaves "
                    f"the scale across it open; add a point in another {name}, or take a similarity"
                )
        middle, height = _means(pairs.weights, scan, ground)
        slopes = _sums(pairs.weights, (scan - middle) * (ground - height)) / _sums(
            pairs.weights, (scan - middle) ** 2
        )
        matrix = np.column_stack([np.diag(slopes), height - slopes * middle])
        return cls(frames, _invertible(matrix, cls.kind))


class Similarity(_Matrix):
    """One scale, a turn, two shifts (Helmert's transform): shapes stay as they are.

    X = s (cos θ x − sin θ y) + tx, Y = s (sin θ x + cos θ y) + ty, with x = column and, because rows grow
    downward, y = −row; for a mirrored scan y = row.
    """

    kind: ClassVar[str] = "similarity"
    min_points: ClassVar[int] = 2

    @classmethod
    def fit(
        cls,
        pixels: ArrayLike,
        world: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        handedness: Handedness = "map",
    ) -> Self:
        """Find the least squares similarity in closed form (Umeyama 1991, in complex numbers).

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 2.
        weights
            (n,) 1 / σ² of each point.
        handedness
            ``"map"`` for a scan that reads like a map, ``"mirrored"`` for one that shows its back, ``"auto"``
            for whichever leaves the smaller residuals. Two points fit both ways, so ``"auto"`` needs three.

        Raises
        ------
        NotEnoughDataError
            When all points lie at one place, or ``"auto"`` has only points on one line.

        Examples
        --------
        >>> sheet = Similarity.fit([[0, 0], [1000, 0]], [[500000, 6000000], [500850, 6000000]])
        >>> sheet.to_world([0, 1000]).tolist()
        [500000.0, 5999150.0]
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        frames = Frames.of(pairs)
        if handedness == "auto":
            pairs.require_plane("recognising the handedness")
            tried = [_turn_and_scale(pairs, frames, sign) for sign in (-1.0, 1.0)]
            matrix = min(tried, key=lambda one: _misfit(pairs, frames, one))
        elif handedness in ("map", "mirrored"):
            matrix = _turn_and_scale(pairs, frames, -1.0 if handedness == "map" else 1.0)
        else:
            raise InputError(f"handedness is 'map', 'mirrored' or 'auto', not {handedness!r}")
        return cls(frames, _invertible(matrix, cls.kind))


class Affine5(_Matrix):
    """Two scales, a turn, two shifts: paper that shrank more along than across.

    As `Similarity`, but with its own scale along rows and columns; right angles of the scan stay right.
    """

    kind: ClassVar[str] = "affine5"
    min_points: ClassVar[int] = 3

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Find the least squares solution in closed form.

        For a turn θ each axis has its own regression; what the two explain is a quadratic form of
        (cos θ, sin θ), whose largest eigenvector is the best turn. The handedness follows from the points.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 3, not on one line.
        weights
            (n,) 1 / σ² of each point.
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        middle, height = _means(pairs.weights, scan, ground)
        cross = (pairs.weights[:, None] * (ground - height)).T @ (scan - middle)
        squares = _sums(pairs.weights, (scan - middle) ** 2)
        by_column, by_row = cross[:, 0], np.array([cross[1, 1], -cross[0, 1]])
        explained = np.outer(by_column, by_column) / squares[0] + np.outer(by_row, by_row) / squares[1]
        cosine, sine = np.linalg.eigh(explained)[1][:, 1]
        turn = np.array([[cosine, -sine], [sine, cosine]])
        linear = turn * (np.diag(turn.T @ cross) / squares)
        return cls(frames, _invertible(np.column_stack([linear, height - linear @ middle]), cls.kind))


class Affine(_Matrix):
    """Six parameters: parallel lines stay parallel.

    X = a column + b row + c, Y = d column + e row + f.
    """

    kind: ClassVar[str] = "affine"
    min_points: ClassVar[int] = 3

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Solve the least squares problem in the centred and scaled coordinates.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 3, not on one line.
        weights
            (n,) 1 / σ² of each point.

        Examples
        --------
        >>> corners = [[0, 0], [100, 0], [0, 100], [100, 100]]
        >>> ground = [[440720, 3751320], [446720, 3751320], [440720, 3745320], [446720, 3745320]]
        >>> Affine.fit(corners, ground).to_world([20, 10]).round(6).tolist()
        [441920.0, 3750720.0]
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        roots = np.sqrt(pairs.weights / pairs.weights.max())[:, None]
        design = np.column_stack([scan, np.ones(len(scan))])
        matrix = np.linalg.lstsq(design * roots, ground * roots, rcond=None)[0].T
        return cls(frames, _invertible(matrix, cls.kind))


def _turn_and_scale(pairs: Pairs, frames: Frames, sign: float) -> Floats:
    """(2, 3) matrix of the similarity for y = `sign` · row."""
    scan, ground = frames.reduce(pairs)
    middle, height = _means(pairs.weights, scan, ground)
    from_middle = (scan - middle) @ np.array([1.0, sign * 1j])
    from_height = (ground - height) @ np.array([1.0, 1j])
    factor = np.sum(pairs.weights * from_middle.conj() * from_height) / np.sum(
        pairs.weights * np.abs(from_middle) ** 2
    )
    linear = np.array([[factor.real, -sign * factor.imag], [factor.imag, sign * factor.real]])
    return np.column_stack([linear, height - linear @ middle])


def _misfit(pairs: Pairs, frames: Frames, matrix: Floats) -> float:
    scan, ground = frames.reduce(pairs)
    residuals = scan @ matrix[:, :2].T + matrix[:, 2] - ground
    return float(np.sum(pairs.weights[:, None] * residuals**2))


def _means(weights: Floats, scan: Floats, ground: Floats) -> tuple[Floats, Floats]:
    shares = weights / weights.sum()
    return shares @ scan, shares @ ground


def _sums(weights: Floats, columns: Floats) -> Floats:
    return np.asarray(weights @ columns)


def _invertible(matrix: ArrayLike, kind: str) -> Floats:
    """Freeze a (2, 3) matrix, or say that it squeezes the scan into a line."""
    whole = freeze(matrix)
    singular = np.linalg.svd(whole[:, :2], compute_uv=False)
    if singular[1] <= 1e-12 * max(1.0, singular[0]):
        raise NotEnoughDataError(
            f"the best {kind} squeezes the whole scan into a line or a point: pixels and world points do not "
            "go together; look for points that were exchanged, or a scan of the other handedness"
        )
    return whole
