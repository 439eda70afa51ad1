"""The engines behind the names: functions from prepared pictures (n, 3, h, w) to vectors (n, d)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from whence._optional import require
from whence.learn.encoders.runtimes.export import PIXELS, exported, pooling_module, quantised

if TYPE_CHECKING:
    from pathlib import Path

    from whence.learn.encoders.transformers import TransformersEncoder
    from whence.typing import Floats32, PathLike

__all__ = [
    "Engine",
    "onnx_float32",
    "onnx_int8",
    "openvino_bf16",
    "openvino_float32",
    "torch_bf16",
    "torch_float32",
]

Engine: TypeAlias = "Callable[[Floats32], Floats32]"
"""From prepared pictures (n, 3, h, w) to vectors (n, d), not yet of unit length."""


def torch_float32(encoder: TransformersEncoder, **_: Any) -> Engine:
    """Torch, on the CUDA device if there is one."""
    return _torch_engine(encoder, short=False)


def torch_bf16(encoder: TransformersEncoder, **_: Any) -> Engine:
    """Torch with products in bf16 and sums, norms and the residual stream in float32 (autocast)."""
    return _torch_engine(encoder, short=True)


def onnx_float32(encoder: TransformersEncoder, *, threads: int, cache: PathLike | None) -> Engine:
    """ONNX Runtime on the CPU."""
    return _onnx_engine(exported(encoder, cache=cache), threads=threads)


def onnx_int8(encoder: TransformersEncoder, *, threads: int, cache: PathLike | None) -> Engine:
    """ONNX Runtime on the CPU, matrix products in int8."""
    return _onnx_engine(quantised(encoder, cache=cache), threads=threads)


def openvino_float32(encoder: TransformersEncoder, *, threads: int, cache: PathLike | None) -> Engine:
    """OpenVINO on the CPU."""
    return _openvino_engine(exported(encoder, cache=cache), precision="f32", threads=threads)


def openvino_bf16(encoder: TransformersEncoder, *, threads: int, cache: PathLike | None) -> Engine:
    """OpenVINO on the CPU, in bf16 where the processor has it."""
    return _openvino_engine(exported(encoder, cache=cache), precision="bf16", threads=threads)


def _torch_engine(encoder: TransformersEncoder, *, short: bool) -> Engine:
    torch = require("torch", extra="learn")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # A copy, because moving the encoder's own model would move it for everyone.
    model = copy.deepcopy(encoder.model).to(device) if device != "cpu" else encoder.model
    network = pooling_module(model)

    def run(pixels: Floats32) -> Floats32:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=short):
            found = network(torch.from_numpy(pixels).to(device))
        vectors: Floats32 = found.float().cpu().numpy()
        return vectors

    return run


def _onnx_engine(path: Path, *, threads: int) -> Engine:
    runtime = require("onnxruntime", extra="learn")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pixels: Floats32) -> Floats32:
        return np.asarray(session.run(None, {PIXELS: pixels})[0], np.float32)

    return run


def _openvino_engine(path: Path, *, precision: str, threads: int) -> Engine:
    openvino = require("openvino", extra="runtimes")
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    compiled = core.compile_model(core.read_model(str(path)), "CPU", settings)

    def run(pixels: Floats32) -> Floats32:
        # A copy: the result lies in the memory of the request, which the next call overwrites.
        return np.array(compiled([pixels])[0], np.float32)

    return run
