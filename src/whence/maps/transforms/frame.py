"""Centre and scale: what keeps seven-digit coordinates out of the equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Floats, Json

__all__ = ["Frame"]


@dataclass(frozen=True)
class Frame:
    """A shift and one scale that bring points near the origin, at a distance of about one.

    A northing of six million metres squared has no room for millimetres in 53 bits; every transform is
    therefore solved and evaluated in the coordinates of two frames, one for pixels and one for the world. The
    scale is the same along both axes, so that a similarity stays one.

    Parameters
    ----------
    x, y
        The origin, in the unit of the points.
    scale
        Length that counts as one, in the same unit.

    Examples
    --------
    >>> frame = Frame.of(np.array([[500000.0, 6000000.0], [500200.0, 6000000.0]]))
    >>> frame.reduce(np.array([500200.0, 6000000.0]))
    array([1., 0.])
    """

    x: float
    y: float
    scale: float

    @classmethod
    def of(cls, points: Floats) -> Self:
        """Make the frame of (n, 2) points: their mean, and their root mean squared distance from it."""
        x, y = points.mean(axis=0).tolist()
        scale = float(np.sqrt(np.mean(np.sum((points - (x, y)) ** 2, axis=1))))
        return cls(x, y, scale or 1.0)

    def reduce(self, points: Floats) -> Floats:
        """(..., 2) points in the coordinates of the frame."""
        return np.asarray((points - (self.x, self.y)) / self.scale)

    def restore(self, reduced: Floats) -> Floats:
        """(..., 2) points back in their own unit."""
        return np.asarray(reduced * self.scale + (self.x, self.y))

    def to_json(self) -> Json:
        """Give the three numbers."""
        return {"x": self.x, "y": self.y, "scale": self.scale}

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave."""
        return cls(float(content["x"]), float(content["y"]), float(content["scale"]))
