"""Money: which countries a currency's sign or code points to. CLDR through `babel`."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import get_currency_symbol

from whence.places.country_table import countries

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["by_currency", "currency_signs"]

# How people write prices beside CLDR's signs: counter words, abbreviations.
_ALSO = {
    "¥": ("JPY", "CNY"), "元": ("CNY", "TWD"), "円": ("JPY",), "圓": ("TWD", "HKD"), "원": ("KRW",),
    "บาท": ("THB",), "руб": ("RUB", "BYN"), "р": ("RUB", "BYN"), "коп": ("RUB",), "грн": ("UAH",),
    "лв": ("BGN",), "тг": ("KZT",), "тенге": ("KZT",), "сом": ("KGS",), "сум": ("UZS",), "ден": ("MKD",),
    "дин": ("RSD",), "din": ("RSD",), "zl": ("PLN",), "kc": ("CZK",), "lei": ("RON", "MDL"),
    "tl": ("TRY",), "us$": ("USD",), "nt$": ("TWD",), "hk$": ("HKD",), "s$": ("SGD",), "r$": ("BRL",),
    "rm": ("MYR",), "rp": ("IDR",), "rs": ("INR", "PKR", "LKR", "NPR"), "đ": ("VND",), "vnđ": ("VND",),
    "php": ("PHP",), "ksh": ("KES",), "tsh": ("TZS",), "fcfa": ("XOF", "XAF"), "s/": ("PEN",),
    "fr": ("CHF",), "kr": ("SEK", "NOK", "DKK", "ISK"), "dh": ("MAD", "AED"), "درهم": ("AED", "MAD"),
    "ريال": ("SAR", "IRR", "YER", "OMR", "QAR"), "د.إ": ("AED",), "ج.م": ("EGP",), "￥": ("JPY", "CNY"),
    "£": ("GBP", "EGP", "LBP"),
}  # fmt: skip


def by_currency(sign: str) -> dict[str, float]:
    """Weigh the countries that a price in this currency points to.

    Parameters
    ----------
    sign
        A sign, abbreviation or ISO 4217 code, in any case: "€", "kr", "zł", "THB".

    Returns
    -------
    dict
        Alpha-2 code -> weight, largest first, summing to 1: the square root of the inhabitants, since prices
        on photographs grow slower than populations (a judgement). Empty for an unknown sign.

    Examples
    --------
    >>> list(by_currency("¥")), by_currency("zł"), next(iter(by_currency("$")))
    (['CN', 'JP'], {'PL': 1.0}, 'US')
    """
    codes = currency_signs().get(sign.strip().rstrip(".").casefold(), frozenset())
    weights = {c.code: max(c.population, 1) ** 0.5 for c in countries() if codes & set(c.currencies)}
    total = sum(weights.values())
    return {code: weight / total for code, weight in sorted(weights.items(), key=lambda item: -item[1])}


@functools.lru_cache(maxsize=1)
def currency_signs() -> Mapping[str, frozenset[str]]:
    """Map every sign, abbreviation and code, in small letters, to the currencies it may stand for.

    >>> sorted(currency_signs()["kr"]), sorted(currency_signs()["฿"])
    (['DKK', 'ISK', 'NOK', 'SEK'], ['THB'])
    """
    found: dict[str, set[str]] = {sign: set(codes) for sign, codes in _ALSO.items()}
    for country in countries():
        for currency in country.currencies:
            found.setdefault(currency.casefold(), set()).add(currency)
            for language in country.languages:
                sign = _local_sign(currency, f"{language}_{country.code}")
                found.setdefault(sign.strip(".\u200b").casefold() or currency, set()).add(currency)
    return MappingProxyType({sign: frozenset(codes) for sign, codes in found.items()})


def _local_sign(currency: str, locale: str) -> str:
    """Return the sign at home; the code where CLDR knows neither the locale nor a sign."""
    try:
        return get_currency_symbol(currency, Locale.parse(locale))
    except (UnknownLocaleError, ValueError):
        return currency
