"""The operation that brings heights from one system to another: named, with its accuracy and its grids.

PROJ answers a missing grid with a ballpark operation, which returns heights unchanged. Such operations are
never taken here: a missing grid is an error that names it.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from whence.errors import InputError, MissingGridError
from whence.maps.heights.vertical.grids import ways_to_get

if TYPE_CHECKING:
    import pyproj

    from whence.typing import Floats

__all__ = ["VerticalOperation", "find_operation"]

_SHOWN = 3


@dataclass(frozen=True)
class VerticalOperation:
    """How heights are brought from one system to another.

    Parameters
    ----------
    name
        Of the operation, as the register has it.
    accuracy_m
        What the register says of it; None where it says nothing.
    grids
        Files that it reads.
    definition
        The pipeline, as PROJ writes it.
    better
        More accurate operations whose grids are not here, in words.
    """

    name: str
    accuracy_m: float | None
    grids: tuple[str, ...]
    definition: str
    better: tuple[str, ...] = ()
    _transformer: Any = field(default=None, repr=False, compare=False)

    @property
    def sentence(self) -> str:
        """The operation in words."""
        accuracy = "accuracy not stated" if self.accuracy_m is None else f"accuracy {self.accuracy_m:g} m"
        grids = f"grids {', '.join(self.grids)}" if self.grids else "no grid"
        better = f". Better, but not here: {'; '.join(self.better)}" if self.better else ""
        return f"{self.name} ({accuracy}, {grids}){better}"

    def apply(self, places: Floats, heights: Floats) -> Floats:
        """Turn (n,) heights at (n, 2) x, y of the source system; NaN where the operation has no value."""
        moved = self._transformer.transform(places[:, 0], places[:, 1], heights, errcheck=False)[2]
        out = np.array(moved, dtype=np.float64)
        out[~np.isfinite(out)] = np.nan
        return out

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "name": self.name,
            "accuracy_m": self.accuracy_m,
            "grids": list(self.grids),
            "definition": self.definition,
            "better": list(self.better),
        }


def find_operation(
    source: pyproj.CRS, target: pyproj.CRS, *, bounds_deg: tuple[float, float, float, float] | None = None
) -> VerticalOperation:
    """Find the best operation between two systems with heights.

    Parameters
    ----------
    source, target
        Compound systems, or ones with ellipsoidal heights.
    bounds_deg
        West, south, east, north of the data, which tells apart operations of single countries.

    Raises
    ------
    MissingGridError
        When every operation needs a grid that is not here; the message names it and the ways to get it.
    InputError
        When PROJ knows no operation.
    """
    area: Any = None if bounds_deg is None else AreaOfInterest(*_widened(bounds_deg))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "best transformation is not available": said below
            group = TransformerGroup(
                source, target, always_xy=True, area_of_interest=area, allow_ballpark=False
            )
    except ProjError as error:
        raise InputError(f"no operation from {source.name} to {target.name} is known ({error})") from error
    missing = [_needs(one) for one in group.unavailable_operations]
    missing = [pair for pair in missing if pair[1]]
    sound = [one for one in group.transformers if "ballpark" not in one.description.lower()]
    if not sound:
        if missing:
            raise MissingGridError(_lacking(source, target, missing))
        raise InputError(
            f"PROJ knows no operation from {source.name} to {target.name} here; choose a system that "
            "has one to both, or fit the shift from heights known in both (whence map heights fit)"
        )
    best = sound[0]
    accuracy = float(best.accuracy) if best.accuracy >= 0 else None
    better = [
        f"{name} ({error:g} m) needs {', '.join(grids)}"
        for name, grids, error in missing
        if error >= 0 and (accuracy is None or error < accuracy)
    ]
    return VerticalOperation(
        _tidy(best.description), accuracy, _grids(best), str(best.definition), tuple(better[:_SHOWN]), best
    )


def _widened(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Give a single place an extent, within the globe."""
    west, south, east, north = bounds
    return max(west - 1e-6, -180), max(south - 1e-6, -90), min(east + 1e-6, 180), min(north + 1e-6, 90)


def _needs(operation: Any) -> tuple[str, tuple[str, ...], float]:
    """Name, grids that are not here, and accuracy of an operation that PROJ cannot carry out."""
    grids = tuple(dict.fromkeys(grid.short_name for grid in operation.grids if not grid.available))
    return _tidy(operation.name), grids, float(operation.accuracy)


def _grids(transformer: Any) -> tuple[str, ...]:
    """Files that an operation reads, by its steps and by its pipeline."""
    found = [grid.short_name for one in transformer.operations or () for grid in one.grids]
    for group in re.findall(r"\b(?:grids|file)=(\S+)", str(transformer.definition)):
        found += [name.lstrip("@") for name in group.split(",")]
    return tuple(dict.fromkeys(found))


def _tidy(name: str) -> str:
    """Leave out the steps that only turn axes."""
    steps = [step for step in name.split(" + ") if not step.startswith("axis order change")]
    return " + ".join(steps) or name


def _lacking(source: Any, target: Any, missing: list[tuple[str, tuple[str, ...], float]]) -> str:
    first = missing[0][1]
    others = sorted({grid for _, grids, _ in missing[1:] for grid in grids} - set(first))
    also = f" (or, for another operation, {', '.join(others[:_SHOWN])})" if others else ""
    return (
        f"from {source.name} to {target.name} heights need the grid {' and '.join(first)}{also}, which is "
        f"not here; without it they would stay unchanged. To go on, {ways_to_get(first)}"
    )
