"""Splines of radial functions: the thin plate, and others of the family."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from whence.errors import InputError, NotEnoughDataError
from whence.maps.transforms.inversion import INVERSE_ERROR_PX, invert
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Json

__all__ = ["KERNELS", "RadialBasis", "ThinPlate"]

_BLOCK = 1 << 20  # distances held at once: 8 MB each


@dataclass(frozen=True)
class Kernel:
    """φ of the squared distance, and its derivative by the squared distance."""

    value: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


def _log(squared: Floats) -> Floats:
    return np.log(np.maximum(squared, 1e-300))  # times r², or a difference of zero: never seen


KERNELS: dict[str, Kernel] = {
    "thin-plate": Kernel(lambda s: 0.5 * s * _log(s), lambda s: 0.5 * (_log(s) + 1.0)),
    "linear": Kernel(lambda s: -np.sqrt(s), lambda s: -0.5 / np.sqrt(np.maximum(s, 1e-300))),
    "cubic": Kernel(lambda s: s * np.sqrt(s), lambda s: 1.5 * np.sqrt(s)),
    "multiquadric": Kernel(lambda s: -np.sqrt(1.0 + s), lambda s: -0.5 / np.sqrt(1.0 + s)),
    "inverse-multiquadric": Kernel(lambda s: 1.0 / np.sqrt(1.0 + s), lambda s: -0.5 * (1.0 + s) ** -1.5),
    "gaussian": Kernel(lambda s: np.exp(-s), lambda s: -np.exp(-s)),
}
"""Radial functions by name (Buhmann, Radial Basis Functions, 2003)."""

_SCALE_FREE = {"thin-plate", "linear", "cubic"}


@dataclass(frozen=True, eq=False)
class _Spline(PlaneTransform):
    """f(p) = Σ w_i φ(|p − p_i|² / reach²) + a + B p, in the frames of scan and ground."""

    inverse_error_px: ClassVar[float] = INVERSE_ERROR_PX

    nodes: Floats
    """(n, 2) control points, in the frame of the scan."""
    terms: Floats
    """(n + 3, 2) w_i, then a, then the rows of B."""
    kernel: str
    reach: float
    smoothing: float

    @classmethod
    def _solve(cls, pairs: Pairs, *, kernel: str, reach: float | None, smoothing: float) -> Self:
        if kernel not in KERNELS:
            raise InputError(f"no kernel is called {kernel!r}; there are {', '.join(KERNELS)}")
        if not 0.0 <= smoothing < np.inf:
            raise InputError(f"smoothing must be a number, 0 or above; it is {smoothing}")
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        if smoothing == 0.0:
            pairs.require_different(cls.kind)
        frames = Frames.of(pairs)
        nodes, ground = frames.reduce(pairs)
        width = _default_reach(nodes, kernel) if reach is None else reach / frames.pixel.scale
        system = _system(nodes, kernel, width)
        system[np.arange(len(nodes)), np.arange(len(nodes))] += smoothing / (
            pairs.weights / pairs.weights.mean()
        )
        terms = _solution(system, np.vstack([ground, np.zeros((3, 2))]), cls.kind)
        return cls(frames, freeze(nodes), freeze(terms), kernel, width, float(smoothing))

    def _forward(self, scan: Floats) -> Floats:
        result = scan @ self.terms[-2:] + self.terms[-3]
        for rows in self._blocks(len(scan)):
            result[rows] += KERNELS[self.kernel].value(self._squares(scan[rows])) @ self.terms[:-3]
        return np.asarray(result)

    def _slope(self, scan: Floats) -> Floats:
        result = np.empty((len(scan), 2, 2))
        for rows in self._blocks(len(scan)):
            rates = KERNELS[self.kernel].slope(self._squares(scan[rows])) * (2.0 / self.reach**2)
            for axis in range(2):
                away = scan[rows, axis, None] - self.nodes[:, axis]
                result[rows, :, axis] = (rates * away) @ self.terms[:-3] + self.terms[-2 + axis]
        return result

    def _backward(self, ground: Floats) -> Floats:
        return invert(ground, self._forward, self._slope, extent=float(np.abs(self.nodes).max()))

    def _squares(self, scan: Floats) -> Floats:
        return np.asarray(cdist(scan / self.reach, self.nodes / self.reach, "sqeuclidean"))

    def _blocks(self, count: int) -> list[slice]:
        size = max(1, _BLOCK // len(self.nodes))
        return [slice(start, start + size) for start in range(0, count, size)]

    @property
    def parameters(self) -> Json:
        """Its options in pixels, and its affine part."""
        ratio = self.frames.world.scale / self.frames.pixel.scale
        return {
            "points": len(self.nodes),
            "kernel": self.kernel,
            "reach_px": self.reach * self.frames.pixel.scale,
            "smoothing": self.smoothing,
            "affine_part": (self.terms[-2:].T * ratio).tolist(),
        }

    def _content(self) -> Json:
        return {
            "nodes": self.nodes.tolist(),
            "terms": self.terms.tolist(),
            "kernel": self.kernel,
            "reach": self.reach,
            "smoothing": self.smoothing,
        }

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        nodes, terms = freeze(content["nodes"]), freeze(content["terms"])
        if nodes.ndim != 2 or terms.shape != (len(nodes) + 3, 2) or content["kernel"] not in KERNELS:
            raise ValueError(f"nodes {nodes.shape}, terms {terms.shape}, kernel {content['kernel']!r}")
        return cls(
            frames, nodes, terms, str(content["kernel"]), float(content["reach"]), float(content["smoothing"])
        )


class ThinPlate(_Spline):
    """The thin-plate spline: of all surfaces through the points the one that bends least.

    It passes exactly through every point, so that its residuals say nothing of its accuracy; `smoothing` lets
    it leave them. Works from 3 points (an affine then), wants 10 to 15 well spread. Duchon 1977; Wahba 1990,
    section 2.4.
    """

    kind: ClassVar[str] = "tps"
    min_points: ClassVar[int] = 3

    @classmethod
    def fit(
        cls,
        pixels: ArrayLike,
        world: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        smoothing: float = 0.0,
    ) -> Self:
        """Solve for the spline.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 3, not on one line, at different pixels.
        weights
            (n,) 1 / σ² of each point; of account only with smoothing.
        smoothing
            0 goes through every point; from there to infinity it turns into the affine. It is added to the
            diagonal of the system over the points' weight (relative to the mean), with distances counted in
            root mean squared distances from the centre: the same value means the same at any resolution.

        Raises
        ------
        NotEnoughDataError
            For fewer than 3 points, points on one line, or two points at one pixel without smoothing.
        """
        pairs = Pairs.of(pixels, world, weights)
        return cls._solve(pairs, kernel="thin-plate", reach=None, smoothing=smoothing)


class RadialBasis(_Spline):
    """A spline of another radial function, with an affine part."""

    kind: ClassVar[str] = "rbf"
    min_points: ClassVar[int] = 3

    @classmethod
    def fit(
        cls,
        pixels: ArrayLike,
        world: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        kernel: str = "multiquadric",
        reach_px: float | None = None,
        smoothing: float = 0.0,
    ) -> Self:
        """Solve for the spline.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 3, not on one line, at different pixels.
        weights
            (n,) 1 / σ² of each point; of account only with smoothing.
        kernel
            A name of `KERNELS`.
        reach_px
            Distance at which a point's influence has changed markedly, pixels; the median distance from a
            point to its nearest neighbour, doubled, when not given. Of no account for ``linear``,
            ``cubic`` and ``thin-plate`` without smoothing.
        smoothing
            As for `ThinPlate`.

        Raises
        ------
        NotEnoughDataError
            As for `ThinPlate`, and when the reach is so long that the equations cannot be told apart.
        """
        if reach_px is not None and not 0.0 < reach_px < np.inf:
            raise InputError(f"reach_px must be a positive number of pixels; it is {reach_px}")
        pairs = Pairs.of(pixels, world, weights)
        return cls._solve(pairs, kernel=kernel, reach=reach_px, smoothing=smoothing)


def _default_reach(nodes: Floats, kernel: str) -> float:
    if kernel in _SCALE_FREE:
        return 1.0
    nearest = cKDTree(nodes).query(nodes, k=2)[0][:, 1]
    return 2.0 * float(np.median(nearest[nearest > 0.0])) if (nearest > 0.0).any() else 1.0


def _system(nodes: Floats, kernel: str, reach: float) -> Floats:
    """(n + 3, n + 3) kernel values, bordered by 1, x, y."""
    count = len(nodes)
    system = np.zeros((count + 3, count + 3))
    squares = cdist(nodes / reach, nodes / reach, "sqeuclidean")
    system[:count, :count] = KERNELS[kernel].value(squares)
    border = np.column_stack([np.ones(count), nodes])
    system[:count, count:], system[count:, :count] = border, border.T
    return system


def _solution(system: Floats, right: Floats, kind: str) -> Floats:
    """Solve with one step of refinement; refuse a system that rounding has made singular."""
    refusal = (
        f"the equations of {kind} cannot be told apart: two points are too near each other, or the reach is "
        "too long; leave one out, shorten the reach, or use smoothing"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # an exact zero on the diagonal: refused below
        factors = lu_factor(system, check_finite=False)
    if not np.abs(np.diag(factors[0])).min() > 1e-15:
        raise NotEnoughDataError(refusal)
    terms = lu_solve(factors, right, check_finite=False)
    terms += lu_solve(factors, right - system @ terms, check_finite=False)
    if not np.abs(system @ terms - right).max() <= 1e-9:
        raise NotEnoughDataError(refusal)
    return np.asarray(terms)
