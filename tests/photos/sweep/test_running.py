"""Running sweeps: what cannot go well is refused before anything is trained, and all are told a line each."""

from __future__ import annotations

from pathlib import Path

import click.testing
import numpy as np
import pytest

from whence.cli.sweep import sweep
from whence.errors import InputError, NotEnoughDataError, NotFoundError
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import make_split
from whence.photos.sweep import SweepRow, run_sweep

SPLIT = {"by": "random", "validation": 0.4, "test": 0.1}


def stored(folder: Path, *, identity: str = "one", count: int = 120) -> Path:
    rng = np.random.default_rng(0)
    features, lonlat = rng.normal(size=(count, 8)), rng.uniform([10, 50], [11, 51], (count, 2))
    FeatureStore.create(folder, features, Catalogue.of_arrays(lonlat), identity=identity)
    return folder


def rows(features: Path, **settings: Path) -> list[SweepRow]:
    return [SweepRow(name, features, {"kind": "constant"}, **settings) for name in ("first", "second")]  # type: ignore[arg-type]


def test_test_photographs_of_another_encoder_are_refused_before_the_training(tmp_path: Path) -> None:
    own, other = stored(tmp_path / "own"), stored(tmp_path / "other", identity="two")
    with pytest.raises(InputError, match=rf"'two'.* those of 'one'.*--encoder {own}/encoder"):
        run_sweep(rows(own, test=other), SPLIT, tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_a_store_or_side_that_will_not_do_is_told_before_the_first_model(tmp_path: Path) -> None:
    good = rows(stored(tmp_path / "good"))
    missing = SweepRow("third", tmp_path / "missing", {"kind": "constant"})
    with pytest.raises(NotFoundError, match="missing is no feature store"):
        run_sweep([*good, missing], SPLIT, tmp_path / "sweep")
    small = SweepRow("third", stored(tmp_path / "small", count=50), {"kind": "constant"})
    with pytest.raises(NotEnoughDataError, match="needs 30 photographs of known position, here are 20"):
        run_sweep([*good, small], SPLIT, tmp_path / "sweep")
    assert list((tmp_path / "sweep").iterdir()) == []


def test_the_command_tells_every_model_in_a_line_of_its_own(tmp_path: Path) -> None:
    metadata = FeatureStore.open(stored(tmp_path / "own.features")).metadata
    made = tmp_path / "split.parquet"
    make_split("random", metadata, validation=0.4, test=0.1).write(made)
    (tmp_path / "sweep.csv").write_text("name,features,head.kind\na,own.features,constant\n", "utf-8")
    command = [str(tmp_path / "sweep.csv"), "--split", str(made), "--out", str(tmp_path / "out")]
    result = click.testing.CliRunner().invoke(sweep, command, standalone_mode=False)
    assert result.exception is None, result.output
    first, second, *_ = result.stdout.splitlines()
    assert first.split()[0] == "model"
    assert second.split()[0] == "a"
    assert "\\n" not in result.stdout
