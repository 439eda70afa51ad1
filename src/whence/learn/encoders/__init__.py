"""Image encoders: one table of names, each loaded when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from whence.learn.encoders.protocol import Encoder
    from whence.typing import PathLike

__all__ = ["ENCODERS", "encoder_class", "load_encoder"]

ENCODERS = {
    "classic": "whence.learn.encoders.classic.encoder:ClassicEncoder",
    "thumbnail": "whence.learn.encoders.baselines:Thumbnail",
    "lab-histogram": "whence.learn.encoders.baselines:LabHistogram",
    "gist": "whence.learn.encoders.baselines:Gist",
    "transformers": "whence.learn.encoders.transformers:TransformersEncoder",
    "onnx": "whence.learn.encoders.onnx:OnnxEncoder",
}
"""Name -> "module:class"."""

_OPENED = {"transformers": "FOLDER or the name of a model on the hub", "onnx": "FILE"}


def encoder_class(name: str) -> Any:
    """Import the class behind a name of `ENCODERS`.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in ENCODERS:
        raise InputError(f"there is no encoder {name!r}; choose one of: {', '.join(ENCODERS)}")
    module, _, attribute = ENCODERS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def load_encoder(source: PathLike) -> Encoder:
    """Open an encoder that is ready to encode.

    Parameters
    ----------
    source
        The folder of a saved encoder; the name of one that has nothing to learn (``thumbnail``,
        ``lab-histogram``, ``gist``); ``transformers:`` and a folder or a name on the hub; ``onnx:`` and a
        file.

    Raises
    ------
    InputError
        For an unknown name, or one that must be learnt from photos first.
    NotFoundError, FormatError
        When the model is not there, or broken.

    Examples
    --------
    >>> load_encoder("thumbnail").dim
    768
    """
    name, _, where = str(source).partition(":")
    if name in _OPENED and where:
        return _as_encoder(encoder_class(name).open(where))
    if name not in ENCODERS or Path(source).is_dir():
        return _as_encoder(_class_of(Path(source)).load(source))
    if name in _OPENED:
        raise InputError(f"{name} needs a model: {name}:{_OPENED[name]}")
    found = encoder_class(name)
    if hasattr(found, "fit"):
        raise InputError(f"the {name} encoder learns from photos: build an index, or give the folder of one")
    return _as_encoder(found())


def _class_of(folder: Path) -> Any:
    """Class of the encoder saved in a folder."""
    from whence.learn.encoders.storage import read_settings

    if not folder.is_dir():
        raise InputError(
            f"there is no encoder and no folder {str(folder)!r}; choose one of: {', '.join(ENCODERS)}"
        )
    kind = read_settings(folder)["kind"]
    if kind not in ENCODERS:
        raise FormatError(
            f"{folder} holds an encoder of the unknown kind {kind!r}; a newer release may read it"
        )
    return encoder_class(kind)


def _as_encoder(value: Any) -> Encoder:
    encoder: Encoder = value
    return encoder
