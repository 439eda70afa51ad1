"""Where the pixels of a raster lie on the ground, kept through cutting and reduction."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotAnImageError

if TYPE_CHECKING:
    from affine import Affine

    from whence.imagery.raster import Window
    from whence.typing import PathLike

__all__ = ["Georeference", "georeference", "place_of"]

_MOST_APART_PX = 1.0


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
    """

    path: Path
    crs: Any
    transform: Affine | None

    @property
    def known(self) -> bool:
        """Whether the file says where its pixels are, in whatever system."""
        return self.transform is not None

    def within(self, window: Window, *, scale: float = 1.0) -> Georeference:
        """Give the place of a window, after its pixels were made `scale` times as many across and down."""
        from affine import Affine

        if self.transform is None:
            return self
        t = self.transform
        west, north = place_of(t, (window.column, window.row))
        moved = Affine(t.a / scale, t.b / scale, west, t.d / scale, t.e / scale, north)
        return Georeference(self.path, self.crs, moved)

    def check_same(self, other: PathLike) -> None:
        """Refuse a file of the same grid that says that it lies elsewhere.

        Raises
        ------
        InputError
            When both name a coordinate system and a corner is more than a pixel away.
        """
        its = georeference(other)
        if self.transform is None or its.transform is None or not (self.crs and its.crs == self.crs):
            return
        column, row = place_of(~self.transform, place_of(its.transform, (0.0, 0.0)))
        if max(abs(column), abs(row)) > _MOST_APART_PX:
            raise InputError(
                f"{other} lies {column:.1f} columns and {row:.1f} rows away from {self.path}; a mask must "
                "cover the image pixel by pixel, warp it to the image's grid first"
            )


def georeference(path: PathLike) -> Georeference:
    """Read where a raster lies.

    Raises
    ------
    NotAnImageError
        When the file is no raster.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                crs, transform = dataset.crs, dataset.transform
    except RasterioError as error:
        raise NotAnImageError(f"{path} is not a raster that can be read ({error})") from error
    return Georeference(Path(path), crs, None if transform.is_identity else transform)


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
