"""Control points from files, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import NotFoundError
from whence.maps.points.qgis import qgis_points

if TYPE_CHECKING:
    from typing import Any

    from whence.maps.points.control import ControlPoints
    from whence.typing import PathLike

__all__ = ["read_points"]


def read_points(path: PathLike, *, crs: Any = None) -> ControlPoints:
    """Read control points."""
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"{file} is not there")
    points = qgis_points(file.read_text("utf-8-sig"), source=file)
    return points if crs is None else points.with_crs(crs)
