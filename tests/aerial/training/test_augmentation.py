"""Changes of image and mask: together, by number, and with what is taken away ignored."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from whence.aerial.augmentation import PRESETS, Augmentation
from whence.aerial.scheme import IGNORE
from whence.errors import InputError

IDS = np.random.default_rng(0).integers(0, 5, (48, 48)).astype(np.uint8)
IMAGE = np.repeat(IDS[..., None] * 50, 3, axis=2).astype(np.uint8)  # the image tells the ids


def test_mirrors_and_quarter_turns_move_both_alike() -> None:
    changed = Augmentation(["mirror", "quarter-turns"])
    seen = set()
    for number in range(40):
        image, ids = changed(IMAGE, IDS, number)
        np.testing.assert_array_equal(image[..., 0], ids * 50)
        seen.add(ids.tobytes())
    assert len(seen) == 8  # the whole group of the square


def test_colours_leave_the_ids_alone() -> None:
    for name in ("weak-colour", "strong-colour", "noise"):
        _, ids = Augmentation([name])(IMAGE, IDS, 1)
        np.testing.assert_array_equal(ids, IDS)


def test_weak_colour_is_weak() -> None:
    """A brightness of at most 0.1 of the range, a contrast of a tenth, and 5 % per channel."""
    grey = np.full((8, 8, 3), 120, np.uint8)
    changed = [Augmentation(["weak-colour"])(grey, IDS[:8, :8], number)[0] for number in range(200)]
    means = np.array([image.mean(axis=(0, 1)) for image in changed])
    assert 8 < np.abs(means - 120).max() < 120 * 0.1 + 255 * 0.1 + 10
    assert np.ptp(means, axis=1).max() > 4  # channels move apart


def test_holes_have_no_class() -> None:
    image, ids = Augmentation([{"name": "CoarseDropout", "p": 1.0}])(IMAGE, IDS, 3)
    taken = ids == IGNORE
    assert taken.any()
    assert (image[taken] == 0).all()
    np.testing.assert_array_equal(ids[~taken], IDS[~taken])


def test_a_change_is_decided_by_its_number_in_any_thread() -> None:
    changed = Augmentation(["weak-colour", "noise", "mirror"], seed=5)
    wanted = [changed(IMAGE, IDS, number)[0] for number in range(8)]
    found: dict[int, np.ndarray] = {}

    def work(numbers: list[int]) -> None:
        for number in numbers:
            found[number] = changed(IMAGE, IDS, number)[0]

    threads = [threading.Thread(target=work, args=(part,)) for part in ([7, 0, 3, 5], [1, 6, 2, 4])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        np.testing.assert_array_equal(found[number], wanted[number])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_takes_four_bands_of_fractions(name: str) -> None:
    image = np.random.default_rng(1).random((32, 32, 4)).astype(np.float32)
    found, ids = Augmentation([name])(image, IDS[:32, :32], 2)
    assert found.dtype == np.float32
    assert found.shape == image.shape
    assert ids.dtype == np.uint8


def test_nothing_asked_is_nothing_done() -> None:
    image, ids = Augmentation([])(IMAGE, IDS, 0)
    assert image is IMAGE
    assert ids is IDS


@pytest.mark.parametrize(
    ("transforms", "told"),
    [
        (["Blurr"], "no transform 'Blurr'"),
        ([{"name": "GaussNoise", "strength": 2}], "takes no 'strength'; it takes"),
        ([{"p": 0.5}], "is none: write a name"),
        ([7], "is none: write a name"),
        ([{"name": "GaussNoise", "p": 7.0}], "cannot be made"),
        (["Compose"], "no transform 'Compose'"),
    ],
)
def test_what_cannot_be_made_is_told(transforms: list, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Augmentation(transforms)
