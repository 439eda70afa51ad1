"""What the end of a web address says about the country.

Every two-letter ending that is an ISO 3166-1 code is that country's, but for `uk` and a few historic ones
(IANA root zone database). Some are sold to everyone for the look of their letters; those say little.
"""

from __future__ import annotations

from whence.places.country_codes import alpha2_codes

__all__ = ["by_tld", "city_of_tld", "tlds_of"]

_SPECIFIC = 0.95  # a shop in the country uses its ending, but so do some firms abroad
_GENERIC = 0.1
_CITY = 0.9

_GENERIC_USE = frozenset(
    {
        "ac", "ag", "ai", "am", "as", "bz", "cc", "cd", "cf", "co", "cx", "dj", "fm", "ga", "gg", "gl",
        "gs", "hm", "im", "io", "la", "lc", "li", "ly", "me", "ml", "ms", "mu", "nu", "pw", "sc", "sh",
        "sx", "tc", "tk", "to", "tv", "vc", "vg", "ws",
    }
)  # fmt: skip

_WITHOUT_ENDING = frozenset({"GB", "XK", "BL", "MF", "EH", "UM"})  # gb is reserved; the rest has none
_RENAMED = {"uk": "GB", "su": "RU", "ac": "SH"}

# Endings in the country's own script (IANA root zone database, delegated internationalised ccTLDs).
_OWN_SCRIPT = {
    "рф": "RU", "бел": "BY", "укр": "UA", "срб": "RS", "мкд": "MK", "қаз": "KZ", "мон": "MN",
    "бг": "BG", "ελ": "GR", "հայ": "AM", "გე": "GE", "中国": "CN", "中國": "CN", "台湾": "TW",
    "台灣": "TW", "香港": "HK", "澳门": "MO", "澳門": "MO", "新加坡": "SG", "한국": "KR", "ไทย": "TH",
    "ລາວ": "LA", "ලංකා": "LK", "இலங்கை": "LK", "சிங்கப்பூர்": "SG", "இந்தியா": "IN",
    "भारत": "IN", "ভারত": "IN", "বাংলা": "BD", "ישראל": "IL", "ایران": "IR", "پاکستان": "PK",
    "امارات": "AE", "السعودية": "SA", "مصر": "EG", "المغرب": "MA", "الجزائر": "DZ",
    "تونس": "TN", "الاردن": "JO", "فلسطين": "PS", "سورية": "SY", "عمان": "OM", "قطر": "QA",
    "اليمن": "YE", "عراق": "IQ", "البحرين": "BH", "سودان": "SD", "موريتانيا": "MR",
    "مليسيا": "MY",
}  # fmt: skip

_PEOPLES = {
    "DE": "bayern nrw saarland ruhr", "AT": "tirol", "CH": "swiss", "FR": "alsace corsica bzh",
    "GB": "scot wales cymru", "NL": "frl", "BE": "vlaanderen", "ES": "cat eus gal", "RU": "tatar дети",
    "JP": "okinawa ryukyu", "US": "gov mil",
}  # fmt: skip
_CITIES = {
    "DE": {"berlin": "Berlin", "hamburg": "Hamburg", "koeln": "Cologne", "cologne": "Cologne"},
    "AT": {"wien": "Wien"}, "CH": {"zuerich": "Zürich"}, "FR": {"paris": "Paris"}, "GB": {"london": "London"},
    "NL": {"amsterdam": "Amsterdam"}, "BE": {"brussels": "Brussels", "gent": "Gent"},
    "ES": {"barcelona": "Barcelona", "madrid": "Madrid"}, "IT": {"roma": "Roma"},
    "TR": {"istanbul": "Istanbul", "ist": "Istanbul"}, "RU": {"moscow": "Moscow", "москва": "Москва"},
    "BR": {"rio": "Rio de Janeiro"}, "TW": {"taipei": "Taipei"},
    "AU": {"sydney": "Sydney", "melbourne": "Melbourne"}, "FI": {"helsinki": "Helsinki"},
    "JP": {
        "tokyo": "Tokyo", "osaka": "Osaka", "kyoto": "Kyoto", "nagoya": "Nagoya", "yokohama": "Yokohama",
    },
    "US": {"nyc": "New York City", "vegas": "Las Vegas", "miami": "Miami", "boston": "Boston"},
    "SE": {"stockholm": "Stockholm"}, "HU": {"budapest": "Budapest"},
    "ZA": {"capetown": "Cape Town", "durban": "Durban", "joburg": "Johannesburg"},
    "AE": {"abudhabi": "Abu Dhabi", "dubai": "Dubai"}, "QA": {"doha": "Doha"}, "CA": {"quebec": "Québec"},
}  # fmt: skip
_BY_PEOPLE = {word: code for code, words in _PEOPLES.items() for word in words.split()}
_BY_CITY = {ending: (code, city) for code, cities in _CITIES.items() for ending, city in cities.items()}


def city_of_tld(ending: str) -> str | None:
    """Name the city whose domain this is, as the gazetteer knows it; None for other endings.

    >>> city_of_tld("koeln"), city_of_tld("de")
    ('Cologne', None)
    """
    found = _BY_CITY.get(ending.casefold())
    return found[1] if found else None


def by_tld(ending: str) -> dict[str, float]:
    """Weigh the countries in which a web address with this ending is at home.

    Parameters
    ----------
    ending
        The last label ("fr", ".рф") or a whole host name ("www.louvre.fr").

    Returns
    -------
    dict
        Alpha-2 code -> probability that the address belongs to something in that country; what is missing
        to 1 may be anywhere. Empty for endings that name no place ("com"). The numbers are judgements:
        0.95 for a country's ending, 0.1 where it is sold for its looks (io, tv, me, co, ai …).

    Examples
    --------
    >>> by_tld("www.louvre.fr"), by_tld(".uk"), by_tld("tv"), by_tld("com")
    ({'FR': 0.95}, {'GB': 0.95}, {'TV': 0.1}, {})
    """
    label = ending.strip().rstrip("./").casefold().rpartition(".")[2]
    if label.startswith("xn--"):
        label = label.encode("ascii", "ignore").decode("idna")
    if label in _GENERIC_USE:
        return {_RENAMED.get(label, label.upper()): _GENERIC}
    if code := _OWN_SCRIPT.get(label) or _RENAMED.get(label):
        return {code: _SPECIFIC}
    if code := _BY_PEOPLE.get(label) or _BY_CITY.get(label, ("",))[0]:
        return {code: _CITY}
    return {label.upper(): _SPECIFIC} if label.upper() in alpha2_codes() - _WITHOUT_ENDING else {}


def tlds_of(code: str) -> tuple[str, ...]:
    """Return a country's own endings, Latin ones first, without the dot.

    >>> tlds_of("RU"), tlds_of("GB")
    (('ru', 'рф'), ('uk',))
    """
    renamed = {"GB": "uk"}.get(code, code.lower())
    latin = () if code in _WITHOUT_ENDING - {"GB"} else (renamed,)
    return (*latin, *(label for label, owner in _OWN_SCRIPT.items() if owner == code))
