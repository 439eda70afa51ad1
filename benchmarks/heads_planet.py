"""Every head on the simulated planet, beside the best that any method could reach.

python benchmarks/heads_planet.py --positions coordinates_100K.csv --out figures.json

SIMULATED: the features are drawn from a known density at real positions of photographs, so that the
posterior, and with it the smallest error on average, can be computed. The figures say which head makes how
much of the same information, and nothing about real photographs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import THREAD_LIMITS, describe
from whence.imagery.catalogue import Catalogue
from whence.photos.evaluate import Evaluation, Plan
from whence.photos.evaluation.comparison import evaluate_many
from whence.photos.features import FeatureStore
from whence.photos.model import Model, predict
from whence.photos.splits import Split
from whence.photos.training import TrainConfig
from whence.photos.training.fitting import calibrated, fit_head
from whence.smallworld.planet_data import inhabited_positions, write_planet

PHOTOGRAPHS = (40_000, 4_000, 4_000)
PLACES = 4_000
TRAINING = {"batch": 256, "max_epochs": 80, "patience": 5, "lr": 1e-3}
SMOOTHED = {"tau_km": 150.0}
STANDARD = {"standardise": True}
HEADS = {
    "constant point": {"kind": "constant"},
    "coordinates, MSE": {"kind": "coordinates", "loss": "mse"},
    "coordinates, haversine": {"kind": "coordinates", "loss": "haversine"},
    "coordinates, modified geoscore": {"kind": "coordinates", "loss": "modified-geoscore"},
    "unit vector, haversine": {"kind": "unit-vector", **STANDARD},
    "vMF mixture": {"kind": "vmf-mixture", **STANDARD},
    "cells: countries": {"kind": "cells", "partition": "country", **STANDARD},
    "cells: regions": {"kind": "cells", "partition": "region", **STANDARD},
    "cells: quadtree": {"kind": "cells", **STANDARD},
    "cells: quadtree, smoothed": {"kind": "cells", **SMOOTHED, **STANDARD},
    "cells: quadtree, hierarchical": {"kind": "cells", "hierarchy": 1.0, **STANDARD},
    "cells: H3 2, smoothed": {"kind": "cells", "partition": "h3", "resolution": 2, **SMOOTHED, **STANDARD},
    "cells + offset: quadtree": {"kind": "hybrid", **SMOOTHED, **STANDARD},
    "cells + offset: H3 2, ENU": {
        "kind": "hybrid",
        "partition": "h3",
        "resolution": 2,
        **SMOOTHED,
        **STANDARD,
    },
    "prototypes": {"kind": "prototypes", **SMOOTHED, **STANDARD},
    "image-position contrastive": {"kind": "contrastive"},
    "retrieval": {"kind": "retrieval"},
    "projection, then retrieval": {"kind": "projection"},
    "country first": {
        "kind": "country-first",
        "countries": {"kind": "cells", "partition": "country", **STANDARD},
        "within": {"kind": "retrieval"},
    },
    "ensemble": {
        "kind": "ensemble",
        "members": {
            "retrieval": {"kind": "retrieval"},
            "hybrid": {"kind": "hybrid", **SMOOTHED, **STANDARD},
            "vmf": {"kind": "vmf-mixture", **STANDARD},
        },
    },
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--positions", type=Path, help="CSV with LAT and LON; the gazetteer's places without")
    parser.add_argument("--encoder", default="B16", choices=("B32", "B16"))
    parser.add_argument("--places", type=int, default=PLACES)
    parser.add_argument("--train", type=int, default=PHOTOGRAPHS[0], help="photographs to learn from")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--heads", nargs="*", choices=HEADS, default=list(HEADS))
    options = parser.parse_args()
    photographs = (options.train, *PHOTOGRAPHS[1:])
    lonlat = positions(options.positions, options.places)
    data = write_planet(Path(tempfile.mkdtemp()) / "planet", lonlat=lonlat, photographs=photographs)
    store = FeatureStore.open(data.features[options.encoder])
    split = Split.read(data.split).onto(store.metadata).split
    train, validation, test = (store.side(split, side) for side in ("train", "validation", "test"))
    best = data.planets[options.encoder].reachable(test)
    results, took_s = {}, {}
    for name in options.heads:
        start = time.process_time()
        config = TrainConfig.of(
            {"data": {"features": str(store.folder)}, "head": HEADS[name], "training": TRAINING}
        )
        head, _ = fit_head(config.head, (train, validation), config.training)
        took_s[name] = round(time.process_time() - start, 1)
        results[name] = predict(calibrated(Model(head), validation, config.calibration), test)
        print(f"{name}: {took_s[name]} s", file=sys.stderr, flush=True)
    comparison = evaluate_many(results, plan=Plan())
    print(
        f"{'best reachable (computed)':32} mean {best.mean_km:6,.0f} km   median {best.median_km:6,.0f} km   "
        f"GeoScore {best.geoscore:5,.0f}   200 km {best.within[200.0]:6.1%}"
    )
    for name, figures in comparison.evaluations.items():
        print(line(name, figures, took_s[name]))
    if options.out:
        report = {
            "note": "SIMULATED features; see the head of benchmarks/heads_planet.py",
            "machine": describe(),
            "positions": str(options.positions.name if options.positions else "gazetteer"),
            "places": options.places,
            "photographs": photographs,
            "training": TRAINING,
            "heads": HEADS,
            "cpu_s": took_s,
            "reachable": dataclasses.asdict(best),
            "figures": {name: slim(figures) for name, figures in comparison.evaluations.items()},
        }
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def slim(figures: Evaluation) -> dict:
    """Give the figures without the long tables."""
    return {name: value for name, value in figures.to_json().items() if name not in ("distribution", "radii")}


def positions(path: Path | None, places: int) -> np.ndarray:
    """Read where photographs are taken, and keep some of them."""
    if path is None:
        return inhabited_positions(places, np.random.default_rng(0))
    lonlat = np.loadtxt(path, delimiter=",", skiprows=1)[:, ::-1]
    kept = np.random.default_rng(0).choice(len(lonlat), places, replace=False)
    return Catalogue.of_arrays(lonlat[np.sort(kept)]).lonlat


def line(name: str, figures: object, took_s: float) -> str:
    """Tell a head's figures."""
    within = {round(share.limit_m): share.of_all for share in figures.within}
    held = "" if figures.calibration is None else f"   80 % radii hold {figures.calibration.share:.1%}"
    return (
        f"{name:32} mean {figures.mean_m / 1e3:6,.0f} km   median {figures.median_m / 1e3:6,.0f} km   "
        f"GeoScore {figures.score.of_all:5,.0f}   200 km {within[200_000]:6.1%}{held}   {took_s:6.1f} s"
    )


if __name__ == "__main__":
    import os

    for limit in THREAD_LIMITS:
        os.environ.setdefault(limit, "1")
    main()
