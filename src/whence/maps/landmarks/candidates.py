"""Places that the names of landmarks may mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from whence.earth.points import as_lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.earth.region import Region
    from whence.maps.landmarks.landmark import Landmark
    from whence.places.gazetteer import Gazetteer
    from whence.typing import Bools, Floats, Ints

__all__ = ["MOST", "Candidate", "Candidates", "GazetteerSource", "Source"]

MOST = 20
"""Places looked at for one name, likeliest first."""


class Candidate(NamedTuple):
    """A place that a name may mean.

    Attributes
    ----------
    label
        What to call it: "Lund, SE".
    longitude_deg, latitude_deg
        Where it is, WGS 84.
    share
        How likely the name means this place before anything else is known, 0 to 1.
    """

    label: str
    longitude_deg: float
    latitude_deg: float
    share: float


class Source(Protocol):
    """Knows places by name."""

    def places(self, name: str, *, limit: int) -> Sequence[Candidate]:
        """Return what a name may mean, likeliest first; nothing where it is not known."""
        ...


@dataclass(frozen=True, eq=False)
class GazetteerSource:
    """The gazetteer as a source: towns and villages in any language, with exonyms and qualifiers.

    Parameters
    ----------
    country
        Only places of this country (alpha-2).
    fuzzy
        Whether spellings with typing errors count where no exact one does.
    gazetteer
        Another gazetteer than the one of this process.
    """

    country: str | None = None
    fuzzy: bool = True
    gazetteer: Gazetteer | None = None

    def places(self, name: str, *, limit: int) -> list[Candidate]:
        """Return the matches of the gazetteer."""
        from whence.places.gazetteer import gazetteer

        known = self.gazetteer or gazetteer()
        return [
            Candidate(
                f"{match.place.name}, {match.place.country}",
                match.place.longitude_deg,
                match.place.latitude_deg,
                match.share * match.score,
            )
            for match in known.search(name, limit=limit, country=self.country, fuzzy=self.fuzzy)
        ]


@dataclass(frozen=True, eq=False)
class Candidates:
    """All candidates of some landmarks, landmark by landmark.

    Parameters
    ----------
    owner
        (c,) row of the landmark, ascending.
    lonlat
        (c, 2) longitude, latitude, degrees WGS 84.
    share
        (c,) prior shares; those of one landmark sum to 1.
    labels
        What each is called.
    """

    owner: Ints
    lonlat: Floats
    share: Floats
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.owner)

    @classmethod
    def find(
        cls,
        landmarks: Sequence[Landmark],
        source: Source,
        *,
        region: Region | None = None,
        limit: int = MOST,
    ) -> Candidates:
        """Ask a source for every landmark.

        Parameters
        ----------
        landmarks
            The names.
        source
            Who knows places.
        region
            Only places in it.
        limit
            The most places for a landmark. Where a region is given, so many that lie in it.

        Returns
        -------
        Candidates
            None for a landmark whose name is not known.
        """
        asked = limit if region is None else 50 * limit
        found = [_places(landmark, source, asked) for landmark in landmarks]
        return cls.of([_likeliest(_within(places, region), limit) for places in found])

    @classmethod
    def of(cls, found: Sequence[Sequence[Candidate]]) -> Candidates:
        """Join the candidates of landmark after landmark."""
        flat = [place for places in found for place in places]
        owner = np.repeat(np.arange(len(found), dtype=np.int64), [len(places) for places in found])
        lonlat = np.array([place[1:3] for place in flat], dtype=np.float64).reshape(-1, 2)
        share = np.array([place.share for place in flat], dtype=np.float64)
        totals = np.bincount(owner, weights=share, minlength=len(found))
        counts = np.bincount(owner, minlength=len(found))
        even = totals[owner] <= 0
        share = np.where(even, 1.0 / counts[owner], share / np.where(even, 1.0, totals[owner]))
        return cls(owner, as_lonlat(lonlat), share, tuple(place.label for place in flat))

    def of_landmarks(self, rows: Ints) -> Candidates:
        """Take the candidates of some landmarks, which are numbered anew."""
        number = np.full(int(max(self.owner.max(initial=-1), rows.max(initial=-1))) + 1, -1)
        number[rows] = np.arange(len(rows))
        return self._where(number[self.owner] >= 0, number)

    def counts(self, n: int) -> Ints:
        """(n,) candidates of each landmark."""
        return np.bincount(self.owner, minlength=n)

    def _where(self, chosen: Bools, number: Ints) -> Candidates:
        return Candidates(
            number[self.owner[chosen]],
            self.lonlat[chosen],
            self.share[chosen],
            tuple(self.labels[row] for row in np.flatnonzero(chosen)),
        )


def _places(landmark: Landmark, source: Source, limit: int) -> list[Candidate]:
    """Ask for every spelling; a place that several of them find counts once."""
    found: dict[tuple[float, float], Candidate] = {}
    for spelling in landmark.spellings:
        for place in source.places(spelling, limit=limit):
            at = (place.longitude_deg, place.latitude_deg)
            if at not in found or found[at].share < place.share:
                found[at] = place
    return list(found.values())


def _within(places: list[Candidate], region: Region | None) -> list[Candidate]:
    if region is None or not places:
        return places
    inside = region.contains(np.array([place[1:3] for place in places]))
    return [place for place, kept in zip(places, inside, strict=True) if kept]


def _likeliest(places: list[Candidate], limit: int) -> list[Candidate]:
    return sorted(places, key=lambda place: -place.share)[:limit]
