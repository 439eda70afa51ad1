"""ONNX models from a file written here byte by byte; numpy is the oracle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.onnx import OnnxEncoder, Preprocessing

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("onnxruntime")

SIDE_PX = 4
WEIGHTS = np.random.default_rng(0).normal(size=(3 * SIDE_PX * SIDE_PX, 5)).astype(np.float32)
SETTINGS = {"size_px": SIDE_PX, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}


def field(number: int, value: int | bytes | str) -> bytes:
    """One protobuf field: a varint, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def tensor_type(name: str, shape: tuple[int | str, ...]) -> bytes:
    """ValueInfoProto of a float tensor; a string is a free dimension."""
    dims = b"".join(field(1, field(1, d) if isinstance(d, int) else field(2, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def write_model(path: Path) -> None:
    """images (n, 3, 4, 4) -> Flatten -> MatMul(WEIGHTS) -> vectors (n, 5)."""
    flatten = field(1, "images") + field(2, "flat") + field(4, "Flatten")
    product = field(1, "flat") + field(1, "weights") + field(2, "vectors") + field(4, "MatMul")
    weights = field(1, WEIGHTS.shape[0]) + field(1, WEIGHTS.shape[1]) + field(2, 1) + field(8, "weights")
    graph = (
        field(1, flatten)
        + field(1, product)
        + field(2, "tiny")
        + field(5, weights + field(9, WEIGHTS.tobytes()))
        + field(11, tensor_type("images", ("n", 3, SIDE_PX, SIDE_PX)))
        + field(12, tensor_type("vectors", ("n", WEIGHTS.shape[1])))
    )
    path.write_bytes(field(1, 8) + field(8, field(2, 13)) + field(7, graph))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    write_model(path)
    path.with_suffix(".json").write_text(json.dumps(SETTINGS))
    return path


@pytest.fixture
def images() -> list[np.ndarray]:
    return list(np.random.default_rng(1).integers(0, 256, (20, SIDE_PX, SIDE_PX, 3), dtype=np.uint8))


def expected(images: list[np.ndarray]) -> np.ndarray:
    normal = (np.stack(images) / 255 - np.array(SETTINGS["mean"])) / np.array(SETTINGS["std"])
    vectors = normal.transpose(0, 3, 1, 2).reshape(len(images), -1) @ WEIGHTS
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_vectors_are_what_the_model_computes(model: Path, images: list[np.ndarray]) -> None:
    encoder = load_encoder(f"onnx:{model}")
    assert (encoder.dim, encoder.input_px) == (5, SIDE_PX)
    np.testing.assert_allclose(encoder.encode(images), expected(images), atol=1e-5)


def test_a_crop_keeps_the_middle_and_a_squash_keeps_all() -> None:
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, 2:6] = 255
    plain = {"size_px": 4, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    np.testing.assert_allclose(Preprocessing(**plain, crop=True).apply(image), 1)
    squashed = Preprocessing(**plain).apply(image)
    np.testing.assert_allclose(squashed.mean(), 0.5)
    assert squashed.shape == (3, 4, 4)


def test_a_saved_encoder_names_its_model_and_notices_another(
    model: Path, images: list[np.ndarray], tmp_path: Path
) -> None:
    encoder = load_encoder(f"onnx:{model}")
    encoder.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert again.identity == encoder.identity
    np.testing.assert_array_equal(again.encode(images), encoder.encode(images))
    model.write_bytes(model.read_bytes() + field(2, "producer"))
    with pytest.raises(FormatError, match="not the model"):
        load_encoder(tmp_path / "saved")


def test_a_missing_side_file_says_what_to_write(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(NotFoundError, match='"size_px": 224'):
        OnnxEncoder.open(model)


@pytest.mark.parametrize("change", [{"sized": 3}, {"mean": None}])
def test_stray_and_missing_keys_are_refused(model: Path, change: dict[str, object]) -> None:
    changed = {key: value for key, value in (SETTINGS | change).items() if value is not None}
    model.with_suffix(".json").write_text(json.dumps(changed))
    with pytest.raises(FormatError, match="needs size_px, mean and std"):
        OnnxEncoder.open(model)


def test_a_standard_deviation_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="positive standard deviations"):
        Preprocessing(4, (0.0, 0.0, 0.0), (1.0, 0.0, 1.0))


def test_another_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(b"not a model")
    path.with_suffix(".json").write_text(json.dumps(SETTINGS))
    with pytest.raises(FormatError, match="no ONNX model"):
        OnnxEncoder.open(path)
    with pytest.raises(NotFoundError, match="no ONNX file"):
        OnnxEncoder.open(tmp_path / "absent.onnx")
