"""The common part of all transforms: frames outside, one small formula inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from whence.errors import FormatError
from whence.maps.transforms.distortion import Distortion
from whence.maps.transforms.frame import Frame
from whence.maps.transforms.pairs import as_plane

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from whence.maps.transforms.pairs import Pairs
    from whence.typing import ArrayLike, Floats, Json

__all__ = ["Frames", "PlaneTransform", "freeze"]


@dataclass(frozen=True)
class Frames:
    """The frame of the scan and the frame of the ground."""

    pixel: Frame
    world: Frame

    @classmethod
    def of(cls, pairs: Pairs) -> Self:
        """Make both frames of control points."""
        return cls(Frame.of(pairs.pixels), Frame.of(pairs.world))

    def reduce(self, pairs: Pairs) -> tuple[Floats, Floats]:
        """(n, 2) pixels and (n, 2) world points in the coordinates of the frames."""
        return self.pixel.reduce(pairs.pixels), self.world.reduce(pairs.world)


def freeze(values: Any) -> Floats:
    """Copy numbers into a float64 array that cannot be written to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class PlaneTransform(ABC):
    """A transform between the frames of scan and ground.

    A kind states its formula in the coordinates of the frames (`_forward`, `_slope`, `_backward`), and has a
    class method `fit` with options of its own.
    """

    kind: ClassVar[str]
    min_points: ClassVar[int]
    inverse_error_px: ClassVar[float] = 0.0

    frames: Frames

    @abstractmethod
    def _forward(self, scan: Floats) -> Floats:
        """(m, 2) scan to (m, 2) ground, both in their frames; finite input, m ≥ 1."""

    @abstractmethod
    def _slope(self, scan: Floats) -> Floats:
        """(m, 2, 2) derivatives of `_forward`."""

    @abstractmethod
    def _backward(self, ground: Floats) -> Floats:
        """(m, 2) ground to (m, 2) scan, both in their frames; finite input, m ≥ 1."""

    @property
    @abstractmethod
    def parameters(self) -> Json:
        """Its numbers by name, for people and reports."""

    @abstractmethod
    def _content(self) -> Json:
        """Give what `_from_content` needs beside the frames, as JSON values."""

    @classmethod
    @abstractmethod
    def _from_content(cls, frames: Frames, content: Json) -> Self:
        """Make it again."""

    def to_world(self, pixels: ArrayLike) -> Floats:
        """Bring pixels to the ground.

        Parameters
        ----------
        pixels
            (..., 2) column, row.

        Returns
        -------
        Floats
            (..., 2) easting, northing; NaN where there is none.
        """
        scan = as_plane(pixels, "pixels")
        reduced = self.frames.pixel.reduce(scan.reshape(-1, 2))
        ground = _where_finite(reduced, self._forward, np.full_like(reduced, np.nan))
        return self.frames.world.restore(ground).reshape(scan.shape)

    def to_pixels(self, world: ArrayLike) -> Floats:
        """Bring world points to the scan, to within `inverse_error_px`.

        Parameters
        ----------
        world
            (..., 2) easting, northing.

        Returns
        -------
        Floats
            (..., 2) column, row; NaN where no pixel is found that leads there: there is none, or it lies
            beyond a fold of the transform.
        """
        ground = as_plane(world, "world")
        reduced = self.frames.world.reduce(ground.reshape(-1, 2))
        scan = _where_finite(reduced, self._backward, np.full_like(reduced, np.nan))
        return self.frames.pixel.restore(scan).reshape(ground.shape)

    def jacobian(self, pixels: ArrayLike) -> Floats:
        """(..., 2, 2) derivatives of (easting, northing), the rows, by (column, row), the columns.

        Parameters
        ----------
        pixels
            (..., 2) column, row.
        """
        scan = as_plane(pixels, "pixels")
        reduced = self.frames.pixel.reduce(scan.reshape(-1, 2))
        slope = _where_finite(reduced, self._slope, np.full((len(reduced), 2, 2), np.nan))
        ratio = self.frames.world.scale / self.frames.pixel.scale
        return np.asarray(slope * ratio).reshape(*scan.shape, 2)

    def distortion(self, pixels: ArrayLike) -> Distortion:
        """Scales, turn, area and shear of the scan at (..., 2) pixels."""
        return Distortion.of(self.jacobian(pixels))

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""
        return {
            "transform": self.kind,
            "version": 1,
            "pixel_frame": self.frames.pixel.to_json(),
            "world_frame": self.frames.world.to_json(),
            **self._content(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave.

        Raises
        ------
        FormatError
            When it is another kind, of another version, or broken.
        """
        if content.get("transform") != cls.kind or content.get("version") != 1:
            raise FormatError(
                f"not a transform of kind {cls.kind} in version 1, but {content.get('transform')!r} in "
                f"version {content.get('version')!r}; fit the points again"
            )
        try:
            frames = Frames(Frame.from_json(content["pixel_frame"]), Frame.from_json(content["world_frame"]))
            return cls._from_content(frames, content)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"a broken transform of kind {cls.kind} ({error!r}); fit again") from error


def _where_finite(points: Floats, function: Callable[[Floats], Floats], answers: Floats) -> Floats:
    """Fill in the answers of a function for the points that are finite."""
    known = np.isfinite(points).all(axis=1)
    if known.any():
        answers[known] = function(points[known])
    return answers
