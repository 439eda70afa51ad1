"""Web and mail addresses: the country or the city of their top-level domain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from whence.photos.evidence.text.hint import Hint, town_spots
from whence.photos.evidence.text.prior import country_prior
from whence.places.country import by_tld, countries, country
from whence.places.domains import city_of_tld
from whence.places.gazetteer import gazetteer

__all__ = ["domain_hints"]

WORLDWIDE = frozenset(
    {
        "youtu.be", "linktr.ee", "pin.it", "spoti.fi", "redd.it", "lnkd.in", "flic.kr", "apple.co", "g.co",
        "instagr.am", "telegr.am", "wa.me", "t.me", "fb.me", "m.me", "bit.ly", "ow.ly", "buff.ly", "is.gd",
        "discord.gg", "goo.gl", "g.page", "twitch.tv", "amzn.to", "amzn.eu", "t.co", "we.tl",
    }
)  # fmt: skip
"""Addresses of services for everyone, whose ending only completes a word."""

TRUST = 0.9
TRUST_BARE = 0.65
"""Factor for addresses without www, http or @: they may be slips of the reader ("Yuyuan Rd.E")."""

_ADDRESS = re.compile(
    r"(?P<lead>https?://|www[.,]\s?|[\w.+-]+@)?(?P<labels>(?:[^\W_][\w-]*\.\s?)+)(?P<top>[^\W\d_]{2,24})(?![\w-])",
    re.IGNORECASE,
)


def domain_hints(lines: Sequence[str]) -> list[Hint]:
    """Find web and mail addresses.

    Examples
    --------
    >>> [list(hint.countries) for hint in domain_hints(["www.fish-and-chips.co.uk"])]
    [['GB']]
    """
    found: dict[str, Hint] = {}
    for line in lines:
        for match in _ADDRESS.finditer(line):
            top = match["top"].lower()
            if top not in found and _is_address(match) and (hint := _hint(match[0], match)) is not None:
                found[top] = hint
    return list(found.values())


def _is_address(match: re.Match[str]) -> bool:
    """Whether dotted letters are an address rather than an abbreviation or the end of a sentence."""
    host = (match["labels"].replace(" ", "") + match["top"]).casefold().split(".")
    if ".".join(host[-2:]) in WORLDWIDE:
        return False
    if match["lead"]:
        return True
    labels = match["labels"].rstrip(". ")
    return " " not in match["labels"] and len(labels) >= 4 and match["top"].islower() == labels[-1].islower()


def _hint(quote: str, match: re.Match[str]) -> Hint | None:
    top = match["top"].casefold()
    homes: Mapping[str, float] = by_tld(top)
    factor = TRUST if match["lead"] else TRUST_BARE
    if top == "eu":
        homes = _euro_countries()
    if not homes:
        return None
    total = sum(homes.values())
    shares = {code: weight / total for code, weight in homes.items()}
    city = city_of_tld(top)
    if city and (found := _city_hint(quote, city, factor * total, shares)) is not None:
        return found
    names = "Europe" if len(shares) > 3 else " or ".join(country(code).name for code in shares)
    sentence = f"The address «{quote}» ends in .{top}: {names}."
    return Hint("domain", quote, sentence, factor * min(total, 1.0), shares)


def _city_hint(quote: str, city: str, trust: float, shares: Mapping[str, float]) -> Hint | None:
    home = next(iter(shares))
    matches = gazetteer().search(city, limit=1, country=home, fuzzy=False)
    if not matches:
        return None
    place = matches[0].place
    sentence = f"The address «{quote}» has the domain of {place.name}."
    return Hint("domain", quote, sentence, trust, shares, tuple(town_spots(place, 1.0, inside=0.9)))


@lru_cache(maxsize=1)
def _euro_countries() -> Mapping[str, float]:
    """Countries of Europe that pay in euros, most of where .eu is registered, by the prior."""
    users = [c.code for c in countries() if "EUR" in c.currencies and c.continent == "Europe"]
    weights = {code: country_prior()[code] for code in users}
    total = sum(weights.values())
    return {code: 0.8 * weight / total for code, weight in weights.items()}
