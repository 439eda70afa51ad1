"""Which countries a telephone number may belong to."""

from __future__ import annotations

import re

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from whence.errors import NotFoundError
from whence.places.country_table import Country, countries, country

__all__ = ["by_calling_code"]


def by_calling_code(digits: str) -> list[Country]:
    """List the countries behind an international calling code.

    Parameters
    ----------
    digits
        "+49", "0049" or "49"; further digits choose among countries that share a code
        ("+1 868"), as far as area codes tell.

    Returns
    -------
    list of Country
        Main country first.

    Raises
    ------
    NotFoundError
        When no country has the code.

    Examples
    --------
    >>> [c.code for c in by_calling_code("+49")], [c.code for c in by_calling_code("+1 868")]
    (['DE'], ['TT'])
    >>> [c.code for c in by_calling_code("+44")]
    ['GB', 'GG', 'IM', 'JE']
    """
    plain = re.sub(r"\D", "", digits)
    if not digits.lstrip().startswith("+"):
        plain = plain.removeprefix("00")
    known = {c.code for c in countries()}
    for length in (1, 2, 3):  # no calling code is the beginning of another
        sharing = COUNTRY_CODE_TO_REGION_CODE.get(int(plain[:length] or 0), ())
        codes = [code for code in sharing if code in known]
        if codes:
            return [country(code) for code in _sharing(codes, plain[length:])]
    raise NotFoundError(f"no country has the calling code {digits!r}; write it as '+49'")


def _sharing(codes: list[str], rest: str) -> list[str]:
    """Choose among countries that share a code by the digits that follow."""
    if not rest:
        return codes
    leading = {code: _leading_digits(code) for code in codes}
    fitting = [code for code in codes if (known := leading[code]) and re.match(known, rest)]
    return fitting or [code for code in codes if not leading[code]] or codes


def _leading_digits(code: str) -> str | None:
    metadata = PhoneMetadata.metadata_for_region(code)
    digits: str | None = metadata.leading_digits if metadata else None
    return digits
