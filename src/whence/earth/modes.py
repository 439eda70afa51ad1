"""The separated answers within a belief.

A mode of the density would be the thinnest patch, however little it weighs. What is looked for instead is
where the probability is, at a scale that the belief itself sets: the radius s of a disc as large as the
densest region that holds half of it. Patches are blurred by s, each climbs to its nearest better neighbour
within 2s (quick shift, Vedaldi & Soatto 2008), and the tree with the most mass is the first answer. The scale
is then taken anew from what is left: a sharp answer first may be followed by a whole country.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.circles import angle_holding, angles_to
from whence.earth.patches import Patches, squared_chords
from whence.earth.sphere import EARTH_RADIUS_M, from_unit_vectors

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["Hypothesis", "Mode", "describe", "find_modes", "tempered"]

_HALF = 0.5  # the scale is that of the densest half
_SHARPER = 0.6  # a finer peak is followed down while it holds this share of the coarser one
_NO_HOLE = 0.9
_STEPS = 40
_TEMPERED = 32


@dataclass(frozen=True)
class Hypothesis:
    """One separated answer.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Where.
    probability
        Mass of the patches that belong to this answer and to no other; those of all answers sum to at most 1.
    radius_m
        Smallest circle round this point that holds the mass q of the whole belief: the promise that is kept
        whatever the truth is.
    own_radius_m
        Circle that holds q of this answer's own mass: how near the truth is if this is the right answer.
    """

    longitude_deg: float
    latitude_deg: float
    probability: float
    radius_m: float
    own_radius_m: float


@dataclass(frozen=True, eq=False)
class Mode:
    """One answer: its point (3,), and the indices of the patches that belong to it."""

    vector: Floats
    members: Ints


class _Neighbourhood:
    """Squared chords and variances of patches, computed once for all scales."""

    def __init__(self, patches: Patches) -> None:
        self.patches = patches
        self.chords = squared_chords(patches.vectors, patches.vectors)
        self.variances = 1.0 / patches.kappas
        pairs = self.variances[:, np.newaxis] + self.variances
        # Mean density of one patch over another, flat-sphere form: the scale needs no more digits.
        self.overlaps = np.exp(-0.5 * self.chords / pairs) / (2.0 * np.pi * pairs)

    def scale(self, alive: Bools, background: float) -> float:
        """Radius of a disc with the area of the densest region that holds half of the living patches."""
        weights = np.where(alive, self.patches.weights, 0.0)
        density = (self.overlaps @ weights + background / (4.0 * np.pi))[alive]
        order = np.argsort(-density, kind="stable")
        mass = weights[alive][order]
        before = np.cumsum(mass) - mass
        counted = np.clip(_HALF * mass.sum() - before, 0.0, mass)
        return float(np.sqrt(min(np.sum(counted / density[order]), 2.0 * np.pi) / np.pi))

    def heights(self, scale: float, rows: Ints, columns: Ints) -> Floats:
        """Mass seen at the patches `rows` through a bell of that scale: s² / (s² + σ²) at most, each."""
        wide = scale**2 + self.variances[columns]
        seen = self.patches.weights[columns] * scale**2 / wide
        return np.asarray(np.exp(-0.5 * self.chords[np.ix_(rows, columns)] / wide) @ seen)


def find_modes(patches: Patches, background: float, count: int, apart: float | None) -> list[Mode]:
    """Find at most `count` modes, the most probable first; every patch belongs to at most one.

    Parameters
    ----------
    patches
        n patches.
    background
        Weight of the uniform part.
    count
        How many modes at most.
    apart
        Chord that separates them; None takes it from the belief, anew for each mode.
    """
    if not len(patches):
        return []
    near = _Neighbourhood(patches)
    alive = np.ones(len(patches), dtype=np.bool_)
    found: list[Mode] = []
    reaches: list[float] = []
    for _ in range(4 * count):  # twins are taken in by the mode they belong to; they are few
        if len(found) == count or not alive.any():
            break
        scale = near.scale(alive, background) if apart is None else apart / 2.0
        rows = np.flatnonzero(alive)
        members, point = _heaviest_tree(near, rows, scale)
        alive[members] = False
        twin = _twin(found, reaches, point)
        if twin is None:
            found.append(Mode(point, members))
            reaches.append(2.0 * scale)
        else:
            found[twin] = Mode(found[twin].vector, np.concatenate([found[twin].members, members]))
    return sorted(found, key=lambda mode: -float(patches.weights[mode.members].sum()))


def describe(mode: Mode, modal: Patches, whole: tuple[Patches, float], q: float) -> Hypothesis:
    """Tell a mode among the patches `modal` in degrees and metres; `whole` is the belief it is a part of."""
    own = modal[mode.members]
    probability = float(own.weights.sum())
    own = own.weighing(own.weights / probability)
    radii = [
        EARTH_RADIUS_M * angle_holding(patches, background, angles_to(mode.vector, patches.vectors), q)
        for patches, background in (whole, (own, 0.0))
    ]
    longitude, latitude = from_unit_vectors(mode.vector).tolist()
    return Hypothesis(longitude, latitude, min(probability, 1.0), *radii)


def tempered(patches: Patches, background: float, power: float) -> tuple[Patches, float]:
    """Raise the mass of every mode, and the background, to `power`; the total is no longer 1.

    What belongs to none of the first modes counts as one more.
    """
    modes = [mode.members for mode in find_modes(patches, background, _TEMPERED, None)]
    rest = np.setdiff1d(np.arange(len(patches)), np.concatenate([np.empty(0, np.int64), *modes]))
    weights = patches.weights.copy()
    for members in (*modes, rest):
        if len(members):
            weights[members] *= float(weights[members].sum()) ** (power - 1.0)
    return patches.weighing(weights), background**power


def _twin(found: list[Mode], reaches: list[float], point: Floats) -> int | None:
    """Tell which earlier mode a new point coincides with, at the scale of the earlier one."""
    for index, (mode, reach) in enumerate(zip(found, reaches, strict=True)):
        if float(np.linalg.norm(mode.vector - point)) <= reach:
            return index
    return None


def _heaviest_tree(near: _Neighbourhood, rows: Ints, scale: float) -> tuple[Ints, Floats]:
    """Return the members (k,) of the tree with the most mass among the patches `rows`, and its point (3,)."""
    heights = near.heights(scale, rows, rows)
    chords = near.chords[np.ix_(rows, rows)]
    # Strictly higher, or as high and earlier: equal patches do not climb in circles.
    order = np.lexsort((np.arange(len(rows)), -heights))
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows))
    barred = (rank[np.newaxis, :] >= rank[:, np.newaxis]) | (chords > (2.0 * scale) ** 2)
    distance = np.where(barred, np.inf, chords)
    parent = np.where(np.isinf(distance.min(axis=1)), np.arange(len(rows)), distance.argmin(axis=1))
    for _ in range(len(rows).bit_length()):
        parent = parent[parent]
    # On a plateau or a ring trees grow into chains; an answer is no larger than its scale.
    close = chords[np.arange(len(rows)), parent] <= (2.0 * scale) ** 2
    weights = np.where(close, near.patches.weights[rows], 0.0)
    root = int(np.bincount(parent, weights=weights, minlength=len(rows)).argmax())
    members = rows[(parent == root) & close]
    return members, _peak(near, rows, members, (int(rows[root]), scale))


def _peak(near: _Neighbourhood, rows: Ints, members: Ints, start: tuple[int, float]) -> Floats:
    """Follow the peak to finer scales while it keeps most of what it held, then climb to its top."""
    index, scale = start
    height = float(near.heights(scale, np.array([index]), rows)[0])
    finest = 0.25 * float(np.sqrt(near.variances[members].min()))
    while scale > finest:
        around = members[near.chords[index, members] <= (2.0 * scale) ** 2]
        finer = near.heights(scale / 2.0, around, rows)
        if not len(finer) or finer.max() < _SHARPER * height:
            break
        index, height, scale = int(around[finer.argmax()]), float(finer.max()), scale / 2.0
    return _top(near.patches[rows], near.patches.vectors[index], scale, finest=finest)


def _top(patches: Patches, start: Floats, scale: float, *, finest: float) -> Floats:
    """Climb at the coarsest scale whose top is not a hole at half that scale, as inside a ring."""
    point = _climb(patches, start, scale)
    while scale > finest:
        scale /= 2.0
        if _height(patches, point, scale) >= _NO_HOLE * _height(patches, start, scale):
            break
        point = _climb(patches, start, scale)
    return point


def _height(patches: Patches, point: Floats, scale: float) -> float:
    wide = scale**2 + 1.0 / patches.kappas
    chords = np.sum((patches.vectors - point) ** 2, axis=1)
    return float(patches.weights @ (scale**2 / wide * np.exp(-0.5 * chords / wide)))


def _climb(patches: Patches, start: Floats, scale: float) -> Floats:
    """Mean shift on the sphere: a step never lowers the blurred density."""
    wide = scale**2 + 1.0 / patches.kappas
    point = start
    for _ in range(_STEPS):
        offsets = patches.vectors - point
        pulls = patches.weights / wide**2 * np.exp(-0.5 * np.sum(offsets**2, axis=1) / wide)
        step = pulls @ offsets / max(float(pulls.sum()), 1e-300)
        point = (point + step) / np.linalg.norm(point + step)
        if float(np.linalg.norm(step)) < 1e-4 * scale:
            break
    return np.asarray(point)
