"""A commented configuration for a head, written from the settings' own descriptions."""

from __future__ import annotations

import inspect
from typing import Any

from whence.learn.commented_settings import commented_section
from whence.learn.sections import toml_value
from whence.photos.heads import recipe_class
from whence.photos.training.settings import CalibrationSettings, ModelSettings, TrainingSettings

__all__ = ["example_config"]

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
    head = commented_section("head", recipe).removeprefix("[head]\n")
    summary = f"# {_summary(recipe)}\nkind = {toml_value(kind)}\n"
    rest = [
        commented_section(name, section)
        for name, section in (
            ("training", TrainingSettings),
            ("calibration", CalibrationSettings),
            ("model", ModelSettings),
        )
    ]
    return "\n".join([_DATA, f"[head]\n{summary}{head}", *rest])


def _summary(kind: Any) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
