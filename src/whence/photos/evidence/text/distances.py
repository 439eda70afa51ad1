"""Signposts: names of towns with distances put the photograph on circles round them.

Road signs give distances by road, which are longer than the air line by a factor that roads of one sign
share more or less: 1.2 to 1.4 between towns (Ballou, Rahardja & Sakai 2002 find 1.12 to 2.1 by country, 1.3
in Europe). Wayposts and memorials give the air line. The factor is left free with that prior and all
targets of a picture decide on it together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import bearing_deg, destination, distance_m
from whence.imagery.text.words import Word, word_lines
from whence.photos.evidence.text.hint import Hint, Spot
from whence.photos.evidence.text.names import NamedPlace, find_names
from whence.photos.evidence.text.sign_words import STREET_WORDS
from whence.photos.summary import length_text
from whence.places.names import key_of
from whence.places.outlines import country_at

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["Target", "distance_hints", "find_targets", "locate_from_targets"]

MILE_KM = 1.609344
UNITS_KM = {
    "km": 1.0, "kм": 1.0, "км": 1.0, "χλμ": 1.0, "χλμ.": 1.0, "公里": 1.0, "千米": 1.0, "キロ": 1.0,
    "㎞": 1.0, "กม": 1.0, "กม.": 1.0, "กิโลเมตร": 1.0, "كم": 1.0, "کیلومتر": 1.0, "किमी": 1.0, "कि.मी.": 1.0,
    "ק\"מ": 1.0, "킬로": 1.0, "კმ": 1.0, "կմ": 1.0, "kms": 1.0,
    "mi": MILE_KM, "miles": MILE_KM, "mile": MILE_KM,
}  # fmt: skip

MILES_WITHOUT_UNIT = frozenset(
    {
        "AG", "AI", "AS", "BS", "BZ", "DM", "FK", "GB", "GD", "GG", "GU", "IM", "JE", "KN", "KY", "LC", "LR",
        "MP", "MS", "PR", "SH", "TC", "US", "VC", "VG", "VI", "WS",
    }
)  # fmt: skip
"""Countries whose road signs are in miles; there a bare number is miles, and so is the m of motorways."""

_FRACTIONS = {"¼": 0.25, "½": 0.5, "¾": 0.75, "1/4": 0.25, "1/2": 0.5, "3/4": 0.75}
_FRACTION = "|".join(_FRACTIONS)
_UNIT = "|".join(re.escape(unit) for unit in sorted((*UNITS_KM, "m"), key=len, reverse=True))
# Walking times, weights, heights, speeds, hours of the day, ordinals.
_NO_DISTANCE = (
    r"min\w*|h|hrs?|hours?|std|stunden?|uhr|мин|час\w*|ч|分|小时|時間|시간|분|sec|ft|kg|t|kn|cm|mm|mph|a\.?m|p\.?m|"
    r"st|nd|rd|th|e|er|ème|years?|days?|zł|kr|kč|лет|руб"
)
_DISTANCE = re.compile(
    rf"""
    (?<![\w.,:/+-])
    (?P<number>
        (?P<thousands> \d{{1,2}}[.,]\d{{3}} | \d{{1,2}}[ \u00a0\u202f]\d{{3}}(?=[ ]?(?:{_UNIT})(?!\w)) )
        | \d{{1,4}} (?:[.,]\d)? (?:[ ]?(?P<part>{_FRACTION}))?
        | (?P<lone>{_FRACTION})
    )
    (?:[ ]?(?P<unit>{_UNIT})(?!\w))?
    (?![\w/:+°%€$£-] | [.,]\d | [ ]?(?:{_NO_DISTANCE})(?!\w))
    """,
    re.IGNORECASE | re.VERBOSE,
)

ROAD_FACTORS = np.array([1.0, 1.06, 1.12, 1.18, 1.24, 1.30, 1.36, 1.42, 1.50, 1.60])
ROAD_PRIOR = np.array([0.12, 0.06, 0.11, 0.15, 0.17, 0.15, 0.11, 0.07, 0.04, 0.02])
OWN_FACTOR_SPREAD = 0.06
"""Relative deviation of one road of a sign from the factor that they share."""

ROAD_ANGLE_DEG = 25.0

NOT_MEANT = 0.05
"""Probability that a target is not the place looked up, or its number is no distance."""
OFFSHORE = 0.05
TRUST = 0.9
TRUST_SINGLE = 0.75
TRUST_WITHOUT_UNIT = 0.5
FARTHEST_KM = 2500.0
RINGS, BEARINGS = 48, 180
MOST_CENTERS = 3
MOST_SPOTS = 300


@dataclass(frozen=True)
class Target:
    """A place and how far it is said to be."""

    place: NamedPlace
    distance_km: float
    rounding_km: float
    quote: str
    unit: str


def find_targets(words: Sequence[Word]) -> list[Target]:
    """Pair names with numbers: in one line, or one above the other on the same sign.

    A number without a unit counts only where the picture names another place with a distance.
    """
    lines = word_lines(words)
    texts = [" ".join(word.text for word in line) for line in lines]
    names = find_names(texts, fuzzy=True)
    targets = [target for number, text in enumerate(texts) for target in _in_line(text, names, number)]
    targets += _stacked(lines, names, {target.place.line for target in targets})
    kept = _without_doubles(targets)
    return kept if len(kept) > 1 else [target for target in kept if target.unit]


def _in_line(text: str, names: Sequence[NamedPlace], number: int) -> list[Target]:
    if set(key_of(text).split()) & STREET_WORDS:
        return []
    found = []
    distances = list(_DISTANCE.finditer(text))
    for name in (name for name in names if name.line == number):
        after = next((match for match in distances if match.start() >= name.stop), None)
        between = text[name.stop : after.start()] if after else ""
        if after and len(between.strip(" ([-–—:.…→←↑|")) <= 12:
            found.append(_target(name, after, f"{name.text} {after[0].strip()}"))
    if not found and distances and distances[0]["unit"]:
        behind = [name for name in names if name.line == number and name.start >= distances[0].end()]
        quoted = distances[0][0].strip()
        found = [_target(name, distances[0], f"{quoted} {name.text}") for name in behind[:1]]
    return [target for target in found if target is not None]


def _stacked(lines: Sequence[Sequence[Word]], names: Sequence[NamedPlace], done: set[int]) -> list[Target]:
    """Pair a name with a distance (with its unit) under or above it, nearest first."""
    spots = [
        (match, word)
        for line in lines
        for word in line
        if (match := _DISTANCE.fullmatch(word.text.strip(" ()"))) and match["unit"]
    ]
    found = []
    for name in names:
        word = _word_of(lines[name.line], name)
        if name.line in done or word is None:
            continue
        near = [(_gap(word, other), match) for match, other in spots if _gap(word, other) < 4.0]
        if near:
            match = min(near, key=lambda pair: pair[0])[1]
            found.append(_target(name, match, f"{name.text} {match[0].strip()}"))
    return [target for target in found if target is not None]


def _word_of(line: Sequence[Word], name: NamedPlace) -> Word | None:
    return next((word for word in line if name.text in word.text), None)


def _gap(name: Word, number: Word) -> float:
    """Distance of a number from a name in letter heights, infinite where they do not overlap sideways."""
    height_px = max(name.height_px, number.height_px, 1.0)
    overlap = min(name.box_px[2], number.box_px[2]) - max(name.box_px[0], number.box_px[0])
    narrow = min(name.box_px[2] - name.box_px[0], number.box_px[2] - number.box_px[0])
    if overlap < 0.3 * narrow:
        return float("inf")
    apart_px = number.center_px[1] - name.center_px[1]
    # A number stands under its name; above it only on other kinds of sign.
    return abs(apart_px) / height_px * (1.0 if apart_px > 0 else 1.5)


def _target(name: NamedPlace, match: re.Match[str], quote: str) -> Target | None:
    """Read a distance in the unit of its sign; None for the metres to the next corner."""
    unit = (match["unit"] or "").lower()
    in_miles = name.matches[0].place.country in MILES_WITHOUT_UNIT
    if unit == "m" and not in_miles:
        return None
    value, step = _amount(match)
    scale_km = UNITS_KM.get(unit, MILE_KM if in_miles else 1.0)
    return Target(name, value * scale_km, step * scale_km, quote, unit)


def _amount(match: re.Match[str]) -> tuple[float, float]:
    """Give the number and the step to which it is rounded."""
    if match["thousands"]:
        value = float(re.sub(r"\D", "", match["thousands"]))
    elif match["lone"]:
        return _FRACTIONS[match["lone"]], 0.25
    elif match["part"]:
        whole = match["number"].removesuffix(match["part"]).replace(",", ".")
        return float(whole) + _FRACTIONS[match["part"]], 0.25
    else:
        written = match["number"].replace(",", ".")
        value = float(written)
        if "." in written:
            return value, 0.1
    return value, 10.0 if value >= 200 and value % 10 == 0 else 1.0


def _without_doubles(targets: Sequence[Target]) -> list[Target]:
    """Keep one of the targets that name the same place in two scripts, and only possible distances."""
    kept: dict[int, Target] = {}
    for target in targets:
        if 0 < target.distance_km <= FARTHEST_KM * 4:
            kept.setdefault(target.place.matches[0].place.geonameid, target)
    return list(kept.values())


def distance_hints(words: Sequence[Word]) -> tuple[list[Hint], list[Target]]:
    """Read signposts; gives at most one hint, and the targets that it explains."""
    targets = find_targets(words)
    if not targets:
        return [], []
    with_unit = [target for target in targets if target.unit]
    trust = TRUST if len(with_unit) > 1 else TRUST_SINGLE if with_unit else TRUST_WITHOUT_UNIT
    quotes = [f"«{target.quote}»" for target in targets]
    where = [f"{length_text(1000 * t.distance_km)} from {t.place.matches[0].place.name}" for t in targets]
    sentence = f"{' and '.join(quotes)} put it {' and '.join(where)}."
    hint = Hint(
        "distance", "; ".join(t.quote for t in targets), sentence, trust, spots=locate_from_targets(targets)
    )
    return [hint], targets


def locate_from_targets(targets: Sequence[Target]) -> tuple[Spot, ...]:
    """Patches where all the distances fit best, whatever the roads' common detour.

    Patches are laid on circles round the candidates of the nearest target; each is weighed by
    Σ_f p(f) Π_i [(1 - ε) Σ_c share_c N(ln dᵢ; ln(f·Dᵢc), σᵢ) + ε], where Dᵢc is the air line to
    candidate c of target i and f the common factor, by its area, and by whether it is on land.
    """
    nearest = min(targets, key=lambda target: target.distance_km)
    points, spreads_m, areas = _rings(nearest)
    log_weight = np.log(areas)
    log_by_factor = np.log(ROAD_PRIOR)[:, None] + np.zeros(len(points))
    for target in targets:
        log_by_factor += np.log(_fit(target, points))
    log_weight += np.logaddexp.reduce(log_by_factor, axis=0)
    for target in targets:
        if target is not nearest:
            log_weight += np.log(_along_one_road(nearest, target, points))
    likely = np.argsort(-log_weight)[: 8 * MOST_SPOTS]
    on_land = np.array([code is not None for code in country_at(points[likely])])
    weight = np.exp(log_weight[likely] - log_weight.max()) * np.where(on_land, 1.0, OFFSHORE)
    order = np.argsort(-weight)[:MOST_SPOTS]
    kept, weight = likely[order], weight[order] / weight[order].sum()
    return tuple(
        Spot(float(lon), float(lat), float(spread), float(share))
        for (lon, lat), spread, share in zip(points[kept], spreads_m[kept], weight, strict=True)
    )


def _rings(target: Target) -> tuple[Floats, Floats, Floats]:
    """Points (n, 2), spreads and areas of patches on circles round the candidates of a target."""
    spread = np.hypot(OWN_FACTOR_SPREAD, target.rounding_km / target.distance_km / np.sqrt(12))
    lowest, highest = np.log(1 / ROAD_FACTORS[-1]) - 2 * spread, 2 * spread
    edges_m = 1000 * target.distance_km * np.exp(np.linspace(lowest, highest, RINGS + 1))
    radii_m = (edges_m[1:] + edges_m[:-1]) / 2
    bearings_deg = np.arange(BEARINGS) * (360 / BEARINGS)
    arcs_m = radii_m * (2 * np.pi / BEARINGS)
    widths_m = np.diff(edges_m)
    matches = target.place.matches[:MOST_CENTERS]
    centers = np.array([[match.place.longitude_deg, match.place.latitude_deg] for match in matches])
    points = destination(
        centers[:, None, None], bearings_deg[:, None], radii_m
    )  # (centres, bearings, rings, 2)
    shape = points.shape[:3]
    spreads_m = np.broadcast_to(np.maximum(arcs_m, widths_m) / 1.5, shape)
    areas = np.broadcast_to(arcs_m * widths_m, shape)
    return points.reshape(-1, 2), spreads_m.ravel(), areas.ravel()


def _along_one_road(a: Target, b: Target, points: Floats) -> Floats:
    """Odds (points,) that a sign naming two places stands where they lie ahead or on either side of it.

    The places on a sign mostly lie along one road: the angle between them is near 0° or 180°. Half of
    the signs are taken to be of this kind, with a spread of `ROAD_ANGLE_DEG`; the rest stand at crossings.
    """
    ends = (target.place.matches[0].place for target in (a, b))
    first, second = (bearing_deg(points, (end.longitude_deg, end.latitude_deg)) for end in ends)
    angle = np.abs((first - second + 180) % 360 - 180)
    off = np.minimum(angle, 180 - angle) / ROAD_ANGLE_DEG
    height = 180 / (2 * ROAD_ANGLE_DEG) * np.sqrt(2 / np.pi)
    return np.asarray(0.5 + 0.5 * height * np.exp(-0.5 * off**2))


def _fit(target: Target, points: Floats) -> Floats:
    """Likelihood (factors, points) of the stated distance, as density in its logarithm."""
    matches = target.place.matches
    shares = np.array([match.share for match in matches])
    centers = np.array([[match.place.longitude_deg, match.place.latitude_deg] for match in matches])
    air_km = np.maximum(distance_m(points[:, None], centers) / 1000, 0.1)  # (points, candidates)
    spread = np.hypot(OWN_FACTOR_SPREAD, target.rounding_km / target.distance_km / np.sqrt(12))
    # The centre that is meant is known to a kilometre or two (zero stones, motorway exits).
    spreads = np.hypot(spread, 1.5 / np.maximum(air_km, 1.5))
    off = (np.log(target.distance_km) - np.log(air_km) - np.log(ROAD_FACTORS)[:, None, None]) / spreads
    density = np.exp(-0.5 * off**2) / (spreads * np.sqrt(2 * np.pi))
    fit = density @ (shares / shares.sum())
    return np.asarray((1 - NOT_MEANT) * fit + NOT_MEANT * 0.1)
