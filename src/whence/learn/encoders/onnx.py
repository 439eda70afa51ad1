"""A frozen vision model in an ONNX file, with a small JSON file beside it that says how images enter."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

from whence._optional import require
from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.storage import read_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, Image, PathLike

__all__ = ["OnnxEncoder", "Preprocessing"]

_KIND = "onnx"
_BATCH = 16


@dataclass(frozen=True)
class Preprocessing:
    """How an image enters the model.

    Attributes
    ----------
    size_px
        Side of the square input.
    mean, std
        Subtracted from and dividing RGB values of 0..1.
    crop
        Scale the short side and cut the middle out; otherwise the image is squashed to the square.
    output
        Name of the output that is the vector; the first one if not given.
    """

    size_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop: bool = False
    output: str | None = None

    def __post_init__(self) -> None:
        mean, std = np.asarray(self.mean), np.asarray(self.std)
        if mean.shape != (3,) or std.shape != (3,) or std.min() <= 0 or self.size_px < 1:
            raise InputError(
                "preprocessing needs a positive size_px, three means, and three positive standard deviations"
            )

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """Read from JSON, such as ``{"size_px": 224, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}``.

        Raises
        ------
        NotFoundError
            When the file is missing; the message shows what to write into it.
        FormatError
            When it is not JSON, lacks something or holds a stray key.
        """
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFoundError(
                f"{path} is missing: write there how images enter the model, such as "
                '{"size_px": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'
            ) from error
        except ValueError as error:
            raise FormatError(f"{path} is not JSON: {error}") from error
        return cls.parse(values, where=str(path))

    @classmethod
    def parse(cls, values: Any, *, where: str) -> Self:
        """Check values read from `where`."""
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or not {"size_px", "mean", "std"} <= set(values) <= known:
            raise FormatError(f"{where} needs size_px, mean and std, and knows besides: crop, output")
        return cls(**values | {"mean": tuple(values["mean"]), "std": tuple(values["std"])})

    def apply(self, image: Image) -> Floats32:
        """Planes (3, size_px, size_px) for an image (h, w, 3)."""
        height, width = image.shape[:2]
        if self.crop:
            side = min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            image = image[top : top + side, left : left + side]
        shrinks = min(image.shape[:2]) >= self.size_px
        mode = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        resized = cv2.resize(image, (self.size_px, self.size_px), interpolation=mode)
        normal = (resized / 255 - np.array(self.mean)) / np.array(self.std)
        return np.ascontiguousarray(normal.transpose(2, 0, 1), np.float32)


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """An ONNX model run by ONNX Runtime on the CPU.

    Attributes
    ----------
    path
        The model file.
    preprocessing
        How images enter it.
    session
        The runtime's session.
    """

    path: Path
    preprocessing: Preprocessing
    session: Any

    @classmethod
    def open(cls, path: PathLike, *, preprocessing: Preprocessing | None = None) -> Self:
        """Open a model file.

        Parameters
        ----------
        path
            The ``.onnx`` file; one image input (n, 3, h, w), any number of outputs.
        preprocessing
            Read from the JSON file of the same name (``model.json`` beside ``model.onnx``) if not given.

        Raises
        ------
        MissingExtraError
            Without onnxruntime.
        NotFoundError
            When the model, or the JSON file beside it, is missing.
        FormatError
            When the file is no ONNX model, or its vectors are not (n, d).
        """
        runtime = require("onnxruntime", extra="learn")
        file = Path(path)
        if not file.is_file():
            raise NotFoundError(f"there is no ONNX file {file}")
        chosen = preprocessing or Preprocessing.read(file.with_suffix(".json"))
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        try:
            session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except _runtime_errors(runtime) as error:
            raise FormatError(f"{file} is no ONNX model that this runtime can run: {error}") from error
        return cls(file, chosen, session)

    @cached_property
    def identity(self) -> str:
        """A hash of the file and of the preprocessing."""
        digest = hashlib.blake2b(self.path.read_bytes(), digest_size=8)
        digest.update(json.dumps(asdict(self.preprocessing), sort_keys=True).encode())
        return f"{_KIND}-{digest.hexdigest()}"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.encode([np.zeros((self.input_px, self.input_px, 3), np.uint8)]).shape[1])

    @property
    def input_px(self) -> int:
        """Side of the input."""
        return self.preprocessing.size_px

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of unit length for n images (h, w, 3) of any sizes."""
        if not len(images):
            return np.empty((0, self.dim), np.float32)
        batches = (images[i : i + _BATCH] for i in range(0, len(images), _BATCH))
        return np.concatenate(
            [self.encode_prepared(np.stack([self.prepare(image) for image in batch])) for batch in batches]
        )

    def prepare(self, image: Image) -> Floats32:
        """Input (3, h, w) of the model for one picture (h, w, 3) of any size."""
        return self.preprocessing.apply(image)

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json``: where the model is, how images enter it, its identity."""
        settings = {"kind": _KIND, "source": str(self.path.resolve()), "identity": self.identity}
        write_settings(folder, settings | {"preprocessing": asdict(self.preprocessing)})

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Open the model that `save` named.

        Raises
        ------
        FormatError
            When the file is another one by now.
        """
        settings = read_settings(folder, kind=_KIND)
        preprocessing = Preprocessing.parse(settings.get("preprocessing"), where=f"{folder}/encoder.json")
        encoder = cls.open(str(settings.get("source")), preprocessing=preprocessing)
        if encoder.identity != settings.get("identity"):
            raise FormatError(
                f"{encoder.path} is not the model of this index; restore it, or build the index again"
            )
        return encoder

    def encode_prepared(self, pixels: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length of prepared pictures (n, 3, h, w)."""
        output = self.preprocessing.output
        found = self.session.run([output] if output else None, {self.session.get_inputs()[0].name: pixels})[0]
        vectors = np.asarray(found, np.float32)
        if vectors.ndim < 2 or vectors.size != len(pixels) * vectors.shape[1]:
            raise FormatError(
                f"the first output of {self.path} has shape {vectors.shape}, not (n, d); name the pooled one "
                'as "output" in its JSON file'
            )
        return unit_rows(vectors.reshape(len(pixels), -1))


def _runtime_errors(runtime: Any) -> tuple[type[Exception], ...]:
    state = runtime.capi.onnxruntime_pybind11_state
    return (
        state.InvalidProtobuf,
        state.InvalidGraph,
        state.InvalidArgument,
        state.Fail,
        state.NotImplemented,
    )
