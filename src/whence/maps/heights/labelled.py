"""Heights that a sheet has beside points: where they stand, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.earth.crs import Crs
    from whence.maps.transforms import Transform
    from whence.typing import Floats

__all__ = ["HeightLabels"]


@dataclass(frozen=True, eq=False)
class HeightLabels:
    """Labelled heights of one sheet.

    Parameters
    ----------
    pixels
        (n, 2) column, row; None where only the place in the world is known.
    world
        (n, 2) easting, northing; None where only the place on the scan is known.
    map_heights
        (n,) what the sheet says, in its own unit; NaN where it cannot be read.
    names
        One for each; numbers from 1 when none are given.
    crs
        System of `world`, if known.

    Raises
    ------
    InputError
        When the lengths differ, or there is neither kind of position.

    Examples
    --------
    >>> labels = HeightLabels(None, np.array([[5e5, 6e6], [5.1e5, 6e6]]), np.array([61.2, 133.4]))
    >>> labels.names
    ('1', '2')
    """

    pixels: Floats | None
    world: Floats | None
    map_heights: Floats
    names: tuple[str, ...] = ()
    crs: Crs | None = field(default=None)

    def __post_init__(self) -> None:
        count = len(self.map_heights)
        if not self.names:
            object.__setattr__(self, "names", tuple(str(row + 1) for row in range(count)))
        if self.pixels is None and self.world is None:
            raise InputError("labelled heights need a place: pixels on the scan, or a place in the world")
        for what, values in (("pixels", self.pixels), ("places", self.world)):
            if values is not None and values.shape != (count, 2):
                raise InputError(
                    f"{count} heights come with {what} of shape {values.shape}; give ({count}, 2)"
                )
        if len(self.names) != count:
            raise InputError(f"{count} heights come with {len(self.names)} names; give one for each, or none")

    def __len__(self) -> int:
        return len(self.map_heights)

    def placed(self, transform: Transform, crs: Crs | None) -> Self:
        """Return the same heights with the places that the fit of the sheet gives them.

        Parameters
        ----------
        transform
            From pixels to the world.
        crs
            Its system.

        Raises
        ------
        InputError
            When the pixels are not known.
        """
        if self.pixels is None:
            raise InputError("the heights have no column and row, so the fit of a sheet cannot place them")
        return replace(self, world=np.asarray(transform.to_world(self.pixels)), crs=crs)
