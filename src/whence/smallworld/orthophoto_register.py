"""A building register of the town: surveyed with an error, and older than the first orthophoto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.smallworld.survey import Survey

if TYPE_CHECKING:
    from whence.smallworld.orthophoto_plan import Plan, Roof
    from whence.typing import Floats

__all__ = ["Entry", "Register"]

_MISSING_HOUSES, _MISSING_ANNEXES = 0.05, 0.25
_SPREAD_M, _REACH_M, _OWN_M = 0.7, 150.0, 0.2


@dataclass(frozen=True, eq=False)
class Entry:
    """An outline with what is said of it."""

    corners_m: Floats
    values: dict[str, str | float | int]


@dataclass(frozen=True, eq=False)
class Register:
    """What the authorities know, and what is true.

    Attributes
    ----------
    plan
        The truth.
    missing
        Identifiers of buildings that stand and are not in it.
    survey
        Its error, which neighbours share; each outline has a smaller one of its own besides.
    """

    plan: Plan
    missing: frozenset[str]
    survey: Survey

    @classmethod
    def of_plan(cls, plan: Plan) -> Register:
        """Draw what is missing, and the errors; the same for the same plan."""
        rng = np.random.default_rng([plan.town.seed, plan.seed, 24])
        draws = rng.random(len(plan.roofs))
        missing = {
            roof.ident
            for roof, draw in zip(plan.roofs, draws, strict=True)
            if draw < (_MISSING_ANNEXES if roof.ident.startswith("A") else _MISSING_HOUSES)
        }
        return cls(plan, frozenset(missing), Survey.draw(rng, spread_m=_SPREAD_M, reach_m=_REACH_M))

    @property
    def entries(self) -> list[Entry]:
        """What is in it: outlines as surveyed, with the number of the building."""
        rng = np.random.default_rng([self.plan.town.seed, self.plan.seed, 25])
        known = [roof for roof in self.plan.roofs if roof.ident not in self.missing]
        entries = []
        for roof in (*known, *self.plan.phantoms):
            middle = roof.corners_m.mean(axis=0)
            shift = self.survey.error_m(middle) + rng.normal(0, _OWN_M, 2)
            entries.append(Entry(roof.corners_m + shift, {"number": roof.ident}))
        return entries

    def truth(self, date: int) -> list[Entry]:
        """Outlines that stand at a date, with what the register says of them.

        ``status`` is what a comparison of the register with the orthophoto of the other date should find.
        """
        return [Entry(roof.corners_m, self._values(roof)) for roof in self.plan.standing(date)]

    def _values(self, roof: Roof) -> dict[str, str | float | int]:
        known = roof.ident not in self.missing and roof not in self.plan.new
        status = "new" if roof in self.plan.new else "gone" if roof.ident in self.plan.gone else "stays"
        return {
            "number": roof.ident,
            "roof": roof.kind,
            "eaves_m": round(roof.eaves_m, 2),
            "in_register": int(known),
            "at_date_2": status,
        }
