"""The classic encoder: learnt from few or many photos, deterministic, saved and read without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from whence.errors import FormatError, NotEnoughDataError, NotFoundError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.classic.encoder import ClassicEncoder
from whence.learn.encoders.protocol import Trainable

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Image


def scene(seed: int, *, shift_px: int = 0) -> Image:
    """A street of coloured boxes; `shift_px` moves the camera sideways."""
    rng = np.random.default_rng(seed)
    image = np.full((240, 320, 3), rng.integers(150, 255, 3), np.uint8)
    for _ in range(40):
        column, row, width, height = (int(v) for v in rng.integers((-40, 20, 10, 10), (300, 200, 90, 90)))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        corner = (column + shift_px, row)
        cv2.rectangle(image, corner, (corner[0] + width, row + height), colour, thickness=-1)
    return image


@pytest.fixture(scope="module")
def photos() -> list[Image]:
    return [scene(seed) for seed in range(12)]


@pytest.fixture(scope="module")
def encoder(photos: list[Image]) -> ClassicEncoder:
    return ClassicEncoder.fit(photos, rng=np.random.default_rng(0))


def test_it_is_a_trainable_encoder(encoder: ClassicEncoder) -> None:
    assert isinstance(encoder, Trainable)


def test_vectors_have_unit_length(encoder: ClassicEncoder, photos: list[Image]) -> None:
    vectors = encoder.encode(photos)
    assert vectors.shape == (12, encoder.dim)
    assert encoder.encode([]).shape == (0, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_same_street_from_aside_is_the_nearest(encoder: ClassicEncoder, photos: list[Image]) -> None:
    moved = encoder.encode([scene(seed, shift_px=12) for seed in range(12)])
    nearest = np.argmax(moved @ encoder.encode(photos).T, axis=1)
    np.testing.assert_array_equal(nearest, np.arange(12))


def test_an_image_has_the_same_vector_in_any_company(encoder: ClassicEncoder, photos: list[Image]) -> None:
    alone = np.concatenate([encoder.encode([photo]) for photo in photos])
    np.testing.assert_array_equal(encoder.encode(photos), alone)


def test_the_seed_decides_everything(encoder: ClassicEncoder, photos: list[Image]) -> None:
    assert ClassicEncoder.fit(photos, rng=np.random.default_rng(0)).identity == encoder.identity
    assert ClassicEncoder.fit(photos, rng=np.random.default_rng(1)).identity != encoder.identity


def test_saving_changes_no_bit(encoder: ClassicEncoder, photos: list[Image], tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder")
    again = load_encoder(tmp_path / "encoder")
    assert again.identity == encoder.identity
    np.testing.assert_array_equal(again.encode(photos), encoder.encode(photos))


def test_a_tampered_folder_is_refused(encoder: ClassicEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    settings = tmp_path / "encoder.json"
    settings.write_text(settings.read_text().replace(encoder.identity, "classic-1-0000000000000000"))
    with pytest.raises(FormatError, match="changed since"):
        ClassicEncoder.load(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holds no encoder"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("count", [1, 3])
def test_a_handful_of_photos_is_enough(count: int) -> None:
    photos = [scene(seed) for seed in range(count)]
    encoder = ClassicEncoder.fit(photos, rng=np.random.default_rng(0))
    moved = encoder.encode([scene(seed, shift_px=12) for seed in range(count)])
    stored = encoder.encode(photos)
    np.testing.assert_array_equal(np.argmax(moved @ stored.T, axis=1), np.arange(count))
    stranger = encoder.encode([scene(99)])
    assert np.diag(moved @ stored.T).min() > (stranger @ stored.T).max()


def test_no_photos_is_an_error_with_a_way_out() -> None:
    with pytest.raises(NotEnoughDataError, match="give at least one"):
        ClassicEncoder.fit([], rng=np.random.default_rng(0))


def test_a_blank_image_is_encoded_too(encoder: ClassicEncoder) -> None:
    assert np.isfinite(encoder.encode([np.zeros((50, 70, 3), np.uint8)])).all()
