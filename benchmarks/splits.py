"""What a split measures: the leak on real positions, and plain retrieval on real features under each split.

python -m benchmarks.splits ../shared/data/photos
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import significant
from whence.earth.points import from_lat_lon
from whence.earth.sphere import distance_m
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import leak, make_split

WORLD: dict[str, dict[str, Any]] = {
    "random": {},
    "grid": {},
    "cells": {"resolution": 5},
    "distance": {"minimum_m": 1000.0},
}
CITY: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "blocks of 100 m": ("blocks", {"margin_m": 0.0}),
    "blocks of 100 m, 25 m apart": ("blocks", {"margin_m": 25.0}),
}
FOLDS = 5
HEADINGS = 4


def main() -> None:
    """Measure both and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.splits", description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="the folder with coordinates/ and cambridge_features/")
    folder = parser.parse_args().photos
    figures = {
        "100,000 positions of photographs": world(folder / "coordinates" / "coordinates_100K.csv"),
        "Cambridge": city(folder / "cambridge_features"),
    }
    print(json.dumps(figures, indent=1))


def world(table: Path) -> dict[str, Any]:
    """Leak of the held-out side that judges: test, or validation where there is no test."""
    known = Catalogue.of_arrays(_positions(table, "LAT", "LON"))
    figures: dict[str, Any] = {}
    for name, settings in WORLD.items():
        split = make_split(name, known, **settings)
        figures[name] = split.counts() | list(leak(split, known).sides.values())[-1].to_json()
    return figures


def city(folder: Path) -> dict[str, Any]:
    """Error of the nearest neighbour in feature space, every view tested once over the folds."""
    features = np.load(folder / "mobilenet_v1_int8.npy").reshape(-1, 1024)
    lonlat = np.repeat(_positions(folder / "locations.csv", "lat", "lon"), HEADINGS, axis=0)
    with tempfile.TemporaryDirectory() as place:
        known = Catalogue.of_arrays(lonlat)
        store = FeatureStore.create(Path(place) / "f", features, known, identity="MobileNetV1 int8")
        return {what: _retrieved(store, name, settings) for what, (name, settings) in CITY.items()}


def _retrieved(store: FeatureStore, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    errors_m, near = [], []
    for fold in range(FOLDS):
        split = make_split(name, store.metadata, folds=FOLDS, fold=fold, **settings)
        train, test = store.side(split, "train"), store.side(split, "test")
        best = np.argmax(test.take(slice(None)) @ train.take(slice(None)).T, axis=1)
        errors_m.append(distance_m(test.lonlat, train.lonlat[best]))
        near.append(leak(split, store.metadata).sides["test"])
    together = np.concatenate(errors_m)
    return {
        "views": len(together),
        "nearest training view, median m": significant(float(np.median([side.median_m for side in near])), 3),
        "test views with a training view within 25 m": significant(
            float(np.average([side.within[25.0] for side in near], weights=[side.photos for side in near])), 3
        ),
        "median error m": significant(float(np.median(together)), 3),
        "within 25 m": significant(float((together <= 25.0).mean()), 3),
    }


def _positions(table: Path, lat: str, lon: str) -> np.ndarray:
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return from_lat_lon([float(row[lat]) for row in rows], [float(row[lon]) for row in rows])


if __name__ == "__main__":
    main()
