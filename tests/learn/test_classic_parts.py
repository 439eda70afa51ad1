"""The pieces of the classic encoder against slow loops, closed forms and invariances."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.learn.encoders.classic.colour import equalised, local_colour_statistics
from whence.learn.encoders.classic.dense_sift import dense_sift
from whence.learn.encoders.classic.projection import Projection
from whence.learn.encoders.classic.vlad import Vocabulary
from whence.learn.encoders.normalisation import unit_rows


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


class TestDenseSift:
    def test_a_ramp_has_all_its_gradient_in_one_direction(self) -> None:
        ramp = np.broadcast_to(np.arange(64, dtype=np.float32) * 3, (64, 64)).copy()
        descriptors = dense_sift(ramp).descriptors.reshape(-1, 16, 8)
        assert descriptors[..., 0].min() > 0
        assert descriptors[..., 1:].max() < 1e-3

    def test_a_gradient_between_two_directions_is_shared_evenly(self) -> None:
        across, down = np.meshgrid(np.arange(64), np.arange(64))
        steep = (3 * (np.cos(np.pi / 8) * across + np.sin(np.pi / 8) * down)).astype(np.float32)
        described = dense_sift(steep)
        inside = np.all(
            np.abs(described.centres_px - 32) < 8, axis=1
        )  # at the border a gradient is one-sided
        descriptors = described.descriptors[inside].reshape(-1, 16, 8)
        np.testing.assert_allclose(descriptors[..., 0], descriptors[..., 1], atol=2e-3)
        assert descriptors[..., 2:].max() < 1e-3

    def test_length_is_one_and_light_does_not_matter(self, rng: np.random.Generator) -> None:
        grey = rng.uniform(50, 150, (96, 80)).astype(np.float32)
        plain, brighter = dense_sift(grey), dense_sift(1.4 * grey + 20)
        np.testing.assert_allclose(np.linalg.norm(plain.descriptors, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(plain.descriptors, brighter.descriptors, atol=2e-3)

    def test_a_shift_by_the_step_moves_the_descriptors(self, rng: np.random.Generator) -> None:
        wide = rng.uniform(0, 255, (64, 96)).astype(np.float32)
        left, right = dense_sift(wide[:, :80]), dense_sift(wide[:, 8:88])
        at_right = {tuple(c): d for c, d in zip(right.centres_px.tolist(), right.descriptors, strict=True)}
        compared = [
            (d, at_right[column - 8, row])
            for (column, row), d in zip(left.centres_px.tolist(), left.descriptors, strict=True)
            if 33 < column < 55 and (column - 8, row) in at_right
        ]
        assert len(compared) >= 20
        np.testing.assert_allclose(*map(np.stack, zip(*compared, strict=True)), atol=1e-4)

    def test_a_blank_wall_is_not_described(self) -> None:
        assert len(dense_sift(np.full((64, 64), 99, np.float32)).descriptors) == 0


class TestColour:
    def test_it_is_the_mean_and_spread_of_each_cell(self, rng: np.random.Generator) -> None:
        image = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
        described = local_colour_statistics(image)
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float64) - [0, 128, 128]
        lab[..., 0] *= 50 / 255
        assert described.centres_px.tolist()[:3] == [[8, 8], [12, 8], [8, 12]]
        for descriptor, (column, row) in zip(described.descriptors, described.centres_px, strict=True):
            patch = lab[int(row) - 8 : int(row) + 8, int(column) - 8 : int(column) + 8]
            cells = [patch[r : r + 4, c : c + 4] for r in range(0, 16, 4) for c in range(0, 16, 4)]
            expected = np.concatenate([np.r_[cell.mean((0, 1)), cell.std((0, 1))] for cell in cells])
            np.testing.assert_allclose(descriptor, expected, atol=2e-3)

    def test_equalising_undoes_white_balance_and_gamma(self, rng: np.random.Generator) -> None:
        image = cv2.GaussianBlur(rng.integers(0, 256, (320, 320, 3), dtype=np.uint8), (0, 0), 2) // 2 + 40
        cast = np.round(255 * (image / 255 * [0.8, 1.0, 1.2]) ** 1.3).astype(np.uint8)
        difference = equalised(image).astype(int) - equalised(cast)
        assert np.abs(image.astype(int) - cast).mean() > 15
        assert np.abs(difference).mean() < 5


class TestVocabulary:
    def test_words_are_the_centres_of_separate_clusters(self, rng: np.random.Generator) -> None:
        centres = 50 * rng.normal(size=(6, 4))
        points = (centres[rng.integers(6, size=3000)] + rng.normal(size=(3000, 4))).astype(np.float32)
        vocabulary = Vocabulary.fit(points, axes=4, words=6, rng=rng)
        found = vocabulary.words @ vocabulary.axes.T + vocabulary.mean
        nearest_word = np.linalg.norm(found[:, None] - centres, axis=-1).min(axis=0)
        assert nearest_word.max() < 0.5

    def test_aggregation_is_the_sum_of_residuals(self, rng: np.random.Generator) -> None:
        descriptors = rng.normal(size=(200, 10)).astype(np.float32)
        vocabulary = Vocabulary.fit(descriptors, axes=5, words=7, rng=rng)
        cells = rng.integers(3, size=200)
        expected = np.zeros((3, 7, 5))
        for descriptor, cell in zip(descriptors, cells, strict=True):
            projected = (descriptor - vocabulary.mean) @ vocabulary.axes
            word = np.argmin(np.linalg.norm(vocabulary.words - projected, axis=1))
            expected[cell, word] += projected - vocabulary.words[word]
        found = vocabulary.aggregate(descriptors, cells, n_cells=3)
        np.testing.assert_allclose(found, expected.reshape(3, -1), atol=1e-4)
        np.testing.assert_allclose(found.sum(axis=0), vocabulary.aggregate(descriptors)[0], atol=1e-4)

    def test_fewer_points_than_words_give_fewer_words(self, rng: np.random.Generator) -> None:
        points = rng.normal(size=(3, 4)).astype(np.float32)
        assert Vocabulary.fit(points, axes=2, words=64, rng=rng).words.shape == (3, 2)

    def test_photos_without_texture_are_an_error(self, rng: np.random.Generator) -> None:
        with pytest.raises(NotEnoughDataError, match="no texture"):
            Vocabulary.fit(np.empty((0, 4), np.float32), axes=2, words=3, rng=rng)


class TestProjection:
    def test_few_photos_keep_their_inner_products(self, rng: np.random.Generator) -> None:
        vectors = unit_rows(rng.normal(size=(40, 600)).astype(np.float32) + 0.5)
        projection = Projection.fit(vectors, dim=128, rng=rng, power=0)
        centred = vectors - projection.mean
        expected = unit_rows(centred) @ unit_rows(centred).T
        turned = projection.apply(vectors)
        np.testing.assert_allclose(turned @ turned.T, expected, atol=5e-3)

    def test_photos_not_learnt_from_are_told_apart(self, rng: np.random.Generator) -> None:
        learnt_from = rng.normal(size=(5, 3000)).astype(np.float32)
        later = rng.normal(size=(100, 3000)).astype(np.float32)
        seen_again = later + 0.5 * rng.normal(size=later.shape).astype(np.float32)
        projection = Projection.fit(learnt_from, dim=256, rng=rng)
        nearest = np.argmax(projection.apply(seen_again) @ projection.apply(later).T, axis=1)
        np.testing.assert_array_equal(nearest, np.arange(100))

    def test_many_photos_are_half_whitened(self, rng: np.random.Generator) -> None:
        scales = np.geomspace(10, 1, 16)
        vectors = (rng.normal(size=(3000, 16)) * scales).astype(np.float32)
        projection = Projection.fit(vectors, dim=16, rng=rng, power=0.25)
        spread = ((vectors - projection.mean) @ projection.matrix).std(axis=0)
        # Power 0.25 of the variance is the square root of the standard deviation.
        np.testing.assert_allclose(spread / spread[-1], np.sqrt(scales), rtol=0.05)

    def test_dimensions_do_not_depend_on_the_number_of_photos(self, rng: np.random.Generator) -> None:
        for n in (1, 3, 90):
            vectors = rng.normal(size=(n, 300)).astype(np.float32)
            assert Projection.fit(vectors, dim=64, rng=rng).apply(vectors).shape == (n, 64)
