"""Normalisation: against numpy on all pixels at once, types by their range, and holes as the mean."""

from __future__ import annotations

import numpy as np
import pytest

from whence.aerial.normalisation import Normalisation
from whence.errors import InputError


def test_it_is_mean_and_deviation_of_all_pixels_together() -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (rows, 20, 3)).astype(np.uint8) for rows in (10, 30, 5)]
    found = Normalisation.of((image, None) for image in images)
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]) / 255.0
    np.testing.assert_allclose(found.mean, pixels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.std, pixels.std(axis=0), atol=1e-5)
    whole = np.concatenate([found(image).reshape(-1, 3) for image in images])
    np.testing.assert_allclose(whole.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(whole.std(axis=0), 1.0, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_same_picture_in_another_type_is_the_same(dtype: type) -> None:
    share = np.random.default_rng(1).random((6, 7, 2))
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1.0
    image = np.asarray(np.round(share * top) if top > 1 else share, dtype)
    found = Normalisation((0.4, 0.5), (0.2, 0.3))(image)
    np.testing.assert_allclose(found, (share - [0.4, 0.5]) / [0.2, 0.3], atol=0.02)
    assert found.dtype == np.float32


def test_a_sensor_of_eleven_bits_has_its_own_divisor() -> None:
    image = np.full((2, 2, 1), 2047, np.uint16)
    found = Normalisation((0.5,), (0.5,), {"uint16": 2047.0})(image)
    np.testing.assert_allclose(found, 1.0, atol=1e-6)


def test_holes_are_the_mean() -> None:
    image = np.array([[[1.0], [np.nan]], [[np.inf], [3.0]]], np.float32)
    valid = np.array([[True, True], [True, False]])
    found = Normalisation((0.0,), (1.0,))(image, valid)
    assert found[..., 0].tolist() == [[1.0, 0.0], [0.0, 0.0]]
    measured = Normalisation.of([(image, valid)])
    assert measured.mean == (1.0,)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (((), ()), "one mean and one std"),
        (((0.1,), (0.1, 0.2)), "one mean and one std"),
        (((0.1,), (0.0,)), "above zero"),
        (((float("nan"),), (1.0,)), "finite"),
    ],
)
def test_unusable_numbers_are_refused(values: tuple, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Normalisation(*values)


def test_other_bands_are_refused() -> None:
    with pytest.raises(InputError, match="4 bands and 3 are wanted"):
        Normalisation((0.5,) * 3, (0.2,) * 3)(np.zeros((2, 2, 4), np.uint8))
    with pytest.raises(InputError, match="no image has a valid pixel"):
        Normalisation.of([(np.zeros((2, 2, 1)), np.zeros((2, 2), bool))])
    with pytest.raises(InputError, match="do not go together"):
        Normalisation.of([(np.zeros((2, 2, 1)), None), (np.zeros((2, 2, 3)), None)])
