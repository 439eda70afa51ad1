"""Several heads on the same features that answer together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from whence.errors import FormatError, InputError
from whence.photos.heads.combination import RULES, Combination, Rule
from whence.photos.heads.constant import drawn
from whence.photos.heads.nesting import fit_part, packed, recipe_of, unpacked
from whence.photos.heads.partitions import CellSettings
from whence.photos.heads.parts import value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.heads.protocol import Head, Task
    from whence.typing import Floats32, Json

__all__ = ["Ensemble", "EnsembleHead"]

_WEIGHED_ON = 2000


def _usual_members() -> Mapping[str, Any]:
    return {"retrieval": {"kind": "retrieval"}, "cells": {"kind": "cells"}}


@dataclass(frozen=True)
class Ensemble:
    """Settings of heads fitted to the same task and combined.

    Attributes
    ----------
    members
        Name of a member -> its table, with ``kind`` and the settings of that kind.
    rule
        ``mixture``, ``product`` or ``vote``, see `whence.photos.heads.combination.Combination`; ``auto``:
        the one under which the validation samples are likeliest.
    regions
        Partition voted on: ``quadtree``, ``h3``, ``grid``, ``country`` or ``region``.
    patches
        Patches of each member that are kept.
    """

    members: Mapping[str, Any] = field(default_factory=_usual_members)
    rule: str = "auto"
    regions: str = "quadtree"
    patches: int = 64

    def __post_init__(self) -> None:
        if self.rule not in ("auto", *RULES):
            raise InputError(f"no rule {self.rule!r}; there are auto, {', '.join(RULES)}")
        if len(self.members) < 2:
            raise InputError("an ensemble has at least two members, each a table [head.members.NAME]")
        if self.patches < 1:
            raise InputError(f"patches must be at least 1, not {self.patches}")
        CellSettings(self.regions)
        for name, table in self.members.items():
            recipe_of(table, f"head.members.{name}")

    def fit(self, task: Task) -> EnsembleHead:
        """Fit every member, then weigh them on at most 2000 validation samples.

        Raises
        ------
        NotEnoughDataError
            When a member has too few samples, or fewer than 10 are left to weigh them on.
        """
        recipes = {name: recipe_of(table, f"head.members.{name}") for name, table in self.members.items()}
        heads = [fit_part(recipe, task, name) for name, recipe in recipes.items()]
        chosen = drawn(len(task.validation), _WEIGHED_ON, task.seed)
        opinions = [head.mixtures(task.validation.take(chosen)) for head in heads]
        truth = task.validation.lonlat[chosen]
        fitted = []
        for rule in self._rules():
            regions = CellSettings(self.regions).fit_partition(task.train.lonlat) if rule == "vote" else None
            fitted.append(
                Combination.fit(opinions, truth, rule=rule, partition=regions, patches=self.patches)
            )
        return EnsembleHead(tuple(heads), max(fitted, key=lambda pair: pair[1])[0])

    def _rules(self) -> tuple[Rule, ...]:
        return RULES if self.rule == "auto" else tuple(rule for rule in RULES if rule == self.rule)


@dataclass(frozen=True, eq=False)
class EnsembleHead:
    """Finished heads on the same features, and how their answers become one.

    Attributes
    ----------
    members
        The heads.
    combination
        With a share for each.
    """

    members: tuple[Head, ...]
    combination: Combination

    kind: ClassVar[str] = "ensemble"

    def __post_init__(self) -> None:
        dims = {head.dim for head in self.members}
        if len(dims) != 1 or len(self.members) != len(self.combination.shares):
            raise FormatError(
                f"{len(self.members)} members for vectors of {sorted(dims)} components and "
                f"{len(self.combination.shares)} shares do not belong together"
            )

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.members[0].dim

    def mixtures(self, features: Floats32) -> Mixtures:
        """Combine what the members say of n vectors (n, dim)."""
        return self.combination.apply([head.mixtures(features) for head in self.members])

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give settings and arrays; see `Head.to_parts`."""
        members, arrays = packed(self.members)
        return {"members": members, "combination": self.combination.to_json()}, arrays

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again; see `Head.from_parts`."""
        heads = unpacked(value_of(settings, "members"), arrays)
        return cls(tuple(heads), Combination.from_json(value_of(settings, "combination")))
