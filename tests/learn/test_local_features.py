"""Keypoints and the geometric check, against views whose geometry is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from whence.errors import InputError
from whence.learn.encoders.classic.local import LocalFeatures, count_inliers, extract, match

if TYPE_CHECKING:
    from whence.typing import Image


def texture(seed: int) -> Image:
    """Corners in many places: 36 x 48 blocks of random grey, softened, at 480 x 640 px."""
    blocks = np.random.default_rng(seed).integers(0, 256, (36, 48, 3), dtype=np.uint8)
    return cv2.GaussianBlur(cv2.resize(blocks, (640, 480), interpolation=cv2.INTER_NEAREST), (0, 0), 1.2)


def seen_from_aside(image: Image) -> Image:
    """The same plane in another perspective."""
    homography = np.array([[1.02, 0.05, 8], [-0.03, 0.98, 5], [4e-5, 2e-5, 1]])
    return cv2.warpPerspective(image, homography, (640, 480))


def test_two_views_of_one_place_agree_and_of_two_places_do_not() -> None:
    photo = extract(texture(0))
    assert count_inliers(photo, extract(seen_from_aside(texture(0)))) >= 100
    assert count_inliers(photo, extract(texture(1))) < 20


def test_the_count_is_the_same_on_every_run() -> None:
    a, b = extract(texture(0)), extract(seen_from_aside(texture(0)))
    assert len({count_inliers(a, b) for _ in range(5)}) == 1


def test_matches_are_mutual() -> None:
    a, b = extract(texture(0)), extract(seen_from_aside(texture(0)))
    forth = {(i, j) for i, j in match(a, b).tolist()}
    assert len({j for _, j in forth}) == len(forth)
    assert forth == {(i, j) for j, i in match(b, a, ratio=1.0).tolist()} & forth


def test_positions_survive_quantisation_to_a_hundredth_of_a_pixel() -> None:
    image = texture(0)
    features = extract(image)
    sift = cv2.SIFT.create(nfeatures=600)
    expected = np.array([k.pt for k in sift.detect(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None)])
    distance = np.linalg.norm(features.positions_px[:, None] - expected[None], axis=-1).min(axis=1)
    assert distance.max() < 0.01


def test_quantised_descriptors_keep_the_inner_products() -> None:
    image = texture(0)
    _, sift = cv2.SIFT.create(nfeatures=600).detectAndCompute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), None)
    root = np.sqrt(sift / sift.sum(axis=1, keepdims=True))
    stored = extract(image).descriptors.astype(np.float64)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    np.testing.assert_allclose(np.sort(np.max(stored @ root.T, axis=1)), 1, atol=2e-3)


def test_a_blank_photo_has_no_keypoints_and_no_inliers() -> None:
    blank = extract(np.full((50, 70, 3), 128, np.uint8))
    assert len(blank) == 0
    assert count_inliers(blank, extract(texture(0))) == 0


def test_features_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(n, 128\)"):
        LocalFeatures(np.zeros((2, 2), np.uint16), np.zeros((3, 128), np.uint8), 1.0)
