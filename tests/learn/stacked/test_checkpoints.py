"""Stopping and going on: the same bits as without the interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from whence.errors import FormatError
from whence.learn.stacked import (
    StackedData,
    StackedHead,
    StackedProgress,
    StackedSettings,
    TrainedHead,
    train_stacked,
)

World = Callable[..., StackedData]
SETTINGS = StackedSettings(batch_size=16, epochs=12, hidden=(32, 16), patience=1)


class Pulled(Exception):
    """The plug."""


def pulled_in(epoch: int) -> Callable[[StackedProgress], None]:
    def report(progress: StackedProgress) -> None:
        if progress.epoch == epoch and progress.rows > 100:
            raise Pulled

    return report


def equal(one: TrainedHead, other: TrainedHead) -> bool:
    plain = all(
        getattr(one, name) == getattr(other, name)
        for name in ("name", "train_loss", "validation_loss", "stopped_at", "best_epoch", "status")
    )
    return plain and all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)


@pytest.mark.parametrize("numbers", ["float32", "bfloat16"])
def test_resumed_in_the_middle_of_an_epoch_bit_for_bit(
    world: World, heads: list[StackedHead], tmp_path: Path, numbers: str
) -> None:
    # The choice of products is timed, so two runs from the start may round differently; not so with mm.
    settings = replace(SETTINGS, numbers=numbers, products="mm", epochs=40)
    data = world(203), world(57, seed=1)
    whole = train_stacked(heads, *data, settings)
    stops = sorted({result.stopped_at for result in whole})
    assert len(stops) > 2
    path = tmp_path / "stack.safetensors"
    for epoch in (1, stops[1]):  # the second time with heads that have left
        with pytest.raises(Pulled):
            train_stacked(heads, *data, settings, progress=pulled_in(epoch), checkpoint=path)
    again = train_stacked(heads, *data, settings, checkpoint=path)
    assert all(equal(one, other) for one, other in zip(whole, again, strict=True))
    assert [result.name for result in again] == [head.name for head in heads]


def test_the_choice_of_products_is_kept(world: World, heads: list[StackedHead], tmp_path: Path) -> None:
    data, path = (world(203), world(57, seed=1)), tmp_path / "stack.safetensors"
    chosen = replace(SETTINGS, products="onednn")
    whole = train_stacked(heads, *data, chosen)
    with pytest.raises(Pulled):
        train_stacked(heads, *data, chosen, progress=pulled_in(1), checkpoint=path)
    again = train_stacked(heads, *data, replace(SETTINGS, products="auto"), checkpoint=path)
    assert all(equal(one, other) for one, other in zip(whole, again, strict=True))


def test_a_finished_training_is_read_not_repeated(
    world: World, heads: list[StackedHead], tmp_path: Path
) -> None:
    data, path = (world(203), world(57, seed=1)), tmp_path / "stack.safetensors"
    first = train_stacked(heads, *data, SETTINGS, checkpoint=path)
    reports: list[StackedProgress] = []
    second = train_stacked(heads, *data, SETTINGS, progress=reports.append, checkpoint=path)
    assert not reports
    assert all(equal(one, other) for one, other in zip(first, second, strict=True))


def test_more_epochs_go_on(world: World, heads: list[StackedHead], tmp_path: Path) -> None:
    data, path = (world(203), world(57, seed=1)), tmp_path / "stack.safetensors"
    train_stacked(heads, *data, replace(SETTINGS, epochs=2, products="mm"), checkpoint=path)
    on = train_stacked(heads, *data, replace(SETTINGS, products="mm"), checkpoint=path)
    whole = train_stacked(heads, *data, replace(SETTINGS, products="mm"))
    assert all(equal(one, other) for one, other in zip(whole, on, strict=True))


def test_checkpoints_of_others_are_refused(world: World, heads: list[StackedHead], tmp_path: Path) -> None:
    train, validation, path = world(64), world(57, seed=1), tmp_path / "stack.safetensors"
    settings = replace(SETTINGS, epochs=1)
    train_stacked(heads, train, validation, settings, checkpoint=path)
    with pytest.raises(FormatError, match="its train differ"):
        train_stacked(heads, world(64, seed=5), validation, settings, checkpoint=path)
    with pytest.raises(FormatError, match="its heads differ"):
        train_stacked(heads[1:], train, validation, settings, checkpoint=path)
    with pytest.raises(FormatError, match="its settings differ"):
        train_stacked(heads, train, validation, replace(settings, batch_size=8), checkpoint=path)


def test_a_broken_checkpoint_is_a_sentence(world: World, heads: list[StackedHead], tmp_path: Path) -> None:
    path = tmp_path / "stack.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FormatError, match="is no checkpoint"):
        train_stacked(heads, world(64), world(57, seed=1), SETTINGS, checkpoint=path)
