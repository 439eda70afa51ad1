"""A frozen network as an ONNX file: written once, kept in the cache under the identity of its encoder."""

from __future__ import annotations

import contextlib
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.learn.encoders.vision_tower import pooled
from whence.places.cache import cached_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whence.learn.encoders.transformers import TransformersEncoder
    from whence.typing import PathLike

__all__ = ["PIXELS", "VECTORS", "exported", "kept", "pooling_module", "quantised", "quiet_tracing"]

PIXELS, VECTORS = "pixels", "vectors"
_OPSET = 17
_INTERPOLATE = "interpolate_pos_encoding"
_VERSION = 1
_MATRIX_PRODUCTS = ["MatMul", "Gemm"]


def exported(encoder: TransformersEncoder, *, cache: PathLike | None = None) -> Path:
    """Return the ONNX file of an encoder's network, from prepared pictures to vectors; any batch size.

    Parameters
    ----------
    encoder
        Whose network.
    cache
        Folder to keep it in; the cache folder of whence by default.

    Raises
    ------
    MissingExtraError
        Without onnx.
    """
    require("onnx", extra="runtimes")
    name = f"{encoder.identity}-onnx-v{_VERSION}"
    return kept(name, lambda folder: _export(encoder, folder / "model.onnx"), cache=cache) / "model.onnx"


def quantised(encoder: TransformersEncoder, *, cache: PathLike | None = None) -> Path:
    """Return the ONNX file whose matrix products are int8: weights per channel, activations as they come.

    Raises
    ------
    MissingExtraError
        Without onnx or onnxruntime.
    InputError
        When the network has no matrix products, as those of convolutions have.
    """
    name = f"{encoder.identity}-onnx-int8-v{_VERSION}"
    source = exported(encoder, cache=cache)
    return kept(name, lambda folder: _quantise(source, folder / "model.onnx"), cache=cache) / "model.onnx"


def kept(name: str, build: Callable[[Path], None], *, cache: PathLike | None) -> Path:
    """Return a folder that appears whole or not at all, building it where it is missing."""
    if cache is None:
        return cached_folder(name, build)
    folder = Path(cache) / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder, folder=True) as beside:
            build(beside)
    return folder


def pooling_module(model: Any) -> Any:
    """Wrap a vision model as a torch module from pixels (n, 3, h, w) to vectors (n, d)."""
    torch = require("torch", extra="learn")

    class Pooling(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: Any) -> Any:
            return pooled(self.model, pixels)

    return Pooling().eval()


def _export(encoder: TransformersEncoder, path: Path) -> None:
    torch = require("torch", extra="learn")
    side = encoder.input_px
    one = encoder.prepare(np.zeros((side, side, 3), np.uint8))
    sample = torch.from_numpy(np.stack([one, one]))
    network = pooling_module(encoder.model)
    with torch.no_grad(), quiet_tracing(torch), _fixed_positions(network, sample):
        torch.onnx.export(
            network,
            (sample,),
            str(path),
            input_names=[PIXELS],
            output_names=[VECTORS],
            dynamic_axes={PIXELS: {0: "n"}, VECTORS: {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,  # the file of the other exporter cannot be quantised as it is
        )


@contextlib.contextmanager
def _fixed_positions(network: Any, sample: Any) -> Iterator[None]:
    """Let position embeddings that are interpolated to the size of the input be constants.

    All pictures enter at one size, so they are; and one kind of interpolation cannot be exported.
    """
    able = [module for module in network.modules() if hasattr(module, _INTERPOLATE)]
    seen: dict[Any, Any] = {}
    for module in able:
        setattr(module, _INTERPOLATE, _recording(module, seen))
    try:
        network(sample)
        for module, value in seen.items():
            setattr(module, _INTERPOLATE, lambda *_, value=value, **__: value)
        yield
    finally:
        for module in able:
            delattr(module, _INTERPOLATE)  # the method of its class shows again


def _recording(module: Any, seen: dict[Any, Any]) -> Callable[..., Any]:
    original = getattr(module, _INTERPOLATE)

    def record(*arguments: Any, **settings: Any) -> Any:
        seen[module] = original(*arguments, **settings)
        return seen[module]

    return record


@contextlib.contextmanager
def quiet_tracing(torch: Any) -> Iterator[None]:
    """Pass over what the exporter says about itself, and about Python branches that do not vary here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are using the legacy TorchScript-based ONNX export")
        warnings.filterwarnings("ignore", message="The feature will be removed")
        warnings.filterwarnings("ignore", message="Constant folding")
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        yield


def _quantise(source: Path, path: Path) -> None:
    onnx = require("onnx", extra="runtimes")
    quantization = require("onnxruntime.quantization", extra="runtimes")
    with _quiet_root_logger():
        quantization.quantize_dynamic(
            str(source),
            str(path),
            op_types_to_quantize=_MATRIX_PRODUCTS,
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
        )
    made = {node.op_type for node in onnx.load(str(path), load_external_data=False).graph.node}
    if "MatMulInteger" not in made:
        raise InputError(
            "this network consists of convolutions, which int8 does not make faster; use onnx or openvino"
        )


@contextlib.contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """Keep the quantiser's advice away: it would also configure the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
