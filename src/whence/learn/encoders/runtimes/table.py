"""The runtimes by name: what each needs, and which is the fastest here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from whence._optional import available, require
from whence.errors import InputError, MissingExtraError

__all__ = ["RUNTIMES", "Numerics", "Runtime", "fastest", "present", "runtime_named"]

Numerics: TypeAlias = Literal["float32", "bf16", "int8"]


@dataclass(frozen=True)
class Runtime:
    """A way to compute a network.

    Attributes
    ----------
    name
        What whence calls it.
    numerics
        What the products are computed in; vectors of different numerics do not mix.
    engine
        "module:function" that makes it.
    needs
        Modules that must be installed.
    """

    name: str
    numerics: Numerics
    engine: str
    needs: tuple[str, ...]

    @property
    def lacking(self) -> tuple[str, ...]:
        """Those of `needs` that are not installed."""
        return tuple(module for module in self.needs if not available(module))


_ENGINES = "whence.learn.encoders.runtimes.engines"

RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("torch", "float32", f"{_ENGINES}:torch_float32", ("torch",)),
        Runtime("torch-bf16", "bf16", f"{_ENGINES}:torch_bf16", ("torch",)),
        Runtime("onnx", "float32", f"{_ENGINES}:onnx_float32", ("onnx", "onnxruntime")),
        Runtime("onnx-int8", "int8", f"{_ENGINES}:onnx_int8", ("onnx", "onnxruntime")),
        Runtime("openvino", "float32", f"{_ENGINES}:openvino_float32", ("onnx", "openvino")),
        Runtime("openvino-bf16", "bf16", f"{_ENGINES}:openvino_bf16", ("onnx", "openvino")),
    )
}
"""Name -> the runtime."""

# By the ratios of benchmarks/encoder_runtimes.py; int8 is never taken unasked.
_WITH_BF16 = ("openvino-bf16", "torch-bf16", "openvino", "onnx", "torch")
_WITHOUT_BF16 = ("openvino", "onnx", "torch")


def present() -> list[Runtime]:
    """List the runtimes whose modules are installed."""
    return [runtime for runtime in RUNTIMES.values() if not runtime.lacking]


def runtime_named(name: str) -> Runtime:
    """Look a runtime up; ``auto`` is the fastest.

    Raises
    ------
    InputError
        When there is none of that name.
    MissingExtraError
        When what it needs is not installed.
    """
    if name == "auto":
        return fastest()
    if name not in RUNTIMES:
        raise InputError(f"no runtime is called {name!r}; there are auto, {', '.join(RUNTIMES)}")
    runtime = RUNTIMES[name]
    if runtime.lacking:
        raise MissingExtraError(
            f"the runtime {name} needs {' and '.join(runtime.lacking)}, which is not installed; it comes "
            "with: pip install 'whence[runtimes]'"
        )
    return runtime


def fastest(*, cuda: bool | None = None, bf16: bool | None = None) -> Runtime:
    """Choose the fastest runtime that is installed, by a stated order.

    With a CUDA device torch computes there, in bf16 where it can. On a processor with bf16 products:
    OpenVINO bf16, torch bf16; without: OpenVINO, ONNX Runtime, torch, all in float32.

    Parameters
    ----------
    cuda, bf16
        Whether there is a CUDA device, and whether the device has bf16 products; found out by
        default.

    Raises
    ------
    MissingExtraError
        Without torch.
    """
    torch = require("torch", extra="learn")
    on_gpu = torch.cuda.is_available() if cuda is None else cuda
    short = _has_bf16(on_gpu=on_gpu) if bf16 is None else bf16
    if on_gpu:
        return RUNTIMES["torch-bf16" if short else "torch"]
    order = _WITH_BF16 if short else _WITHOUT_BF16
    return next(RUNTIMES[name] for name in order if not RUNTIMES[name].lacking)


def _has_bf16(*, on_gpu: bool) -> bool:
    torch = require("torch", extra="learn")
    if on_gpu:
        return bool(torch.cuda.is_bf16_supported())
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(bool(value) for name, value in capabilities.items() if "bf16" in name)
