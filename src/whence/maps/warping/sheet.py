"""From a scan and its fit to a sheet: a georeferenced raster of any size, made tile by tile."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence import __version__
from whence.earth.crs import Crs, require_same
from whence.errors import InputError
from whence.imagery.raster import open_raster
from whence.imagery.reduction import reduced
from whence.maps.warping.layout import Layout
from whence.maps.warping.placing import Fitted, Placing
from whence.maps.warping.resampling import kernel
from whence.maps.warping.tiles import Tiler
from whence.maps.warping.writing import SheetStyle, open_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whence.imagery.raster import Raster
    from whence.maps.transforms import Transform
    from whence.maps.warping.frame import Frame
    from whence.maps.warping.resampling import Kernel
    from whence.maps.warping.writing import SheetWriter
    from whence.typing import ArrayLike, Floats, PathLike

__all__ = ["Sheet", "warp"]

_LEAST_MEMORY_MB = 128.0
_SCAN_SHARE = 0.5


@dataclass(frozen=True)
class Sheet:
    """A sheet that was written.

    Parameters
    ----------
    path
        The file.
    frame
        Its coordinate system, corner, resolution and size.
    error_px
        How far off its exact place on the scan a pixel may have been taken, pixels of the scan (after
        averaging, if it was averaged): twice the greatest difference found at the test positions of the grid,
        plus what rounding adds.
    covered_px
        How many of its pixels carry something.
    """

    path: Path
    frame: Frame
    error_px: float
    covered_px: int


def warp(
    scan: PathLike,
    fit: Fitted | Transform,
    out: PathLike,
    *,
    crs: Any = None,
    world_crs: Any = None,
    resolution_m: float | None = None,
    resampling: str = "bilinear",
    neatline: ArrayLike | None = None,
    nodata: float | None = None,
    layout: str = "cog",
    compression: str = "deflate",
    max_error_px: float = 0.1,
    landmarks: ArrayLike | None = None,
    memory_mb: float = 512.0,
    notes: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sheet:
    """Bring a scan into a coordinate system.

    Parameters
    ----------
    scan
        Any raster: 8 or 16 bits, floating point, palette, any number of bands, with or without transparency.
    fit
        A finished fit, or a transform alone.
    out
        The GeoTIFF to write. It appears whole or not at all.
    crs
        Coordinate system of the sheet; that of the fit when not given.
    world_crs
        Coordinate system that a transform alone leads to; `crs` when not given.
    resolution_m
        Side of a pixel in metres. Without it, the pixels are as large as those of the scan in the middle.
        Where it makes the sheet at least twice as coarse as the scan, the scan is averaged first.
    resampling
        ``"nearest"``, ``"bilinear"``, ``"cubic"`` or ``"lanczos"``. A palette knows only nearest.
    neatline
        (n, 2) column, row on the scan: a polygon; what lies outside stays transparent.
    nodata
        Value for where nothing is, instead of an alpha band (8 and 16 bits) or a mask (everything else).
    layout
        ``"cog"`` with overviews or plain tiled ``"geotiff"``.
    compression
        ``"none"``, ``"deflate"``, ``"lzw"`` or ``"zstd"``.
    max_error_px
        Bound of the approximation, in pixels of the scan (after averaging, if it is averaged); it includes
        the rounding of the resampling.
    landmarks
        (n, 2) column, row where the approximation is tested besides its own places. A fit brings its control
        points. Give those of a transform alone if it bends within few pixels of them, as radial functions of
        short reach do.
    memory_mb
        What may be held of the scan and of what is under way.
    notes
        Name -> text, written into the file's metadata beside what is noted there anyway.
    progress
        Called with the tiles done and the tiles in all.

    Returns
    -------
    Sheet
        What was written, with the error that was kept.

    Raises
    ------
    NotFoundError
        When the scan, or the folder to write to, is not there.
    NotAnImageError
        When the scan is truncated or no raster.
    InputError
        When the coordinate system is unknown or missing, a setting makes no sense, the sheet would be
        absurdly large, or the disk is full.

    Examples
    --------
    >>> from whence.maps import fit, read_points, warp                 # doctest: +SKIP
    >>> sheet = warp("sheet.jpg", fit(read_points("sheet.points")), "sheet.tif", resolution_m=2.0)
    ...                                                                 # doctest: +SKIP
    >>> sheet.error_px                                                  # doctest: +SKIP
    0.06
    """
    if Path(out).resolve() == Path(scan).resolve():
        raise InputError(f"{out} is the scan itself; give the sheet another name")
    placing = _placing(fit, crs, world_crs)
    chosen = kernel(resampling)
    if not memory_mb >= _LEAST_MEMORY_MB:
        raise InputError(f"memory_mb is {memory_mb}; tiles need at least {_LEAST_MEMORY_MB:.0f}")
    with open_raster(scan) as reader:
        raster = reader.raster
    _check_type(raster, chosen)
    style = SheetStyle.of(raster, nodata=nodata, layout=layout, compression=compression)
    tested = _landmarks(fit, landmarks)
    plan = Layout.of(raster, placing, neatline=neatline, resolution_m=resolution_m, landmarks=tested)
    with ExitStack() as stack:
        source, factor = Path(scan), plan.coarseness
        if factor > 1:
            source = stack.enter_context(reduced(scan, factor, pick=chosen.name == "nearest"))
            plan = plan.averaged(factor)
        opened = open_raster(source, memory_mb=_SCAN_SHARE * memory_mb, any_order=True)
        reader = stack.enter_context(opened)
        tiler = Tiler.of(reader, plan, kernel=chosen, max_error_px=max_error_px)
        writer = stack.enter_context(open_sheet(out, tiler.frame, style))
        error_px, covered_px = _write_tiles(tiler, writer, progress)
        sheet = Sheet(Path(out), tiler.frame, error_px, covered_px)
        writer.tag({**_tags(sheet, fit, scan=Path(scan), resampling=resampling), **(notes or {})})
    return sheet


def _landmarks(fit: Fitted | Transform, given: ArrayLike | None) -> Floats | None:
    own = [fit.points.pixels[fit.used]] if isinstance(fit, Fitted) else []
    more = [] if given is None else [np.asarray(given, dtype=np.float64)]
    if more and (more[0].ndim != 2 or more[0].shape[-1] != 2 or not np.isfinite(more[0]).all()):
        raise InputError(f"landmarks must be finite (n, 2) column, row; the shape given is {more[0].shape}")
    return np.concatenate([*own, *more]) if own or more else None


def _write_tiles(
    tiler: Tiler, writer: SheetWriter, progress: Callable[[int, int], None] | None
) -> tuple[float, int]:
    """Write all tiles; give the greatest error and the count of pixels that carry something."""
    error_px, covered_px, count = 0.0, 0, len(tiler.windows())
    for done, (window, tile) in enumerate(tiler.tiles(), start=1):
        if tile is not None and (covered := int(np.count_nonzero(tile.valid))):
            writer.write(window, tile.values, tile.valid)
            error_px, covered_px = max(error_px, tile.error_px), covered_px + covered
        if progress is not None:
            progress(done, count)
    return error_px, covered_px


def _check_type(raster: Raster, kernel: Kernel) -> None:
    if raster.colors is not None and kernel.name != "nearest":
        raise InputError(
            f"{raster.path} has a palette, whose values cannot be mixed; use resampling='nearest', or turn "
            "the scan into RGB first"
        )
    if raster.dtype.kind != "f" and raster.dtype.itemsize > 4:
        raise InputError(f"{raster.path} holds {raster.dtype}; convert it to 32 bits or less first")


def _placing(fit: Fitted | Transform, crs: Any, world_crs: Any) -> Placing:
    own = fit.points.crs if isinstance(fit, Fitted) else None
    if own is not None and world_crs is not None:
        own = require_same(own, world_crs, names=("the control points", "world_crs"))
    world = own or world_crs or crs
    if world is None:
        raise InputError("the coordinate system of the control points is not known; give world_crs")
    transform = fit.transform if isinstance(fit, Fitted) else fit
    return Placing(transform, Crs.parse(world), Crs.parse(world if crs is None else crs))


def _tags(sheet: Sheet, fit: Fitted | Transform, *, scan: Path, resampling: str) -> dict[str, str]:
    """Write down what is needed to tell how the sheet was made and to make it again."""
    transform = fit.transform if isinstance(fit, Fitted) else fit
    tags = {
        "SOFTWARE": f"whence {__version__}",
        "SCAN": scan.name,
        "TRANSFORM": json.dumps({"kind": transform.kind, **transform.to_json()}),
        "RESAMPLING": resampling,
        "POSITION_ERROR_PX": f"{sheet.error_px:.4f}",
    }
    return (
        tags
        if not isinstance(fit, Fitted)
        else {**tags, "FIT": json.dumps(fit.to_json()), "ACCURACY": fit.summary}
    )
