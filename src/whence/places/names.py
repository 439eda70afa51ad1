"""Names of places as keys: what two spellings of one name have in common.

A key is what is left of a spelling when case, diacritics, punctuation and spacing habits are taken
away. Scripts are never transliterated: Пекин, 北京 and Beijing stay three keys of one city.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["UNSPACED", "is_unspaced", "key_of", "key_variants"]

# Letters that Unicode does not decompose although readers take them for a letter with a mark.
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŋ": "n", "ŧ": "t",
        "æ": "ae", "œ": "oe", "þ": "th", "ə": "a",
        "·": " ", "・": " ", "&": " ",
    }
)  # fmt: skip

# Traditional, simplified and Japanese forms of the characters that place names and their suffixes use.
_HAN_FORMS = str.maketrans(
    "區県縣鎮鄉東廣灣臺龍國門陽陰島嶼濱橋澤沢瀬鐵鉄蘇杭寧長馬鳥雲號張慶漢濟營錦滬齊齋爾圖倫貴羅蘭莊灘灤瀋遼綿蕪鄭鹽塩豐豊溫爐烏華達關関廈厦渾淵絲線織維紹紅終經経緒練縱總豬貝賀贛賓頂順須額顏風飛駐驛駅鷹鹿黃黒黑會県廟廳庁廠廢",
    "区县县镇乡东广湾台龙国门阳阴岛屿滨桥泽泽濑铁铁苏杭宁长马鸟云号张庆汉济营锦沪齐斋尔图伦贵罗兰庄滩滦沈辽绵芜郑盐盐丰丰温炉乌华达关关厦厦浑渊丝线织维绍红终经经绪练纵总猪贝贺赣宾顶顺须额颜风飞驻驿驿鹰鹿黄黑黑会县庙厅厅厂废",
)

# Marks that are written or left out at will: Latin, Greek and Cyrillic accents; Hebrew points;
# Arabic vowel signs, hamza above and below; the tatweel that stretches a word.
_OPTIONAL_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
_SILENT = re.compile("['’‘ʻʼʾʿ`´′ʹ.\u200b-\u200f\u00ad]")
_GAP = re.compile(r"[\W_]+")
_ASCII_GAP = re.compile(r"[^0-9a-z]+")

# Scripts written without spaces between words; spaces between two such characters say nothing.
UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana and Han iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Ranges of those characters, for a character class of a regular expression."""

_INNER_SPACE = re.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
_ALL_UNSPACED = re.compile(rf"[{UNSPACED}\u0300-\u036f]+\Z")

# Combining marks of South Asian scripts are letters of the word; \W would take them for a gap.
_MARK = re.compile("[\u0900-\u0dff\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3099\u309a]")


def key_of(name: str) -> str:
    """Reduce a spelling to the key under which the gazetteer files it.

    Parameters
    ----------
    name
        A name in any script.

    Returns
    -------
    str
        The key; empty where the name holds no letter or digit.

    Examples
    --------
    >>> key_of("  SÃO  Tomé-") == key_of("sao tome")
    True
    >>> key_of("L’Aquila"), key_of("Łódź"), key_of("Straße"), key_of("港 區")
    ('laquila', 'lodz', 'strasse', '港区')
    """
    if name.isascii():
        return _ASCII_GAP.sub(" ", name.lower().replace("'", "").replace(".", "").replace("`", "")).strip()
    text = _SILENT.sub("", unicodedata.normalize("NFKD", name).casefold())
    text = _OPTIONAL_MARKS.sub("", text).translate(_LETTERS)
    text = unicodedata.normalize("NFC", text).translate(_HAN_FORMS)
    text = _INNER_SPACE.sub("", _gaps_to_spaces(text))
    return text.strip()


def _gaps_to_spaces(text: str) -> str:
    if not _MARK.search(text):
        return _GAP.sub(" ", text)
    # Letters, digits and marks of any script stay; everything else parts words.
    kept = (c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    return " ".join("".join(kept).split())


def is_unspaced(text: str) -> bool:
    """Tell whether `text` is wholly in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese).

    >>> is_unspaced("港区"), is_unspaced("เพชรบุรี"), is_unspaced("서울"), is_unspaced("Paris")
    (True, True, False, False)
    """
    return _ALL_UNSPACED.match(text) is not None


# What kind of place it is, said before or after the name or left out.
_SUFFIX_WORDS = frozenset(
    {
        "city", "town", "village", "township", "municipality", "district", "county", "prefecture", "province",
        "metropolis", "shi", "si", "gu", "ku", "dong", "gun", "do", "ken", "shih", "stad", "stadt", "by",
        "kommun", "kommune", "gorod",
    }
)  # fmt: skip
_PREFIXES = (
    "city of", "town of", "village of", "ville de", "commune de", "ciudad de", "cidade de", "villa de",
    "municipio de", "comune di", "citta di", "stadt", "gemeinde", "gemeente", "miasto", "mesto", "grad",
    "kota", "bandar", "thanh pho", "tp", "kommune", "lungsod ng", "amphoe", "changwat", "mueang", "muang",
    "г", "город", "м", "місто", "град",
)  # fmt: skip
_UNSPACED_SUFFIXES = ("市", "区", "县", "镇", "乡", "村", "府", "州", "省", "都", "町", "郡")
_HANGUL_SUFFIXES = ("시", "구", "군", "읍", "면", "동", "역", "특별시", "광역시")
_THAI_PREFIXES = ("เมือง", "อำเภอเมือง", "อำเภอ", "จังหวัด", "เขต", "ตำบล", "เทศบาลนคร", "เทศบาลเมือง")
_ABBREVIATIONS = {
    "st": ("saint", "sankt"), "ste": ("sainte",), "saint": ("st",), "sainte": ("ste",), "sankt": ("st",),
    "mt": ("mount",), "mount": ("mt",), "ft": ("fort",), "fort": ("ft",),
    "sta": ("santa",), "sto": ("santo",),
}  # fmt: skip
_HAN_END = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff]\\Z")
_HANGUL_END = re.compile("[\uac00-\ud7a3]\\Z")
_THAI_START = re.compile("[\u0e00-\u0e7f]")


def key_variants(key: str) -> list[str]:
    """Name the keys under which the same place may be filed with or without the word for its kind.

    Parameters
    ----------
    key
        A key as :func:`key_of` makes it.

    Returns
    -------
    list of str
        Other keys worth looking up, without `key` itself; none of them shorter than two characters.

    Examples
    --------
    >>> "gangnam" in key_variants("gangnam gu"), "saint denis" in key_variants("st denis")
    (True, True)
    """
    found = dict.fromkeys(v for v in _all_variants(key) if len(v) >= 2 and v != key)
    return list(found)


def _all_variants(key: str) -> Iterator[str]:
    words = key.split(" ")
    if len(words) > 1 and (words[-1] in _SUFFIX_WORDS or words[-1].isdigit()):  # Praha 1
        yield " ".join(words[:-1])
    for prefix in _PREFIXES:
        if key.startswith(prefix + " "):
            yield key[len(prefix) + 1 :]
    for i, word in enumerate(words):
        for other in _ABBREVIATIONS.get(word, ()) if len(words) > 1 else ():
            yield " ".join([*words[:i], other, *words[i + 1 :]])
    if _HAN_END.search(key):
        yield from _with_and_without(key, _UNSPACED_SUFFIXES)
    elif _HANGUL_END.search(key):
        yield from _with_and_without(key, _HANGUL_SUFFIXES)
    elif _THAI_START.match(key):
        yield from (key[len(p) :] for p in _THAI_PREFIXES if key.startswith(p))
        yield from (p + key for p in _THAI_PREFIXES[:2])
    elif key.isascii() and words[-1] not in _SUFFIX_WORDS:
        yield key + " city"


def _with_and_without(key: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    for suffix in suffixes:
        if key.endswith(suffix):
            yield key[: -len(suffix)]
    # A last letter may belong to the name: 京都 is also 京都市.
    yield from (key + suffix for suffix in suffixes if not key.endswith(suffix))
