"""The refusal of height models that say that their heights are not metres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["require_metres"]

_METRE = {"", "m", "metre", "metres", "meter", "meters"}


def require_metres(model: PathLike) -> None:
    """Refuse a raster whose vertical system, or whose first band, says another unit.

    Parameters
    ----------
    model
        A raster that can be opened.

    Raises
    ------
    InputError
        When heights are said to be in another unit, with the way to metres.
    """
    import rasterio

    with rasterio.open(model) as file:
        said = (file.units[0] or "").strip()
        wkt = None if file.crs is None else file.crs.to_wkt()
    unit = None if wkt is None else _vertical_unit(wkt)
    if unit is not None:
        raise InputError(
            f"{model} has heights in {unit} by its vertical system, and metres are needed; bring it to a "
            f"system in metres, NAVD88 for example: whence map heights datum {model} --to EPSG:5703 --out NEW"
        )
    if said.casefold() not in _METRE:
        raise InputError(
            f"{model} says that its heights are in {said}, and metres are needed; turn them into metres, for "
            f"feet: gdal_calc.py -A {model} --calc 'A*0.3048' --type Float32 --outfile NEW"
        )


def _vertical_unit(wkt: str) -> str | None:
    """Give the unit of heights of a coordinate system; None where it has none, or metres."""
    import pyproj

    axes = pyproj.CRS.from_wkt(wkt).axis_info
    units = [axis.unit_name for axis in axes if axis.direction == "up"]
    return units[0] if units and units[0].casefold() not in _METRE else None
