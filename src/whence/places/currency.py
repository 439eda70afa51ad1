"""Money: which countries a currency's sign or code points to. CLDR through `babel`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import get_currency_symbol

from whence.places.country_table import countries

__all__ = ["PRICE_SIGNS", "by_currency", "currency_signs", "users_of_currencies"]

PRICE_SIGNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"), "円": ("JPY",),
        "元": ("CNY", "TWD"), "圓": ("TWD", "HKD"), "₩": ("KRW",), "원": ("KRW",), "₽": ("RUB",),
        "руб": ("RUB", "BYN"), "р": ("RUB", "BYN"), "коп": ("RUB",), "₴": ("UAH",), "грн": ("UAH",),
        "₹": ("INR",), "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "रु": ("INR", "NPR"), "₺": ("TRY",),
        "TL": ("TRY",), "₫": ("VND",), "đ": ("VND",), "VNĐ": ("VND",), "₪": ("ILS",), "฿": ("THB",),
        "บาท": ("THB",), "zł": ("PLN",), "ZŁ": ("PLN",), "zl": ("PLN",), "Kč": ("CZK",), "KČ": ("CZK",),
        "Kc": ("CZK",), "Ft": ("HUF",), "lei": ("RON", "MDL"), "LEI": ("RON", "MDL"), "лв": ("BGN",),
        "kr": ("SEK", "NOK", "DKK", "ISK"), "Kr": ("SEK", "NOK", "DKK", "ISK"), ":-": ("SEK",),
        "R$": ("BRL",), "S/": ("PEN",), "Rp": ("IDR",), "RM": ("MYR",), "KSh": ("KES",), "Ksh": ("KES",),
        "TSh": ("TZS",), "Tsh": ("TZS",), "USh": ("UGX",), "₦": ("NGN",), "₵": ("GHS",), "GH₵": ("GHS",),
        "₱": ("PHP",), "₲": ("PYG",), "Gs": ("PYG",), "₡": ("CRC",), "₸": ("KZT",), "тг": ("KZT",),
        "тенге": ("KZT",), "₼": ("AZN",), "₾": ("GEL",), "֏": ("AMD",), "₭": ("LAK",), "៛": ("KHR",),
        "৳": ("BDT",), "NT$": ("TWD",), "HK$": ("HKD",), "A$": ("AUD",), "C$": ("CAD", "NIO"),
        "NZ$": ("NZD",), "US$": ("USD",), "S$": ("SGD",), "Bs": ("BOB", "VES"), "Q": ("GTQ",), "R": ("ZAR",),
        "DH": ("MAD", "AED"), "QR": ("QAR",), "SFr": ("CHF",), "Fr.": ("CHF",), "CFA": ("XOF", "XAF"),
        "FCFA": ("XOF", "XAF"), "сом": ("KGS",), "сум": ("UZS",), "ден": ("MKD",), "дин": ("RSD",),
        "din": ("RSD",), "د.إ": ("AED",), "درهم": ("AED", "MAD"), "ر.س": ("SAR",), "ج.م": ("EGP",),
        "ريال": ("SAR", "IRR", "YER", "OMR", "QAR"),
        "$": ("USD", "MXN", "CAD", "AUD", "CLP", "COP", "ARS", "NZD", "SGD", "HKD", "TWD", "UYU"),
    }
)  # fmt: skip
"""Sign or abbreviation as printed beside prices -> ISO 4217 codes it may stand for, the likelier first."""


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
    found: dict[str, set[str]] = {}
    for sign, codes in PRICE_SIGNS.items():
        found.setdefault(sign.rstrip(".").casefold(), set()).update(codes)
    for country in countries():
        for currency in country.currencies:
            found.setdefault(currency.casefold(), set()).add(currency)
            for language in country.languages:
                sign = _local_sign(currency, f"{language}_{country.code}")
                found.setdefault(sign.strip(".\u200b").casefold() or currency, set()).add(currency)
    return MappingProxyType({sign: frozenset(codes) for sign, codes in found.items()})


@functools.lru_cache(maxsize=1)
def users_of_currencies() -> Mapping[str, tuple[str, ...]]:
    """Map every currency to the countries where it is legal tender today, alphabetical.

    >>> users_of_currencies()["CHF"]
    ('CH', 'LI')
    """
    users: dict[str, tuple[str, ...]] = {}
    for country in countries():
        for currency in country.currencies:
            users[currency] = (*users.get(currency, ()), country.code)
    return MappingProxyType(users)


def _local_sign(currency: str, locale: str) -> str:
    """Return the sign at home; the code where CLDR knows neither the locale nor a sign."""
    try:
        return get_currency_symbol(currency, Locale.parse(locale))
    except (UnknownLocaleError, ValueError):
        return currency
