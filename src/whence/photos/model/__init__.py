"""Models: a head with its calibration and its history, as a folder.

::

    city.model/
      model.json             what it is, what it was trained on, how good it was
      weights.safetensors    the arrays of the head
      encoder/               what turns pictures into vectors; absent when the vectors came from outside
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.model.model import Model
    from whence.photos.model.prediction import predict
    from whence.photos.model.record import Record

__all__ = ["Model", "Record", "predict"]

_HOMES = {"Model": "model", "Record": "record", "predict": "prediction"}

__getattr__, __dir__ = exports(__name__, _HOMES)
