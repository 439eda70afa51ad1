"""Runtimes: a frozen network computed faster than torch computes it by itself, and how far that changes it.

>>> list(RUNTIMES)
['torch', 'torch-bf16', 'onnx', 'onnx-int8', 'openvino', 'openvino-bf16']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports
from whence.learn.encoders.runtimes.table import RUNTIMES, Runtime, fastest, present

if TYPE_CHECKING:
    from whence.learn.encoders.runtimes.acceleration import AcceleratedEncoder, accelerated
    from whence.learn.encoders.runtimes.fidelity import Fidelity
    from whence.learn.encoders.runtimes.speed import Speed, time_runtimes

__all__ = [
    "RUNTIMES",
    "AcceleratedEncoder",
    "Fidelity",
    "Runtime",
    "Speed",
    "accelerated",
    "fastest",
    "present",
    "time_runtimes",
]

_HOMES = {
    "AcceleratedEncoder": "acceleration",
    "Fidelity": "fidelity",
    "Speed": "speed",
    "accelerated": "acceleration",
    "time_runtimes": "speed",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
