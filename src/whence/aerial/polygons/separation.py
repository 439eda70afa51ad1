"""Touching objects told apart: by an edge class of the model, or by the necks between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.polygons.rows import Rows
from whence.aerial.polygons.sieve import sieve
from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Floats, Ints

__all__ = ["MOST_PX", "Separation", "grow_into_edges", "separated", "split_necks"]

MOST_PX = 400_000_000
"""Pixels up to which objects can be told apart: it needs the whole raster, some 20 bytes for each pixel."""


@dataclass(frozen=True)
class Separation:
    """How objects of a class are told apart.

    Attributes
    ----------
    name
        The class of the objects.
    depth
        By how much a neck must be narrower than both its sides, in metres of half a width (pixels without a
        coordinate system); None does not look for necks.
    edge
        A class that was drawn between objects; they are grown back over it.
    """

    name: str = "building"
    depth: float | None = 1.0
    edge: str | None = None

    def __post_init__(self) -> None:
        if self.depth is not None and not self.depth > 0.0:
            raise InputError(f"a depth of {self.depth} separates everything; give one above 0")


def separated(
    rows: Rows, *, core: int, edge: int | None, depth_px: float | None, least_px: float
) -> tuple[Rows, Ints]:
    """Give the objects of one class numbers of their own, after small parts are filled.

    Parameters
    ----------
    rows
        Classes.
    core, edge
        The class of the objects, and that which was drawn between them.
    depth_px
        As for `split_necks`; None does not look for necks.
    least_px
        Pixels from which on a part is kept, and the core of an object before it grows over its edge.

    Returns
    -------
    rows, parents
        Classes, with the objects as numbers from 256 on; and the class of every number.

    Raises
    ------
    InputError
        When the raster is too large to be held.
    """
    if math.prod(rows.shape) > MOST_PX:
        raise InputError(
            f"a raster of {rows.shape[1]} × {rows.shape[0]} pixels is too large to tell objects apart in; "
            "cut it into parts, or leave touching objects joined"
        )
    ids = rows.read(0, rows.shape[0])
    markers = None
    if edge is not None:
        ids, markers = grow_into_edges(ids, core, edge, least_px=least_px)
    if least_px > 1.0:
        ids = sieve(ids, least_px)
    mask = ids == core
    grown = np.zeros(ids.shape, np.int64) if markers is None else np.where(mask, markers, 0)
    objects = _numbered(mask, grown, depth_px)
    values = np.where(objects > 0, objects + IGNORE, ids).astype(np.int32)
    parents = np.append(np.arange(IGNORE + 1), np.full(int(objects.max(initial=0)), core))
    return Rows.of_array(values), parents


def _numbered(mask: Bools, grown: Ints, depth_px: float | None) -> Ints:
    """Give numbers to objects that were grown apart, and split them further at their necks.

    What the sieve filled, such as a hole in a roof, goes to the object around it.
    """
    from skimage import measure, segmentation

    filled: Ints = segmentation.watershed(np.zeros(mask.shape), grown, mask=mask, connectivity=1)  # type: ignore[no-untyped-call]
    apart: Ints = measure.label(np.where(mask, filled + 1, 0), connectivity=1)  # type: ignore[no-untyped-call]
    return apart if depth_px is None else split_necks(apart, depth_px)


def grow_into_edges(
    ids: NDArray[np.uint8], core: int, edge: int, *, least_px: float = 0.0
) -> tuple[NDArray[np.uint8], Ints]:
    """Grow the parts of one class over another that was drawn between them.

    Parameters
    ----------
    ids
        (rows, cols) classes.
    core, edge
        Class of the objects, and of what stands between and around them.
    least_px
        Cores of fewer pixels are taken for edge: they would part roofs that are whole.

    Returns
    -------
    ids, objects
        Classes without the edge (what touches no core is 255), and (rows, cols) numbers of the objects from
        1 on, 0 elsewhere.
    """
    from skimage import measure, segmentation

    markers = measure.label(ids == core, connectivity=1)  # type: ignore[no-untyped-call]
    crumbs = (np.bincount(markers.ravel()) < least_px)[markers] & (markers > 0)
    ids, markers = np.where(crumbs, np.uint8(edge), ids), np.where(crumbs, 0, markers)
    around = (ids == core) | (ids == edge)
    away = _distance(ids != core)
    objects = segmentation.watershed(away, markers, mask=around, connectivity=1)  # type: ignore[no-untyped-call]
    grown = np.where(objects > 0, np.uint8(core), np.where(ids == edge, np.uint8(IGNORE), ids))
    return grown.astype(np.uint8), objects.astype(np.int64)


def split_necks(parts: Ints, depth_px: float) -> Ints:
    """Split parts at their necks: a watershed of the distance to the outside.

    A summit of the distance is an object where every way to a higher one goes down by at least the depth
    (h-maxima; Soille 2003, section 6.3.4).

    Parameters
    ----------
    parts
        (rows, cols) numbers of connected parts from 1 on; 0 outside.
    depth_px
        How deep a saddle must be, pixels of half a width.

    Returns
    -------
    Ints
        (rows, cols) numbers from 1 on; 0 outside.
    """
    from scipy import ndimage

    objects = np.zeros(parts.shape, np.int64)
    count = 0
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        own = parts[box] == number
        found = _split(own, depth_px)
        objects[box][own] = found[own] + count
        count += int(found.max())
    return objects


def _split(part: Bools, depth_px: float) -> Ints:
    from skimage import measure, morphology, segmentation

    inside = _distance(np.pad(part, 1))[1:-1, 1:-1].astype(np.float64)
    if inside.max() <= depth_px:
        return part.astype(np.int64)
    lowered = morphology.reconstruction(np.maximum(inside - depth_px, 0.0), inside)  # type: ignore[no-untyped-call]
    summits = morphology.local_maxima(lowered) & part  # type: ignore[no-untyped-call]
    markers = measure.label(summits, connectivity=2)  # type: ignore[no-untyped-call]
    if markers.max() < 2:
        return part.astype(np.int64)
    found: Any = segmentation.watershed(-inside, markers, mask=part, connectivity=1)  # type: ignore[no-untyped-call]
    return np.asarray(found, np.int64)


def _distance(mask: Bools) -> Floats:
    """Give the distance of each pixel of a mask to the nearest one that is not of it."""
    import cv2

    away = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, np.float64)
