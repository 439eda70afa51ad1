"""Labels drawn by hand or taken from a register: areas of a vector file, drawn into the image's grid."""

from __future__ import annotations

import functools
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.encoding import IGNORE
from whence.aerial.georeference import place_of
from whence.errors import InputError, NotEnoughDataError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whence.aerial.datasets.labels import ReadIds
    from whence.aerial.georeference import Georeference
    from whence.aerial.scheme import Scheme
    from whence.imagery.raster import Raster, Window

__all__ = ["Areas", "PolygonLabels", "in_system", "read_areas"]

_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Areas:
    """The shapes of a vector file.

    Attributes
    ----------
    path
        The file.
    crs
        Its coordinate system, as pyproj gives it.
    shapes
        n geometries in two dimensions.
    values
        n values of the attribute as text; None without one.
    """

    path: Path
    crs: Any
    shapes: NDArray[Any]
    values: list[str] | None


@dataclass(frozen=True)
class PolygonLabels:
    """Ids drawn from areas.

    Attributes
    ----------
    scheme
        What the ids mean.
    attribute
        The column that tells the class; None: every area is of class 1.
    classes
        Value of the attribute -> name of a class, or ``ignore``; values that are names need no entry.
    outside
        The id where no area is.
    all_touched
        Draw every pixel that an area touches instead of those whose centre it holds.
    crs
        The coordinate system of a file that names none.
    layer
        The layer of a file with several.
    """

    scheme: Scheme
    attribute: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    outside: int = 0
    all_touched: bool = False
    crs: Any = None
    layer: str | None = None

    @contextmanager
    def opened(self, path: Path, image: Raster, place: Georeference) -> Iterator[ReadIds]:
        """Read the areas, bring them into the image's system, and draw window by window."""
        if place.crs is None or place.transform is None:
            raise InputError(
                f"{image.path} names no coordinate system, so the areas of {path} cannot be laid over it; "
                "give the image one (gdal_edit.py -a_srs EPSG:… image.tif) or use a mask"
            )
        told = None if self.crs is None else str(self.crs)
        areas, tree = _laid_over(
            path, path.stat().st_mtime_ns if path.exists() else 0, (self.attribute, told, self.layer),
            wkt=place.crs.to_wkt(),
        )  # fmt: skip
        ids = self._ids(areas)
        yield lambda window: self._draw(tree, ids, place.within(window), window)

    def _ids(self, areas: Areas) -> NDArray[np.uint8]:
        if areas.values is None:
            return np.ones(len(areas.shapes), np.uint8)
        known = {name: number for number, name in enumerate(self.scheme.names)} | {"ignore": IGNORE}
        named = [self.classes.get(value, value) for value in areas.values]
        unknown = Counter(value for value, name in zip(areas.values, named, strict=True) if name not in known)
        if unknown:
            told = ", ".join(f"{value!r} {count}" for value, count in unknown.most_common(_SHOWN))
            raise InputError(
                f"{areas.path}: {sum(unknown.values())} of {len(named)} areas have a {self.attribute} that "
                f"is no class: {told}; the classes are {', '.join(self.scheme.names)}; say with classes "
                "which value means which, or 'ignore'"
            )
        return np.array([known[name] for name in named], np.uint8)

    def _draw(
        self, tree: Any, ids: NDArray[np.uint8], place: Georeference, window: Window
    ) -> NDArray[np.uint8]:
        """Draw what meets a window; of areas that overlap, the later in the file lies on top."""
        import shapely
        from rasterio.features import rasterize

        drawn = np.full((window.height, window.width), self.outside, np.uint8)
        corners = [
            place_of(place.transform, corner)  # type: ignore[arg-type]  # opened refuses images without one
            for corner in (
                (0, 0), (window.width, 0), (window.width, window.height), (0, window.height)
            )
        ]  # fmt: skip
        met = np.sort(tree.query(shapely.Polygon(corners), predicate="intersects"))
        if met.size:
            shapes = [(tree.geometries[number], int(ids[number])) for number in met]
            rasterize(shapes, out=drawn, transform=place.transform, all_touched=self.all_touched)
        return drawn


@functools.lru_cache(maxsize=8)
def _laid_over(
    path: Path,
    stamp: int,  # noqa: ARG001 - a file that was written again is read again
    chosen: tuple[str | None, str | None, str | None],
    *,
    wkt: str,
) -> tuple[Areas, Any]:
    """Read areas and index them in another system; kept, because windows are asked for one by one."""
    import shapely

    attribute, crs, layer = chosen
    areas = read_areas(path, attribute=attribute, crs=crs, layer=layer)
    return areas, shapely.STRtree(in_system(areas, wkt))


def read_areas(
    path: Path, *, attribute: str | None = None, crs: Any = None, layer: str | None = None
) -> Areas:
    """Read the shapes of any file that OGR reads, of one attribute at most.

    Empty shapes are left out. Nothing is mended: drawing takes crossed outlines by the even-odd rule.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it cannot be read, names no coordinate system, or lacks the attribute or layer.
    NotEnoughDataError
        When it holds no shapes.
    """
    import pyproj
    import shapely

    pyogrio = require("pyogrio", extra="aerial")
    if not path.exists():
        raise NotFoundError(f"there is no file {path}")
    try:
        columns = [attribute] if attribute else []
        meta, _, geometries, values = pyogrio.raw.read(path, layer=_layer(path, layer), columns=columns)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise InputError(f"{path} cannot be read as areas ({error})") from error
    if attribute and attribute not in list(meta["fields"]):
        there = ", ".join(map(str, pyogrio.read_info(path, layer=_layer(path, layer))["fields"]))
        raise InputError(f"{path} has no attribute {attribute!r}; it has {there or 'none'}")
    system = meta["crs"] or crs
    if system is None:
        raise InputError(f"{path} names no coordinate system; say it with crs, such as crs='EPSG:32636'")
    shapes = shapely.force_2d(shapely.from_wkb(geometries))
    kept = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not kept.any():
        raise NotEnoughDataError(f"{path} holds no shapes")
    told = [str(value) for value in values[0][kept]] if attribute else None
    return Areas(path, pyproj.CRS.from_user_input(system), shapes[kept], told)


def _layer(path: Path, layer: str | None) -> str | None:
    """Give the layer to read; a file with several needs it named."""
    pyogrio = require("pyogrio", extra="aerial")
    layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
    if layer is not None and layer not in layers:
        raise InputError(f"{path} has no layer {layer!r}; it has {', '.join(layers)}")
    if layer is None and len(layers) > 1:
        raise InputError(f"{path} has the layers {', '.join(layers)}; name one")
    return layer


def in_system(areas: Areas, wkt: str) -> NDArray[Any]:
    """Bring the shapes into another system, that of an image; coordinates are always x, y."""
    import pyproj
    import shapely

    target = pyproj.CRS.from_wkt(wkt)
    if areas.crs.equals(target, ignore_axis_order=True):
        return areas.shapes
    change = pyproj.Transformer.from_crs(areas.crs, target, always_xy=True)
    moved = shapely.transform(areas.shapes, lambda points: np.column_stack(change.transform(*points.T)))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise InputError(
            f"areas of {areas.path} have coordinates that its coordinate system {areas.crs.name} does not "
            "have; it names a wrong one, say the right one with crs after removing it"
        )
    kept: NDArray[Any] = moved
    return kept
