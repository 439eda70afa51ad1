"""Whether an image is what it seems: its values those that the model knows, its last band no opacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.normalisation import Normalisation
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.aerial.prediction.source import Cutter
    from whence.aerial.segmenter import Segmenter

__all__ = ["opacity_unsaid", "unlike_training"]

_PLACES = 4  # along either side
_SIDE_PX = 64
_LEAST_PIXELS = 64
_LEAST_SPREAD = 0.15
_MOST_OFF = 3.0
_TAILS = (2, 98)


def unlike_training(image: Path, segmenter: Segmenter, cutter: Cutter) -> tuple[str, ...]:
    """Look at some places of an image and tell if the network would see nearly one grey, or all beyond white.

    Images of 8 bits are not looked at: what their values mean is settled. Normalised values of the training
    images have mean 0 and deviation 1; those of an image with a mean beyond 3, or a deviation below 0.15 in
    every band, have another scale.

    Returns
    -------
    tuple of str
        A sentence, or nothing.
    """
    normalisation = getattr(segmenter, "normalisation", None)
    with open_raster(image) as reader:
        kind = reader.raster.dtype
        if not isinstance(normalisation, Normalisation) or (kind == np.uint8 and cutter.value_range is None):
            return ()
        found = np.concatenate([cutter.looked_at(reader, window) for window in _windows(cutter.area)])
    if len(found) < _LEAST_PIXELS:
        return ()
    seen = normalisation(found)
    off, spread = np.abs(seen.mean(axis=0)).max(), seen.std(axis=0).max()
    if off <= _MOST_OFF and spread >= _LEAST_SPREAD:
        return ()
    if cutter.value_range is not None:
        return ("with this value_range (--range) the image is unlike those that the model was trained on",)
    low, high = _tails(found)
    told = (
        f"the values of the image ({kind}, mostly {low:g} to {high:g}) have another scale than those that "
        f"the model was trained on; value_range (--range {low:g},{high:g}) says which are black and white"
    )
    return (told,)


def opacity_unsaid(image: Path, cutter: Cutter) -> tuple[str, ...]:
    """Look at some places for a last band, not used, that holds nothing but 0 and 255: opacity, not declared.

    Returns
    -------
    tuple of str
        A sentence, or nothing.
    """
    with open_raster(image) as reader:
        last, raster = reader.raster.bands, reader.raster
        if last not in (2, 4) or last in (*cutter.bands, cutter.alpha) or raster.dtype != np.uint8:
            return ()
        found = [np.unique(reader.read(window)[0][..., -1]) for window in _windows(cutter.area)]
    if not set(np.concatenate(found).tolist()) <= {0, 255}:
        return ()
    return (f"band {last} looks like opacity; alpha (--alpha {last}) leaves out where it is 0",)


def _windows(area: Window) -> Iterator[Window]:
    """Spread places over an area, row by row, so that strips are decoded once."""
    height, width = min(_SIDE_PX, area.height), min(_SIDE_PX, area.width)
    for down in np.linspace(0, area.height - height, _PLACES).astype(int).tolist():
        for across in np.linspace(0, area.width - width, _PLACES).astype(int).tolist():
            yield Window(area.column + across, area.row + down, width, height)


def _tails(values: NDArray[Any]) -> tuple[float, float]:
    """Least and greatest value but for some hundredths, to two figures."""
    low, high = np.percentile(values, _TAILS)
    unit = 10.0 ** np.floor(np.log10(max(high - low, 1e-30)) - 1)
    return float(np.floor(low / unit) * unit), float(np.ceil(high / unit) * unit)
