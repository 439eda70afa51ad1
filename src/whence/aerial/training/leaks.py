"""Whether the scenes that are held back are known from those that are learnt from."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.georeference import georeference, place_of
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whence.aerial.datasets import Scene, SceneSet

__all__ = ["leaks"]

_PART_BYTES = 1 << 16
_LEAST_SHARE = 0.01  # of a held back scene; neighbours that share an edge share no ground
_SHOWN = 3


def leaks(train: SceneSet, held: SceneSet) -> list[str]:
    """Tell what both sides have in common: places, files of the same content, ground.

    Parameters
    ----------
    train, held
        Scenes to learn from, and those that are held back.

    Returns
    -------
    list of str
        A sentence for each kind; nothing where none is found. Files are compared by their bytes, ground by
        the outlines of georeferenced images of one coordinate system.
    """
    places = sorted({*train.groups} & {*held.groups})
    found = [f"{_some(places)} on both sides"] if places else []
    copies = [f"{one.name} as {other.name}" for one, other in _copies(train, held)]
    found += [f"the same image stands on both sides: {_some(copies)}"] if copies else []
    overlaps = [f"{one.name} over {other.name}" for one, other in _overlaps(train, held)]
    found += (
        [f"scenes that are held back lie over scenes to learn from: {_some(overlaps)}"] if overlaps else []
    )
    return found


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _copies(train: SceneSet, held: SceneSet) -> Iterator[tuple[Scene, Scene]]:
    by_size: dict[int, list[Scene]] = defaultdict(list)
    for scene in train.scenes:
        by_size[scene.image.stat().st_size].append(scene)
    for one in held.scenes:
        for other in by_size[one.image.stat().st_size]:
            if one.image != other.image and _same(one.image, other.image):
                yield one, other
                break


def _same(one: Path, other: Path) -> bool:
    """Compare the beginnings of two files of one size first."""
    with one.open("rb") as first, other.open("rb") as second:
        if first.read(_PART_BYTES) != second.read(_PART_BYTES):
            return False
        return (
            hashlib.file_digest(first, "blake2b").digest() == hashlib.file_digest(second, "blake2b").digest()
        )


def _overlaps(train: SceneSet, held: SceneSet) -> Iterator[tuple[Scene, Scene]]:
    import shapely

    known = [(scene, *outline) for scene in train.scenes if (outline := _outline(scene)) is not None]
    if not known:
        return
    tree = shapely.STRtree([outline for _, outline, _ in known])
    for one in held.scenes:
        mine = _outline(one)
        if mine is None:
            continue
        for number in tree.query(mine[0], predicate="intersects"):
            other, outline, crs = known[number]
            if crs == mine[1] and outline.intersection(mine[0]).area > _LEAST_SHARE * mine[0].area:
                yield one, other
                break


def _outline(scene: Scene) -> tuple[Any, str] | None:
    """Give the ground of a scene as a polygon, and its coordinate system; None where they are not known."""
    import shapely

    place = georeference(scene.image)
    if place.transform is None or not place.crs:
        return None
    with open_raster(scene.image) as reader:
        window = scene.window or Window(0, 0, reader.raster.width, reader.raster.height)
    right, bottom = window.column + window.width, window.row + window.height
    corners = [(window.column, window.row), (right, window.row), (right, bottom), (window.column, bottom)]
    return shapely.Polygon(np.array([place_of(place.transform, one) for one in corners])), place.crs.to_wkt()
