"""Scenes of both sides that are not independent: told, with the figures too."""

from __future__ import annotations

from pathlib import Path

import fake_layouts as fakes
import numpy as np
import pytest

from whence.aerial.datasets import SceneSet, open_dataset
from whence.aerial.training.config import AerialConfig
from whence.aerial.training.data import TrainingData
from whence.aerial.training.leaks import leaks
from whence.errors import InputError, NotEnoughDataError

SIZE = (40, 40)


def scene(folder: Path, name: str, *, seed: int = 0, corner: tuple[float, float] | None = None) -> None:
    fakes.write_tiff(folder / f"images/{name}.tif", fakes.picture(seed, SIZE), corner=corner, cell_m=1)
    ids = (fakes.picture(seed, SIZE, bands=1)[..., 0] > 99).astype(np.uint8)
    fakes.write_tiff(folder / f"masks/{name}.tif", ids, corner=corner, cell_m=1)


def sides(folder: Path, **options: object) -> tuple[SceneSet, SceneSet]:
    whole = open_dataset("folder", folder, scheme="buildings", **options)
    return whole.choose(names=["a"]), whole.choose(names=["b"])


@pytest.mark.parametrize(("east_m", "told"), [(0, True), (39, True), (40, False), (400, False)])
def test_ground_that_both_sides_show_is_told(tmp_path: Path, east_m: float, told: bool) -> None:
    """Squares of 40 m; from 40 m on they share an edge or nothing."""
    scene(tmp_path, "a", corner=(1000.0, 2000.0))
    scene(tmp_path, "b", seed=1, corner=(1000.0 + east_m, 2000.0))
    found = leaks(*sides(tmp_path))
    assert bool(found) == told
    assert all("b over a" in one for one in found)


def test_copies_are_told_and_look_alikes_are_not(tmp_path: Path) -> None:
    scene(tmp_path, "a")
    scene(tmp_path, "b", seed=1)
    assert (tmp_path / "images/a.tif").stat().st_size == (tmp_path / "images/b.tif").stat().st_size
    assert leaks(*sides(tmp_path)) == []
    (tmp_path / "images/b.tif").write_bytes((tmp_path / "images/a.tif").read_bytes())
    assert leaks(*sides(tmp_path)) == ["the same image stands on both sides: b as a"]


def test_a_place_that_published_splits_part_is_told_with_every_figure(tmp_path: Path) -> None:
    for split in ("train", "val"):
        scene(tmp_path / split, "town_1", seed=len(split))
    told = {
        "dataset": "folder",
        "root": str(tmp_path),
        "options": {"scheme": "buildings", "group": "^([a-z]+)_"},
        "train": ["split:train"],
        "validation": ["split:val"],
    }
    data = TrainingData.of(AerialConfig.of({"data": told}))
    assert data.protocol().endswith("not independent: town on both sides")
    assert any("figures will be too good" in one for one in data.sentences())


def test_everything_held_back_leaves_nothing(tmp_path: Path) -> None:
    for seed, name in enumerate("ab"):
        scene(tmp_path, name, seed=seed)
    told = {"root": str(tmp_path), "options": {"scheme": "buildings"}, "validation": ["a", "b"]}
    with pytest.raises(NotEnoughDataError, match=r"holds back every place \(a, b\)"):
        TrainingData.of(AerialConfig.of({"data": told}))


def test_a_class_without_pixels_is_told(tmp_path: Path) -> None:
    scene(tmp_path, "a")
    fakes.write_tiff(tmp_path / "masks/a.tif", np.zeros(SIZE, np.uint8))
    told = {"root": str(tmp_path), "options": {"scheme": "buildings"}}
    data = TrainingData.of(AerialConfig.of({"data": told}))
    assert "building: no pixel to learn from; the model will not find it" in data.sentences()
    assert not data.protocol().endswith("; ")


def test_scenes_of_other_bands_are_named_and_of_other_types_told(tmp_path: Path) -> None:
    scene(tmp_path, "a")
    scene(tmp_path, "b")
    data = {"root": str(tmp_path), "options": {"scheme": "buildings"}}
    fakes.write_tiff(tmp_path / "images/b.tif", fakes.picture(0, SIZE, dtype=np.uint16))
    found = TrainingData.of(AerialConfig.of({"data": data, "model": {"divisors": {"uint16": 4095.0}}}))
    assert any("uint8 (a) by 255, uint16 (b) by 4095" in one for one in found.sentences())
    fakes.write_tiff(tmp_path / "images/b.tif", fakes.picture(0, SIZE, bands=1))
    with pytest.raises(InputError, match="the scene b has 1 bands and a has 3"):
        TrainingData.of(AerialConfig.of({"data": data})).sentences()
