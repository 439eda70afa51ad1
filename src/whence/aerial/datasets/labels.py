"""Where the ids of a scene come from: a mask in a file, by colours or by numbers."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from whence.errors import InputError, NotFoundError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from whence.aerial.georeference import Georeference
    from whence.aerial.scheme import Scheme
    from whence.imagery.raster import Raster, RasterReader

__all__ = ["Labels", "MaskFiles", "ReadIds"]

if TYPE_CHECKING:
    ReadIds = Callable[[Window], NDArray[np.uint8]]
else:
    ReadIds = object

_BAND_ROWS = 1024


class Labels(Protocol):
    """Opens what is known about the classes of an image."""

    @property
    def scheme(self) -> Scheme:
        """What the ids mean."""

    def opened(self, path: Path, image: Raster, place: Georeference) -> Any:
        """Give a context manager that yields a function from a window to its ids (rows, cols)."""


@dataclass(frozen=True)
class MaskFiles:
    """Masks in files of the image's size.

    Attributes
    ----------
    scheme
        What they mean.
    tolerance
        How far each channel may be from the colour of a class; see `Scheme.encode`.
    by
        ``colours`` or ``numbers`` for masks with a palette; ``either`` takes the colours where the scheme
        knows all that are used, else the numbers.
    """

    scheme: Scheme
    tolerance: int = 0
    by: str = "either"

    def __post_init__(self) -> None:
        if self.by not in {"either", "colours", "numbers"}:
            raise InputError(f"masks are read by colours, by numbers or by either, not by {self.by!r}")

    @contextmanager
    def opened(self, path: Path, image: Raster, place: Georeference) -> Iterator[ReadIds]:
        """Open a mask; the size and, where both have one, the place must be the image's."""
        if not path.is_file():
            raise NotFoundError(f"there is no mask {path} for the image {image.path}")
        with ExitStack() as stack:
            reader = stack.enter_context(open_raster(path))
            _check_size(reader.raster, image)
            place.check_same(path, (image.width, image.height))
            palette = self._palette(reader)
            yield lambda window: self._ids(reader, window, palette)

    def _ids(
        self, reader: RasterReader, window: Window, palette: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        values, valid = reader.read(window)
        if self._knows_nodata(reader.raster):
            valid = None
        if palette is not None:
            values = palette[values[..., 0]]
        try:
            return self.scheme.encode(values, valid=valid, tolerance=self.tolerance)
        except InputError as error:
            raise InputError(f"{reader.raster.path}: {error}") from error

    def _knows_nodata(self, raster: Raster) -> bool:
        """Tell whether the scheme gives a meaning to what the file calls no data; the scheme is followed."""
        if raster.nodata is None:
            return False
        value = raster.nodata
        if raster.bands == 1:
            return value in self.scheme.raw
        return (value, value, value) in self.scheme.colours

    def _palette(self, reader: RasterReader) -> NDArray[np.uint8] | None:
        """Give the colours of a palette (256, 3) when the mask is to be read by them."""
        colors = reader.raster.colors
        if colors is None or reader.raster.dtype != np.uint8 or self.by == "numbers":
            return None
        table = np.zeros((256, 3), np.uint8)
        for value, color in colors.items():
            table[value] = color[:3]
        if self.by == "colours":
            return table
        used = _used(reader)
        return table if self._knows_colours(table[used]) or not self._knows_numbers(used) else None

    def _knows_colours(self, colours: NDArray[np.uint8]) -> bool:
        known = np.array(list(self.scheme.colours), np.int64)
        apart = np.abs(colours.astype(np.int64)[:, None] - known[None]).max(axis=-1).min(axis=1)
        return bool((apart <= self.tolerance).all())

    def _knows_numbers(self, used: NDArray[np.int64]) -> bool:
        return set(used.tolist()) <= set(self.scheme.raw)


def _used(reader: RasterReader) -> NDArray[np.int64]:
    """List the values of the first band, band of rows by band of rows."""
    raster = reader.raster
    counts = np.zeros(256, np.int64)
    for row in range(0, raster.height, _BAND_ROWS):
        values, _ = reader.read(Window(0, row, raster.width, min(_BAND_ROWS, raster.height - row)))
        counts += np.bincount(values[..., 0].ravel(), minlength=256)
    return np.flatnonzero(counts)


def _check_size(mask: Raster, image: Raster) -> None:
    if (mask.width, mask.height) != (image.width, image.height):
        raise InputError(
            f"the mask {mask.path} has {mask.width} × {mask.height} pixels, the image {image.path} "
            f"{image.width} × {image.height}; they must be of one size"
        )
