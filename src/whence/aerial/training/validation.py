"""How well a network does on whole scenes: one confusion matrix, at the full resolution of the masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from whence.aerial.evaluation.confusion import Confusion
from whence.aerial.reduced import Reduced
from whence.aerial.scheme import IGNORE
from whence.aerial.training.batches import layout
from whence.errors import InputError
from whence.imagery.raster import Window
from whence.learn.precision import products_in

if TYPE_CHECKING:
    from whence.aerial.datasets import SceneSet
    from whence.aerial.normalisation import Normalisation
    from whence.typing import Floats32

__all__ = ["Score", "Validation", "windows_of"]

_LEAST_P = 1e-6


@dataclass(frozen=True)
class Score:
    """What a look found: mean −ln p of the true classes, and the confusion matrix."""

    loss: float
    confusion: Confusion

    @property
    def mean_iou(self) -> float:
        """Mean IoU over the counted classes that occur."""
        return self.confusion.mean("iou")


@dataclass(frozen=True, eq=False)
class Validation:
    """Scenes to judge by, read window by window.

    Attributes
    ----------
    scenes
        The data set, narrowed to what is meant.
    normalisation, reduction, scales, offsets
        Those of the model.
    window_px
        Side of the windows, full resolution.
    margin_px
        What is shown to the network around each window and not counted.
    precision
        Of the products.
    """

    scenes: SceneSet
    normalisation: Normalisation
    reduction: int = 1
    scales: tuple[float, ...] = (1.0,)
    offsets: tuple[float, ...] = ()
    window_px: int = 1024
    margin_px: int = 128
    precision: str = "float32"

    def __call__(
        self, network: torch.nn.Module, part: tuple[int, int] = (0, 1)
    ) -> tuple[Confusion, list[float]]:
        """Count pixels, and sum −ln p and its pixels; of the scenes rank, rank + world and so on."""
        module = Reduced(network, self.reduction, self.scales, self.offsets).eval()
        counts = Confusion.of_scheme(self.scenes.scheme)
        total, pixels = 0.0, 0
        for number, scene in enumerate(self.scenes.scenes):
            if number % part[1] != part[0]:
                continue
            with self.scenes.opened(scene) as reader:
                for inner, outer in windows_of(reader.height, reader.width, self.window_px, self.margin_px):
                    image, ids, valid = reader.read(outer)
                    if ids is None:
                        raise InputError(f"the scene {scene.name} has no mask to be judged by")
                    found = self._probabilities(module, self.normalisation(image, valid))
                    rows, columns = _within(inner, outer)
                    truth, said = ids[rows, columns], found[:, rows, columns]
                    counts.add(truth, said.argmax(axis=0).astype(np.uint8))
                    known = truth != IGNORE
                    p = np.take_along_axis(said, np.where(known, truth, 0)[None].astype(np.intp), axis=0)[0]
                    total -= float(np.log(np.maximum(p[known], _LEAST_P)).sum(dtype=np.float64))
                    pixels += int(known.sum())
        return counts, [total, float(pixels)]

    def score(self, network: torch.nn.Module) -> Score:
        """Judge a network in this process alone."""
        counts, (total, pixels) = self(network)
        return Score(total / pixels if pixels else float("nan"), counts)

    def _probabilities(self, module: torch.nn.Module, values: Floats32) -> Floats32:
        """Probabilities (classes, rows, cols) of normalised values (rows, cols, bands)."""
        device = next(module.parameters()).device
        images = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))[None].to(device)
        images = images.contiguous(memory_format=layout(device))
        with torch.inference_mode(), products_in(self.precision, device):
            found: Floats32 = module(images)[0].float().cpu().numpy()
        return found


def windows_of(rows: int, columns: int, side_px: int, margin_px: int) -> Iterator[tuple[Window, Window]]:
    """Part a scene into windows, each with the larger one that is shown to the network."""
    for top in range(0, rows, side_px):
        for left in range(0, columns, side_px):
            inner = Window(left, top, min(side_px, columns - left), min(side_px, rows - top))
            first, high = max(0, left - margin_px), max(0, top - margin_px)
            last = min(columns, left + inner.width + margin_px)
            low = min(rows, top + inner.height + margin_px)
            yield inner, Window(first, high, last - first, low - high)


def _within(inner: Window, outer: Window) -> tuple[slice, slice]:
    top, left = inner.row - outer.row, inner.column - outer.column
    return slice(top, top + inner.height), slice(left, left + inner.width)
