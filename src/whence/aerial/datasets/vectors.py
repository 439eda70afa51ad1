"""Images with labels in a vector file: footprints of buildings, areas of land cover."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.aerial.datasets.counting import distinct_colours
from whence.aerial.datasets.finding import only_pictures
from whence.aerial.datasets.polygons import PolygonLabels, in_system, read_areas
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.encoding import IGNORE
from whence.aerial.georeference import georeference, place_of
from whence.aerial.scheme import LandClass, Scheme
from whence.aerial.schemes import SCHEMES
from whence.aerial.schemes import scheme as scheme_named
from whence.errors import InputError, NotFoundError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whence.typing import PathLike

__all__ = ["vectors"]

_MOST_CLASSES = 64


def vectors(
    root: PathLike,
    *,
    labels: PathLike,
    attribute: str | None = None,
    classes: Mapping[str, str] | None = None,
    scheme: Scheme | PathLike | None = None,
    outside: str | None = None,
    all_touched: bool = False,
    crs: Any = None,
    layer: str | None = None,
    parts: tuple[int, int] = (1, 1),
    bands: tuple[int, ...] | None = None,
    alpha: int | None = None,
) -> SceneSet:
    """Open georeferenced images whose classes are areas of a vector file.

    Parameters
    ----------
    root
        An image, or a folder of images, each with a coordinate system.
    labels
        Any file that OGR reads; areas in another system are brought into the image's.
    attribute
        The column that tells the class. Without one every area is a building.
    classes
        Value of the attribute -> name of a class, or ``ignore``.
    scheme
        A scheme, its name or file; when not given: ``buildings``, or with an attribute ``other`` and a class
        for each of its values.
    outside
        The class where no area is, or ``ignore``; the scheme's first when not given.
    all_touched, crs, layer
        See `PolygonLabels`.
    parts
        Columns and rows of blocks that each image is divided into; each block is a place of its own
        (``name_column_row``), so that one image can be trained on and tested.
    bands, alpha
        See `SceneSet`.

    Raises
    ------
    InputError
        When an image or the labels name no coordinate system, when no area meets any image, or a value
        of the attribute is no class.
    NotFoundError
        When a file is not there.
    """
    images = [Path(root)] if Path(root).is_file() else only_pictures(Path(root))
    if not images:
        raise NotFoundError(f"there are no images in {root}")
    source = Path(labels)
    chosen = _scheme(scheme, source, attribute=attribute, crs=crs, layer=layer, classes=classes)
    _check_meets(images, source, crs=crs, layer=layer)
    drawn = PolygonLabels(
        chosen,
        attribute=attribute,
        classes=dict(classes or {}),
        outside=_outside(outside, chosen),
        all_touched=all_touched,
        crs=crs,
        layer=layer,
    )
    scenes = [block for image in images for block in _blocks(Scene(image, source, name=image.stem), parts)]
    return SceneSet(chosen, tuple(scenes), drawn, bands=bands, alpha=alpha)


def _scheme(
    chosen: Scheme | PathLike | None,
    labels: Path,
    *,
    attribute: str | None,
    crs: Any,
    layer: str | None,
    classes: Mapping[str, str] | None,
) -> Scheme:
    if isinstance(chosen, Scheme):
        return chosen
    if chosen is not None:
        return scheme_named(chosen)
    areas = read_areas(labels, attribute=attribute, crs=crs, layer=layer)
    if areas.values is None:
        return SCHEMES["buildings"]
    named = {(classes or {}).get(value, value) for value in areas.values} - {"ignore", "other"}
    if len(named) > _MOST_CLASSES:
        raise InputError(
            f"{labels}: {attribute} has {len(named)} values, too many for classes; choose another attribute"
        )
    palette = distinct_colours(len(named))
    kinds = (LandClass(name, colour) for name, colour in zip(sorted(named), palette, strict=True))
    return Scheme(labels.stem, (LandClass("other", (0, 0, 0)), *kinds))


def _check_meets(images: list[Path], labels: Path, *, crs: Any, layer: str | None) -> None:
    """Refuse labels that lie elsewhere than every image."""
    import shapely

    areas = read_areas(labels, crs=crs, layer=layer)
    extents = []
    for image in images:
        place = georeference(image)
        if place.crs is None or place.transform is None:
            return  # told when it is opened, with the way out
        with open_raster(image) as reader:
            left, top = place_of(place.transform, (0, 0))
            right, bottom = place_of(place.transform, (reader.raster.width, reader.raster.height))
        there = shapely.box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        shapes = in_system(areas, place.crs.to_wkt())
        if shapely.intersects(shapes, there).any():
            return
        extents.append((image, there.bounds, tuple(shapely.total_bounds(shapes))))
    image, its, theirs = extents[0]
    raise InputError(
        f"no area of {labels} meets an image: {image} covers {_box(its)}, the areas {_box(theirs)}; a wrong "
        "coordinate system, or other images?"
    )


def _box(bounds: tuple[float, ...]) -> str:
    return "{:.6g}, {:.6g} to {:.6g}, {:.6g}".format(*bounds)


def _outside(name: str | None, scheme: Scheme) -> int:
    if name is None:
        return 0
    if name == "ignore":
        return IGNORE
    if name not in scheme.names:
        raise InputError(f"outside is {name!r}, which is no class; there are {', '.join(scheme.names)}")
    return scheme.names.index(name)


def _blocks(scene: Scene, parts: tuple[int, int]) -> list[Scene]:
    """Divide a scene into blocks of about one size."""
    columns, rows = parts
    if columns < 1 or rows < 1:
        raise InputError(f"parts are {columns} × {rows}; give at least one column and one row")
    if columns == rows == 1:
        return [dataclasses.replace(scene, group=scene.name)]
    with open_raster(scene.image) as reader:
        width, height = reader.raster.width, reader.raster.height
    if columns > width or rows > height:
        raise InputError(f"{scene.image} has {width} × {height} pixels, too few for {columns} × {rows} parts")
    blocks = []
    for row in range(rows):
        for column in range(columns):
            left, top = width * column // columns, height * row // rows
            right, bottom = width * (column + 1) // columns, height * (row + 1) // rows
            name = f"{scene.name}_{column}_{row}"
            window = Window(left, top, right - left, bottom - top)
            blocks.append(dataclasses.replace(scene, group=name, name=name, window=window))
    return blocks
