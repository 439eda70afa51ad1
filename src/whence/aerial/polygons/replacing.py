"""Some polygons of a coverage replaced by others: neighbours give way and fill what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.typing import Ints

__all__ = ["replaced"]

_SLIVER = 1e-9  # square pixels
_TOUCHING = 1e-6  # pixels; corners of overlays are not the same to the last digit
_POINT = 1e-3  # pixels; shapes with a shorter common border touch in a corner
_REACH_PX = 3.0
_NOTHING = np.zeros(0, np.int64)


def replaced(polygons: NDArray[Any], new: Mapping[int, Any], *, beside: Ints = _NOTHING) -> NDArray[Any]:
    """Put new polygons in the place of some, without overlaps or gaps.

    Where two new ones overlap, the larger has the place. The others lose what the new ones cover; what the
    new ones leave free goes to that of the others with the longest common border, if there is one.

    Parameters
    ----------
    polygons
        (n,) that do not overlap.
    new
        Number of a polygon -> what takes its place.
    beside
        Numbers of others that keep touching the new ones where they touched the old ones: what is left free
        along such a wall, within three pixels, is theirs.
    """
    if not new:
        return polygons
    out = polygons.copy()
    numbers = np.array(sorted(new, key=lambda one: (-new[one].area, one)), np.int64)
    shapes = _disjoint(np.array([new[number] for number in numbers.tolist()], dtype=object))
    out[numbers] = shapes
    others = np.setdiff1d(np.arange(len(out)), numbers)
    _give_way(out, others, shapes)
    free = _left_free(polygons[numbers], out)
    if len(beside):
        free = _kept_touching(out, free, polygons, numbers=numbers, beside=beside)
    while (rest := _given_away(out, others, free)) and len(rest) < len(free):
        free = rest  # what only touched another piece before
    return out


def _given_away(out: NDArray[Any], others: NDArray[Any], free: list[Any]) -> list[Any]:
    """Give each piece to the neighbour with the longest common border; return those without any."""
    import shapely

    tree = shapely.STRtree(out[others])
    rest = []
    for piece in free:
        near = others[tree.query(piece, predicate="dwithin", distance=_TOUCHING)]
        borders = _borders(piece, out[near])
        if borders.max(initial=0.0) > _POINT:
            best = near[borders.argmax()]
            out[best] = _areas_of(shapely.union(out[best], piece))
        else:
            rest.append(piece)
    return rest


def _disjoint(shapes: NDArray[Any]) -> NDArray[Any]:
    """Take from each what earlier ones cover."""
    import shapely

    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for number in np.unique(one):
        for earlier in np.sort(other[(one == number) & (other < number)]).tolist():
            if shapely.area(shapely.intersection(shapes[number], shapes[earlier])) > _SLIVER:
                shapes[number] = _areas_of(shapely.difference(shapes[number], shapes[earlier]))
    return shapes


def _give_way(out: NDArray[Any], others: NDArray[Any], shapes: NDArray[Any]) -> None:
    import shapely

    place, covering = shapely.STRtree(shapes).query(out[others], predicate="intersects")
    for number in np.unique(place):
        cover = shapely.union_all(shapes[covering[place == number]])
        out[others[number]] = _areas_of(shapely.difference(out[others[number]], cover))


def _left_free(old: NDArray[Any], out: NDArray[Any]) -> list[Any]:
    """Find what the old polygons covered and nothing covers now."""
    import shapely

    place, covering = shapely.STRtree(out).query(old, predicate="intersects")
    pieces: list[Any] = []
    for number in np.unique(place):
        rest = shapely.difference(old[number], shapely.union_all(out[covering[place == number]]))
        parts = shapely.get_parts(_areas_of(rest))
        pieces += [part for part in parts if part.area > _SLIVER]
    return pieces


def _kept_touching(
    out: NDArray[Any], free: list[Any], old: NDArray[Any], *, numbers: Ints, beside: Ints
) -> list[Any]:
    """Give what is left free along common walls to those that had them; return the rest."""
    import shapely

    near, which = shapely.STRtree(old[numbers]).query(old[beside], predicate="touches")
    for number in np.unique(near):
        own = int(beside[number])
        edge = shapely.union_all(shapely.boundary(old[numbers[which[near == number]]]))
        wall = shapely.intersection(shapely.boundary(old[own]), edge)
        strip = shapely.buffer(wall, _REACH_PX, cap_style="flat", join_style="mitre")
        rest: list[Any] = []
        for piece in free:
            taken = _areas_of(shapely.intersection(piece, strip))
            if taken.area > _SLIVER and _borders(taken, out[own]) > _POINT:
                out[own] = _areas_of(shapely.union(out[own], taken))
                left = _areas_of(shapely.difference(piece, strip))
                rest += [part for part in shapely.get_parts(left) if part.area > _SLIVER]
            else:
                rest.append(piece)
        free = rest
    return free


def _borders(piece: Any, shapes: Any) -> Any:
    """Give the length that a piece has in common with shapes, in pixels."""
    import shapely

    return shapely.area(shapely.intersection(shapely.buffer(piece, _TOUCHING), shapes)) / _TOUCHING


def _areas_of(shape: Any) -> Any:
    """Keep the areas of what an overlay gives, without the lines and points where things only touch."""
    import shapely

    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(parts) if parts else shapely.Polygon()
