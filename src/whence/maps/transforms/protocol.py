"""What every transform can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.transforms.distortion import Distortion
    from whence.typing import ArrayLike, Floats, Json

__all__ = ["Transform"]


@runtime_checkable
class Transform(Protocol):
    """A fitted relation between a scan and the ground; born complete, never changed.

    Pixels are (column, row) with (0, 0) at the outer corner of the top-left pixel and rows growing downward;
    world coordinates are (easting, northing), or longitude and latitude, in whatever plane was fitted.

    Attributes
    ----------
    kind
        Its key in `whence.maps.transforms.TRANSFORMS`.
    min_points
        Fewest control points, at different places, that determine it.
    inverse_error_px
        How far `to_pixels` may be from the exact inverse, pixels; 0 where it is in closed form.
    """

    kind: ClassVar[str]
    min_points: ClassVar[int]
    inverse_error_px: ClassVar[float]

    @classmethod
    def fit(
        cls, pixels: ArrayLike, world: ArrayLike, *, weights: ArrayLike | None = None, **options: Any
    ) -> Self:
        """Find the transform that brings (n, 2) pixels nearest to (n, 2) world points.

        Weights (n,) count as repetitions: 1 / σ² for a point of standard deviation σ; 0 leaves it out.

        Raises
        ------
        NotEnoughDataError
            For too few points, or points that lie so that they do not determine it; the message names them.
        InputError
            For numbers that are not finite, shapes that do not match, or an unknown option.
        """

    def to_world(self, pixels: ArrayLike) -> Floats:
        """Bring (..., 2) pixels to the ground; NaN where there is none (beyond a horizon)."""

    def to_pixels(self, world: ArrayLike) -> Floats:
        """Bring (..., 2) world points to the scan; NaN where no pixel is found that leads there."""

    def jacobian(self, pixels: ArrayLike) -> Floats:
        """(..., 2, 2) derivatives of (easting, northing), the rows, by (column, row), the columns."""

    def distortion(self, pixels: ArrayLike) -> Distortion:
        """Scales, turn, area and shear of the scan at (..., 2) pixels."""

    @property
    def parameters(self) -> Json:
        """Its numbers by name, for people and reports."""

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave."""
