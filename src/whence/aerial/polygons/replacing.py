"""Some polygons of a coverage replaced by others: neighbours give way and fill what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["replaced"]

_SLIVER = 1e-9  # square pixels


def replaced(polygons: NDArray[Any], new: Mapping[int, Any]) -> NDArray[Any]:
    """Put new polygons in the place of some, without overlaps or gaps.

    Where two new ones overlap, the larger has the place. The others lose what the new ones cover; what the
    new ones leave free goes to that of the others with the longest common border, if there is one.

    Parameters
    ----------
    polygons
        (n,) that do not overlap.
    new
        Number of a polygon -> what takes its place.
    """
    import shapely

    if not new:
        return polygons
    out = polygons.copy()
    numbers = np.array(sorted(new, key=lambda one: (-new[one].area, one)), np.int64)
    shapes = _disjoint(np.array([new[number] for number in numbers.tolist()], dtype=object))
    out[numbers] = shapes
    others = np.setdiff1d(np.arange(len(out)), numbers)
    _give_way(out, others, shapes)
    tree = shapely.STRtree(out[others])
    for piece in _left_free(polygons[numbers], out):
        near = others[tree.query(piece, predicate="intersects")]
        borders = shapely.length(shapely.intersection(shapely.boundary(piece), out[near]))
        if borders.max(initial=0.0) > 0.0:
            best = near[borders.argmax()]
            out[best] = _areas_of(shapely.union(out[best], piece))
    return out


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


def _areas_of(shape: Any) -> Any:
    """Keep the areas of what an overlay gives, without the lines and points where things only touch."""
    import shapely

    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(parts) if parts else shapely.Polygon()
