"""Heads inside heads: their recipes from tables, their parts side by side in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whence.errors import InputError
from whence.photos.heads import head_class, recipe_class
from whence.photos.heads.parts import value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.photos.heads.protocol import Head, Learner, Recipe, Task
    from whence.photos.samples import Samples
    from whence.typing import Json

__all__ = ["fit_part", "packed", "recipe_of", "unpacked"]


def recipe_of(table: Mapping[str, Any], section: str) -> Recipe:
    """Make a recipe of a table with ``kind`` and the settings of that kind.

    Raises
    ------
    InputError
        Without kind, or for a kind or setting that there is not; the message lists the known ones.
    """
    from whence.learn.sections import built

    if not table.get("kind"):
        raise InputError(f'[{section}] must be a table that names its kind, such as kind = "retrieval"')
    settings = {key: value for key, value in table.items() if key != "kind"}
    recipe: Recipe = built(recipe_class(str(table["kind"])), settings, section)
    return recipe


def fit_part(recipe: Recipe, task: Task, name: str, *, sides: tuple[Samples, Samples] | None = None) -> Head:
    """Fit a recipe as one part of a head: what it trains is known by its name and that of the part.

    Parameters
    ----------
    recipe
        Of the part.
    task
        Of the whole.
    name
        Of the part.
    sides
        Training and validation samples of the part, if they are not those of the whole. Then the part must
        not be one that is trained by gradients: the loop only knows the samples of the whole.
    """

    def optimise(learner: Learner, inner: str) -> None:
        if sides is not None:
            raise InputError(f"{name}: a head within regions must need no training by gradients: retrieval")
        task.optimise(learner, f"{name}-{inner}")

    part = replace(task, optimise=optimise)
    if sides is not None:
        part = replace(part, train=sides[0], validation=sides[1])
    return recipe.fit(part)


def packed(heads: Sequence[Head]) -> tuple[list[Json], dict[str, NDArray[Any]]]:
    """Give the settings of several heads, and all their arrays under ``part0.…``, ``part1.…``."""
    settings: list[Json] = []
    arrays: dict[str, NDArray[Any]] = {}
    for place, head in enumerate(heads):
        own, parts = head.to_parts()
        settings.append({"kind": head.kind, "settings": own})
        arrays |= {f"part{place}.{name}": array for name, array in parts.items()}
    return settings, arrays


def unpacked(settings: Sequence[Json], arrays: Mapping[str, NDArray[Any]]) -> list[Head]:
    """Make the heads again from what `packed` gave.

    Raises
    ------
    FormatError
        When something is missing or does not fit.
    """
    heads: list[Head] = []
    for place, one in enumerate(settings):
        prefix = f"part{place}."
        own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        heads.append(head_class(value_of(one, "kind")).from_parts(value_of(one, "settings"), own))
    return heads
