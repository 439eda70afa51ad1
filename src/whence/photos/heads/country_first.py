"""The country first, then the place within it: Σ over countries of p(country) p(place | country)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy import special

from whence.errors import FormatError, InputError
from whence.photos.heads.cells import CellHead
from whence.photos.heads.condensing import condensed
from whence.photos.heads.keeping import best_columns, rest_patch
from whence.photos.heads.kernel import FEWEST
from whence.photos.heads.mixtures import Mixtures
from whence.photos.heads.nesting import fit_part, packed, recipe_of, unpacked
from whence.photos.heads.parts import array_of, value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.photos.heads.protocol import Head, Task
    from whence.typing import Floats, Floats32, Ints, Json

__all__ = ["CountryFirst", "CountryFirstHead"]


def _usual_countries() -> Mapping[str, Any]:
    return {"kind": "cells", "partition": "country"}


def _usual_within() -> Mapping[str, Any]:
    return {"kind": "retrieval"}


@dataclass(frozen=True)
class CountryFirst:
    """Settings of a classifier of countries and of the heads within them.

    Attributes
    ----------
    countries
        Table of the classifier: ``kind = "cells"`` and its settings; any partition will do, not only that of
        countries.
    within
        Table of the head that is fitted to the photographs of each country. It must be one that needs no
        training by gradients, such as retrieval.
    least_photos
        Training photographs from which on a country has a head of its own; so it also has at least 10
        validation photographs. The others are one patch, where their photographs lie.
    opened
        Countries looked into for a photograph, the likeliest; the others together become one wide patch.
    patches
        Patches kept for a photograph; the others become one wide patch.
    """

    countries: Mapping[str, Any] = field(default_factory=_usual_countries)
    within: Mapping[str, Any] = field(default_factory=_usual_within)
    least_photos: int = 200
    opened: int = 5
    patches: int = 128

    def __post_init__(self) -> None:
        recipe_of(self.countries, "head.countries")
        recipe_of(self.within, "head.within")
        if self.countries.get("kind") != "cells":
            raise InputError('countries are told apart by a classifier: kind = "cells"')
        if min(self.least_photos, self.opened, self.patches) < 1:
            raise InputError("least_photos, opened and patches must each be at least 1")

    def fit(self, task: Task) -> CountryFirstHead:
        """Train the classifier, then fit a head within every country with enough photographs.

        Raises
        ------
        NotEnoughDataError
            When the samples are too few for the classifier, or all of one country.
        InputError
            When the head within countries is one that is trained by gradients.
        MissingExtraError
            Without torch.
        """
        gate = fit_part(recipe_of(self.countries, "head.countries"), task, "countries")
        assert isinstance(gate, CellHead)
        recipe = recipe_of(self.within, "head.within")
        of_train, of_validation = (gate.cells.assign(side.lonlat) for side in (task.train, task.validation))
        heads: list[Head] = []
        which = np.full(len(gate.centers), -1, np.int64)
        for country in range(len(gate.centers)):
            rows, held = np.flatnonzero(of_train == country), np.flatnonzero(of_validation == country)
            if len(rows) >= self.least_photos and len(held) >= FEWEST:
                sides = task.train.subset(rows), task.validation.subset(held)
                which[country] = len(heads)
                heads.append(fit_part(recipe, task, f"country {country}", sides=sides))
        return CountryFirstHead(gate, tuple(heads), which, self.opened, self.patches)


@dataclass(frozen=True, eq=False)
class CountryFirstHead:
    """A finished classifier of c countries, and heads within them.

    Attributes
    ----------
    gate
        The classifier.
    heads
        Of countries that have one.
    which
        (c,) number of each country's head, -1 without.
    opened
        Countries looked into.
    patches
        Patches kept.
    """

    gate: CellHead
    heads: tuple[Head, ...]
    which: Ints
    opened: int
    patches: int

    kind: ClassVar[str] = "country-first"

    def __post_init__(self) -> None:
        expected = np.arange(len(self.heads))
        if self.which.shape != (len(self.gate.centers),) or not np.array_equal(
            np.sort(self.which[self.which >= 0]), expected
        ):
            raise FormatError(f"{len(self.heads)} heads do not belong to the countries; the file is broken")

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return self.gate.dim

    def mixtures(self, features: Floats32) -> Mixtures:
        """Say where n photographs may have been taken, from their vectors (n, dim)."""
        log_shares = self.gate.log_weights(features)  # (n, c)
        kept = best_columns(log_shares, self.opened)  # (n, m)
        parts = [self._country(place, kept, log_shares, features) for place in range(kept.shape[1])]
        if kept.shape[1] < log_shares.shape[1]:
            parts.append(self._rest(kept, log_shares))
        joined = Mixtures(
            np.concatenate([part.lonlat for part in parts], axis=1),
            np.concatenate([part.log_weights for part in parts], axis=1),
            np.concatenate([part.spread_m for part in parts], axis=1),
        )
        return condensed(joined, self.patches)

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give settings and arrays; see `Head.to_parts`."""
        heads, arrays = packed([self.gate, *self.heads])
        return {"heads": heads, "opened": self.opened, "patches": self.patches}, arrays | {
            "which": self.which
        }

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again; see `Head.from_parts`."""
        gate, *heads = unpacked(value_of(settings, "heads"), arrays)
        if not isinstance(gate, CellHead):
            raise FormatError(f"the countries are told apart by a head of cells, not {gate.kind}")
        which = array_of(arrays, "which", len(gate.centers)).astype(np.int64)
        return cls(
            gate, tuple(heads), which, int(value_of(settings, "opened")), int(value_of(settings, "patches"))
        )

    def _country(self, place: int, kept: Ints, log_shares: Floats, features: Floats32) -> Mixtures:
        """Patches within the country that stands at that place of each photograph's list."""
        country = kept[:, place]
        weight = np.take_along_axis(log_shares, country[:, None], axis=1)
        weight = np.maximum(weight, -700.0)  # it may be zero in floating point, and yet a mixture needs some
        within = Mixtures(
            self.gate.centers[country][:, None], np.zeros_like(weight), self.gate.spread_m[country][:, None]
        )
        parts, order = [], []
        for head in np.unique(self.which[country]).tolist():
            rows = np.flatnonzero(self.which[country] == head)
            order.append(rows)
            found = within.take(rows) if head < 0 else self.heads[head].mixtures(features[rows])
            parts.append(condensed(found, self.patches))
        if not parts:
            return within
        joined = Mixtures.joined(parts).take(np.argsort(np.concatenate(order)))
        inner = special.log_softmax(joined.log_weights, axis=1)
        return Mixtures(joined.lonlat, inner + weight, joined.spread_m)

    def _rest(self, kept: Ints, log_shares: Floats) -> Mixtures:
        """One wide patch (n, 1) for the countries that were not looked into."""
        shares = np.exp(log_shares)
        np.put_along_axis(shares, kept, 0.0, axis=1)
        center, log_weight, spread_m = rest_patch(shares, self.gate.centers, self.gate.spread_m)
        log_weight = np.maximum(log_weight, -700.0)
        return Mixtures(center[:, None], log_weight[:, None], spread_m[:, None])
