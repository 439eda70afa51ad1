"""The refusal of height models that say that their heights are not metres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence.errors import InputError

if TYPE_CHECKING:
    import pyproj

    from whence.typing import PathLike

__all__ = ["height_unit", "require_metres", "require_unit_of"]

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
    import pyproj
    import rasterio

    with rasterio.open(model) as file:
        said = (file.units[0] or "").strip()
        wkt = None if file.crs is None else file.crs.to_wkt()
    unit = None if wkt is None else height_unit(pyproj.CRS.from_wkt(wkt))
    if unit is not None:
        raise InputError(
            f"{model} has heights in {unit} by its vertical system, and metres are needed; bring it to a "
            f"system in metres, NAVD88 for example: whence map heights datum {model} --to EPSG:5703 --out NEW"
        )
    if said.casefold() not in _METRE:
        raise InputError(_in_another(model, said))


def require_unit_of(file: Any, system: pyproj.CRS) -> None:
    """Refuse an open raster whose first band says another unit than metres where its system has metres.

    Raises
    ------
    InputError
        When it does, with the way to metres.
    """
    said = (file.units[0] or "").strip()
    if said.casefold() not in _METRE and height_unit(system) is None:
        raise InputError(_in_another(file.name, said))


def height_unit(system: pyproj.CRS) -> str | None:
    """Give the unit of heights of a coordinate system; None where it has none, or metres."""
    units = [axis.unit_name for axis in system.axis_info if axis.direction == "up"]
    return units[0] if units and units[0].casefold() not in _METRE else None


def _in_another(model: PathLike, unit: str) -> str:
    return (
        f"{model} says that its heights are in {unit}, and metres are needed; turn them into metres, for "
        f"feet: gdal_calc.py -A {model} --calc 'A*0.3048' --type Float32 --outfile NEW"
    )
