"""Maps from the ground to the scan, proposed by small samples of control points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Bools, Floats, Ints

__all__ = ["CORES", "Handed", "Proposals"]

Handed: TypeAlias = Literal["map", "mirrored"]
"""Whether the scan reads like a map, or shows its back."""

CORES = (2, 3)
"""Sizes of the samples: similarities and affines."""

_ALL = 8_000  # so many samples are all tried; beyond it so many are drawn
_MOST_STRETCH = 2.0  # paper does not stretch more, and few projections do


@dataclass(frozen=True, eq=False)
class Proposals:
    """Proposed maps and the points they are tested with.

    Parameters
    ----------
    pixels, plane
        (n, 2) column, row; (n, 2) east, north.
    size
        Points in a sample: 2 for similarities, 3 for affines.
    handed
        Handedness of all proposals.
    maps
        (t, 2, 3) from east, north, 1 to column, row.
    """

    pixels: Floats
    plane: Floats
    size: int
    handed: Handed
    maps: Floats

    @classmethod
    def of(cls, pixels: Floats, plane: Floats, *, size: int, handed: Handed, seed: int) -> Self:
        """Propose a map for each sample; those that stretch or turn over like no map are left out."""
        rows = _samples(len(pixels), size, seed)
        solve = _similarities if size == 2 else _affines
        maps = solve(pixels[rows], plane[rows], handed)
        return cls(pixels, plane, size, handed, maps[_plausible(maps, handed)])

    def errors_px(self, maps: Floats | None = None) -> Floats:
        """Return (t, n) distances on the scan between the points and where each map has them."""
        maps = self.maps if maps is None else maps
        found = self.plane @ maps[:, :, :2].transpose(0, 2, 1) + maps[:, None, :, 2]
        return np.asarray(np.hypot(*np.moveaxis(found - self.pixels, -1, 0)), dtype=np.float64)

    def leverage(self, agree: Bools, places: Floats | None = None) -> Floats:
        """Return (m,) how much the least-squares map of some points amplifies their noise at (m, 2) places.

        The variance of the mapped place over that of the noise, hᵢᵢ of the hat matrix for points that agree.
        The places are those of all points when None.
        """
        chosen, places = self.plane[agree], self.plane if places is None else places
        away, spread = places - chosen.mean(axis=0), chosen - chosen.mean(axis=0)
        if self.size == 2:
            return np.asarray(1 / len(chosen) + np.square(away).sum(axis=1) / np.square(spread).sum())
        inverse = np.linalg.pinv(spread.T @ spread)
        return np.asarray(1 / len(chosen) + np.einsum("ni,ij,nj->n", away, inverse, away))

    def least_squares(self, agree: Bools) -> Floats:
        """Return the (2, 3) map of the same kind that fits the points chosen by a mask best."""
        pixels, plane = self.pixels[agree], self.plane[agree]
        middle, height = pixels.mean(axis=0), plane.mean(axis=0)
        if self.size == 2:
            scan, ground = _complex(pixels - middle, "map"), _complex(plane - height, _turned(self.handed))
            linear = _linear(complex(np.vdot(ground, scan) / np.vdot(ground, ground)), self.handed)
        else:
            linear = np.linalg.lstsq(plane - height, pixels - middle, rcond=None)[0].T
        return np.column_stack([linear, middle - linear @ height])


def _samples(n: int, size: int, seed: int) -> Ints:
    if comb(n, size) <= _ALL:
        return np.array(list(combinations(range(n), size)), dtype=np.int64).reshape(-1, size)
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, n, (_ALL, size))
    different = (np.diff(np.sort(rows, axis=1), axis=1) > 0).all(axis=1)
    return np.asarray(rows[different], dtype=np.int64)


def _similarities(pixels: Floats, plane: Floats, handed: Handed) -> Floats:
    """Map two points onto two, (t, 2, 3)."""
    scan, ground = _complex(pixels, "map"), _complex(plane, _turned(handed))
    apart = ground[:, 1] - ground[:, 0]
    good = apart != 0
    factor = np.where(good, scan[:, 1] - scan[:, 0], 0) / np.where(good, apart, 1)
    linear = np.stack([_linear(complex(one), handed) for one in factor])
    shift = pixels[:, 0] - np.einsum("tij,tj->ti", linear, plane[:, 0])
    return np.concatenate([linear, shift[..., None]], axis=2)


def _affines(pixels: Floats, plane: Floats, handed: Handed) -> Floats:  # noqa: ARG001 - both are proposed
    """Map three points onto three, (t, 2, 3); NaN where they lie on one line."""
    sides, images = plane[:, 1:] - plane[:, :1], pixels[:, 1:] - pixels[:, :1]
    singular = np.linalg.svd(sides, compute_uv=False)
    flat = singular[:, 1] <= 1e-9 * singular[:, 0]
    sides[flat] = np.eye(2)
    linear = np.linalg.solve(sides, images).transpose(0, 2, 1)
    linear[flat] = np.nan
    shift = pixels[:, 0] - np.einsum("tij,tj->ti", linear, plane[:, 0])
    return np.concatenate([linear, shift[..., None]], axis=2)


def _complex(points: Floats, handed: Handed) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """East + i north of a plane, column − i row of a scan; the conjugate where they turn the other way."""
    return np.asarray(points @ np.array([1.0, -1j if handed == "map" else 1j]), dtype=np.complex128)


def _turned(handed: Handed) -> Handed:
    """Rows grow southward, so a scan that reads like a map pairs with a plane that counts northward."""
    return "mirrored" if handed == "map" else "map"


def _linear(factor: complex, handed: Handed) -> Floats:
    """(2, 2) part of scan = factor · ground: column = Re, row = −Im."""
    a, b = factor.real, factor.imag
    sign = 1.0 if handed == "map" else -1.0
    return np.array([[a, -sign * b], [-b, -sign * a]])


def _plausible(maps: Floats, handed: Handed) -> Bools:
    """Tell which maps are of the handedness and stretch no more than paper and projections do."""
    finite: Bools = np.isfinite(maps.sum(axis=(1, 2)))
    linear: Floats = np.where(finite[:, None, None], maps[:, :, :2], 0.0)
    singular = np.linalg.svd(linear, compute_uv=False)
    area = np.linalg.det(linear) * (-1.0 if handed == "map" else 1.0)
    calm = (singular[:, 0] <= _MOST_STRETCH * singular[:, 1]) & (area > 0) & finite
    return np.asarray(calm, dtype=bool)
