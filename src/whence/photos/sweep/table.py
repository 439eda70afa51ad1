"""A sweep is a table: a model in every row, its features, its head and how it is trained in the columns.

As CSV the columns are dotted: ``name,features,head.kind,head.loss,training.lr``. As TOML there are common
values, single models, and a grid of which every combination is a model::

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
"""

from __future__ import annotations

import csv
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import Json, PathLike

__all__ = ["SweepRow", "dotted", "read_sweep", "read_toml", "rows_of", "thesis_sweep"]

_GROUPS = ("head", "training")
_NAME = re.compile(r"[^\w.+-]+")
_FORM = "columns are name, features, test, head.kind and other head.… and training.… settings"


@dataclass(frozen=True)
class SweepRow:
    """One model of a sweep.

    Attributes
    ----------
    name
        Its name; the folder of the model is called like it.
    features
        Folder of the feature store that it is trained on.
    head
        What ``[head]`` of a training says, ``kind`` among it.
    training
        What ``[training]`` says; what is not said has its default.
    test
        Folder of the feature store of photographs that decide nothing and are only judged by; None where the
        split has a test side, or there is none.

    Raises
    ------
    InputError
        When the name cannot be that of a folder, or the kind of head is not said.
    """

    name: str
    features: Path
    head: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    test: Path | None = None

    def __post_init__(self) -> None:
        if not self.name or _NAME.search(self.name) or self.name.startswith("."):
            raise InputError(
                f"{self.name!r} cannot name a model and its folder; use letters, digits, hyphens and dots"
            )
        if not self.head.get("kind"):
            raise InputError(f"the model {self.name} has no head.kind; {_FORM}")

    def to_json(self) -> Json:
        """Give the row as values that JSON can hold."""
        return {
            "name": self.name,
            "features": str(self.features),
            "head": dict(self.head),
            "training": dict(self.training),
            "test": None if self.test is None else str(self.test),
        }


def thesis_sweep(
    features: Mapping[str, PathLike],
    *,
    test: Mapping[str, PathLike] | None = None,
    training: Mapping[str, Any] | None = None,
) -> list[SweepRow]:
    """Give the models of the thesis: six losses and three last layers for each encoder.

    Parameters
    ----------
    features
        Code of the encoder, ``B32`` or ``B16``, -> folder of its feature store. With one of them, 18 models.
    test
        Code -> folder of the feature store of the test photographs.
    training
        Settings that differ from those of the thesis (batch 64, Adam 1e-3, patience 5).

    Raises
    ------
    InputError
        For another code.
    """
    from whence.learn.losses.thesis_models import THESIS_ENCODERS, thesis_models

    tests = {THESIS_ENCODERS.get(code, ""): Path(folder) for code, folder in (test or {}).items()}
    unknown = sorted({*features, *(test or {})} - THESIS_ENCODERS.keys())
    if unknown or not features:
        raise InputError(
            f"the thesis has features of the encoders {', '.join(THESIS_ENCODERS)}, "
            f"not {', '.join(unknown) or 'none'}"
        )
    folders = {THESIS_ENCODERS[code]: Path(folder) for code, folder in features.items()}
    recipe = {"batch": 64, "max_epochs": 1000, "patience": 5, "optimiser": "adam", "lr": 1e-3}
    return [
        SweepRow(
            model.name,
            folders[model.encoder],
            {"kind": "coordinates", "loss": model.loss, "last_layer": model.last_layer},
            recipe | dict(training or {}),
            tests.get(model.encoder),
        )
        for model in thesis_models()
        if model.encoder in folders
    ]


def read_sweep(path: PathLike) -> list[SweepRow]:
    """Read a sweep from CSV or TOML; folders are relative to the file.

    Raises
    ------
    NotFoundError
        When there is no such file.
    FormatError
        When it is neither CSV nor TOML.
    InputError
        When a column or key is not known, a model has no features, or two have the same name.
    """
    file = Path(path)
    models = list(_models_of_toml(file) if file.suffix.lower() == ".toml" else _models_of_csv(file))
    return rows_of(models, folder=file.parent, where=str(file))


def rows_of(
    models: Sequence[Mapping[str, Any]], *, folder: PathLike = ".", where: str = "the sweep"
) -> list[SweepRow]:
    """Check models given as dotted names -> values.

    Parameters
    ----------
    models
        Such as ``{"name": "a", "features": "x", "head.kind": "cells", "training.lr": 1e-3}``. A model without
        a name is called after what sets it apart from the others.
    folder
        What relative folders of features are relative to.
    where
        Begins the messages.

    Raises
    ------
    InputError
        As `read_sweep`.
    """
    if not models:
        raise InputError(f"{where} has no model; {_FORM}")
    named = [{**model, "name": str(model.get("name") or _called(model, models))} for model in models]
    doubles = [name for name, count in Counter(model["name"] for model in named).items() if count > 1]
    if doubles:
        raise InputError(f"{where}: {', '.join(doubles[:5])} names several models; give each its own name")
    return [_row(model, Path(folder), where) for model in named]


def _row(model: Mapping[str, Any], folder: Path, where: str) -> SweepRow:
    groups: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
    for key, value in model.items():
        group, _, rest = key.partition(".")
        if group in groups and rest:
            groups[group][rest] = value
        elif key not in ("name", "features", "test"):
            raise InputError(f"{where}, model {model['name']}: {key!r} is not known; {_FORM}")
    if not model.get("features"):
        raise InputError(
            f"{where}, model {model['name']} has no features: name the folder of a feature store"
        )
    test = folder / str(model["test"]) if model.get("test") else None
    features = folder / str(model["features"])
    return SweepRow(str(model["name"]), features, groups["head"], groups["training"], test)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no sweep {file}; write one, or use: whence sweep thesis") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is no text; a sweep is a CSV or TOML file") from error


def _models_of_csv(file: Path) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(_text(file).splitlines())
    for number, row in enumerate(reader, start=2):
        if None in row or None in row.values():
            raise FormatError(f"{file}, line {number} has more or fewer cells than the heading")
        yield {key.strip(): _value(cell) for key, cell in row.items() if cell.strip()}


def _value(cell: str) -> Any:
    """Read a cell as TOML would; what is no TOML value is text."""
    try:
        return tomllib.loads(f"value = {cell.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return cell.strip()


def read_toml(file: Path) -> dict[str, Any]:
    """Read the TOML file of a sweep as it is.

    Raises
    ------
    NotFoundError, FormatError
        When it is not there, or no TOML.
    """
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{file} is not TOML: {error}") from error


def _models_of_toml(file: Path) -> Iterator[dict[str, Any]]:
    content = read_toml(file)
    unknown = sorted(content.keys() - {"common", "grid", "models"})
    if unknown:
        raise InputError(f"{file}: {', '.join(unknown)} is not known; a sweep has common, grid and models")
    common = dict(dotted(content.get("common", {})))
    grid = dict(dotted(content.get("grid", {})))
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"{file}: grid.{key} must be a list of values, not {values!r}")
    for values in itertools.product(*grid.values()) if grid else ():
        yield common | dict(zip(grid, values, strict=True))
    for model in content.get("models", []):
        yield common | dict(dotted(model))


def dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give nested tables as dotted names and values."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _called(model: Mapping[str, Any], models: Iterable[Mapping[str, Any]]) -> str:
    """Name a model by its settings that not all models share."""
    telling = [
        key
        for key in sorted(model)
        if key != "name" and any(other.get(key) != model[key] for other in models)
    ]
    words = [str(model.get("head.kind", "model"))] + [
        str(Path(str(model[key])).stem if key == "features" else model[key])
        for key in telling
        if key != "head.kind"
    ]
    return "-".join(_NAME.sub("-", word).strip("-.") or "none" for word in words)
