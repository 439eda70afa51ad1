"""Vertical systems by code or name, those that files carry, and the refusal to mix them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyproj
from pyproj.crs import CompoundCRS
from pyproj.exceptions import CRSError

from whence.errors import InputError
from whence.imagery.raster import open_raster

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["VerticalSystem", "check_same_vertical", "split", "vertical_of", "vertical_system"]

ELLIPSOID = ("ellipsoid", "ellipsoidal")


@dataclass(frozen=True)
class VerticalSystem:
    """What heights are counted from.

    Parameters
    ----------
    wkt
        Its definition: a vertical system, or a geographic one with ellipsoidal heights.
    label
        Code and name, for sentences.
    ellipsoidal
        Whether it is an ellipsoid.
    """

    wkt: str
    label: str
    ellipsoidal: bool

    @property
    def crs(self) -> pyproj.CRS:
        """As PROJ has it."""
        return pyproj.CRS.from_wkt(self.wkt)

    def over(self, horizontal: pyproj.CRS) -> pyproj.CRS | None:
        """Give positions of `horizontal` with heights of this system.

        Returns
        -------
        pyproj.CRS or None
            None for an ellipsoid that is not the one of `horizontal`.
        """
        flat = horizontal.to_2d()
        if not self.ellipsoidal:
            return CompoundCRS(f"{flat.name} + {self.crs.name}", [flat, self.crs])
        return flat.to_3d() if _same_datum(flat, self.crs) else None

    def same(self, other: VerticalSystem) -> bool:
        """Tell whether two are one and the same, however they are written."""
        if self.ellipsoidal is not other.ellipsoidal:
            return False
        if self.ellipsoidal:
            return _same_datum(self.crs, other.crs)
        one, two = self.crs, other.crs
        codes = (one.to_authority(min_confidence=90), two.to_authority(min_confidence=90))
        return bool(one.equals(two, ignore_axis_order=True)) or (
            codes[0] is not None and codes[0] == codes[1]
        )


def vertical_system(text: Any) -> VerticalSystem:
    """Read a vertical system.

    Parameters
    ----------
    text
        A code such as ``"EPSG:5773"`` or 5621, a name, WKT, a PROJ string, or a pyproj CRS; of a compound
        system the vertical part. A geographic system with three axes (``"EPSG:4979"``) means heights above
        its ellipsoid.

    Raises
    ------
    InputError
        When it is not known, or has no heights.

    Examples
    --------
    >>> vertical_system("EPSG:5773").label, vertical_system("EPSG:4979").label
    ('EPSG:5773 (EGM96 height)', 'EPSG:4979 (ellipsoidal height of WGS 84)')
    """
    if isinstance(text, VerticalSystem):
        return text
    try:
        found = pyproj.CRS.from_user_input(text.strip() if isinstance(text, str) else text)
    except CRSError as error:
        raise InputError(
            f"unknown vertical system {text!r}; give a code such as EPSG:5621 (EVRF2007 height) or EPSG:4979 "
            "(ellipsoidal); whence map heights datum --list names old ones"
        ) from error
    _, vertical = split(found)
    if vertical is None:
        raise InputError(
            f"{found.name} has no heights; give a vertical system such as EPSG:5773, a compound one such as "
            "EPSG:4326+5773, or one with ellipsoidal heights such as EPSG:4979"
        )
    return vertical


def split(crs: pyproj.CRS) -> tuple[pyproj.CRS | None, VerticalSystem | None]:
    """Take a system apart: its horizontal part, and what its heights are counted from."""
    if crs.is_vertical and not crs.is_compound:
        return None, _named(crs, ellipsoidal=False)
    if crs.is_compound:
        horizontal, vertical = crs.sub_crs_list[:2]
        return horizontal, _named(vertical, ellipsoidal=False)
    if crs.is_geocentric:
        raise InputError(
            f"{crs.name} is geocentric; give the geographic system with heights, such as EPSG:4979"
        )
    if len(crs.axis_info) == 3 and crs.geodetic_crs is not None:
        return crs.to_2d(), _named(crs.geodetic_crs.to_3d(), ellipsoidal=True)
    return crs, None


def vertical_of(model: PathLike) -> VerticalSystem | None:
    """Read what the heights of a raster are counted from; None where it does not say.

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
        system = file.crs
    return None if system is None else split(pyproj.CRS.from_wkt(system.to_wkt()))[1]


def check_same_vertical(
    one: Any, other: Any, *, names: tuple[str, str] = ("the first", "the second")
) -> str | None:
    """Refuse to compare heights of two systems.

    Parameters
    ----------
    one, other
        What `vertical_system` reads; None where a system is not known.
    names
        What carries them, for the message.

    Returns
    -------
    str or None
        A sentence where a system is not known, so that nothing could be checked; None where both are the
        same.

    Raises
    ------
    InputError
        When they differ; the message names both and the command that brings one to the other.

    Examples
    --------
    >>> check_same_vertical("EPSG:5773", "EPSG:4326+5773")
    >>> check_same_vertical("EPSG:5773", None, names=("the sheet", "modern.tif"))
    'modern.tif does not name its vertical system: whether it is that of the sheet is not known'
    """
    unknown = [name for name, given in zip(names, (one, other), strict=True) if given is None]
    if len(unknown) == 2:
        return f"neither {names[0]} nor {names[1]} names its vertical system: whether it is one is not known"
    if unknown:
        known = names[0] if unknown[0] == names[1] else names[1]
        return f"{unknown[0]} does not name its vertical system: whether it is that of {known} is not known"
    first, second = vertical_system(one), vertical_system(other)
    if not first.same(second):
        raise InputError(
            f"two vertical systems: {names[0]} in {first.label}, {names[1]} in {second.label}; bring "
            "one to the other first: "
            f"whence map heights datum FILE --from {_short(first)} --to {_short(second)} --out NEW"
        )
    return None


def _named(crs: pyproj.CRS, *, ellipsoidal: bool) -> VerticalSystem:
    code = crs.to_authority(min_confidence=90)
    name = f"ellipsoidal height of {crs.name}" if ellipsoidal else crs.name
    return VerticalSystem(crs.to_wkt(), f"{':'.join(code)} ({name})" if code else name, ellipsoidal)


def _short(system: VerticalSystem) -> str:
    code = system.crs.to_authority(min_confidence=90)
    return ":".join(code) if code else "…"


def _same_datum(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    """Tell whether two systems stand on one geodetic datum."""
    first, second = one.geodetic_crs, other.geodetic_crs
    if first is None or second is None:
        return False
    return bool(first.to_2d().equals(second.to_2d(), ignore_axis_order=True)) or first.name == second.name
