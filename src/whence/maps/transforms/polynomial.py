"""Polynomials of the first, second and third order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.transforms.inversion import INVERSE_ERROR_PX, invert
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Json

__all__ = ["Polynomial", "Polynomial1", "Polynomial2", "Polynomial3"]

_POWERS = [(i, total - i) for total in range(4) for i in range(total, -1, -1)]  # 1, x, y, x², xy, y², …
_RANK_TOLERANCE = 1e-9
_CURVES = {1: "line", 2: "conic (two lines, an ellipse, …)", 3: "cubic (three lines of a grid, …)"}


@dataclass(frozen=True, eq=False)
class Polynomial(PlaneTransform):
    """X = Σ a_ij x^i y^j, Y = Σ b_ij x^i y^j for i + j ≤ order, in the frames of scan and ground.

    It swings wildly outside its control points, the more so the higher its order. The inverse is Newton's; it
    is not the polynomial that QGIS and GDAL fit the other way round, which `fit` gives with pixels and world
    exchanged.
    """

    order: ClassVar[int]
    inverse_error_px: ClassVar[float] = INVERSE_ERROR_PX

    terms: Floats
    """(k, 2) coefficients of easting and northing for 1, x, y, x², xy, y², x³, …"""
    extent: float
    """Half the side of the square that holds the control points, in the frame of the scan."""

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Solve the least squares problem in the centred and scaled coordinates.

        Parameters
        ----------
        pixels, world
            (n, 2) control points; n ≥ 3, 6, 10 for the order 1, 2, 3.
        weights
            (n,) 1 / σ² of each point.

        Raises
        ------
        NotEnoughDataError
            When there are too few, or they all lie on one curve of that order.
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        roots = np.sqrt(pairs.weights / pairs.weights.max())[:, None]
        extent = float(np.abs(scan).max())
        design = _monomials(scan / extent, cls.order)  # within ±1 no power outweighs another
        terms, _, rank, _ = np.linalg.lstsq(design * roots, ground * roots, rcond=_RANK_TOLERANCE)
        if rank < design.shape[1]:
            raise NotEnoughDataError(_on_a_curve(pairs, cls.order, cls.kind))
        return cls(frames, freeze(terms), extent)

    def _forward(self, scan: Floats) -> Floats:
        return _monomials(scan / self.extent, self.order) @ self.terms

    def _slope(self, scan: Floats) -> Floats:
        by_x, by_y = _derivatives(scan / self.extent, self.order)
        return np.stack([by_x @ self.terms, by_y @ self.terms], axis=-1) / self.extent

    def _backward(self, ground: Floats) -> Floats:
        return invert(ground, self._forward, self._slope, extent=self.extent)

    @property
    def parameters(self) -> Json:
        """Coefficients by power of column and row, counted from the centre in steps of `step_px`."""
        world = self.frames.world
        scaled = self.terms * world.scale
        scaled[0] += (world.x, world.y)
        names = [f"column^{i} row^{j}" for i, j in _POWERS[: len(scaled)]]
        return {
            "center_px": [self.frames.pixel.x, self.frames.pixel.y],
            "step_px": self.extent * self.frames.pixel.scale,
            "easting": dict(zip(names, scaled[:, 0].tolist(), strict=True)),
            "northing": dict(zip(names, scaled[:, 1].tolist(), strict=True)),
        }

    def _content(self) -> Json:
        return {"terms": self.terms.tolist(), "extent": self.extent}

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        terms = freeze(content["terms"])
        if terms.shape != (_count(cls.order), 2):
            raise ValueError(f"terms of shape {terms.shape}")
        return cls(frames, terms, float(content["extent"]))


class Polynomial1(Polynomial):
    """The first order: an affine transform by another name."""

    kind: ClassVar[str] = "polynomial1"
    order: ClassVar[int] = 1
    min_points: ClassVar[int] = 3


class Polynomial2(Polynomial):
    """The second order: a scan that bends evenly."""

    kind: ClassVar[str] = "polynomial2"
    order: ClassVar[int] = 2
    min_points: ClassVar[int] = 6


class Polynomial3(Polynomial):
    """The third order: needs many points, up to the very edge."""

    kind: ClassVar[str] = "polynomial3"
    order: ClassVar[int] = 3
    min_points: ClassVar[int] = 10


def _count(order: int) -> int:
    return (order + 1) * (order + 2) // 2


def _monomials(points: Floats, order: int) -> Floats:
    """(m, k) values of 1, x, y, x², xy, y² and so on."""
    x, y = _powers(points, order)
    return np.stack([x[i] * y[j] for i, j in _POWERS[: _count(order)]], axis=-1)


def _derivatives(points: Floats, order: int) -> tuple[Floats, Floats]:
    """(m, k) derivatives of the monomials by x, and by y."""
    x, y = _powers(points, order)
    powers = _POWERS[: _count(order)]
    by_x = [i * x[max(i - 1, 0)] * y[j] for i, j in powers]
    by_y = [j * x[i] * y[max(j - 1, 0)] for i, j in powers]
    return np.stack(by_x, axis=-1), np.stack(by_y, axis=-1)


def _powers(points: Floats, order: int) -> tuple[list[Floats], list[Floats]]:
    x, y = [np.ones(len(points))], [np.ones(len(points))]
    for _ in range(order):
        x.append(x[-1] * points[:, 0])
        y.append(y[-1] * points[:, 1])
    return x, y


def _on_a_curve(pairs: Pairs, order: int, kind: str) -> str:
    line = pairs.line_of()
    fact = f": {line}" if line else ""
    return (
        f"the {len(pairs)} points lie on one {_CURVES[order]}{fact}; {kind} is open beside it, so add points "
        "between them or take a lower order"
    )
