"""Sweep tables: what is written is what is trained, and what cannot be meant is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.photos.sweep import read_sweep, rows_of, thesis_sweep

CSV = """name,features,head.kind,head.loss,head.hidden,training.lr
first,b32.features,coordinates,haversine,"[64, 32]",1e-3
second,/data/b16.features,retrieval,,,
"""
TOML = """
[common]
features = "b32.features"
training.batch = 256
[grid]
head.kind = ["coordinates"]
head.loss = ["haversine", "geoscore"]
head.last_layer = ["clamp", "tanh", "logistic"]
[[models]]
name = "neighbours"
head.kind = "retrieval"
training.batch = 64
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_the_thesis_has_36_models_of_18_for_each_encoder() -> None:
    rows = thesis_sweep({"B32": "b32.features", "B16": "b16.features"})
    assert len({row.name for row in rows}) == 36
    assert sum(row.features == Path("b16.features") for row in rows) == 18
    assert len({(row.head["loss"], row.head["last_layer"]) for row in rows}) == 18
    assert rows[0].training["batch"] == 64
    assert len(thesis_sweep({"B16": "x"})) == 18


def test_a_csv_gives_a_model_a_line(tmp_path: Path) -> None:
    first, second = read_sweep(written(tmp_path, "sweep.csv", CSV))
    assert first.features == tmp_path / "b32.features"
    assert first.head == {"kind": "coordinates", "loss": "haversine", "hidden": [64, 32]}
    assert first.training == {"lr": 1e-3}
    assert second.features == Path("/data/b16.features")
    assert second.training == {}


def test_a_toml_gives_every_combination_of_its_grid(tmp_path: Path) -> None:
    rows = read_sweep(written(tmp_path, "sweep.toml", TOML))
    assert len(rows) == 7
    assert len({row.name for row in rows}) == 7
    assert {(row.head["loss"], row.head["last_layer"]) for row in rows[:6]} == {
        (loss, last) for loss in ("haversine", "geoscore") for last in ("clamp", "tanh", "logistic")
    }
    assert [row.training["batch"] for row in rows] == [256] * 6 + [64]
    assert rows[0].name == "coordinates-clamp-haversine-256"


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([], "no model"),
        ([{"name": "a", "features": "x"}], "no head.kind"),
        ([{"name": "a", "head.kind": "cells"}], "no features"),
        ([{"name": "a/b", "features": "x", "head.kind": "cells"}], "cannot name"),
        ([{"name": "..", "features": "x", "head.kind": "cells"}], "cannot name"),
        ([{"name": "a", "features": "x", "head.kind": "cells", "lr": 1}], "'lr' is not known"),
        ([{"name": "a", "features": "x", "head.kind": "cells"}] * 2, "several models"),
    ],
)
def test_models_that_cannot_be_meant_are_refused(models: list[dict[str, object]], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        rows_of(models)


def test_files_that_are_no_sweep_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="whence sweep thesis"):
        read_sweep(tmp_path / "absent.csv")
    with pytest.raises(FormatError, match="line 2"):
        read_sweep(written(tmp_path, "a.csv", "name,features\na,b,c\n"))
    with pytest.raises(FormatError, match="not TOML"):
        read_sweep(written(tmp_path, "a.toml", "= 3"))
    with pytest.raises(InputError, match="must be a list"):
        read_sweep(written(tmp_path, "b.toml", "[grid]\nhead.kind = 'cells'\n"))
    with pytest.raises(InputError, match="sweep has common"):
        read_sweep(written(tmp_path, "c.toml", "[commmon]\n"))
    with pytest.raises(InputError, match="B32, B16"):
        thesis_sweep({"L14": "x"})
