"""Image encoders: one table of kinds, one of pretrained models by name, each loaded when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._lazy import exports, part
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from whence.learn.encoders.named import NAMED, NamedModel
    from whence.learn.encoders.protocol import Encoder, Staged, Trainable
    from whence.learn.encoders.runtimes import accelerated
    from whence.learn.encoders.stream import encode_stream
    from whence.typing import PathLike

__all__ = [
    "ENCODERS",
    "NAMED",
    "Encoder",
    "NamedModel",
    "Staged",
    "Trainable",
    "accelerated",
    "encode_stream",
    "encoder_class",
    "load_encoder",
]

ENCODERS = {
    "classic": "whence.learn.encoders.classic.encoder:ClassicEncoder",
    "thumbnail": "whence.learn.encoders.baselines:Thumbnail",
    "lab-histogram": "whence.learn.encoders.baselines:LabHistogram",
    "gist": "whence.learn.encoders.baselines:Gist",
    "transformers": "whence.learn.encoders.transformers:TransformersEncoder",
    "timm": "whence.learn.encoders.timm:TimmEncoder",
    "onnx": "whence.learn.encoders.onnx:OnnxEncoder",
}
"""Kind -> "module:class". Pretrained models have names of their own, in `NAMED`."""

_OPENED = {
    "transformers": "FOLDER or the name of a model on the hub",
    "timm": "NAME of a model, or FOLDER",
    "onnx": "FILE",
}
_HOMES = {
    "NAMED": "named",
    "Encoder": "protocol",
    "NamedModel": "named",
    "Staged": "protocol",
    "Trainable": "protocol",
    "accelerated": "runtimes",
    "encode_stream": "stream",
}


def encoder_class(name: str) -> Any:
    """Import the class behind a name of `ENCODERS`.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    return part(ENCODERS, name, "encoder")


def load_encoder(source: PathLike) -> Encoder:
    """Open an encoder that is ready to encode.

    Parameters
    ----------
    source
        The folder of a saved encoder; the name of one that has nothing to learn (``thumbnail``,
        ``lab-histogram``, ``gist``); the name of a pretrained model (`NAMED`, such as ``clip-vit-b32``),
        with ``:FOLDER`` where its files are not in the hub's cache; ``transformers:`` and a folder or a
        name on the hub (``owner/name``, ``owner/name@revision``); ``timm:`` and a name or folder;
        ``onnx:`` and a file.

    Raises
    ------
    InputError
        For an unknown name, or one that must be learnt from photos first.
    NotFoundError, FormatError
        When the model is not there, or broken.
    MissingExtraError
        When it needs what is not installed.

    Examples
    --------
    >>> load_encoder("thumbnail").dim
    768
    """
    name, _, where = str(source).partition(":")
    if Path(source).is_dir():
        return _loaded(Path(source))
    pretrained = _pretrained(name, where)
    if pretrained is not None:
        return pretrained
    if name in _OPENED and where:
        return _as_encoder(encoder_class(name).open(where))
    if name in _OPENED:
        raise InputError(f"{name} needs a model: {name}:{_OPENED[name]}")
    if name not in ENCODERS:
        return _loaded(Path(source))
    found = encoder_class(name)
    if hasattr(found, "fit"):
        raise InputError(f"the {name} encoder learns from photos: build an index, or give the folder of one")
    return _as_encoder(found())


def _pretrained(name: str, where: str) -> Encoder | None:
    """Open a model of the table `NAMED`; None where it has no such name."""
    from whence.learn.encoders.named import NAMED

    if name not in NAMED:
        return None
    model = NAMED[name]
    place = where or f"{model.repository}@{model.revision}"
    return _as_encoder(encoder_class("transformers").open(place, named=model))


def _loaded(folder: Path) -> Encoder:
    """Load the encoder saved in a folder, with the runtime that it was used with."""
    from whence.learn.encoders.storage import read_settings

    if not folder.is_dir():
        raise InputError(
            f"there is no encoder and no folder {str(folder)!r}; choose one of: {', '.join(ENCODERS)}, or a "
            "pretrained one (whence encoder list)"
        )
    settings = read_settings(folder)
    kind = settings["kind"]
    if kind not in ENCODERS:
        raise FormatError(
            f"{folder} holds an encoder of the unknown kind {kind!r}; a newer release may read it"
        )
    if settings.get("runtime"):
        from whence.learn.encoders.runtimes import AcceleratedEncoder

        return AcceleratedEncoder.load(folder)
    return _as_encoder(encoder_class(kind).load(folder))


def _as_encoder(value: Any) -> Encoder:
    encoder: Encoder = value
    return encoder


__getattr__, __dir__ = exports(__name__, _HOMES)
