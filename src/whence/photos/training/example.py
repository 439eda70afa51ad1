"""A commented configuration for a head, written from the settings' own descriptions."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import fields
from typing import Any

from whence.photos.heads import recipe_class
from whence.photos.training.sections import default_of, toml_value
from whence.photos.training.settings import CalibrationSettings, ModelSettings, TrainingSettings

__all__ = ["described", "example_config"]

_WIDTH = 98
_DATA = """\
[data]
# Folder of a feature store, made by `whence embed`.
features = "city.features"

# A file of `whence split` (split = "split.parquet" under [data]), or a split to make:
[data.split]
# grid, cells, blocks, distance, sequence, camera, author, column, random; its own settings follow.
by = "grid"
seed = 0
"""


def example_config(kind: str) -> str:
    """Write a configuration of a head with every setting at its default, as TOML with comments.

    Parameters
    ----------
    kind
        A key of `whence.photos.heads.RECIPES`.

    Examples
    --------
    >>> print(example_config("retrieval").splitlines()[12])
    kind = "retrieval"
    """
    recipe = recipe_class(kind)
    head = _section("head", recipe).removeprefix("[head]\n")
    summary = f"# {_summary(recipe)}\nkind = {toml_value(kind)}\n"
    rest = [
        _section(name, section)
        for name, section in (
            ("training", TrainingSettings),
            ("calibration", CalibrationSettings),
            ("model", ModelSettings),
        )
    ]
    return "\n".join([_DATA, f"[head]\n{summary}{head}", *rest])


def _section(name: str, kind: Any) -> str:
    about = described(kind)
    lines = [f"[{name}]"]
    for item in fields(kind):
        lines += [f"# {line}" for line in textwrap.wrap(about.get(item.name, ""), _WIDTH)]
        value = default_of(item)
        lines.append(f"# {item.name} =" if value is None else f"{item.name} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def described(kind: Any) -> dict[str, str]:
    """Give what the docstrings of a dataclass and of its bases say about each field."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= _attributes(inspect.cleandoc(base.__doc__ or ""))
    return found


def _attributes(doc: str) -> dict[str, str]:
    """Read the section Attributes of a numpydoc text: names at the margin, descriptions indented."""
    _, _, rest = doc.partition("Attributes\n----------\n")
    rest = re.split(r"\n[A-Z][a-z]+\n-{3,}\n", rest)[0]
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", rest):
        names, _, text = block.partition("\n")
        for name in names.split(","):
            found[name.strip()] = " ".join(text.replace("`", "").split())
    return found


def _summary(kind: Any) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
