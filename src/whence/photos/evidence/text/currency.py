"""Prices: a currency's sign beside a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from whence.photos.evidence.text.hint import Hint
from whence.photos.evidence.text.prior import country_prior
from whence.places.currency import PRICE_SIGNS, users_of_currencies

__all__ = ["currency_hints"]

_AMOUNT = (
    r"(?:\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?:[ .,'’]?\d{3})*)"  # lakhs and crores, or thousands
    r"(?:[.,:]\d{2})?(?:[.,]?[-–—])?"
)
_CENTS = re.compile(r"\d[.,]\d{2}(?!\d)")
_BEHIND_ONLY = frozenset({":-", "р", "đ", "din"})
"""Before a number these are something else ("Tel:- 98450")."""
_WORDLIKE = frozenset({"Q", "R", "RM", "TL", "Ft", "Gs", "DH", "QR", "din", ":-"})
"""Also rooms, roads, feet and other words; the single letters count with cents only."""
_CODES = frozenset(
    {
        "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR",
        "GBP", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "JOD", "JPY", "KES", "KRW", "KWD", "MAD", "MXN",
        "MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK",
        "SGD", "THB", "TND", "TRY", "TZS", "UAH", "USD", "VND", "ZAR",
    }
)  # fmt: skip

TRUST = 0.75
TRUST_SHARED = 0.45
"""For signs of several currencies ($, kr, Rs), which are also quoted to tourists."""
TRUST_WORDLIKE = 0.35


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    behind = sorted({*PRICE_SIGNS, *_CODES}, key=len, reverse=True)
    ahead = [sign for sign in behind if sign not in _BEHIND_ONLY]
    # A sign made of letters must not be the end or the start of a longer word.
    before, after = (
        rf"(?<![^\W\d_])(?P<{side}>{'|'.join(map(re.escape, signs))})(?![^\W\d_])"
        for side, signs in (("before", ahead), ("after", behind))
    )
    return re.compile(rf"{before}\.? ?{_AMOUNT}(?!\d)|(?<![\d.,]){_AMOUNT} ?{after}")


def currency_hints(lines: Sequence[str]) -> list[Hint]:
    """Find prices.

    Examples
    --------
    >>> [(hint.quote, list(hint.countries)) for hint in currency_hints(["Espresso 12,50 zł"])]
    [('12,50 zł', ['PL'])]
    """
    found: dict[str, Hint] = {}
    for line in lines:
        for match in _pattern().finditer(line):
            sign = match["before"] or match["after"]
            if sign not in found and (hint := _hint(sign, match[0])) is not None:
                found[sign] = hint
    return list(found.values())


def _hint(sign: str, quote: str) -> Hint | None:
    if len(sign) == 1 and sign.isascii() and sign.isalpha() and not _CENTS.search(quote):
        return None
    codes = PRICE_SIGNS.get(sign, (sign,))
    weights: dict[str, float] = {}
    for rank, code in enumerate(codes):
        users = {
            country: country_prior().get(country, 0.0) for country in users_of_currencies().get(code, ())
        }
        people = sum(users.values())
        for country, share in users.items():
            weights[country] = weights.get(country, 0.0) + share / people / (rank + 1)
    total = sum(weights.values())
    if not total:
        return None
    shares = dict(sorted(((c, w / total) for c, w in weights.items()), key=lambda item: -item[1]))
    trust = TRUST_WORDLIKE if sign in _WORDLIKE else TRUST if len(codes) == 1 else TRUST_SHARED
    listed = " or ".join(codes[:3]) + (" …" if len(codes) > 3 else "")
    return Hint(
        kind="currency",
        quote=quote.strip(),
        sentence=f"The price «{quote.strip()}» is in {listed}.",
        trust=trust,
        countries=shares,
    )
