"""The main directions of walls, of one outline and of several that touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whence.typing import Floats

__all__ = ["NEAR", "Piece", "common_directions", "main_directions", "off", "pieces_through", "rotation"]

NEAR = np.radians(15.0)
"""How far a wall may be from a main direction that it is turned into."""

_LEAST_ALIGNED = 0.7  # of the outline; of a circle it is 0.33, or 0.67 with two directions
_SECOND_SHARE = 0.2
_ONE_DIRECTION = np.radians(4.0)  # that of a house of 20 pixels is known within a degree or so


@dataclass(frozen=True, eq=False)
class Piece:
    """A straight piece of an outline, as the points along it are scattered.

    Attributes
    ----------
    count
        Points, evenly spaced.
    middle
        (2,) of the points.
    scatter
        (2, 2) sum of the squares and products of what they are away from it.
    along
        (2,) direction of the most scatter, from the first to the last.
    span
        From the first point to the last.
    """

    count: int
    middle: Floats
    scatter: Floats
    along: Floats
    span: float

    @property
    def angle(self) -> float:
        """Its direction or what is across it, in [0, π/2)."""
        return float(np.arctan2(self.along[1], self.along[0]) % (np.pi / 2.0))


def pieces_through(points: Sequence[Floats], chords: Sequence[Floats]) -> list[Piece]:
    """Fit pieces to points.

    Parameters
    ----------
    points
        (n, 2) of each piece.
    chords
        (2,) from the beginning to the end of each, which is the direction of a piece of one point.
    """
    if not points:
        return []
    middles = [own.sum(axis=0) / len(own) for own in points]
    centred = [own - middle for own, middle in zip(points, middles, strict=True)]
    scatters = np.array([away.T @ away for away in centred])
    vectors = np.linalg.eigh(scatters)[1][:, :, 1]
    found = []
    for k, own in enumerate(points):
        whole = own[-1] - own[0]
        along = vectors[k] if len(own) > 1 else chords[k] / np.hypot(*chords[k])
        forwards = along if along @ whole >= 0.0 else -along
        found.append(Piece(len(own), middles[k], scatters[k], forwards, float(np.hypot(*whole))))
    return found


def main_directions(pieces: Sequence[Piece]) -> Floats | None:
    """Find one or two main directions of walls.

    Parameters
    ----------
    pieces
        All straight pieces of an outline.

    Returns
    -------
    Floats or None
        (1,) or (2,) radians in [0, π/2), each standing for itself and what is across it; None when less
        than 70 % of the walls are near them.
    """
    angles = np.array([piece.angle for piece in pieces])
    weights = np.array([piece.span for piece in pieces])
    first = _peak(angles, weights)
    rest = np.abs(off(angles, first)) > NEAR
    axes = [_refined(pieces, angles, first)]
    if weights[rest].sum() > _SECOND_SHARE * weights.sum():
        axes.append(_refined(pieces, angles, _peak(angles[rest], weights[rest])))
    near = np.min([np.abs(off(angles, axis)) for axis in axes], axis=0) <= NEAR * (
        0.5 if len(axes) > 1 else 1.0
    )
    if weights[near].sum() < _LEAST_ALIGNED * weights.sum():
        return None
    return np.array(axes)


def _peak(angles: Floats, weights: Floats) -> float:
    """Give the angle that the most wall is near."""
    away = np.abs(off(angles[:, None], angles[None]))
    score = (np.maximum(0.0, 1.0 - away / NEAR) * weights[None]).sum(axis=1)
    return float(angles[int(score.argmax())])


def off(angles: Any, axis: Any) -> Any:
    """Signed difference modulo a right angle."""
    quarter = np.pi / 2.0
    return (angles - axis + quarter / 2.0) % quarter - quarter / 2.0


def _refined(pieces: Sequence[Piece], angles: Floats, axis: float) -> float:
    """Fit one direction to all walls near it or across it: the main axis of their pooled scatter."""
    total = np.zeros((2, 2))
    for piece, away in zip(pieces, off(angles, axis).tolist(), strict=True):
        if abs(away) > NEAR or piece.count < 2:
            continue
        quarter = round((np.arctan2(piece.along[1], piece.along[0]) - axis) / (np.pi / 2.0))
        turn = rotation(-quarter * np.pi / 2.0)
        total += turn @ piece.scatter @ turn.T
    vector = np.linalg.eigh(total)[1][:, 1] if total.any() else np.array([np.cos(axis), np.sin(axis)])
    return float(np.arctan2(vector[1], vector[0]) % (np.pi / 2.0))


def rotation(angle: float) -> Floats:
    """Give the matrix (2, 2) that turns by an angle in radians."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def common_directions(
    axes: Sequence[Floats], pieces: Sequence[Sequence[Piece]], touching: Iterable[tuple[int, int]]
) -> list[Floats]:
    """Give outlines that touch one direction where theirs are nearly the same.

    Parameters
    ----------
    axes
        Main directions of each outline, as `main_directions` gives them.
    pieces
        Its straight pieces.
    touching
        Pairs of outlines.

    Returns
    -------
    list
        Directions of each outline, fitted to all walls of those that share it. A share ends where its
        directions would be more than 4° apart, so that a row along a bend is not laid straight.
    """
    clusters = {(k, i): [(k, i)] for k, own in enumerate(axes) for i in range(len(own))}
    nearby = [
        (abs(off(float(axes[a][i]), float(axes[b][j]))), (a, i), (b, j))
        for a, b in touching
        for i in range(len(axes[a]))
        for j in range(len(axes[b]))
    ]
    for away, one, other in sorted(nearby):
        both = [*clusters[one], *clusters[other]]
        if away > _ONE_DIRECTION or clusters[one] is clusters[other]:
            continue
        angles = np.array([axes[k][i] for k, i in both])
        if np.ptp(off(angles, angles[0])) <= _ONE_DIRECTION:
            clusters.update(dict.fromkeys(both, both))
    shared: dict[int, float] = {}
    return [
        np.array([_of_all(clusters[k, i], axes, pieces, shared) for i in range(len(own))])
        for k, own in enumerate(axes)
    ]


def _of_all(
    cluster: list[tuple[int, int]],
    axes: Sequence[Floats],
    pieces: Sequence[Sequence[Piece]],
    known: dict[int, float],
) -> float:
    """Fit the direction of a cluster once."""
    if id(cluster) not in known:
        owner, place = cluster[0]
        first = float(axes[owner][place])
        if len(cluster) > 1:
            own = [piece for k in dict.fromkeys(k for k, _ in cluster) for piece in pieces[k]]
            first = _refined(own, np.array([piece.angle for piece in own]), first)
        known[id(cluster)] = first
    return known[id(cluster)]
