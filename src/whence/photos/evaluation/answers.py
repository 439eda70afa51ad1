"""Answers and truths as columns: what every figure is computed from.

A table of results is turned into arrays once; 36 models of 210,122 photographs then fit into memory, and
every figure is a few vectorised lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.photos.protocols import Protocol, protocol_named
from whence.photos.results import LOCATED, NO_POSITION, ResultRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import ArrayLike, Bools, Floats, Ints

__all__ = ["Answers"]

_NOWHERE = (np.nan, np.nan)
_NOT_THERE = frozenset({"", "nan", "none", "null"})  # not "NA", which is Namibia


@dataclass(frozen=True, eq=False)
class Answers:
    """The photographs with a known position and what was answered, n of them.

    Attributes
    ----------
    protocol
        How distances were measured.
    names
        (n,) names of the photographs, texts.
    truths, predictions
        (n, 2) longitude, latitude, degrees; NaN where a photograph was not located.
    errors_m, scored_m
        (n,) distances in metres on the protocol's two surfaces; infinite where not located.
    radii_m, probability
        (n,) what was promised; NaN where nothing was.
    columns
        Further columns by name, (n,) cells as they came; read them with `texts` or `numbers`.
    rows
        Rows of the table, with and without a known position.
    not_located
        Reason -> rows of the table without an answer; what follows a colon is left out.
    """

    protocol: Protocol
    names: NDArray[np.object_]
    truths: Floats
    predictions: Floats
    errors_m: Floats
    scored_m: Floats
    radii_m: Floats
    probability: Floats
    columns: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    rows: int = 0
    not_located: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.errors_m)

    @property
    def located(self) -> Bools:
        """(n,) which photographs have an answer."""
        return np.isfinite(self.errors_m)

    @classmethod
    def of_rows(
        cls, rows: Iterable[ResultRow | Mapping[str, Any]], *, protocol: str | Protocol = "whence"
    ) -> Answers:
        """Turn rows of a table of results into columns; rows without a true position are only counted.

        Raises
        ------
        NotEnoughDataError
            When no row has a true position.
        InputError
            When there is no such protocol, or a mapping is not a row.
        """
        table = [row if isinstance(row, ResultRow) else ResultRow.from_mapping(row) for row in rows]
        known = [row for row in table if row.truth is not None]
        if not known:
            raise NotEnoughDataError(
                f"none of the {len(table)} rows has a true position; give a table of them with --table"
            )
        answers = cls.of_arrays(
            [row.img_path for row in known],
            truths=[row.truth or _NOWHERE for row in known],
            predictions=[row.prediction or _NOWHERE for row in known],
            radii_m=[_or_nan(row.radius_m) for row in known],
            probability=[_or_nan(row.probability) for row in known],
            columns=_extra_columns(known),
            protocol=protocol,
        )
        reasons = Counter(row.status.partition(":")[0] for row in table if row.prediction is None)
        return replace(answers, rows=len(table), not_located=dict(reasons.most_common()))

    @classmethod
    def of_arrays(
        cls,
        names: Sequence[str] | NDArray[np.object_],
        *,
        truths: ArrayLike,
        predictions: ArrayLike,
        radii_m: ArrayLike | None = None,
        probability: ArrayLike | None = None,
        columns: Mapping[str, Sequence[object]] | None = None,
        protocol: str | Protocol = "whence",
    ) -> Answers:
        """Build from arrays, such as a model gives them.

        Parameters
        ----------
        names
            n names; two models are compared on the names that they share.
        truths
            (n, 2) longitude, latitude, degrees, all known.
        predictions
            (n, 2) longitude, latitude, degrees; NaN where there is no answer.
        radii_m, probability
            (n,), NaN where nothing was promised; None when nothing was at all.
        columns
            Further columns, n values each.
        protocol
            A name of `PROTOCOLS`, or one's own.

        Raises
        ------
        InputError
            When the lengths differ or a true position is not one.
        """
        rules = protocol_named(protocol)
        where = np.asarray(predictions, dtype=np.float64).reshape(-1, 2)
        place = np.asarray(truths, dtype=np.float64).reshape(-1, 2)
        given = {"names": names, "truths": place, "predictions": where, **(columns or {})}
        lengths = {name: len(values) for name, values in given.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"the columns differ in length: {lengths}")
        errors_m, scored_m = _distances(place, where, rules)
        located = int(np.isfinite(errors_m).sum())
        return cls(
            protocol=rules,
            names=_texts(names),
            truths=place,
            predictions=where,
            errors_m=errors_m,
            scored_m=scored_m,
            radii_m=_numbers(radii_m, len(where)),
            probability=_numbers(probability, len(where)),
            columns={name: _cells(values) for name, values in (columns or {}).items()},
            rows=len(where),
            not_located={NO_POSITION: len(where) - located} if located < len(where) else {},
        )

    def take(self, rows: ArrayLike) -> Answers:
        """Give some of the photographs, in the order asked for: indices or a mask; counts are taken anew."""
        at: Ints = np.arange(len(self))[np.asarray(rows)]
        lost = int((~self.located[at]).sum())
        return replace(
            self,
            names=self.names[at],
            truths=self.truths[at],
            predictions=self.predictions[at],
            errors_m=self.errors_m[at],
            scored_m=self.scored_m[at],
            radii_m=self.radii_m[at],
            probability=self.probability[at],
            columns={name: values[at] for name, values in self.columns.items()},
            rows=len(at),
            not_located={NO_POSITION: lost} if lost else {},
        )

    def texts(self, name: str) -> NDArray[np.object_]:
        """Give a further column as texts, "" where a cell is empty.

        Raises
        ------
        InputError
            When there is none of that name; the message lists those that there are.
        """
        if name not in self.columns:
            there = ", ".join(self.columns) or "none"
            raise InputError(f"the results have no column {name!r}; further columns: {there}")
        return _texts(self.columns[name])

    def numbers(self, name: str) -> Floats:
        """Give a further column as numbers, NaN where a cell is empty.

        Raises
        ------
        InputError
            When there is no such column, or a cell is not a number.
        """
        texts = self.texts(name)
        empty = [text in {"", "NA", "N/A"} for text in texts.tolist()]
        filled = np.where(empty, "nan", texts)
        try:
            return filled.astype(np.float64)
        except ValueError as error:
            raise InputError(f"the column {name!r} holds something that is not a number: {error}") from None


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _distances(truths: Floats, predictions: Floats, rules: Protocol) -> tuple[Floats, Floats]:
    errors_m, scored_m = np.full(len(truths), np.inf), np.full(len(truths), np.inf)
    located = np.isfinite(predictions).all(axis=1)
    if located.any():
        errors_m[located] = rules.errors_m(predictions[located], truths[located])
        scored_m[located] = rules.scored_m(predictions[located], truths[located])
    return errors_m, scored_m


def _extra_columns(rows: Sequence[ResultRow]) -> dict[str, list[object]]:
    names = dict.fromkeys(name for row in rows for name in row.extra)
    return {
        "status": [row.status or LOCATED for row in rows],
        **{name: [row.extra.get(name) for row in rows] for name in names},
    }


def _cells(values: Sequence[object] | NDArray[np.object_]) -> NDArray[np.object_]:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells


def _texts(values: Sequence[object] | NDArray[np.object_]) -> NDArray[np.object_]:
    return _cells([_text(value) for value in values])


def _text(value: object) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text.casefold() in _NOT_THERE else text


def _numbers(values: ArrayLike | None, count: int) -> Floats:
    if values is None:
        return np.full(count, np.nan)
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise InputError(f"{count} numbers are needed, one for each photograph; got shape {numbers.shape}")
    return numbers
