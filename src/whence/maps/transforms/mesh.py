"""A mesh of triangles between the points, each with its own affine transform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial import Delaunay

from whence.errors import NotEnoughDataError
from whence.maps.transforms.linear import Affine
from whence.maps.transforms.pairs import Pairs
from whence.maps.transforms.plane import Frames, PlaneTransform, freeze

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["Mesh"]

_RING = 16  # outer nodes
_RADII = (3.0, 10.0, 30.0)  # of the ring, in distances of the farthest point
_WALK = 16
_BLOCK = 1 << 20
_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Mesh(PlaneTransform):
    """Piecewise affine on Delaunay's triangulation of the pixels (Akima 1978 without the smoothing).

    It goes exactly through every point and is continuous, with kinks along the edges; a point has influence
    on its own triangles only. The mesh goes on beyond the points to a wide ring, where it meets the least
    squares affine of all points: outside the points it is an extrapolation that calms down. The inverse is
    exact.
    """

    kind: ClassVar[str] = "mesh"
    min_points: ClassVar[int] = 3

    nodes: Floats
    """(n + 16, 2) control points, then the ring, in the frame of the scan."""
    images: Floats
    """(n + 16, 2) where they are, in the frame of the ground."""

    @classmethod
    def fit(cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Triangulate the pixels.

        Parameters
        ----------
        pixels, world
            (n, 2) control points, n ≥ 3, not on one line, at different pixels.
        weights
            (n,) 1 / σ² of each point; of account only for the affine far outside.

        Raises
        ------
        NotEnoughDataError
            When two points share a pixel, or the mesh folds over on the ground; the points are named.
        """
        pairs = Pairs.of(pixels, world, weights)
        pairs.require_count(cls.min_points, cls.kind)
        pairs.require_plane(cls.kind)
        pairs.require_different(cls.kind)
        frames = Frames.of(pairs)
        scan, ground = frames.reduce(pairs)
        outer = Affine.fit(scan, ground, weights=pairs.weights)
        farthest = float(np.hypot(scan[:, 0], scan[:, 1]).max())
        turns = np.arange(_RING) * (2.0 * np.pi / _RING)
        for radius in _RADII:
            ring = np.column_stack([np.cos(turns), np.sin(turns)]) * (radius * farthest)
            mesh = cls(
                frames, freeze(np.vstack([scan, ring])), freeze(np.vstack([ground, outer.to_world(ring)]))
            )
            folded = mesh._folded()
            inner = folded[(folded < len(pairs)).all(axis=1)]
            if not len(folded) or len(inner):
                break
        if len(folded):
            named = inner[0] if len(inner) else folded[0][folded[0] < len(pairs)]
            raise NotEnoughDataError(
                f"the mesh folds over at {pairs.named(np.sort(named))}: on the ground they lie the other way "
                "round than on the scan; look for points that were swapped, or take a transform that smooths"
            )
        return mesh

    def _forward(self, scan: Floats) -> Floats:
        pieces = self._pieces[self._triangles.find_simplex(scan)]
        return np.asarray(np.einsum("mij,mj->mi", pieces[:, :, :2], scan) + pieces[:, :, 2])

    def _slope(self, scan: Floats) -> Floats:
        return np.asarray(self._pieces[self._triangles.find_simplex(scan)][:, :, :2])

    def _backward(self, ground: Floats) -> Floats:
        """Walk from the outer affine to the triangle that agrees with itself; search where walks go round."""
        found = np.full(len(ground), -1)
        scan = self._through(found, ground)
        active = np.arange(len(ground))
        for _ in range(_WALK):
            found[active] = self._triangles.find_simplex(scan[active])
            moved = self._through(found[active], ground[active])
            still = np.abs(moved - scan[active]).max(axis=1) <= 1e-13 * (1.0 + np.abs(moved).max(axis=1))
            scan[active] = moved
            active = active[~still]
            if not len(active):
                return scan
        scan[active] = self._through(self._searched(ground[active]), ground[active])
        return scan

    def _through(self, triangles: Ints, ground: Floats) -> Floats:
        """Go back through the pieces of these triangles, −1 for the outer affine."""
        away = ground - self._pieces[triangles, :, 2]
        return np.asarray(np.einsum("mij,mj->mi", self._inverses[triangles], away))

    def _searched(self, ground: Floats) -> Ints:
        """(m,) the triangle whose image holds each place, −1 for none."""
        corners = self.images[self._triangles.simplices]
        edges = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=-1)
        inverses = np.linalg.inv(edges)
        size = max(1, _BLOCK // len(corners))
        best = np.empty(len(ground), dtype=np.int64)
        for start in range(0, len(ground), size):
            away = ground[start : start + size, None, :] - corners[:, 0]
            shares = np.einsum("tij,mtj->mti", inverses, away)
            least = np.minimum(shares.min(axis=2), 1.0 - shares.sum(axis=2))
            chosen = np.argmax(least, axis=1)
            best[start : start + size] = np.where(least.max(axis=1) >= -_EDGE, chosen, -1)
        return best

    def _folded(self) -> Ints:
        """(k, 3) corners of the triangles that lie the wrong way round on the ground, or flat."""
        sides = np.linalg.det(self._pieces[:, :, :2])
        wrong = sides[:-1] * np.sign(sides[-1]) <= 1e-12 * np.abs(sides[-1])
        return np.asarray(self._triangles.simplices[wrong], dtype=np.int64)

    @cached_property
    def _triangles(self) -> Delaunay:
        return Delaunay(self.nodes)

    @cached_property
    def _pieces(self) -> Floats:
        """(t + 1, 2, 3) affine of each triangle; the last is that of the ring, and so holds outside."""
        corners = np.concatenate([self._triangles.simplices, [self._ring_corners()]])
        design = np.concatenate([self.nodes[corners], np.ones((len(corners), 3, 1))], axis=2)
        return np.asarray(np.linalg.solve(design, self.images[corners])).transpose(0, 2, 1)

    @cached_property
    def _inverses(self) -> Floats:
        pieces = self._pieces[:, :, :2]
        singular = np.abs(np.linalg.det(pieces)) == 0.0  # only in meshes that `fit` refuses
        return np.asarray(np.linalg.inv(np.where(singular[:, None, None], np.nan, pieces)))

    def _ring_corners(self) -> list[int]:
        first = len(self.nodes) - _RING
        return [first, first + 5, first + 11]

    @property
    def parameters(self) -> Json:
        """How many points and triangles it has."""
        corners = self._triangles.simplices
        inside = (corners < len(self.nodes) - _RING).all(axis=1)
        return {"points": len(self.nodes) - _RING, "triangles": int(inside.sum())}

    def _content(self) -> Json:
        return {"nodes": self.nodes.tolist(), "images": self.images.tolist()}

    @classmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        nodes, images = freeze(content["nodes"]), freeze(content["images"])
        if nodes.shape != images.shape or nodes.ndim != 2 or len(nodes) < _RING + cls.min_points:
            raise ValueError(f"nodes {nodes.shape}, images {images.shape}")
        return cls(frames, nodes, images)
