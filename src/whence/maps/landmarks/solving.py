"""From names with pixels to a placed sheet, or a refusal with its reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs
from whence.errors import NotEnoughDataError
from whence.maps.fitting import fit
from whence.maps.landmarks.agreement import Agreement, extend, refine, start_of
from whence.maps.landmarks.candidates import Candidates, GazetteerSource
from whence.maps.landmarks.chance import LARGEST
from whence.maps.landmarks.hypotheses import screen
from whence.maps.landmarks.placement import Assigned, Placement, Rejected
from whence.maps.landmarks.planes import PLANES
from whence.maps.landmarks.problem import Problem
from whence.maps.landmarks.systems import choose_system
from whence.maps.points import ControlPoints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.earth.region import Region
    from whence.maps.fitting import MapFit
    from whence.maps.landmarks.candidates import Source
    from whence.maps.landmarks.landmark import Landmarks
    from whence.maps.proposals import Handed
    from whence.typing import Ints

__all__ = ["FEWEST", "solve"]

FEWEST = 4
"""Two landmarks place a sheet, two more must confirm it."""

_POLISHED = 6  # of the refined hypotheses, so many are tried in all planes
_RIVAL_SHARE = 0.5  # of the landmarks of the best, for another placement to contradict it
_SAME_PLACE = 0.1  # of the scan: nearer placements are one placement, drawn in another projection
_LEAST_EXTENT = 0.3  # of the landmarks that agree, relative to that of all
_ENOUGH_TO_WEIGH = 10  # with fewer the scatter says too little about single names
_SLIGHT = 0.005  # of the scan: a name that is off by less is not wrong, only drawn or measured loosely
_NAMED = 6  # names listed in a message


def solve(
    landmarks: Landmarks,
    places: Source | Candidates | None = None,
    *,
    region: Region | None = None,
    crs: Any = None,
    kind: str = "auto",
    handed: Handed = "map",
) -> Placement:
    """Find the places that all the names mean together, and fit the sheet to them.

    Parameters
    ----------
    landmarks
        Names and pixels.
    places
        Who knows places by name; the gazetteer when not given. Or candidates that were found already.
    region
        Only places in it.
    crs
        Coordinate system of the result; when not given, UTM for small sheets, and for larger ones the
        projection that follows the landmarks best.
    kind
        Transform of the fit; ``"auto"`` for the one that leaving points out recommends.
    handed
        ``"mirrored"`` for a scan that shows its back.

    Returns
    -------
    Placement
        Control points, what each name means, which are rejected and why, and the fit.

    Raises
    ------
    NotEnoughDataError
        When fewer than four names are known, or no placement is there that chance would not find too, or two
        placements contradict each other; the message says how near it came.
    InputError
        When landmarks lie off the scan, or the kind or coordinate system is not known.

    Examples
    --------
    >>> from whence.maps.landmarks import Landmark, Landmarks
    >>> towns = {"Lund": (320, 100), "Malmö": (201, 211), "Ystad": (719, 483), "Trelleborg": (286, 532)}
    >>> towns |= {"Eslöv": (390, -40), "Sjöbo": (710, 200), "Svedala": (379, 363)}
    >>> sheet = Landmarks(tuple(Landmark(name, pixel) for name, pixel in towns.items()))
    >>> solve(sheet).points.crs.code  # doctest: +SKIP
    'EPSG:32633'
    """
    system = None if crs is None else Crs.parse(crs)
    found = (
        places
        if isinstance(places, Candidates)
        else Candidates.find(landmarks.items, places or GazetteerSource(), region=region)
    )
    best: Placement | None = None
    refusal: NotEnoughDataError | None = None
    variants = landmarks.anchored()
    for anchor, variant in variants.items():
        try:
            one = _solved(variant, found, region=region, system=system, kind=kind, handed=handed)
        except NotEnoughDataError as error:
            refusal = refusal or error
            continue
        one = replace(
            one, log10_false_alarms=one.log10_false_alarms + float(np.log10(len(variants))), anchor=anchor
        )
        if best is None or one.log10_false_alarms < best.log10_false_alarms:
            best = one
    if best is None:
        raise refusal or NotEnoughDataError("there are no landmarks")
    return best


def _solved(
    landmarks: Landmarks,
    found: Candidates,
    *,
    region: Region | None,
    system: Crs | None,
    kind: str,
    handed: Handed,
) -> Placement:
    """Solve with the pixels as they are."""
    kept, repeated = landmarks.once()
    known = np.array([row for row in kept if found.counts(len(landmarks))[row]], dtype=np.int64)
    _require_known(landmarks, known)
    problem = Problem(
        landmarks.pixels[known],
        landmarks.spreads_px[known],
        landmarks.frame_px,
        found.of_landmarks(known),
        handed,
    )
    agreement = _agreement(problem, [landmarks.items[row].label for row in known])
    rejected = [
        _repeated(landmarks, row, other) for row, other in repeated
    ] + _unknown(landmarks, kept, known, region)  # fmt: skip
    return _placed(landmarks, problem, agreement, known, rejected, system=system, kind=kind)


def _require_known(landmarks: Landmarks, known: Ints) -> None:
    if len(known) >= FEWEST:
        return
    total = len(landmarks)
    way_out = f"at least {FEWEST} are needed; add names, spellings after '|', or a file of places"
    if not len(known):
        names = _listed([item.label for item in landmarks.items])
        raise NotEnoughDataError(f"none of the {total} names is known ({names}); {way_out}")
    names = _listed([landmarks.items[row].label for row in known])
    raise NotEnoughDataError(f"{len(known)} of {total} different names are known ({names}); {way_out}")


def _agreement(problem: Problem, names: Sequence[str]) -> Agreement:
    """Return the placement that chance explains least, or refuse."""
    found = _refined(problem)
    if not found:
        raise NotEnoughDataError(
            "no two names are apart both on the scan and on the ground, so they place nothing; add names"
        )
    polished = [refine(problem, one, planes=tuple(PLANES), sizes=(2, 3)) for one in found[:_POLISHED]]
    best = min(polished, key=lambda one: one.log10_alarms)
    _require_consensus(best, names)
    for rival in found:
        if _contradicts(problem, best, rival):
            mine, its = (
                _listed([names[row] for row in np.flatnonzero(one.agree).tolist()]) for one in (best, rival)
            )
            raise NotEnoughDataError(
                f"two placements contradict each other: {best.count} names agree on one ({mine}), "
                f"{rival.count} on another ({its}); leave the wrong ones out, give the region, or solve the "
                "parts of the scan one by one"
            )
    best = extend(problem, best, size=3 if best.count >= 8 else 2)
    extent = np.ptp(problem.pixels[best.agree], axis=0).max() / np.ptp(problem.pixels, axis=0).max()
    if extent < _LEAST_EXTENT:
        raise NotEnoughDataError(
            f"{best.count} of {len(problem)} names agree, but all in one corner, {extent:.0%} of their "
            "extent; add names in other parts of the scan"
        )
    return best


def _refined(problem: Problem) -> list[Agreement]:
    """Refine the best pairs; different ones, fewest alarms first."""
    hypotheses = screen(problem)
    found: dict[bytes, Agreement] = {}
    for pair, tolerance in zip(hypotheses.pairs, hypotheses.tolerance_px, strict=True):
        start = start_of(problem, pair, float(tolerance))
        if start is None or start.count < 2:
            continue
        refined = refine(problem, start)
        key = np.where(refined.agree, refined.chosen, -1).tobytes()
        if key not in found or refined.log10_alarms < found[key].log10_alarms:
            found[key] = refined
    return sorted(found.values(), key=lambda one: one.log10_alarms)


def _require_consensus(best: Agreement, names: Sequence[str]) -> None:
    if best.log10_alarms <= np.log10(LARGEST) and best.count >= FEWEST:
        return
    agree = _listed([names[row] for row in np.flatnonzero(best.agree).tolist()])
    raise NotEnoughDataError(
        f"no placement: at best {best.count} of {len(names)} known names agree ({agree}), to "
        f"{best.tolerance_px:.0f} px, and 10^{best.log10_alarms:.1f} placements as good are expected by "
        "accident; check the names, give the region, or add names"
    )


def _contradicts(problem: Problem, best: Agreement, rival: Agreement) -> bool:
    """Tell whether another placement is no accident either, and is somewhere else."""
    strong = rival.log10_alarms <= np.log10(LARGEST) and rival.count >= max(FEWEST, _RIVAL_SHARE * best.count)
    if not strong:
        return False
    rows = rival.chosen[rival.agree]
    where = best.places_px(problem.candidates.lonlat[rows])
    away = np.linalg.norm(where - problem.pixels[rival.agree], axis=1)
    return bool(np.median(away) > _SAME_PLACE * np.sqrt(problem.area_px2))


def _placed(
    landmarks: Landmarks,
    problem: Problem,
    agreement: Agreement,
    known: Ints,
    rejected: list[Rejected],
    *,
    system: Crs | None,
    kind: str,
) -> Placement:
    """Fit the sheet to the names that agree."""
    rows = np.flatnonzero(agreement.agree)
    pixels = problem.pixels[rows]
    lonlat = problem.candidates.lonlat[agreement.chosen[rows]]
    crs = system or choose_system(pixels, lonlat)
    names = tuple(landmarks.items[row].label for row in known[rows])
    points = ControlPoints(pixels, crs.from_lonlat(lonlat), crs=crs, names=names)
    fitted = _fitted(points, problem, rows, kind=kind, size_px=landmarks.size_px)
    used = fitted.used
    points = ControlPoints(pixels, points.world, crs=crs, enabled=used, names=names).active
    for row in rows[~used]:
        item = landmarks.items[known[row]]
        story = f"{item.label} is left out by the fit: it lies {agreement.errors_px[row]:.0f} px off."
        rejected.append(Rejected(item.label, item.pixel, "outlier", story))
    others = np.flatnonzero(~agreement.agree).tolist()
    rejected += [_accused(landmarks, problem, agreement, row, known) for row in others]
    assigned = tuple(_assigned(landmarks, problem, agreement, int(row), known) for row in rows[used])
    return Placement(
        points=points, assigned=assigned, rejected=tuple(rejected),
        log10_false_alarms=agreement.log10_alarms, tolerance_px=agreement.tolerance_px,
        plane=agreement.plane, fit=fitted,
    )  # fmt: skip


def _fitted(
    points: ControlPoints, problem: Problem, rows: Ints, *, kind: str, size_px: tuple[int, int] | None
) -> MapFit:
    """Fit, and leave out what the fit weighs as nothing and what is not merely drawn a little off."""
    if problem.handed == "mirrored":
        options = {"handedness": "mirrored"} if kind in ("auto", "similarity") else {}
        return fit(points, kind="similarity" if kind == "auto" else kind, size_px=size_px, **options)  # type: ignore[arg-type]
    if len(points) < _ENOUGH_TO_WEIGH:
        return fit(points, kind=kind, size_px=size_px)
    fitted = fit(points, kind=kind, robust=True, size_px=size_px)
    away = np.linalg.norm(fitted.to_pixels(points.world) - points.pixels, axis=1)
    slight = away <= np.hypot(_SLIGHT * np.sqrt(problem.area_px2), problem.spreads_px[rows])
    kept = fitted.used | slight
    if (kept == fitted.used).all():
        return fitted
    again = fit(points.where(kept), kind=kind, size_px=size_px)
    weights = kept.astype(np.float64)
    return replace(again, points=points, used=kept, weights=weights)


def _assigned(
    landmarks: Landmarks, problem: Problem, agreement: Agreement, row: int, known: Ints
) -> Assigned:
    chosen = int(agreement.chosen[row])
    item, candidates = landmarks.items[known[row]], problem.candidates
    rivals = candidates.share[problem.owner == row]
    longitude, latitude = candidates.lonlat[chosen].tolist()
    return Assigned(
        name=item.label, pixel=item.pixel, place=candidates.labels[chosen],
        longitude_deg=longitude, latitude_deg=latitude,
        rank=1 + int((rivals > candidates.share[chosen]).sum()), candidates=len(rivals),
        error_px=float(agreement.errors_px[row]),
    )  # fmt: skip


def _accused(landmarks: Landmarks, problem: Problem, agreement: Agreement, row: int, known: Ints) -> Rejected:
    """Say why a name that is known does not agree."""
    item = landmarks.items[known[row]]
    chosen, away = int(agreement.chosen[row]), float(agreement.errors_px[row])
    place, count = problem.candidates.labels[chosen], int((problem.owner == row).sum())
    lonlat = problem.candidates.lonlat
    holders = np.flatnonzero(agreement.agree)
    same = np.all(np.isclose(lonlat[agreement.chosen[holders]], lonlat[chosen], atol=1e-6), axis=1)
    if same.any():
        holder = landmarks.items[known[holders[same][0]]].label
        return Rejected(item.label, item.pixel, "taken", f"{item.label}: {holder} has its place, {place}.")
    if agreement.in_sight[row]:
        story = f"{item.label}: {place} lies {away:.0f} px from where the name stands."
        return Rejected(item.label, item.pixel, "far", story)
    kinds = "its only known place" if count == 1 else f"all of its {count} known places"
    story = f"{item.label}: {kinds} would lie off the scan, the nearest ({place}) {away:.0f} px away."
    return Rejected(item.label, item.pixel, "elsewhere", story)


def _repeated(landmarks: Landmarks, row: int, other: int) -> Rejected:
    item = landmarks.items[row]
    column, line = landmarks.items[other].pixel
    story = f"{item.label} repeats the name at {column:.0f}, {line:.0f}."
    return Rejected(item.label, item.pixel, "repeated", story)


def _unknown(landmarks: Landmarks, kept: Sequence[int], known: Ints, region: Region | None) -> list[Rejected]:
    where = "" if region is None else f" in {region.name}"
    found = set(known.tolist())
    return [
        Rejected(
            landmarks.items[row].label,
            landmarks.items[row].pixel,
            "unknown",
            f"{landmarks.items[row].label}: no place of this name is known{where}.",
        )
        for row in kept
        if row not in found
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
