"""Are the promised radii of a georeferenced map kept? On the drawn old map, where the truth is known.

Each seed surveys, warps, folds and turns a sheet of the drawn town anew (1:5000, 254 dpi). Control points
are grid crosses, or landmarks, which the survey has displaced by 2 m in each coordinate; their pixels are
measured with an error of 1.5 px (0.75 m) in each coordinate. Every fit is asked at 60 random places of the
sheet for the radius that holds the truth with 80 %.

position
    against the true place by the sheet's grid, inside and outside the hull of the control points;
point
    against points of the same sort that took no part, measured like the control points.

Then some scans are drawn, and georeferenced by the names of all their landmarks, and by the grid crosses that
are found in them.

    python -m benchmarks.old_map [--maps 60] [--scans 10] [--out old_map.json]
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence import maps
from whence.errors import InputError
from whence.maps.landmarks import Landmark, Landmarks
from whence.maps.landmarks.place_files import NamedPlaces
from whence.maps.scan import find_grid
from whence.smallworld import OldMap, Town
from whence.smallworld.map_frame import GRID_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.landmarks import Placement

KINDS = ("similarity", "affine", "projective", "polynomial2", "polynomial3", "tps", "mesh", "moving", "auto")
COUNTS = (4, 6, 10, 20)
POINTING_PX = 1.5
PLACES = 60
CHECKS = 30


def sources(sheet: OldMap) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pixels and true places of what can be measured on a sheet."""
    return {
        "crosses": (sheet.cross_pixels, sheet.frame.crosses()),
        "landmarks": (sheet.landmark_pixels, sheet.landmark_world),
    }


def trials(town: Town, seed: int) -> Iterator[tuple[tuple[str, str, int], dict[str, np.ndarray]]]:
    """Yield source, kind and count of each fit of one sheet, with its errors and radii."""
    sheet = OldMap.of_town(town, seed=seed)
    rng = np.random.default_rng([seed, 77])
    low = sheet.frame.margin_px
    places = sheet.paper.to_scan(rng.uniform(low, low + sheet.frame.map_px, (PLACES, 2)))
    truth = sheet.to_world(places)
    for source, (pixels, world) in sources(sheet).items():
        order = rng.permutation(len(pixels))
        measured = pixels + rng.normal(0, POINTING_PX, pixels.shape)
        rest = order[max(COUNTS) : max(COUNTS) + CHECKS]
        for count in COUNTS:
            used = order[:count]
            points = maps.ControlPoints(measured[used], world[used], crs=sheet.frame.crs)
            for kind in KINDS:
                try:
                    fit = maps.fit(points, kind=kind, size_px=sheet.size_px)
                    radius_m = fit.predicted_radius_m(places, q=0.8)
                except InputError:  # too few points for the kind, or none to spare
                    continue
                yield (
                    (source, kind, count),
                    {
                        "error_m": np.linalg.norm(fit.to_world(places) - truth, axis=1),
                        "radius_m": radius_m,
                        "inside": fit.inside(places),
                        "kept": np.linalg.norm(fit.to_world(measured[rest]) - world[rest], axis=1)
                        <= fit.predicted_radius_m(measured[rest], q=0.8, of="point"),
                    },
                )


def figures(fits: list[dict[str, np.ndarray]]) -> dict[str, float]:
    """Sum up the fits of one kind to as many points on all sheets."""
    joined = {name: np.concatenate([fit[name] for fit in fits]) for name in fits[0]}
    inside, error, radius = joined["inside"].astype(bool), joined["error_m"], joined["radius_m"]
    out = {"fits": len(fits), "point_kept": joined["kept"].mean()}
    for where, chosen in (("inside", inside), ("outside", ~inside)):
        out |= {
            f"{where}_places": int(chosen.sum()),
            f"{where}_kept": (error <= radius)[chosen].mean(),
            f"{where}_error_m_80": np.quantile(error[chosen], 0.8),
            f"{where}_radius_m_median": np.median(radius[chosen]),
        }
    return {name: round(float(value), 3) for name, value in out.items()}


def measure(count: int = 100) -> dict[str, dict[str, float]]:
    """Georeference so many sheets in every way."""
    town = Town.build(seed=0)
    fits = defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(count):
            for key, outcome in trials(town, 10_000 + seed):
                fits[key].append(outcome)
    return {" ".join(map(str, key)): figures(fits[key]) for key in sorted(fits)}


def found_alone(count: int) -> list[dict[str, float]]:
    """Georeference so many scans by what they show: names of landmarks, grid crosses."""
    town, rows = Town.build(seed=0), []
    for seed in range(count):
        sheet = OldMap.of_town(town, seed=20_000 + seed)
        named, grid = by_names(sheet, np.random.default_rng(seed)), find_grid(sheet.scan())
        world = np.round(sheet.to_world(grid.pixels) / GRID_M) * GRID_M  # ticks on the neatline count too
        off_px = np.hypot(*(grid.pixels - sheet.to_pixels(world)).T)
        crosses = maps.fit(maps.ControlPoints(grid.pixels, world, crs=sheet.frame.crs), kind="auto")
        rows.append(
            {
                "crosses": len(grid),
                "cross_off_px_median": float(np.median(off_px)),
                "cross_off_px_largest": float(off_px.max()),
                **{f"grid_{name}": value for name, value in held(sheet, crosses).items()},
                "names": len(named.points),
                **{f"names_{name}": value for name, value in held(sheet, named.fit).items()},
            }
        )
    return rows


def by_names(sheet: OldMap, rng: np.random.Generator) -> Placement:
    """Give the pixels of the names alone, and the names' places from a list."""
    pixels = sheet.landmark_pixels + rng.normal(0, POINTING_PX, sheet.landmark_pixels.shape)
    names = [landmark.name for landmark in sheet.landmarks]
    lonlat = [sheet.town.lonlat(landmark.place_m).tolist() for landmark in sheet.landmarks]
    places = NamedPlaces.of((name, *place) for name, place in zip(names, lonlat, strict=True))
    items = tuple(Landmark(name, (at[0], at[1])) for name, at in zip(names, pixels.tolist(), strict=True))
    return Landmarks(items, size_px=sheet.size_px).solve(places, crs=sheet.frame.crs)


def held(sheet: OldMap, fit: maps.MapFit) -> dict[str, float]:
    """Compare promise and truth amid the points."""
    places = sheet.places(400)
    places = places[fit.inside(places)]
    error_m = np.linalg.norm(fit.to_world(places) - sheet.to_world(places), axis=1)
    radius_m = fit.predicted_radius_m(places, q=0.8)
    return {
        "error_m_80": float(np.quantile(error_m, 0.8)),
        "radius_m_median": float(np.median(radius_m)),
        "kept": float((error_m <= radius_m).mean()),
    }


def line_of(key: str, row: dict[str, float]) -> str:
    """Put the figures of one kind on a line; an error is the one that 80 % do not exceed."""
    parts = [
        f"{where} kept {row[f'{where}_kept']:.2f}, error {row[f'{where}_error_m_80']:5.2f} m, "
        f"promised {row[f'{where}_radius_m_median']:5.2f} m"
        for where in ("inside", "outside")
    ]
    return f"{key:26} fits {row['fits']:4.0f} | {' | '.join(parts)} | points kept {row['point_kept']:.2f}"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=60, help="sheets to simulate")
    parser.add_argument("--scans", type=int, default=10, help="scans to draw and to read")
    parser.add_argument("--out", type=Path, help="file for the figures")
    options = parser.parse_args()
    found = measure(options.maps)
    for key, row in found.items():
        print(line_of(key, row))
    scans = found_alone(options.scans)
    for name in scans[0] if scans else ():
        print(f"{name:24} {' '.join(f'{row[name]:7.2f}' for row in scans)}")
    if options.out:
        report = {
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "what": "drawn town, simulated sheets: coverage of the radii promised with 80 %",
            "sheets": options.maps,
            "pointing_px": POINTING_PX,
            "figures": found,
            "scans": scans,
        }
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
