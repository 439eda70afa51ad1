"""A similarity that changes from place to place: few points on a badly deformed sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from whence.errors import InputError
from whence.maps.transforms.inversion import INVERSE_ERROR_PX, invert
from whence.maps.transforms.linear import Similarity
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from whence.maps.transforms.linear import Handedness
    from whence.typing import ArrayLike, Floats, Json

__all__ = ["MovingSimilarity"]

_BLOCK = 1 << 18
_NEAREST = 1e-18  # added to squared distances: at a control point its weight is huge, not infinite


class _Local(NamedTuple):
    """The weighted fit at m pixels to n points."""

    squares: Floats  # (m, n) distances, squared
    weight: Floats  # (m, n)
    offset: NDArray[np.complex128]  # (m, n) ẑ
    place: NDArray[np.complex128]  # (m, n) Ẑ
    spread: Floats  # (m,) Σ w |ẑ|²
    height: NDArray[np.complex128]  # (m,) Z*
    factor: NDArray[np.complex128]  # (m,) turn and scale
    lever: NDArray[np.complex128]  # (m,) z − z*


@dataclass(frozen=True, eq=False)
class MovingSimilarity(PlaneTransform):
    """At every pixel the similarity that fits the points best when near ones count most.

    With complex z = x + i y for the scan and Z = X + i Y for the ground, and weights that fall with the
    distance, w = weight / distance^(2 falloff): f(z) = Z* + m (z − z*), where z* and Z* are weighted means
    and m = Σ w conj(ẑ) Ẑ / Σ w |ẑ|² (Schaefer, McPhail and Warren 2006, in closed form). It goes exactly
    through every point, and far away tends to the similarity of all of them.
    """

    kind: ClassVar[str] = "moving"
    min_points: ClassVar[int] = 2
    inverse_error_px: ClassVar[float] = INVERSE_ERROR_PX

    nodes: Floats
    """(n, 2) control points, in the frame of the scan."""
    images: Floats
    """(n, 2) where they are, in the frame of the ground."""
    weights: Floats
    """(n,) of the points, the largest 1."""
    falloff: float
    mirrored: bool

    @classmethod
    def fit(
        cls,
        pixels: ArrayLike,
        world: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        falloff: float = 1.0,
        handedness: Handedness = "map",
    ) -> Self:
        """Take the points as they are; all the work is done at each pixel.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 2, at different pixels.
        weights
            (n,) 1 / σ² of each point.
        falloff
            Half the power of the distance that divides the weights, from 0.5 to 4; larger ones make the
            deformation more local.
        handedness
            As for `Similarity`.

        Raises
        ------
        NotEnoughDataError
            When there are fewer than two points, or two at one pixel.
        InputError
            When the falloff is out of range.
        """
        if not 0.5 <= falloff <= 4.0:
            raise InputError(f"falloff must lie between 0.5 and 4; it is {falloff}")
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_different(cls.kind)
        whole = Similarity.fit(pairs.pixels, pairs.world, weights=pairs.weights, handedness=handedness)
        frames = Frames.of(pairs)
        nodes, images = frames.reduce(pairs)
        shares = pairs.weights / pairs.weights.max()
        mirrored = bool(whole.parameters["mirrored"])
        return cls(frames, freeze(nodes), freeze(images), freeze(shares), float(falloff), mirrored)

    def _forward(self, scan: Floats) -> Floats:
        return np.concatenate([self._moved(scan[rows]) for rows in self._blocks(len(scan))])

    def _slope(self, scan: Floats) -> Floats:
        return np.concatenate([self._turned(scan[rows]) for rows in self._blocks(len(scan))])

    def _backward(self, ground: Floats) -> Floats:
        return invert(ground, self._forward, self._slope, extent=float(np.abs(self.nodes).max()))

    def _moved(self, scan: Floats) -> Floats:
        """(m, 2) images."""
        local = self._local(scan)
        image = local.height + local.factor * local.lever
        return np.column_stack([image.real, image.imag])

    def _turned(self, scan: Floats) -> Floats:
        """(m, 2, 2) derivatives of `_moved`, term by term."""
        local = self._local(scan)
        rates = (local.weight * -2.0 * self.falloff / local.squares)[..., None] * (
            scan[:, None, :] - self.nodes
        )
        total = local.weight.sum(axis=1)[:, None]
        by_middle = np.einsum("mna,mn->ma", rates, local.offset) / total
        by_height = np.einsum("mna,mn->ma", rates, local.place) / total
        turned = local.offset.conj() * local.place - local.factor[:, None] * np.abs(local.offset) ** 2
        by_factor = np.einsum("mna,mn->ma", rates, turned) / local.spread[:, None]
        slope = (
            by_height + by_factor * local.lever[:, None] + local.factor[:, None] * (self._unit - by_middle)
        )
        return np.stack([slope.real, slope.imag], axis=1)

    def _local(self, scan: Floats) -> _Local:
        squares = cdist(scan, self.nodes, "sqeuclidean") + _NEAREST
        weight = self.weights * squares**-self.falloff
        total = weight.sum(axis=1)
        offsets, places = self.nodes @ self._unit, self.images @ np.array([1.0, 1j])
        middle, height = weight @ offsets / total, weight @ places / total
        offset, place = offsets - middle[:, None], places - height[:, None]
        spread = np.sum(weight * (offset.real**2 + offset.imag**2), axis=1)
        factor = np.sum(weight * offset.conj() * place, axis=1) / spread
        return _Local(squares, weight, offset, place, spread, height, factor, scan @ self._unit - middle)

    @property
    def _unit(self) -> NDArray[np.complex128]:
        """What turns (x, y) into a complex number whose imaginary part grows northward."""
        return np.array([1.0, 1j if self.mirrored else -1j])

    def _blocks(self, count: int) -> list[slice]:
        size = max(1, _BLOCK // len(self.nodes))
        return [slice(start, start + size) for start in range(0, count, size)]

    @property
    def parameters(self) -> Json:
        """Its options."""
        return {"points": len(self.nodes), "falloff": self.falloff, "mirrored": self.mirrored}

    def _content(self) -> Json:
        return {
            "nodes": self.nodes.tolist(),
            "images": self.images.tolist(),
            "weights": self.weights.tolist(),
            "falloff": self.falloff,
            "mirrored": self.mirrored,
        }

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        nodes, images, weights = (freeze(content[name]) for name in ("nodes", "images", "weights"))
        if nodes.shape != images.shape or weights.shape != nodes.shape[:1]:
            raise ValueError(f"nodes {nodes.shape}, images {images.shape}, weights {weights.shape}")
        return cls(frames, nodes, images, weights, float(content["falloff"]), bool(content["mirrored"]))
