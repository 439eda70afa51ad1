"""A height model from one vertical system to another, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.atomic import atomic_path, check_target
from whence.imagery.raster import open_raster
from whence.maps.heights.metres import height_unit, require_unit_of
from whence.maps.heights.resampling import require_plausible
from whence.maps.heights.vertical.grids import grid_folders
from whence.maps.heights.vertical.systems import check_same_vertical, split
from whence.maps.heights.vertical.transforming import registered, route_between, system_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rasterio.windows import Window as Area

    from whence.maps.heights.vertical.operation import VerticalOperation
    from whence.maps.heights.vertical.systems import VerticalSystem
    from whence.maps.heights.vertical.transforming import Route
    from whence.typing import Floats, PathLike

__all__ = ["MovedRaster", "operation_of", "transform_raster"]

_NO_HEIGHT = -32768.0
_WINDOW_PX = 512
_OPERATION = "VERTICAL_OPERATION"  # a tag of the file
_BORDER = 9  # places across and down, where the operation is chosen


@dataclass(frozen=True)
class MovedRaster:
    """What was done to a height model.

    Parameters
    ----------
    operation
        How.
    source, target
        The systems.
    cells
        Cells with a height, before.
    lost
        Of these, cells outside of what the operation covers: they have no height any more.
    mean_shift_m
        Mean of the new height minus the old one.
    """

    operation: VerticalOperation
    source: VerticalSystem
    target: VerticalSystem
    cells: int
    lost: int
    mean_shift_m: float

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "operation": self.operation.to_json(),
            "source": self.source.label,
            "target": self.target.label,
            "cells": self.cells,
            "lost": self.lost,
            "mean_shift_m": self.mean_shift_m,
        }


def transform_raster(
    model: PathLike,
    out: PathLike,
    *,
    target: Any,
    source: Any = None,
    crs: Any = None,
    grids: Sequence[PathLike] = (),
) -> MovedRaster:
    """Bring the first band of a raster to another vertical system; further bands stay as they are.

    Parameters
    ----------
    model
        A height model in any horizontal system.
    out
        The GeoTIFF to make or replace, on the same grid, in the compound system. Ellipsoidal heights over a
        projection cannot be named in a GeoTIFF; a file ``.aux.xml`` beside it then does, as GDAL has it.
    target, source
        What `systems.vertical_system` reads, or ``"ellipsoid"``; None for a source that the file names.
    crs
        Horizontal system of a file that does not name it.
    grids
        As `transforming.transform`.

    Raises
    ------
    NotFoundError
        When there is no such file.
    MissingGridError
        When a grid is not here.
    InputError
        When a system is not known, the file names another source, heights above an ellipsoid would stand
        beside positions on another one, no cell lies where the operation holds, the band says another unit
        than the source, or holds marks of no data that are not declared.
    """
    import rasterio

    check_target(out)
    with open_raster(model):  # the errors of a missing or broken file
        pass
    with grid_folders(grids), rasterio.open(model) as file:
        horizontal, own = _systems(file, crs, model)
        flat = registered(horizontal)
        given = own if source is None else system_over(source, flat)
        if given is None:
            raise InputError(f"{model} does not name its vertical system; give it with --from")
        if own is not None:
            check_same_vertical(own, given, names=(str(model), "--from"))
        require_unit_of(file, given.crs)
        route = route_between(given, target, horizontal, _border(file))
        system = _written_system(route.target, flat)
        sidecar = _sidecar(system)
        beside_out = Path(f"{out}.aux.xml")
        with atomic_path(out) as beside:
            cells, lost, total = _copy(file, beside, route, flat.to_wkt() if sidecar else system)
            if cells == lost:
                raise InputError(
                    f"no height of {model} lies where {route.operation.name} holds; check both systems"
                )
            beside_out.unlink(missing_ok=True)  # that of the file before would name its system
        if sidecar:
            with atomic_path(beside_out) as beside:
                beside.write_text(sidecar, encoding="utf-8")
    return MovedRaster(route.operation, route.source, route.target, cells, lost, total / (cells - lost))


def operation_of(model: PathLike) -> str | None:
    """Tell by which operation a raster came to its vertical system, as `transform_raster` noted in it.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no raster.
    """
    import rasterio

    with open_raster(model):  # the errors of a missing or broken file
        pass
    with rasterio.open(model) as file:
        said = file.tags().get(_OPERATION)
    return None if said is None else str(said)


def _systems(file: Any, crs: Any, model: PathLike) -> tuple[Crs, VerticalSystem | None]:
    """Horizontal and vertical system of a file."""
    if file.crs is None and crs is None:
        raise InputError(f"{model} does not name its coordinate system; give it with --crs")
    if file.crs is None:
        return Crs.parse(crs), None
    horizontal, vertical = split(pyproj.CRS.from_wkt(file.crs.to_wkt()))
    return Crs.parse(horizontal), vertical


def _border(file: Any) -> Floats:
    """Places along and within a raster, (n, 2)."""
    columns, rows = np.meshgrid(np.linspace(0, file.width, _BORDER), np.linspace(0, file.height, _BORDER))
    return _places(file.transform, columns.ravel(), rows.ravel())


def _written_system(target: VerticalSystem, flat: pyproj.CRS) -> str:
    found = target.over(flat)
    if found is None:
        raise InputError(
            f"heights above the ellipsoid of {target.crs.name} cannot stand beside positions in {flat.name}; "
            "give --to ellipsoid for the ellipsoid of these positions, or warp the model first"
        )
    return str(found.to_wkt())


def _sidecar(system: str) -> str | None:
    """Give what must stand beside a GeoTIFF for a system that has no keys in it, such as UTM with heights.

    Such keys exist for compound and for geographic systems. For others GDAL writes and reads a file that ends
    in ``.aux.xml``; the GeoTIFF itself then names the horizontal system alone.
    """
    import rasterio

    with TemporaryDirectory(prefix="whence-") as folder:
        probe = Path(folder) / "probe.tif"
        options = {"driver": "GTiff", "width": 1, "height": 1, "count": 1, "dtype": "uint8"}
        with rasterio.open(probe, "w", **options, crs=system, transform=rasterio.Affine(1, 0, 1, 0, -1, 1)):
            pass
        beside = Path(f"{probe}.aux.xml")
        return beside.read_text("utf-8") if beside.exists() else None


def _copy(file: Any, beside: PathLike, route: Route, system: str) -> tuple[int, int, float]:
    """Write the new file; count cells with heights, those lost, and the sum of the shifts."""
    import rasterio

    wide = file.dtypes[0] == "float64"
    nodata = file.nodata if file.nodata is not None and np.isfinite(file.nodata) else _NO_HEIGHT
    profile = {
        "driver": "GTiff", "width": file.width, "height": file.height, "count": file.count,
        "dtype": "float64" if wide else "float32", "nodata": nodata, "crs": system,
        "transform": file.transform, "tiled": True, "blockxsize": 256, "blockysize": 256,
        "compress": "deflate", "predictor": 3, "bigtiff": "if_safer",
    }  # fmt: skip
    in_metres = height_unit(route.source.crs) is None
    cells = lost = 0
    total = 0.0
    with rasterio.open(beside, "w", **profile) as target:
        for area in _windows(file.width, file.height):
            heights = _read(file, 1, area)
            if in_metres:
                require_plausible(heights, file.name)
            moved = _moved(file, area, heights, route)
            known = np.isfinite(heights)
            kept = np.isfinite(moved)
            cells, lost = cells + int(known.sum()), lost + int((known & ~kept).sum())
            total += float((moved - heights)[kept].sum())
            target.write(np.where(kept, moved, nodata).astype(profile["dtype"]), 1, window=area)
            for band in range(2, file.count + 1):
                values = _read(file, band, area)
                target.write(
                    np.where(np.isfinite(values), values, nodata).astype(profile["dtype"]), band, window=area
                )
        for band, name in enumerate(file.descriptions, start=1):
            if name:
                target.set_band_description(band, name)
        before = file.tags().get(_OPERATION)
        done = route.operation.sentence
        target.update_tags(**{_OPERATION: f"{before}; then {done}" if before else done})
    return cells, lost, total


def _windows(width: int, height: int) -> Iterator[Area]:
    from rasterio.windows import Window

    for row in range(0, height, _WINDOW_PX):
        for column in range(0, width, _WINDOW_PX):
            yield Window(column, row, min(_WINDOW_PX, width - column), min(_WINDOW_PX, height - row))


def _read(file: Any, band: int, area: Area) -> Floats:
    """(rows, columns) values of a window; NaN where there are none."""
    values = file.read(band, window=area).astype(np.float64)
    values[file.read_masks(band, window=area) == 0] = np.nan
    return np.asarray(values)


def _moved(file: Any, area: Area, heights: Floats, route: Route) -> Floats:
    known = np.isfinite(heights)
    out = np.full(heights.shape, np.nan)
    if known.any():
        rows, columns = np.nonzero(known)
        places = _places(file.transform, columns + area.col_off + 0.5, rows + area.row_off + 0.5)
        out[known] = route.apply(places, heights[known])
    return out


def _places(affine: Any, columns: Floats, rows: Floats) -> Floats:
    """Give (n, 2) x, y of columns and rows."""
    x = affine.a * columns + affine.b * rows + affine.c
    return np.stack([x, affine.d * columns + affine.e * rows + affine.f], axis=-1)
