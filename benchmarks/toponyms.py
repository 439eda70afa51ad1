"""Placement of 295 real maps by names that a program read from them, most with gross errors among them.

python -m benchmarks.toponyms real_maps_auto_gcps.json              all maps, given places and resolved names
python -m benchmarks.toponyms real_maps_auto_gcps.json --every 10   a tenth of them

The maps have no ground truth. What a placement is checked against: the country in the name of its file, whose
outline the placed scan must overlap; and names left out, which the others must predict.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError, NotFoundError
from whence.maps.landmarks import Candidate, Candidates, Landmarks
from whence.maps.landmarks.tables import landmarks_of_json
from whence.places import country

if TYPE_CHECKING:
    from whence.maps.landmarks import Placement

_WORD = re.compile(r"[a-z]+")
_NO_COUNTRY = {"africa", "america", "asia", "europe", "pol", "rel", "sm", "ref", "physio", "jordan river"}


def main() -> None:
    """Place all, and print a table and the summary as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("maps", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--null", action="store_true", help="also shuffle the pixels, which must be refused")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()
    maps = json.loads(options.maps.read_text("utf-8"))[:: options.every]
    ways = ("given", "resolved", *(["given shuffled", "resolved shuffled"] if options.null else []))
    report: dict[str, Any] = {}
    placements: dict[tuple[str, str], Placement] = {}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(judged, *zip(*[(one, way) for way in ways for one in maps], strict=True)))
    for number, way in enumerate(ways):
        judgements = found[number * len(maps) : (number + 1) * len(maps)]
        rows = [row for row, _ in judgements]
        placements |= {
            (one["url"], way): done for one, (_, done) in zip(maps, judgements, strict=True) if done
        }
        report[way] = {"summary": summary(rows), "maps": rows}
        sys.stdout.write(f"{way}: {json.dumps(report[way]['summary'], indent=1)}\n")
        sys.stdout.flush()
    report["given and resolved"] = compared(placements)
    sys.stdout.write(f"given and resolved: {json.dumps(report['given and resolved'], indent=1)}\n")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


def judged(one: dict[str, Any], way: str) -> tuple[dict[str, Any], Placement | None]:
    """Place one map, and check it by what its file is called."""
    candidates = Candidates.of([[Candidate("given", row[2], row[3], 1.0)] for row in one["gcps"]])
    name = one["url"].rsplit("/", 1)[-1]
    start = time.process_time()
    row: dict[str, Any] = {
        "map": name,
        "names": len(one["gcps"]),
        "reported_percent": one["error"]["percent"],
    }
    try:
        landmarks = landmarks_of_json(one)
        if "shuffled" in way:
            landmarks = shuffled(landmarks)
        placement = landmarks.solve(candidates if way.startswith("given") else None)
    except InputError as error:
        cpu_s = round(time.process_time() - start, 2)
        return row | {"placed": False, "why": str(error), "cpu_s": cpu_s}, None
    cpu_s = round(time.process_time() - start, 2)
    places = {tuple(done.pixel): (done.longitude_deg, done.latitude_deg) for done in placement.assigned}
    found = country_of(one["url"])
    side_m = scan_side_m(placement, landmarks)
    left_out = placement.fit.quality.leave_one_out_rmse_m
    row |= {
        "placed": True,
        "agree": len(placement.assigned),
        "log10_false_alarms": round(placement.log10_false_alarms, 1),
        "kind": placement.fit.kind,
        "crs": placement.points.crs.name,
        "left_out_share": None if left_out is None else round(left_out / side_m, 5),
        "covered": covered(placement),
        "country": found,
        "in_country": None if found is None else in_country(placement, found),
        "places": [[*pixel, *place] for pixel, place in places.items()],
        "cpu_s": cpu_s,
    }
    return row, placement


def shuffled(landmarks: Landmarks) -> Landmarks:
    """Give every name the pixel of another: a sheet whose names are all misplaced."""
    from dataclasses import replace

    rng = np.random.default_rng(len(landmarks))
    order = rng.permutation(len(landmarks))
    items = [
        replace(item, pixel=landmarks.items[row].pixel)
        for item, row in zip(landmarks.items, order, strict=True)
    ]
    return Landmarks(tuple(items), landmarks.size_px)


def country_of(url: str) -> str | None:
    """Find the country that a file is called after: gabon.jpg, new_zealand_physio-2006.jpg."""
    words = _WORD.findall(url.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower())
    for count in (3, 2, 1):
        for start in range(min(2, len(words)) if count == 1 else 1):
            text = " ".join(words[start : start + count])
            if len(words[start : start + count]) < count or text in _NO_COUNTRY or len(text) < 4:
                continue
            try:
                return str(country.by_name(text).code)
            except NotFoundError:
                continue
    return None


def compared(placements: dict[tuple[str, str], Placement]) -> dict[str, Any]:
    """Compare the placements of each map: how far resolved places lie from where the given ones have them."""
    from whence.earth.ellipsoid import geodesic_inverse

    shares = {}
    for (url, way), one in placements.items():
        other = placements.get((url, "resolved"))
        if way != "given" or other is None:
            continue
        given = one.points.crs.to_lonlat(one.fit.to_world(other.points.pixels))
        resolved = other.points.crs.to_lonlat(other.points.world)
        away_m = geodesic_inverse(given, resolved)[1]
        extent_m = geodesic_inverse(resolved[None], resolved[:, None])[1].max()
        shares[url.rsplit("/", 1)[-1]] = float(np.median(away_m) / extent_m)
    values = np.array(list(shares.values()))
    return {
        "placed_both_ways": len(shares),
        "median_share_of_extent": round(float(np.median(values)), 5),
        "p90_share_of_extent": round(float(np.quantile(values, 0.9)), 5),
        "apart_by_more_than_5_percent": {name: round(v, 3) for name, v in shares.items() if v > 0.05},
    }


def grid_of(placement: Placement) -> np.ndarray:
    """(225, 2) longitude, latitude of a grid over the box of the names."""
    low, high = placement.points.pixels.min(axis=0), placement.points.pixels.max(axis=0)
    columns, lines = np.meshgrid(np.linspace(low[0], high[0], 15), np.linspace(low[1], high[1], 15))
    pixels = np.column_stack([columns.ravel(), lines.ravel()])
    return np.asarray(placement.points.crs.to_lonlat(placement.fit.to_world(pixels)))


def in_country(placement: Placement, code: str) -> bool:
    """Tell whether the part of the map between its names has some of that country."""
    region = country.region(code)
    grid = grid_of(placement)
    return bool(region.contains(grid).any() or region.distance_m(grid).min() < 50_000)


def scan_side_m(placement: Placement, landmarks: Landmarks) -> float:
    """Root of the area of the scan on the ground, metres."""
    middle = placement.points.pixels.mean(axis=0)
    from whence.maps.ground import metres_per_unit

    points = placement.points
    scale = metres_per_unit(points.crs, points.world).mean(axis=0)
    area = abs(np.linalg.det(placement.fit.transform.jacobian(middle) * scale[:, None]))
    width, height = landmarks.size_px
    return float(np.sqrt(area * width * height))


def covered(placement: Placement) -> list[int]:
    """Count the names that, left out, lie within the 80 % radius that the others promise, and all tried."""
    from whence import maps

    points, hits, tried = placement.points, 0, 0
    if len(points) < 6:
        return [0, 0]
    for row in (len(points) // 3, 2 * len(points) // 3):
        kept = np.arange(len(points)) != row
        try:
            fit = maps.fit(points.where(kept), kind=placement.fit.kind)
            radius = float(fit.predicted_radius_m(points.pixels[row], q=0.8, of="point"))
        except NotEnoughDataError:
            continue
        from whence.earth.ellipsoid import geodesic_inverse

        place, truth = (
            points.crs.to_lonlat(w) for w in (fit.to_world(points.pixels[row]), points.world[row])
        )
        hits += int(geodesic_inverse(place, truth)[1] <= radius)
        tried += 1
    return [hits, tried]


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count."""
    placed = [row for row in rows if row["placed"]]
    checked = [row for row in placed if row["in_country"] is not None]
    seconds = np.array([row["cpu_s"] for row in rows])
    left_out = [row["left_out_share"] for row in placed if row["left_out_share"] is not None]
    hits, tried = np.sum([row["covered"] for row in placed], axis=0) if placed else (0, 0)
    gross = [row for row in rows if row["reported_percent"] > 2]
    few = sum(not row["placed"] and row["names"] < 4 for row in rows)
    return {
        "maps": len(rows),
        "placed": len(placed),
        "refused": len(rows) - len(placed),
        "refused_with_fewer_than_4_names": few,
        "names_agree_share": round(
            sum(r["agree"] for r in placed) / max(1, sum(r["names"] for r in placed)), 3
        ),
        "gross_errors_reported": len(gross),
        "gross_errors_placed": [row["map"] for row in gross if row["placed"]],
        "country_known": len(checked),
        "in_another_country": [row["map"] for row in checked if not row["in_country"]],
        "left_out_median_share_of_side": round(float(np.median(left_out)), 5) if left_out else None,
        "left_out_p90_share_of_side": round(float(np.quantile(left_out, 0.9)), 5) if left_out else None,
        "names_within_promised_80": [int(hits), int(tried)],
        "cpu_s_median": float(np.median(seconds)),
        "cpu_s_p95": round(float(np.quantile(seconds, 0.95)), 2),
        "cpu_s_largest": float(seconds.max()),
    }


if __name__ == "__main__":
    main()
