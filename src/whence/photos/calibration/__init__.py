"""Calibration of heads: from what a head says to what can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.calibration.calibration import Calibration, Promise
    from whence.photos.calibration.fitting import check_enough, fit
    from whence.photos.calibration.promises import measured

__all__ = ["Calibration", "Promise", "check_enough", "fit", "measured"]

_HOMES = {
    "Calibration": "calibration",
    "Promise": "calibration",
    "check_enough": "fitting",
    "fit": "fitting",
    "measured": "promises",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
