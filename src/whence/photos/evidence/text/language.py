"""Script and language of the text as a hint at countries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from babel import Locale

from whence.errors import NotFoundError
from whence.imagery.text.words import script_counts
from whence.photos.evidence.text.hint import Hint
from whence.places.language import countries_of, language_hints

__all__ = ["chinese_forms", "spoken_hints"]

TRUST_SCRIPT = 0.88
TRUST_LATIN = 0.75
TRUST_ENGLISH = 0.3
"""English stands on signs everywhere."""

LETTERS_TO_BE_SURE = {"Latn": 12.0, "other": 2.5}
"""Letters after which 63 % of the full trust is reached."""

LEAST_LATIN_LETTERS = 6
CLEAR_PROBABILITY = 0.7
LEAST_PROBABILITY = 0.35
"""Of the likeliest language in Latin letters; below, the words are of no language that is known here."""

MOST_COUNTRIES = 30

# Characters of signs that are written in one way only: simplified, traditional, Japanese.
_SIMPLIFIED = frozenset(
    "东车门园银龙汉宁电话医药馆烟级处务业产专请员图书场厂长时间为这发开关线农"
    "华鲁湾马鸟饭给进远运营汤买卖让见观汇网络阳设备"
)
_TRADITIONAL = frozenset(
    "東車門園銀龍漢電話藥館煙級處務業產專請員圖書場廠長時間為這發開關線農"
    "華魯灣馬鳥飯給進遠營湯買賣讓見觀匯網絡陽設備國區廣寧醫總"
)
_JAPANESE = frozenset("駅円図広沢県売読薬氷栄価仮働込峠畑辻々渋歩歳渓黒桜総区")
# How much more signs there are in one language than in another that shares its letters.
_COMMON = {"ru": 8.0, "uk": 3.0, "bg": 1.5}

_CHINESE_AT = {
    "zh-Hans": {"CN": 0.93, "SG": 0.04, "MY": 0.03},
    "zh-Hant": {"TW": 0.6, "HK": 0.33, "MO": 0.07},
}


def spoken_hints(lines: Sequence[str]) -> list[Hint]:
    """Read the languages of the text, weighed by the countries where signs are in them.

    Scripts other than Latin and the Latin letters are judged apart: English beside Thai is no English sign.

    Examples
    --------
    >>> hint = spoken_hints(["ทางออก", "ห้ามจอดรถ", "NO PARKING"])[0]
    >>> next(iter(hint.countries)), hint.sentence
    ('TH', '«ห้ามจอดรถ» is written in Thai.')
    """
    other = [line for line in lines if script_counts(line).keys() - {"Latn"}]
    if other:
        return _script_hint(other)
    latin = [line for line in lines if script_counts(line)]
    return _latin_hint(latin) if latin else []


def _script_hint(lines: Sequence[str]) -> list[Hint]:
    text = " ".join(lines)
    own = "".join(" " if script_counts(letter)["Latn"] else letter for letter in text)
    languages = language_hints(own)
    if "zh" in languages and script_counts(own).keys() == {"Hani"}:
        languages = chinese_forms(own)
    elif script_counts(own)["Cyrl"]:
        languages = {language: share * _COMMON.get(language, 1.0) for language, share in languages.items()}
    letters = sum(script_counts(own).values())
    # A single ideograph tells as much as several letters.
    letters += 2 * script_counts(own)["Hani"]
    trust = TRUST_SCRIPT * (1 - math.exp(-letters / LETTERS_TO_BE_SURE["other"]))
    quote = max(lines, key=lambda line: sum(script_counts(line).values()) - script_counts(line)["Latn"])
    return _hint(quote, trust, languages)


def _latin_hint(lines: Sequence[str]) -> list[Hint]:
    languages = language_hints(" \n".join(lines))
    if not languages:
        return []
    letters = script_counts(" ".join(lines))["Latn"]
    if letters < LEAST_LATIN_LETTERS or max(languages.values()) < LEAST_PROBABILITY:
        return []
    english = languages.get("en", 0.0)
    full = english * TRUST_ENGLISH + (1 - english) * TRUST_LATIN
    clear = min(1.0, max(languages.values()) / CLEAR_PROBABILITY)
    trust = full * clear * (1 - math.exp(-letters / LETTERS_TO_BE_SURE["Latn"]))
    return _hint(max(lines, key=len), trust, languages)


def chinese_forms(text: str) -> dict[str, float]:
    """Shares of simplified and traditional Chinese and of Japanese for ideographs without kana.

    Examples
    --------
    >>> max(shares := chinese_forms("愚园路 东"), key=shares.get)
    'zh-Hans'
    """
    letters = set(text)
    odds = {"zh-Hans": 0.6, "zh-Hant": 0.18, "ja": 0.22}
    for group, factors in (
        (_SIMPLIFIED - _TRADITIONAL - _JAPANESE, {"zh-Hans": 30.0}),
        (_TRADITIONAL - _SIMPLIFIED, {"zh-Hant": 12.0, "ja": 4.0}),
        (_JAPANESE - _SIMPLIFIED - _TRADITIONAL, {"ja": 8.0, "zh-Hans": 1.5}),
    ):
        if letters & group:
            odds = {language: share * factors.get(language, 1.0) for language, share in odds.items()}
    total = sum(odds.values())
    return {language: share / total for language, share in odds.items()}


def _hint(quote: str, trust: float, languages: Mapping[str, float]) -> list[Hint]:
    weights: defaultdict[str, float] = defaultdict(float)
    for language, share in languages.items():
        for code, weight in _public_use(language).items():
            weights[code] += share * weight
    largest = dict(sorted(weights.items(), key=lambda item: -item[1])[:MOST_COUNTRIES])
    total = sum(largest.values())
    if not total:
        return []
    shares = {code: weight / total for code, weight in largest.items()}
    short = quote if len(quote) <= 40 else quote[:39] + "…"
    sentence = f"«{short}» is written in {_named(languages)}."
    return [Hint("language", quote, sentence, trust, shares)]


def _public_use(language: str) -> Mapping[str, float]:
    if language in _CHINESE_AT:
        return _CHINESE_AT[language]
    try:
        return countries_of(language, public=True)
    except NotFoundError:
        return {}


def _named(languages: Mapping[str, float]) -> str:
    """English names of the likeliest languages, at most three, down to a quarter of the first."""
    ranked = sorted(languages, key=lambda language: -languages[language])
    likely = [language for language in ranked[:3] if languages[language] >= 0.25 * languages[ranked[0]]]
    return _listed(_english(language) for language in likely)


def _listed(names: Iterable[str]) -> str:
    return " or ".join(names)


@lru_cache(maxsize=128)
def _english(language: str) -> str:
    return Locale.parse(language.replace("-", "_")).get_language_name("en") or language
