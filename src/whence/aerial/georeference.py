"""Where the pixels of a raster lie on the ground, kept through cutting and reduction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotAnImageError
from whence.imagery.raster import without_place

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray

    from whence.imagery.raster import Window
    from whence.typing import PathLike

__all__ = ["Georeference", "georeference", "place_of"]

_MOST_APART_PX = 1.0
_NO_SHEAR = 1e-12
_BENT_PX = 0.1  # control points that an affine map meets more closely than this are written by one


@dataclass(frozen=True)
class Georeference:
    """The place of a raster.

    Attributes
    ----------
    path
        The file that says it.
    crs
        The coordinate system as rasterio gives it; None when the file names none.
    transform
        From (column, row) to coordinates; None when the file has none.
    points, points_crs
        Ground control points as rasterio gives them, and their coordinate system, of a raster that has no
        transform and that no affine map does justice to.
    crs_file
        The file beside the raster that names the coordinate system, where the raster itself does not.
    by_sensor
        Whether the raster has nothing but the model of its sensor (RPC) to tell where it lies.
    """

    path: Path
    crs: Any
    transform: Affine | None
    points: tuple[Any, ...] = ()
    points_crs: Any = None
    crs_file: Path | None = None
    by_sensor: bool = False

    @property
    def known(self) -> bool:
        """Whether the file says where its pixels are, in whatever system."""
        return self.transform is not None or bool(self.points)

    def within(self, window: Window, *, scale: float = 1.0) -> Georeference:
        """Give the place of a window, after its pixels were made `scale` times as many across and down."""
        from affine import Affine
        from rasterio.control import GroundControlPoint

        points = tuple(
            GroundControlPoint(
                (one.row - window.row) * scale, (one.col - window.column) * scale, one.x, one.y, one.z, one.id
            )
            for one in self.points
        )
        if self.transform is None:
            return replace(self, points=points)
        t = self.transform
        west, north = place_of(t, (window.column, window.row))
        moved = Affine(t.a / scale, t.b / scale, west, t.d / scale, t.e / scale, north)
        return replace(self, transform=moved)

    def check_same(self, other: PathLike, size: tuple[int, int]) -> None:
        """Refuse a file of the same columns and rows that says that it lies elsewhere.

        Where one of the two names a coordinate system and the other does not, nothing is compared.

        Parameters
        ----------
        other
            The file.
        size
            Columns and rows of both.

        Raises
        ------
        InputError
            When a corner is more than a pixel away.
        """
        its = georeference(other)
        if self.transform is None or its.transform is None or bool(self.crs) != bool(its.crs):
            return
        corners = np.array([(0, 0), (size[0], 0), (0, size[1]), size], np.float64)
        places = np.array([place_of(its.transform, (column, row)) for column, row in corners])
        away = self._columns_rows(places) - corners
        if (
            self.crs != its.crs and np.abs(away).max() > _MOST_APART_PX
        ):  # else the same system, named otherwise
            away = self._columns_rows(_brought(places, its.crs, self.crs)) - corners
        column, row = away[np.abs(away).max(axis=1).argmax()]
        if not max(abs(column), abs(row)) <= _MOST_APART_PX:
            mine = f"{self.path}{_in_systems(its.crs, self.crs)}"
            raise InputError(
                f"{other} lies {column:.1f} columns and {row:.1f} rows away from {mine}; a mask must "
                "cover the image pixel by pixel, warp it to the image's grid first"
            )

    def _columns_rows(self, places: NDArray[Any]) -> NDArray[Any]:
        assert self.transform is not None
        back = ~self.transform
        return np.array([place_of(back, (x, y)) for x, y in places])


def georeference(path: PathLike) -> Georeference:
    """Read where a raster lies.

    Control points that an affine map meets are taken as a transform. The coordinate system of a raster with
    a world file alone is read from the ``.prj`` file beside it.

    Raises
    ------
    NotAnImageError
        When the file is no raster.
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with without_place(), rasterio.open(path) as dataset:
            crs, transform = dataset.crs, dataset.transform
            points, points_crs = dataset.gcps
            by_sensor = dataset.rpcs is not None
    except RasterioError as error:
        raise NotAnImageError(f"{path} is not a raster that can be read ({error})") from error
    if not transform.is_identity:
        crs, crs_file = (crs, None) if crs else _crs_beside(Path(path))
        return Georeference(Path(path), crs, transform, crs_file=crs_file)
    if points:
        straight = _straight(points)
        if straight is not None:
            return Georeference(Path(path), points_crs, straight)
        return Georeference(Path(path), None, None, tuple(points), points_crs)
    return Georeference(Path(path), crs, None, by_sensor=by_sensor)


def _straight(points: Sequence[Any]) -> Affine | None:
    """Fit an affine map to control points; None where it misses one, or they do not determine it."""
    from affine import Affine

    pixels = np.array([(one.col, one.row, 1.0) for one in points])
    world = np.array([(one.x, one.y) for one in points])
    middle = world.mean(axis=0)
    found, _, rank, _ = np.linalg.lstsq(pixels, world - middle, rcond=None)
    if rank < 3 or abs(np.linalg.det(found[:2])) < 1e-30:
        return None
    missed = (pixels @ found - (world - middle)) @ np.linalg.inv(found[:2])
    if np.abs(missed).max() > _BENT_PX:
        return None
    found[:2][np.abs(found[:2]) < _NO_SHEAR * np.abs(found[:2]).max()] = 0.0
    (a, d), (b, e), (c, f) = found
    return Affine(a, b, c + middle[0], d, e, f + middle[1])


def _crs_beside(path: Path) -> tuple[Any, Path | None]:
    """Read the coordinate system of the ``.prj`` beside a raster with a world file."""
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    for beside in (path.with_suffix(".prj"), path.with_suffix(".PRJ")):
        if not beside.is_file():
            continue
        try:
            return CRS.from_wkt(beside.read_text("utf-8"), morph_from_esri_dialect=True), beside
        except (CRSError, UnicodeDecodeError):
            return None, None
    return None, None


def _brought(places: NDArray[Any], its: Any, mine: Any) -> NDArray[Any]:
    """Bring coordinates (n, 2) into another system; infinite where there is no way."""
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        return np.column_stack(transform(its, mine, *places.T.tolist()))
    except RasterioError:
        return np.full_like(places, np.inf)


def _in_systems(its: Any, mine: Any) -> str:
    if its == mine:
        return ""
    return f" ({str(its.to_string())[:40]} and {str(mine.to_string())[:40]})"


def place_of(transform: Affine, pixel: tuple[float, float]) -> tuple[float, float]:
    """Apply a transform to (column, row); its operator for that is another one in each version of affine.

    Examples
    --------
    >>> from affine import Affine
    >>> place_of(Affine(0.5, 0, 100, 0, -0.5, 900), (2, 4))
    (101.0, 898.0)
    """
    column, row = pixel
    return (
        transform.a * column + transform.b * row + transform.c,
        transform.d * column + transform.e * row + transform.f,
    )
