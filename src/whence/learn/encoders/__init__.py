"""Image encoders: one table of names, each loaded when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.learn.encoders.protocol import Encoder
    from whence.typing import PathLike

__all__ = ["ENCODERS", "encoder_class", "load_encoder"]

ENCODERS = {
    "classic": "whence.learn.encoders.classic.encoder:ClassicEncoder",
}
"""Name -> "module:class"."""


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
        The folder of a saved encoder.

    Raises
    ------
    InputError
        For an unknown name, or one that must be learnt from photos first.
    NotFoundError, FormatError
        When the folder holds no encoder, or a broken one.
    """
    from whence.learn.encoders.storage import read_settings

    encoder: Encoder = encoder_class(read_settings(Path(source))["kind"]).load(source)
    return encoder
