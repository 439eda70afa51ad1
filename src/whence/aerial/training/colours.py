"""Teaching the classifiers of colours: single pixels, as many of every place, nothing magnified or turned.

They learn before the network and apart from it. Taught on its crops, which are magnified and come few at a
time, they were worse on places they had not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from whence.aerial.models.colours import FINEST_PX, LocalColours, local_colours
from whence.aerial.models.contract import LEAST_PX, pad_to_multiple
from whence.aerial.scheme import IGNORE
from whence.errors import NotEnoughDataError
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whence.aerial.normalisation import Normalisation
    from whence.aerial.training.scenes import TrainingScenes
    from whence.typing import Floats32

__all__ = ["fit_colours"]

_STEPS = 600
_BATCH = 4096
_RATE = 2e-3
_WEIGHT_DECAY = 0.05
_SMOOTHING = 0.15
_MOST = 2_000_000  # pixels that are remembered, of all places
_WINDOW_PX = 1024


class _Pixels(NamedTuple):
    """What a place shows: features (n, K) float16 and ids (n,)."""

    features: NDArray[np.float16]
    ids: NDArray[np.uint8]


def fit_colours(
    module: LocalColours,
    scenes: TrainingScenes,
    normalisation: Normalisation,
    *,
    class_weights: Sequence[float] | None = None,
    seed: int = 0,
) -> None:
    """Teach the classifiers in place, and fix what they have learnt.

    AdamW with a cosine, cross entropy with labels smoothed by 0.15, 600 steps of about 4,096 pixels, as many
    of every place. It takes seconds for each member.

    Parameters
    ----------
    module
        What is taught.
    scenes
        What it is taught on.
    normalisation
        Of patches of the scenes.
    class_weights
        One per class; None for none.
    seed
        Of all chance.

    Raises
    ------
    NotEnoughDataError
        When no scene has 32 reduced pixels along both sides.
    """
    places = _by_place(scenes, normalisation, np.random.default_rng(seed))
    if not places:
        raise NotEnoughDataError(
            f"no scene has {LEAST_PX} pixels along both sides after the reduction, which the classifiers of "
            "colours need; take network.options.colours = 0, or a smaller model.reduction"
        )
    weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
    for number, member in enumerate(module.members):
        _fit(member, places, weights, rng=np.random.default_rng([seed, number]))
    module.eval().requires_grad_(False)


def _fit(
    member: torch.nn.Module,
    places: Sequence[_Pixels],
    weights: torch.Tensor | None,
    *,
    rng: np.random.Generator,
) -> None:
    optimiser = torch.optim.AdamW(member.parameters(), _RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    each = max(1, _BATCH // len(places))
    member.train()
    for _ in range(_STEPS):
        drawn = [rng.integers(len(place.ids), size=each) for place in places]
        seen = np.concatenate([place.features[at] for place, at in zip(places, drawn, strict=True)])
        ids = np.concatenate([place.ids[at] for place, at in zip(places, drawn, strict=True)])
        logits = member(torch.from_numpy(seen.astype(np.float32))[:, :, None, None])[..., 0, 0]
        loss = functional.cross_entropy(
            logits, torch.from_numpy(ids.astype(np.int64)), weight=weights, label_smoothing=_SMOOTHING
        )
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()


def _by_place(
    scenes: TrainingScenes, normalisation: Normalisation, rng: np.random.Generator
) -> list[_Pixels]:
    """Gather the pixels of every place that has some of known class."""
    share = min(1.0, _MOST * FINEST_PX**2 / scenes.pixels)
    found: dict[str, list[_Pixels]] = {}
    for number, scene in enumerate(scenes.scenes.scenes):
        for window in _windows(*scenes.size(number)):
            patch = scenes.patch(number, window)
            pixels = _pixels(normalisation(patch.image), patch.ids)
            kept = rng.random(len(pixels.ids)) < share
            found.setdefault(scene.group, []).append(_Pixels(pixels.features[kept], pixels.ids[kept]))
    places = [_Pixels(*map(np.concatenate, zip(*parts, strict=True))) for parts in found.values()]
    return [place for place in places if len(place.ids)]


def _pixels(image: Floats32, ids: NDArray[np.uint8]) -> _Pixels:
    """Colours around every fourth pixel of an image (rows, cols, bands), where its class is known."""
    images = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
    with torch.inference_mode():
        seen = local_colours(pad_to_multiple(images, LEAST_PX))[0].numpy()
    middle = ids[FINEST_PX // 2 :: FINEST_PX, FINEST_PX // 2 :: FINEST_PX]
    rows, columns = middle.shape
    known = middle != IGNORE
    return _Pixels(seen[:, :rows, :columns].transpose(1, 2, 0)[known].astype(np.float16), middle[known])


def _windows(rows: int, columns: int) -> Iterator[Window]:
    """Part a scene; a rest too narrow to be mirrored is left out."""
    for row in range(0, rows, _WINDOW_PX):
        for column in range(0, columns, _WINDOW_PX):
            height, width = min(_WINDOW_PX, rows - row), min(_WINDOW_PX, columns - column)
            if min(height, width) >= LEAST_PX:
                yield Window(column, row, width, height)
