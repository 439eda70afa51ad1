"""Sweeps on a toy world: together or apart, added to, failing in part, searched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import make_split
from whence.photos.sweep import Search, rows_of, run_search, run_sweep

pytest.importorskip("torch")

TRAINING = {"training.batch": 32, "training.max_epochs": 6, "training.lr": 3e-3}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the features of 240 photographs between Lisbon and Moscow, and a split of them."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(0)
    lonlat = rng.uniform([-9, 36], [38, 60], (240, 2))
    waves = np.deg2rad(lonlat) @ rng.normal(0, 3, (2, 12))
    features = np.concatenate([np.cos(waves), np.sin(waves)], axis=1) + rng.normal(0, 0.05, (240, 24))
    metadata = Catalogue.of_arrays(lonlat)
    FeatureStore.create(folder / "toy.features", features, metadata, identity="toy")
    split = make_split(
        "random", FeatureStore.open(folder / "toy.features").metadata, validation=0.25, test=0.2
    )
    split.write(folder / "split.parquet")
    return folder


def rows(world: Path, *models: dict[str, object]) -> list:
    features = {"features": str(world / "toy.features")}
    return rows_of([{**features, "head.kind": "coordinates", **TRAINING, **model} for model in models])


TWO = ({"name": "a", "head.loss": "haversine"}, {"name": "b", "head.loss": "geoscore"})


def test_together_and_apart_learn_alike(world: Path, tmp_path: Path) -> None:
    longer = [{**model, "training.max_epochs": 30} for model in TWO]
    together = run_sweep(rows(world, *longer), world / "split.parquet", tmp_path / "together")
    apart = run_sweep(rows(world, *longer), world / "split.parquet", tmp_path / "apart", together=False)
    for one, other in zip(together.outcomes, apart.outcomes, strict=True):
        assert one.run is not None
        assert other.run is not None
        best = [min(epoch.validation_loss for epoch in outcome.run.history) for outcome in (one, other)]
        assert best[0] < 0.6 * one.run.history[0].validation_loss  # it learnt
        # Not the same numbers: the order of the batches and the first weights are drawn differently.
        assert 0.5 < best[0] / best[1] < 2.0
    assert set(together.results("validation")) == set(together.results("test")) == {"a", "b"}
    assert len(together.results("test")["a"]) == 48


def test_rows_are_added_and_what_is_complete_is_kept(world: Path, tmp_path: Path) -> None:
    run_sweep(rows(world, TWO[0]), world / "split.parquet", tmp_path / "sweep")
    before = (tmp_path / "sweep/a/model/weights.safetensors").stat().st_mtime_ns
    grown = run_sweep(
        rows(world, *TWO, {"name": "c", "head.kind": "constant"}), world / "split.parquet", tmp_path / "sweep"
    )
    assert [outcome.row.name for outcome in grown.outcomes] == ["a", "b", "c"]
    assert not grown.failures
    assert (tmp_path / "sweep/a/model/weights.safetensors").stat().st_mtime_ns == before
    other = rows(world, {**TWO[0], "head.loss": "mse"})
    with pytest.raises(InputError, match=r"head\.loss was 'haversine' and is 'mse'"):
        run_sweep(other, world / "split.parquet", tmp_path / "sweep")


@pytest.mark.parametrize("together", [True, False])
def test_a_model_that_diverges_does_not_stop_the_others(world: Path, tmp_path: Path, together: bool) -> None:
    mad = {"name": "mad", "head.loss": "mse", "head.last_layer": "clamp", "training.lr": 1e30}
    done = run_sweep(rows(world, *TWO, mad), world / "split.parquet", tmp_path / "s", together=together)
    assert [outcome.row.name for outcome in done.failures] == ["mad"]
    assert "epoch" in done.failures[0].failure
    lines = (tmp_path / "s/sweep.csv").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert set(done.results("test")) == {"a", "b"}


def test_a_search_goes_on_and_keeps_every_try(world: Path, tmp_path: Path) -> None:
    common = {"features": str(world / "toy.features"), "head.kind": "coordinates", **TRAINING}
    space = {
        "head.loss": {"choices": ["haversine", "mse"]},
        "training.lr": {"low": 1e-3, "high": 1e-2, "log": True},
    }
    first = Search(space=space, trials=2, sampler="random", common=common)
    run_search(first, world / "split.parquet", tmp_path / "search")
    more = Search(space=space, trials=3, sampler="random", common=common)
    done = run_search(more, world / "split.parquet", tmp_path / "search")
    assert [outcome.row.name for outcome in done.outcomes] == ["try-000", "try-001", "try-002"]
    rates = [outcome.row.training["lr"] for outcome in done.outcomes]
    assert len(set(rates)) == 3
    assert all(1e-3 <= rate <= 1e-2 for rate in rates)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "search.space"),
        ({"space": {"training.lr": {"low": 2, "high": 1}}}, "low < high"),
        ({"space": {"training.lr": [1, 2]}}, "choices"),
        ({"space": {"training.lr": {"choices": [1]}}, "metric": "beauty"}, "beauty"),
        ({"space": {"training.lr": {"choices": [1]}}, "sampler": "grid"}, "sampler"),
        ({"space": {"training.lr": {"choices": [1]}}, "trails": 3}, "trails"),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused(content: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Search.of({"space": {}, **content}, {})
