"""Encoders without learning: unit vectors, invariances that follow from their definitions, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.errors import FormatError, InputError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.protocol import Encoder

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("thumbnail", "lab-histogram", "gist")


@pytest.fixture
def image() -> np.ndarray:
    blocks = np.random.default_rng(0).integers(20, 120, (8, 8, 3), dtype=np.uint8)
    return blocks.repeat(16, axis=0).repeat(16, axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_vectors_have_the_stated_length_and_norm(name: str, image: np.ndarray) -> None:
    encoder = load_encoder(name)
    assert isinstance(encoder, Encoder)
    vectors = encoder.encode([image, image[:100]])
    assert vectors.shape == (2, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_baseline_is_the_same(name: str, image: np.ndarray, tmp_path: Path) -> None:
    encoder = load_encoder(name)
    encoder.save(tmp_path)
    again = load_encoder(tmp_path)
    assert again.identity == encoder.identity
    np.testing.assert_array_equal(again.encode([image]), encoder.encode([image]))


def test_the_histogram_does_not_see_where_colours_are(image: np.ndarray) -> None:
    encoder = load_encoder("lab-histogram")
    np.testing.assert_allclose(encoder.encode([image]), encoder.encode([image[::-1, ::-1]]), atol=1e-6)


def test_the_gist_does_not_see_brightness_but_sees_a_quarter_turn(image: np.ndarray) -> None:
    encoder = load_encoder("gist")
    plain, brighter, turned = encoder.encode([image, image * 2, np.rot90(image)])
    # log(1 + 2 g) differs from log(1 + g) by nearly a constant, which no filter passes.
    assert plain @ brighter > 0.999
    assert plain @ turned < 0.97


def test_the_gist_of_stripes_is_in_their_direction() -> None:
    stripes = np.broadcast_to(
        (127 + 120 * np.sin(np.arange(128) * np.pi / 4))[:, None, None], (128, 128, 3)
    ).astype(np.uint8)
    energy = load_encoder("gist").encode([stripes]).reshape(4, 8, 16).sum(axis=2)
    # A period of 8 px is half the highest centre frequency (0.25): scale 1; downwards is direction 4 of 8.
    assert np.unravel_index(energy.argmax(), energy.shape) == (1, 4)


def test_names_that_cannot_be_opened_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of: classic"):
        load_encoder("resnet")
    with pytest.raises(InputError, match="learns from photos"):
        load_encoder("classic")
    with pytest.raises(InputError, match="transformers:FOLDER"):
        load_encoder("transformers")
    (tmp_path / "encoder.json").write_text('{"kind": "psychic"}')
    with pytest.raises(FormatError, match="psychic"):
        load_encoder(tmp_path)
