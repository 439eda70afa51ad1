"""The eight positions of a square: a group, undone exactly, and a mean that turns with the picture."""

from __future__ import annotations

import numpy as np
import pytest
from pixel_models import Around, picture, read, write

from whence.aerial import predict
from whence.aerial.prediction.augmentation import D4, augmentation, averaged
from whence.aerial.prediction.blending import quantised
from whence.errors import InputError

AXES = (0, 1)


def test_the_eight_are_different_and_closed() -> None:
    square = np.arange(9).reshape(3, 3)
    laid = {turn: turn.apply(square, AXES).tobytes() for turn in D4}
    assert len(set(laid.values())) == 8
    for first in D4:
        for second in D4:
            assert second.apply(first.apply(square, AXES), AXES).tobytes() in laid.values()


@pytest.mark.parametrize("turn", D4)
def test_each_is_undone_exactly(turn) -> None:
    batch = picture(6, 6).astype(np.float32)[None]
    np.testing.assert_array_equal(turn.undo(turn.apply(batch, (1, 2)), (1, 2)), batch)


@pytest.mark.parametrize("turn", D4)
def test_the_mean_turns_with_the_picture(turn) -> None:
    """Exactly, though the network itself is lopsided."""
    tiles = np.stack([picture(32, 32, seed=seed) for seed in (1, 2)])
    network = Around().probabilities
    straight = averaged(network, tiles, None, turns=D4)
    laid = averaged(network, turn.apply(tiles, (1, 2)), None, turns=D4)
    np.testing.assert_array_equal(turn.undo(laid, (2, 3)), straight)
    alone = quantised(network(tiles, None))
    assert (straight != alone).any(), "the network would be the same in all positions"


@pytest.mark.parametrize("turn", D4)
@pytest.mark.parametrize("size", [(31, 32), (17, 9), (1, 30)])
def test_the_mean_turns_with_a_picture_of_any_size(tmp_path, turn, size) -> None:
    """From file to file; the picture is smaller than a tile, and filled up below and to the right."""
    image = picture(*size)
    write(tmp_path / "straight.tif", image)
    write(tmp_path / "laid.tif", turn.apply(image, AXES))
    found = {}
    for name in ("straight", "laid"):
        probabilities = tmp_path / f"{name}.p.tif"
        predict(
            tmp_path / f"{name}.tif",
            Around(),
            tmp_path / f"{name}.c.tif",
            probabilities=probabilities,
            probability_type="float32",
            augment="d4",
            tile=64,
        )
        found[name] = read(probabilities)
    np.testing.assert_array_equal(turn.undo(found["laid"], (1, 2)), found["straight"])


def test_the_mean_is_that_of_a_loop_and_valid_turns_along() -> None:
    tiles, seen = picture(8, 8)[None], []
    valid = np.random.default_rng(0).random((1, 8, 8)) < 0.5

    def network(batch, there):
        seen.append((batch[..., 0].copy(), there.copy()))
        return np.where(there[:, None], Around().probabilities(batch, there), np.float32(0))

    found = averaged(network, tiles, valid, turns=D4)
    slow = np.mean(
        [turn.undo(network(turn.apply(tiles, (1, 2)), turn.apply(valid, (1, 2))), (2, 3)) for turn in D4], 0
    )
    assert np.abs(found / 65535 - slow).max() < 2e-5
    by_value = dict(zip(tiles[0, :, :, 0].ravel(), valid.ravel(), strict=True))
    unique = np.unique(tiles[0, :, :, 0], return_counts=True)
    for values, there in seen[:8]:
        for value in unique[0][unique[1] == 1]:
            assert there[values == value].all() == by_value[value]


def test_an_unknown_augmentation_is_refused() -> None:
    with pytest.raises(InputError, match="d4"):
        augmentation("d8")
