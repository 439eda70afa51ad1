"""Sheets of map series: which ground a sheet number, or the coordinates at its corners, stand for.

>>> from whence.maps import sheets
>>> sheets.sheet_frame("N-37-112-Б-г").scale
25000
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.sheets.frame import SheetFrame
    from whence.maps.sheets.limits import quadrangle
    from whence.maps.sheets.nomenclature import sheet_frame, sheet_number

__all__ = ["SheetFrame", "quadrangle", "sheet_frame", "sheet_number"]

_HOMES = {
    "SheetFrame": "frame",
    "quadrangle": "limits",
    "sheet_frame": "nomenclature",
    "sheet_number": "nomenclature",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
