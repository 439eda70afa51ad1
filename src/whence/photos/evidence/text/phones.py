"""Telephone numbers: the country of the calling code, the town of the area code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers
from phonenumbers import Leniency, PhoneNumber, PhoneNumberMatcher, geocoder

from whence.photos.evidence.text.hint import Hint, Spot, town_spots
from whence.photos.evidence.text.prior import country_prior
from whence.places.gazetteer import gazetteer

__all__ = ["phone_hints"]

TRUST_INTERNATIONAL = 0.85
TRUST_NATIONAL = 0.6
"""For a number without calling code that is valid in a country which other hints name."""
TRUST_ANYWHERE = 0.35
"""For a number valid, and written as usual there, in some of the large countries."""

LEAST_SHARE = 0.012
MOST_CANDIDATES = 12
LARGE = 60
USUAL_GROUPING = 3.0
"""Factor for a country in which numbers are grouped as this one is."""
TRUST_AREA = 0.8
"""Share of numbers with an area code that are seen in that area."""

_DIALLED = re.compile(r"(?<![\d+])00 ?(?=[1-9]\d{0,2}[ /.-])")
_TAKEN_FOR_PLUS = re.compile(r"(?<=[:\s(])[十†](?=\d)")


@dataclass(frozen=True)
class _Number:
    quote: str
    number: PhoneNumber
    country: str


def phone_hints(lines: Sequence[str], likely: Mapping[str, float] | None = None) -> list[Hint]:
    """Find telephone numbers.

    Parameters
    ----------
    lines
        Text, a line each.
    likely
        Country -> probability from other hints. Numbers without a calling code are tried in countries
        from `LEAST_SHARE` on; without such countries, in the largest ones, if grouped as is usual there.

    Examples
    --------
    >>> [(hint.quote, list(hint.countries)) for hint in phone_hints(["Tel. +48 22 555 44 33"])]
    [('+48 22 555 44 33', ['PL'])]
    """
    hints: list[Hint] = []
    for line in map(_readable, lines):
        international = list(_found(line, None, Leniency.VALID))
        hints += [_hint([(found, 1.0)], TRUST_INTERNATIONAL) for found in international]
        if not international and sum(map(str.isdigit, line)) >= 7:
            hints += _national(line, likely or {})
    return hints


def _readable(line: str) -> str:
    """Write 0049 as +49, and mend the reader's slips for the plus sign."""
    return _DIALLED.sub("+", _TAKEN_FOR_PLUS.sub("+", line))


def _found(line: str, country: str | None, leniency: int) -> Iterator[_Number]:
    for match in PhoneNumberMatcher(line, country, leniency=leniency):
        code = phonenumbers.region_code_for_number(match.number)
        if code is not None and code != "001":
            yield _Number(match.raw_string, match.number, code)


def _national(line: str, likely: Mapping[str, float]) -> list[Hint]:
    candidates = {code: share for code, share in likely.items() if share >= LEAST_SHARE}
    known = bool(candidates)
    if not known:
        prior = country_prior()
        candidates = {code: prior[code] for code in sorted(prior, key=lambda code: -prior[code])[:LARGE]}
    best = sorted(candidates, key=lambda code: -candidates[code])
    leniency = Leniency.VALID if known else Leniency.EXACT_GROUPING
    numbers: dict[str, list[tuple[_Number, float]]] = {}
    for code in best[: MOST_CANDIDATES if known else LARGE]:
        for found in _found(line, code, leniency):
            # Countries that share a calling code each accept the others' numbers.
            if found.country == code:
                usual = not known or any(_found(found.quote, code, Leniency.EXACT_GROUPING))
                weight = candidates[code] * (USUAL_GROUPING if usual else 1.0)
                numbers.setdefault(found.quote, []).append((found, weight))
    trust = TRUST_NATIONAL if known else TRUST_ANYWHERE
    # "8 (495) 123-45-67" holds "(495) 123-45-67", which is a number somewhere else.
    whole = [quote for quote in numbers if not any(quote in other for other in numbers if other != quote)]
    return [_hint(numbers[quote], trust) for quote in whole]


def _hint(readings: Sequence[tuple[_Number, float]], trust: float) -> Hint:
    """One number, valid in one or more countries, as a hint: at towns where its area code is known."""
    total = sum(weight for _, weight in readings)
    shares = {found.country: weight / total for found, weight in readings}
    first = max(readings, key=lambda reading: reading[1])[0]
    areas = {found.country: geocoder.description_for_number(found.number, "en") for found, _ in readings}
    spots = [spot for code, area in areas.items() for spot in _area_spots(area, code, shares[code])]
    covered = sum(spot.share for spot in spots)
    where = areas[first.country] or first.country
    quote = first.quote.strip()
    sentence = f"The telephone number «{quote}» is one of {where} ({', '.join(shares)})."
    if covered < 0.5:
        return Hint("phone", quote, sentence, trust, shares)
    scaled = tuple(
        Spot(spot.longitude_deg, spot.latitude_deg, spot.spread_m, spot.share / covered) for spot in spots
    )
    return Hint("phone", quote, sentence, trust, shares, scaled)


def _area_spots(area: str, country: str, share: float) -> list[Spot]:
    """Patches for the towns in a description such as "Athens/Piraeus/Salamina" or "New York, NY"."""
    names = [name.strip() for name in re.split(r"[/,(]| - | and ", area) if len(name.strip()) > 2]
    for name in names:
        matches = gazetteer().search(name, limit=1, country=country, fuzzy=False)
        if matches and matches[0].place.population >= 1000:
            return town_spots(matches[0].place, share, inside=TRUST_AREA)
    return []
