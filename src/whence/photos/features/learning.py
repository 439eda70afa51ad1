"""The encoder of a feature store: given, chosen by name, or learnt once from a sample of the pictures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, WhenceError
from whence.imagery.atomic import atomic_path
from whence.learn.encoders import ENCODERS, encoder_class, load_encoder
from whence.learn.encoders.storage import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whence.learn.encoders.protocol import Encoder, Trainable
    from whence.photos.features.pictures import Pictures
    from whence.typing import Image, Ints

__all__ = ["kept_encoder", "prepared_encoder"]

_log = logging.getLogger(__name__)


def prepared_encoder(
    encoder: str | Encoder,
    folder: Path,
    pictures: Pictures,
    *,
    seed: int,
    runtime: str = "auto",
    begun_with: str | None = None,
) -> Encoder:
    """Give an encoder that is ready to encode.

    Parameters
    ----------
    encoder
        An encoder, or what `load_encoder` takes. The name of one that learns (``classic``) has it learn from
        as many pictures as are of use to it.
    folder
        Where an interrupted embedding may have left one that has learnt already.
    pictures
        What it will encode.
    seed
        Chooses the sample and all that the learning does at random.
    runtime
        What computes a pretrained encoder that is named; see `whence.learn.encoders.runtimes.accelerated`.
    begun_with
        Identity of the encoder of the interrupted embedding.

    Raises
    ------
    InputError
        When that one is of another kind: nothing is learnt for an embedding that cannot go on.
    """
    if not isinstance(encoder, str):
        return encoder
    if encoder not in ENCODERS or not hasattr(encoder_class(encoder), "fit"):
        return _by_runtime(load_encoder(encoder), runtime)
    if folder.is_dir() and read_settings(folder)["kind"] == encoder:
        _log.info("using the %s encoder that an interrupted embedding left", encoder)
        return load_encoder(folder)
    if begun_with is not None:
        raise _another(folder, begun_with, encoder)
    learner: type[Trainable] = encoder_class(encoder)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(pictures))[: learner.useful_photos])
    _log.info("the %s encoder learns from %d pictures", encoder, len(rows))
    return learner.fit(_sample(pictures, rows, getattr(learner, "input_px", None)), rng=rng)


def _by_runtime(encoder: Encoder, runtime: str) -> Encoder:
    """Have a pretrained encoder computed by a runtime; others have but one way, which is theirs."""
    if not encoder.identity.startswith("transformers-"):
        if runtime != "auto":
            raise InputError(
                f"{encoder.identity} is computed in one way only; --runtime is for encoders of the "
                "transformers library"
            )
        return encoder
    from whence.learn.encoders.runtimes import accelerated

    chosen: Encoder = accelerated(encoder, runtime)  # type: ignore[arg-type]
    return chosen


def kept_encoder(encoder: Encoder, folder: Path, *, begun_with: str | None) -> None:
    """Save the encoder into a store's folder.

    Raises
    ------
    InputError
        When the store was begun with another one.
    """
    if begun_with is not None and begun_with != encoder.identity:
        raise _another(folder, begun_with, encoder.identity)
    if begun_with is None or not folder.is_dir():
        with atomic_path(folder, folder=True) as beside:
            encoder.save(beside)


def _another(folder: Path, begun_with: str, given: str) -> InputError:
    return InputError(
        f"{folder.parent} was begun with the encoder {begun_with!r}, not with {given!r}: their vectors "
        "cannot be compared; give the encoder it was begun with, another --out, or --restart to begin anew"
    )


def _sample(pictures: Pictures, rows: Ints, size_px: object) -> Iterator[Image]:
    """Open what can be opened; what cannot is told when the same picture is encoded."""
    for row in rows.tolist():
        try:
            yield pictures.opener(pictures.keys[row], size_px if isinstance(size_px, int) else 512)
        except (WhenceError, OSError) as error:
            _log.info("not learnt from %s: %s", pictures.keys[row], error)
