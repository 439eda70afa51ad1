"""Footprints with their rims as a class of their own, so that a network can tell touching roofs apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.scheme import LandClass, Scheme
from whence.errors import NotEnoughDataError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["EDGED", "rimmed", "write_rimmed"]

EDGED = Scheme(
    "buildings with edges",
    (
        LandClass("other", (0, 0, 0)),
        LandClass("building", (255, 255, 255)),
        LandClass("edge", (255, 128, 0)),
    ),
    counted=(1,),
    protocol="buildings are the classes building and edge together, and alone are counted",
)
"""Ground, the inner part of roofs, and their rims."""

_SHARE = 0.25  # of the width of a narrow roof that its rim may take on either side


def rimmed(footprint: Any, width_m: float) -> tuple[Any, Any]:
    """Part a footprint into its inner part and its rim.

    Parameters
    ----------
    footprint
        A shapely polygon in metres.
    width_m
        Width of the rim inside the footprint; less on narrow roofs, so that an inner part is left.

    Returns
    -------
    inner, rim
        Polygons that together are the footprint.
    """
    import shapely

    narrow = 2.0 * shapely.maximum_inscribed_circle(footprint).length
    width = min(width_m, _SHARE * narrow)
    inner = shapely.buffer(footprint, -width, join_style="mitre")
    return inner, shapely.difference(footprint, inner)


def write_rimmed(source: PathLike, target: PathLike, *, width_m: float) -> int:
    """Write the footprints of a vector file in two classes, as `vectors` reads them with attribute "class".

    Parameters
    ----------
    source
        Any file that OGR reads, in a system in metres.
    target
        The GeoPackage to write.
    width_m
        Width of the rims.

    Returns
    -------
    int
        How many footprints there were.

    Raises
    ------
    NotEnoughDataError
        When there is no area in the file.
    """
    import shapely

    files = require("pyogrio.raw", extra="aerial")
    meta, _, geometry, _ = files.read(Path(source), columns=[])
    shapes = shapely.get_parts(shapely.from_wkb(geometry))
    shapes = shapely.make_valid(shapes[shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON])
    if not len(shapes):
        raise NotEnoughDataError(f"{source} holds no areas to learn from")
    parts = [rimmed(shape, width_m) for shape in shapes]
    inner, rims = np.array([part[0] for part in parts]), np.array([part[1] for part in parts])
    kinds = np.array(["building"] * len(inner) + ["edge"] * len(rims), dtype=object)
    whole = np.concatenate([inner, rims])
    kept = ~shapely.is_empty(whole)
    with atomic_path(target) as beside:
        files.write(
            beside,
            shapely.to_wkb(whole[kept]),
            [kinds[kept]],
            ["class"],
            geometry_type="Unknown",
            crs=meta["crs"],
            layer="footprints",
            driver="GPKG",
        )
    return len(shapes)
