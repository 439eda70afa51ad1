"""Are the promised radii of a georeferenced map kept? On the drawn old map, where the truth is known.

Each seed surveys, warps, folds and turns a sheet of the drawn town anew (1:5000, 254 dpi). Control points
are grid crosses, or landmarks, which the survey has displaced by 2 m in each coordinate; their pixels are
measured with an error of 1.5 px (0.75 m) in each coordinate. Every fit is asked at 60 random places of the
sheet for the radius that holds the truth with 80 %.

position
    against the true place by the sheet's grid, inside and outside the hull of the control points;
point
    against points of the same sort that took no part, measured like the control points.

    python -m benchmarks.old_map [--maps 100] [--out old_map.json]
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
from whence.smallworld import OldMap, Town

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    parser.add_argument("--maps", type=int, default=100, help="sheets to draw")
    parser.add_argument("--out", type=Path, help="file for the figures")
    options = parser.parse_args()
    found = measure(options.maps)
    for key, row in found.items():
        print(line_of(key, row))
    if options.out:
        report = {
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "what": "drawn town, simulated sheets: coverage of the radii promised with 80 %",
            "sheets": options.maps,
            "pointing_px": POINTING_PX,
            "figures": found,
        }
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
