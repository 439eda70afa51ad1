"""Control points: pixels of a scan and the places on the ground that they show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs, require_same
from whence.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Self

    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["ControlPoints"]


@dataclass(frozen=True, eq=False)
class ControlPoints:
    """Pairs of a pixel and its place on the ground, checked and read-only.

    Parameters
    ----------
    pixels
        (n, 2) column, row; (0, 0) is the outer corner of the top-left pixel, rows grow downward.
    world
        (n, 2) easting, northing (or longitude, latitude) in `crs`.
    crs
        Their coordinate system, or None where nothing has said it.
    enabled
        (n,) whether a point takes part; all do when not given.
    names
        One for each point; ``"1"``, ``"2"``, … when not given.
    source
        The file they come from.

    Raises
    ------
    InputError
        When shapes do not match, or a number is not finite; the point is named.

    Examples
    --------
    >>> points = ControlPoints([[0, 0], [100, 0]], [[500000, 6000000], [500085, 6000000]])
    >>> len(points), points.names
    (2, ('1', '2'))
    """

    pixels: Floats
    world: Floats
    crs: Crs | None = None
    enabled: Bools = None  # type: ignore[assignment]  # complete after __post_init__
    names: tuple[str, ...] = ()
    source: Path | None = None

    def __post_init__(self) -> None:
        pixels, world = _rows(self.pixels, "pixels"), _rows(self.world, "world")
        if pixels.shape != world.shape:
            raise InputError(
                f"{len(pixels)} pixels and {len(world)} world points do not belong together; give pairs"
            )
        given: Any = self.enabled
        enabled = np.ones(len(pixels), dtype=bool) if given is None else np.array(given, dtype=bool)
        names = tuple(self.names) or tuple(str(number + 1) for number in range(len(pixels)))
        for what, count in (("enabled", enabled.shape), ("names", (len(names),))):
            if count != (len(pixels),):
                raise InputError(
                    f"{what} must have one entry for each of the {len(pixels)} points, not {count}"
                )
        for points, what in ((pixels, "pixel"), (world, "world")):
            bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
            if len(bad):
                raise InputError(
                    f"point {names[bad[0]]!r} has the {what} position {points[bad[0]].tolist()}; "
                    "leave out points without one"
                )
        for field, value in (("pixels", pixels), ("world", world), ("enabled", enabled)):
            value.setflags(write=False)
            object.__setattr__(self, field, value)
        object.__setattr__(self, "names", names)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def active(self) -> Self:
        """The points that take part."""
        return self.where(self.enabled)

    def where(self, chosen: ArrayLike) -> Self:
        """Take some of the points.

        Parameters
        ----------
        chosen
            (n,) whether each is wanted, or row numbers.
        """
        rows = np.arange(len(self))[np.asarray(chosen)]
        return replace(
            self,
            pixels=self.pixels[rows],
            world=self.world[rows],
            enabled=self.enabled[rows],
            names=tuple(self.names[row] for row in rows),
        )

    def outside(self, size_px: tuple[int, int]) -> Bools:
        """Tell which points lie outside a scan.

        Parameters
        ----------
        size_px
            Width, height.

        Returns
        -------
        Bools
            (n,), False on the very edge.
        """
        return np.asarray(((self.pixels < 0.0) | (self.pixels > size_px)).any(axis=1))

    def in_crs(self, crs: Any) -> Self:
        """Turn the world coordinates into another coordinate system.

        Raises
        ------
        InputError
            When the points' own system is not known, or one of them has no place in the other.
        """
        if self.crs is None:
            raise InputError(
                f"the coordinate system of the points{self._origin} is not known; give it as crs='EPSG:…'"
            )
        target = Crs.parse(crs)
        return replace(self, world=target.from_lonlat(self.crs.to_lonlat(self.world)), crs=target)

    def with_crs(self, crs: Any) -> Self:
        """State the coordinate system of points that do not say it; one that they say is not changed.

        Raises
        ------
        InputError
            When they say another one.
        """
        if self.crs is None:
            return replace(self, crs=Crs.parse(crs))
        require_same(self.crs, crs, names=(f"the points{self._origin}", "the argument crs"))
        return self

    @property
    def _origin(self) -> str:
        return f" of {self.source}" if self.source else ""


def _rows(points: ArrayLike, name: str) -> Floats:
    try:
        rows = np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers, two for every point: {error}") from error
    if rows.shape == (0,):
        return rows.reshape(0, 2)
    if rows.ndim != 2 or rows.shape[1] != 2:
        raise InputError(f"{name} must have the shape (n, 2); it is {rows.shape}")
    return rows
