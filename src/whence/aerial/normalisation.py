"""What happens to the values of a raster before a network sees them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Floats32, Json

__all__ = ["DIVISORS", "Normalisation"]

DIVISORS: Mapping[str, float] = {"uint8": 255.0, "int8": 127.0, "uint16": 65535.0, "int16": 32767.0}
"""Type of a raster -> what its values are divided by; others, floats above all, are taken as they are."""

_LEAST_STD = 1e-3  # of values in 0 to 1: a band that is constant in training says nothing


@dataclass(frozen=True)
class Normalisation:
    """(value / divisor − mean) / std, band by band; pixels without a value become 0, the mean.

    Attributes
    ----------
    mean, std
        Of each band, of values that are divided already.
    divisors
        Type of the raster -> divisor, in the place of those of `DIVISORS`: a sensor of 11 bits in uint16
        has ``{"uint16": 2047.0}``.

    Raises
    ------
    InputError
        When the two are not of the same length, or a number is not usable.

    Examples
    --------
    >>> grey = Normalisation((0.5,), (0.25,))
    >>> grey(np.full((1, 2, 2, 1), 255, np.uint8)).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    divisors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.mean or len(self.mean) != len(self.std):
            raise InputError(
                f"a normalisation has one mean and one std per band, not {len(self.mean)} and {len(self.std)}"
            )
        numbers = [*self.mean, *self.std, *self.divisors.values()]
        if not all(map(math.isfinite, numbers)) or min(*self.std, *self.divisors.values(), 1.0) <= 0.0:
            raise InputError("mean and std must be finite, std and divisors above zero")

    @property
    def bands(self) -> int:
        """How many bands it is for."""
        return len(self.mean)

    def divisor(self, dtype: np.dtype[Any]) -> float:
        """Tell what values of that type are divided by."""
        return float(self.divisors.get(dtype.name, DIVISORS.get(dtype.name, 1.0)))

    def __call__(self, values: NDArray[Any], valid: Bools | None = None) -> Floats32:
        """Normalise values (..., bands); where `valid` (...) is False the result is 0.

        Raises
        ------
        InputError
            When there are other bands than the normalisation is for.
        """
        if values.shape[-1] != self.bands:
            raise InputError(
                f"the image has {values.shape[-1]} bands and {self.bands} are wanted; choose them with bands"
            )
        scale = self.divisor(values.dtype) * np.asarray(self.std)
        offset = np.asarray(self.mean) / np.asarray(self.std)
        found: Floats32 = values.astype(np.float32)
        found *= (1.0 / scale).astype(np.float32)
        found -= offset.astype(np.float32)
        known = np.isfinite(found).all(axis=-1) if values.dtype.kind == "f" else None
        if valid is not None:
            known = valid if known is None else known & valid
        if known is not None:
            found[~known] = 0.0
        return found

    @classmethod
    def of(
        cls,
        images: Iterable[tuple[NDArray[Any], Bools | None]],
        *,
        divisors: Mapping[str, float] | None = None,
    ) -> Normalisation:
        """Measure mean and std of images (rows, cols, bands), each with its valid pixels, or None for all.

        Raises
        ------
        InputError
            When there is no valid pixel, or the images differ in their bands.
        """
        blank = cls((0.0,), (1.0,), divisors or {})
        count, total, squares = 0, np.zeros(1), np.zeros(1)
        for image, valid in images:
            pixels = image.reshape(-1, image.shape[-1]) if valid is None else image[valid]
            if count and len(total) != image.shape[-1]:
                raise InputError(
                    f"images with {len(total)} and with {image.shape[-1]} bands do not go together"
                )
            pixels = pixels.astype(np.float64) / blank.divisor(image.dtype)
            pixels = pixels[np.isfinite(pixels).all(axis=1)]
            count += len(pixels)
            total, squares = total + pixels.sum(axis=0), squares + (pixels * pixels).sum(axis=0)
        if not count:
            raise InputError("no image has a valid pixel, so there is nothing to normalise by")
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean * mean, _LEAST_STD**2))
        return cls(
            tuple(round(float(v), 5) for v in mean), tuple(round(float(v), 5) for v in std), blank.divisors
        )

    def to_json(self) -> Json:
        """Give it as plain values; `of_json` takes them."""
        return {"mean": [*self.mean], "std": [*self.std], "divisors": dict(self.divisors)}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Normalisation:
        """Make it of plain values."""
        return cls(tuple(values["mean"]), tuple(values["std"]), dict(values.get("divisors", {})))
