"""Prices: a currency's sign beside a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from whence.photos.evidence.text.hint import Hint
from whence.photos.evidence.text.prior import country_prior
from whence.places.country import countries

__all__ = ["currency_hints"]

# Sign -> ISO 4217 codes that it may stand for, the likelier first. Only what is printed beside prices.
_SIGNS = {
    "€": ("EUR",), "£": ("GBP", "EGP", "LBP"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "円": ("JPY",),
    "元": ("CNY", "TWD"), "₩": ("KRW",), "원": ("KRW",), "₽": ("RUB",), "руб": ("RUB", "BYN"), "₴": ("UAH",),
    "грн": ("UAH",), "₹": ("INR",), "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "रु": ("INR", "NPR"),
    "₺": ("TRY",), "TL": ("TRY",), "₫": ("VND",), "₪": ("ILS",), "฿": ("THB",), "บาท": ("THB",),
    "zł": ("PLN",), "zl": ("PLN",), "Kč": ("CZK",), "Ft": ("HUF",), "lei": ("RON", "MDL"), "лв": ("BGN",),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "R$": ("BRL",), "S/": ("PEN",), "Rp": ("IDR",), "RM": ("MYR",),
    "KSh": ("KES",), "TSh": ("TZS",), "USh": ("UGX",), "₦": ("NGN",), "₵": ("GHS",), "₱": ("PHP",),
    "₲": ("PYG",), "Gs": ("PYG",), "₡": ("CRC",), "₸": ("KZT",), "тг": ("KZT",), "₼": ("AZN",), "₾": ("GEL",),
    "֏": ("AMD",), "₭": ("LAK",), "៛": ("KHR",), "৳": ("BDT",), "NT$": ("TWD",), "HK$": ("HKD",),
    "A$": ("AUD",), "C$": ("CAD", "NIO"), "NZ$": ("NZD",), "US$": ("USD",), "Bs": ("BOB", "VES"),
    "Q": ("GTQ",), "DH": ("MAD", "AED"), "SFr": ("CHF",), "Fr.": ("CHF",),
    "CFA": ("XOF", "XAF"), "FCFA": ("XOF", "XAF"),
    "сом": ("KGS",), "сум": ("UZS",), "ден": ("MKD",), "дин": ("RSD",),
    "$": ("USD", "MXN", "CAD", "AUD", "CLP", "COP", "ARS", "NZD", "SGD", "HKD", "TWD", "UYU"),
}  # fmt: skip

_AMOUNT = r"\d{1,3}(?:[ .,'’]?\d{3})*(?:[.,:]\d{2})?(?:[.,]?[-–—])?"
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


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted({*_SIGNS, *_CODES}, key=len, reverse=True))
    # A sign made of letters must not be the end or the start of a longer word.
    before, after = (rf"(?<![^\W\d_])(?P<{side}>{signs})(?![^\W\d_])" for side in ("before", "after"))
    return re.compile(rf"{before}\.? ?{_AMOUNT}(?!\d)|(?<![\d.,]){_AMOUNT} ?{after}")


@lru_cache(maxsize=1)
def _users() -> dict[str, tuple[str, ...]]:
    """Currency -> countries where it is legal tender today, from CLDR."""
    users: dict[str, list[str]] = {}
    for country in countries():
        for code in country.currencies:
            users.setdefault(code, []).append(country.code)
    return {code: tuple(found) for code, found in users.items()}


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
    codes = _SIGNS.get(sign, (sign,))
    weights: dict[str, float] = {}
    for rank, code in enumerate(codes):
        users = {country: country_prior().get(country, 0.0) for country in _users().get(code, ())}
        people = sum(users.values())
        for country, share in users.items():
            weights[country] = weights.get(country, 0.0) + share / people / (rank + 1)
    total = sum(weights.values())
    if not total:
        return None
    shares = dict(sorted(((c, w / total) for c, w in weights.items()), key=lambda item: -item[1]))
    sure = len(codes) == 1
    listed = " or ".join(codes[:3]) + (" …" if len(codes) > 3 else "")
    return Hint(
        kind="currency",
        quote=quote.strip(),
        sentence=f"The price «{quote.strip()}» is in {listed}.",
        trust=TRUST if sure else TRUST_SHARED,
        countries=shares,
    )
