"""Languages and where they are spoken: CLDR's territory table through `babel`."""

from __future__ import annotations

from whence.errors import NotFoundError
from whence.places.country_table import country
from whence.places.language_hints import language_hints
from whence.places.language_use import PUBLIC_FACTOR, Usage, usage
from whence.places.script import languages_in, scripts_in

__all__ = ["Usage", "countries_of", "language_hints", "languages_in", "languages_of", "scripts_in", "usage"]

# Codes that callers and text readers use, as CLDR's table names the same language.
_ALSO_CALLED = {"no": "nb", "iw": "he", "tl": "fil", "cmn": "zh", "sh": "sr", "in": "id"}


def languages_of(code: str) -> dict[str, float]:
    """Return the languages of a country with the share of the inhabitants who use each.

    Parameters
    ----------
    code
        ISO 3166-1 alpha-2.

    Returns
    -------
    dict
        CLDR language code -> share, 0 to 1, largest first; they may sum to more than 1.

    Raises
    ------
    NotFoundError
        When there is no such country.

    Examples
    --------
    >>> languages = languages_of("CH")
    >>> next(iter(languages)), languages["rm"] < languages["it"] < languages["fr"]
    ('de', True)
    """
    known = country(code).code
    found = {row.language: row.share for row in usage() if row.country == known}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def countries_of(language: str, *, public: bool = False) -> dict[str, float]:
    """Return the countries in which a language is used, weighed by its speakers.

    Parameters
    ----------
    language
        Code such as "fr", "zh" or "pt-BR"; what follows the first hyphen is ignored.
    public
        Weigh by how readily signs are in it instead: the square root of the speakers, times 1 where the
        language is official, 0.3 where it is in a region, 0.03 elsewhere (a judgement, not a statistic:
        photographs and signs grow slower than populations, and minorities put up few of them).

    Returns
    -------
    dict
        Alpha-2 code -> weight, largest first; they sum to 1.

    Raises
    ------
    NotFoundError
        When CLDR knows no country that uses the language.

    Examples
    --------
    >>> list(countries_of("pt"))[:2], round(countries_of("th", public=True)["TH"], 2) > 0.9
    (['BR', 'AO'], True)
    """
    base = language.replace("_", "-").partition("-")[0].lower()
    base = _ALSO_CALLED.get(base, base)
    weights = {}
    for row in usage():
        speakers = row.share * country(row.country).population
        if row.language == base and speakers > 0.0:
            weights[row.country] = speakers**0.5 * PUBLIC_FACTOR[row.status] if public else speakers
    total = sum(weights.values())
    if not weights:
        raise NotFoundError(f"no country is known to use the language {language!r}; give a code such as 'fr'")
    return {code: weight / total for code, weight in sorted(weights.items(), key=lambda item: -item[1])}
