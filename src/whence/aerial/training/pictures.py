"""Sample pictures of a training: image, truth and prediction side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PilImage

from whence.aerial.scheme import IGNORE
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.datasets import SceneSet
    from whence.aerial.model import AerialModel
    from whence.typing import Image, PathLike

__all__ = ["sample_panels", "write_samples"]

_GAP_PX = 4
_SAMPLES = 6
_LOW, _HIGH = 2.0, 98.0  # percentiles of what is not 8-bit


def write_samples(path: PathLike, model: AerialModel, scenes: SceneSet, *, side_px: int = 384) -> None:
    """Write a PNG of some scenes' middles, a row for each: image, truth, prediction.

    Parameters
    ----------
    path
        The PNG file.
    model
        What predicts.
    scenes
        Scenes with masks; some are taken, evenly spread.
    side_px
        Longest side of a panel.
    """
    from whence.imagery.atomic import atomic_path

    chosen = np.unique(np.linspace(0, len(scenes) - 1, min(_SAMPLES, len(scenes))).round().astype(int))
    rows = [sample_panels(model, scenes, int(number), side_px=side_px) for number in chosen]
    width = max(row.shape[1] for row in rows)
    padded = [
        np.pad(row, ((0, _GAP_PX), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows
    ]
    with atomic_path(Path(path)) as beside:
        PilImage.fromarray(np.concatenate(padded)).save(beside)


def sample_panels(model: AerialModel, scenes: SceneSet, number: int, *, side_px: int) -> Image:
    """Panels (rows, cols, 3) of one scene: image, truth, prediction, with a gap between them."""
    with scenes.opened(scenes.scenes[number]) as reader:
        width, height = min(side_px, reader.width), min(side_px, reader.height)
        window = Window((reader.width - width) // 2, (reader.height - height) // 2, width, height)
        image, ids, valid = reader.read(window)
    found = model.probabilities(image[None], None if valid is None else valid[None])[0]
    said = found.argmax(axis=0).astype(np.uint8)
    if valid is not None:
        said[~valid] = IGNORE
    truth = np.full(said.shape, IGNORE, np.uint8) if ids is None else ids
    gap = np.full((height, _GAP_PX, 3), 255, np.uint8)
    scheme = model.scheme
    return np.concatenate([_seen(image), gap, scheme.paint(truth), gap, scheme.paint(said)], axis=1)


def _seen(image: NDArray[Any]) -> Image:
    """Show the first three bands, or the first one in grey, in 8 bits."""
    bands = image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)
    if bands.dtype == np.uint8:
        return np.asarray(bands)
    values = np.nan_to_num(bands.astype(np.float64))
    low, high = np.percentile(values, [_LOW, _HIGH])
    return np.asarray(np.clip((values - low) / max(high - low, 1e-9) * 255.0, 0.0, 255.0), np.uint8)
