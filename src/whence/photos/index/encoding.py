"""The encoder of an index: chosen by name or given, fitted once if it learns, kept in the folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import WhenceError
from whence.imagery.atomic import atomic_path
from whence.imagery.photo import open_image
from whence.learn.encoders import ENCODERS, encoder_class, load_encoder

if TYPE_CHECKING:
    from whence.learn.encoders.protocol import Encoder, Trainable
    from whence.typing import Image

__all__ = ["prepared_encoder"]

_log = logging.getLogger(__name__)


def prepared_encoder(encoder: str | Encoder, folder: Path, paths: Sequence[Path], *, seed: int) -> Encoder:
    """Bring an encoder into `folder`, ready to use.

    Parameters
    ----------
    encoder
        An encoder, the name of one, or a folder with one. One that learns from photos and is given by name
        is fitted on as many of `paths` as are of use to it, drawn with `seed`.
    folder
        Where it is kept; when an interrupted build left one here, that one is used.
    paths
        The photos of the index.
    """
    if not isinstance(encoder, str):
        _keep(encoder, folder)  # anew, also over what an interrupted build with another encoder left
        return encoder
    if folder.is_dir():
        _log.info("using the encoder that an earlier, interrupted build left in %s", folder)
        return load_encoder(folder)
    chosen = _fitted(encoder, paths, seed=seed)
    _keep(chosen, folder)
    return chosen


def _fitted(name: str, paths: Sequence[Path], *, seed: int) -> Encoder:
    if name not in ENCODERS or not hasattr(encoder_class(name), "fit"):
        return load_encoder(name)
    learner: type[Trainable] = encoder_class(name)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(paths))[: learner.useful_photos])
    _log.info("fitting the %s encoder on %d photos", name, len(chosen))
    size_px = getattr(learner, "input_px", None)
    images = _images([paths[i] for i in chosen], size_px if isinstance(size_px, int) else None)
    return learner.fit(images, rng=rng)


def _images(paths: Sequence[Path], size_px: int | None) -> Iterator[Image]:
    """Open what can be opened; what cannot is reported when the same photo is encoded."""
    for path in paths:
        try:
            yield open_image(path, size_hint_px=size_px)
        except (WhenceError, OSError) as error:
            _log.info("not learnt from %s: %s", path, error)


def _keep(encoder: Encoder, folder: Path) -> None:
    with atomic_path(folder, folder=True) as beside:
        encoder.save(beside)
