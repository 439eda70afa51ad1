"""The runtimes that can compute a model's network: torch itself, ONNX Runtime, OpenVINO.

The network is exported once for every size of tile, into the cache folder under the identity of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.segmenter import NetworkSegmenter, Segmenter, cell_of
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Bools, Floats32, PathLike

__all__ = ["ENGINES", "Exported", "by_engine"]

ENGINES = ("torch", "onnx", "openvino")
_OPSET = 17
_VERSION = 1
_INPUT, _OUTPUT = "prepared", "probabilities"


@dataclass(frozen=True, eq=False)
class Exported:
    """A segmenter whose network another runtime computes, for tiles of one size.

    Attributes
    ----------
    base
        The model, which still prepares the tiles.
    compute
        From prepared (B, bands, side, side) to probabilities (B, classes, side, side).
    """

    base: NetworkSegmenter
    compute: Callable[[Floats32], Floats32]

    @property
    def scheme(self) -> Scheme:
        """That of the model."""
        return self.base.scheme

    @property
    def bands(self) -> int:
        """How many bands the model looks at."""
        return self.base.bands

    @property
    def identity(self) -> str:
        """That of the model."""
        return self.base.identity

    @property
    def cell_m(self) -> float | None:
        """That of the model."""
        return cell_of(self.base)

    def probabilities(self, tiles: NDArray[Any], valid: Bools | None) -> Floats32:
        """As `Segmenter.probabilities`."""
        return self.compute(self.base.prepared(tiles, valid))


def by_engine(segmenter: Segmenter, engine: str, *, side: int, cache: PathLike | None = None) -> Segmenter:
    """Let a runtime compute a model.

    Parameters
    ----------
    segmenter
        The model.
    engine
        One of `ENGINES`.
    side
        Pixels of the tiles.
    cache
        Folder for the exported network; the cache folder of whence by default.

    Raises
    ------
    InputError
        When there is no such engine, or the model is none whose network can be exported.
    MissingExtraError
        When the runtime is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"there is no engine {engine!r}; choose one of: {', '.join(ENGINES)}")
    if engine == "torch":
        return segmenter
    if not isinstance(segmenter, NetworkSegmenter):
        raise InputError(
            f"the network of {type(segmenter).__name__} cannot be exported; use the engine torch"
        )
    runtime = require("onnxruntime" if engine == "onnx" else "openvino", extra="runtimes")
    path = _exported(segmenter, side=side, cache=cache)
    make = _onnx if engine == "onnx" else _openvino
    threads = require("torch", extra="aerial").get_num_threads()
    return Exported(segmenter, make(runtime, path, threads=threads))


def _exported(segmenter: NetworkSegmenter, *, side: int, cache: PathLike | None) -> Path:
    from whence.learn.encoders.runtimes.export import kept

    require("onnx", extra="runtimes")
    name = f"aerial-{segmenter.identity}-{side}-onnx-v{_VERSION}"

    def build(folder: Path) -> None:
        _export(segmenter, folder / "model.onnx", side=side)

    return kept(name, build, cache=cache) / "model.onnx"


def _export(segmenter: NetworkSegmenter, path: Path, *, side: int) -> None:
    from whence.learn.encoders.runtimes.export import quiet_tracing

    torch = require("torch", extra="aerial")
    network = segmenter.exportable()
    device = next(network.parameters(), torch.zeros(1)).device
    sample = torch.zeros((2, segmenter.bands, side, side), device=device)
    with torch.no_grad(), quiet_tracing(torch):
        torch.onnx.export(
            network,
            (sample,),
            str(path),
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_axes={_INPUT: {0: "n"}, _OUTPUT: {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _onnx(runtime: Any, path: Path, *, threads: int) -> Callable[[Floats32], Floats32]:
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def compute(prepared: Floats32) -> Floats32:
        return np.asarray(session.run(None, {_INPUT: prepared})[0], np.float32)

    return compute


def _openvino(runtime: Any, path: Path, *, threads: int) -> Callable[[Floats32], Floats32]:
    core = runtime.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    compiled = core.compile_model(core.read_model(str(path)), "CPU", settings)

    def compute(prepared: Floats32) -> Floats32:
        # A copy: the result lies in the memory of the request, which the next call overwrites.
        return np.array(compiled([prepared])[0], np.float32)

    return compute
