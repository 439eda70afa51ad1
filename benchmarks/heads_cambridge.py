"""Every head on real features of a city, whole blocks held out.

python benchmarks/heads_cambridge.py cambridge_features/ --out figures.json

The folder holds `mobilenet_v1_int8.npy` (1,024 locations × 4 headings × 1,024) and `locations.csv`. Squares
of 100 m are dealt into five folds: one is judged, the next one stops and calibrates the training, the
others teach, less what lies within 25 m of a judged or choosing photograph. All 4,096 photographs are
judged once; intervals draw whole squares.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import THREAD_LIMITS, describe
from whence.earth.tangent import TangentPlane
from whence.imagery.catalogue import Catalogue
from whence.photos.calibration import Calibration
from whence.photos.evaluate import Evaluation, Plan
from whence.photos.evaluation.comparison import evaluate_many
from whence.photos.features import FeatureStore
from whence.photos.heads.mixtures import Mixtures
from whence.photos.model import Model, predict
from whence.photos.splits import leak, make_split
from whence.photos.training import TrainConfig
from whence.photos.training.fitting import calibrated, fit_head

FOLDS = 5
SPLIT = {"block_m": 100.0, "folds": FOLDS, "margin_m": 25.0}
TRAINING = {
    "batch": 64,
    "max_epochs": 60,
    "patience": 8,
    "lr": 5e-4,
    "weight_decay": 1e-3,
    "optimiser": "adamw",
}
NETWORK = {"standardise": True, "dropout": 0.3}
CELLS = {"partition": "h3", "resolution": 10}
HEADS = {
    "constant point": {"kind": "constant"},
    "coordinates": {"kind": "coordinates", "extent": "data", **NETWORK},
    "unit vector": {"kind": "unit-vector", **NETWORK},
    "vMF": {"kind": "vmf-mixture", "components": 1, **NETWORK},
    "cells (H3 10)": {"kind": "cells", **CELLS, **NETWORK, "tau_km": 0.075},
    "cells + offset (H3 10, ENU)": {"kind": "hybrid", **CELLS, **NETWORK, "tau_km": 0.075},
    "prototypes": {"kind": "prototypes", **CELLS, **NETWORK, "tau_km": 0.075},
    "retrieval": {"kind": "retrieval"},
    "projection, then retrieval": {"kind": "projection"},
    "image-position contrastive": {"kind": "contrastive"},
    "ensemble": {
        "kind": "ensemble",
        "members": {
            "retrieval": {"kind": "retrieval"},
            "hybrid": {"kind": "hybrid", **CELLS, **NETWORK, "tau_km": 0.075},
            "unit-vector": {"kind": "unit-vector", **NETWORK},
        },
    },
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--heads", nargs="*", choices=HEADS, default=list(HEADS))
    options = parser.parse_args()
    store = opened(options.data)
    results = {"plain nearest neighbour": nearest_neighbour(store)}
    took_s = {}
    for name in options.heads:
        start = time.process_time()
        results[name] = judged(store, HEADS[name])
        took_s[name] = round(time.process_time() - start, 1)
        print(f"{name}: {took_s[name]} s", file=sys.stderr, flush=True)
    comparison = evaluate_many(
        results, plan=Plan(cluster="sequence_id"), metrics=["median", "mean", "within_25m", "within_100m"]
    )
    report = {"machine": describe(), "split": SPLIT, "training": TRAINING, "heads": HEADS, "cpu_s": took_s}
    report["figures"] = {name: slim(figures) for name, figures in comparison.evaluations.items()}
    for name, figures in comparison.evaluations.items():
        low, high = figures.median_interval_m
        shares = {round(share.limit_m): share.of_all for share in figures.within}
        held = "" if figures.calibration is None else f"   80 % radii hold {figures.calibration.share:.1%}"
        print(
            f"{name:30} median {figures.median_m:6.0f} m ({low:.0f} to {high:.0f})   "
            f"mean {figures.mean_m:6.0f} m   within 25 m {shares[25]:6.1%}, 100 m {shares[100]:6.1%}{held}"
        )
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def slim(figures: Evaluation) -> dict:
    """Give the figures without the long tables."""
    return {name: value for name, value in figures.to_json().items() if name not in ("distribution", "radii")}


def opened(data: Path) -> FeatureStore:
    """Make a feature store of the arrays: a row for every heading of every location."""
    with (data / "locations.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    lonlat = np.repeat([[float(row["lon"]), float(row["lat"])] for row in rows], 4, axis=0)
    names = [row["location_id"] for row in rows for _ in range(4)]
    metadata = Catalogue.of_arrays(
        lonlat,
        ids=[f"{name}_{i % 4}" for i, name in enumerate(names)],
        sequence_id=squares(lonlat),  # what the intervals draw as a whole
    )
    features = np.load(data / "mobilenet_v1_int8.npy").astype(np.float32).reshape(len(metadata), -1)
    folder = Path(tempfile.mkdtemp()) / "cambridge.features"
    return FeatureStore.create(folder, features, metadata, identity="mobilenet-v1-int8")


def squares(lonlat: np.ndarray) -> list[str]:
    """Name the square of 100 m in which each position lies."""
    enu_m = TangentPlane(lonlat.mean(axis=0)).to_enu(lonlat)
    return ["{:.0f} {:.0f}".format(*square) for square in np.floor(enu_m / SPLIT["block_m"])]


def sides(store: FeatureStore, fold: int):
    """Give the samples to learn from, to stop by, to judge by."""
    split = make_split("blocks", store.metadata, seed=0, fold=fold, **SPLIT)
    if fold == 0:
        print("\n".join(leak(split, store.metadata).sentences()), file=sys.stderr)
    return tuple(store.side(split, side) for side in ("train", "validation", "test"))


def judged(store: FeatureStore, head: dict) -> list:
    """Results of one head on all photographs, each judged by the model that did not see its block."""
    config = TrainConfig.of({"data": {"features": str(store.folder)}, "head": head, "training": TRAINING})
    rows = []
    for fold in range(FOLDS):
        train, validation, test = sides(store, fold)
        fitted, _ = fit_head(config.head, (train, validation), config.training)
        rows += predict(calibrated(Model(fitted), validation, config.calibration), test)
    return rows


def nearest_neighbour(store: FeatureStore) -> list:
    """Results of the position of the most alike training photograph, by raw cosine; without radii."""
    rows = []
    for fold in range(FOLDS):
        train, _, test = sides(store, fold)
        nearest = (test.take(slice(None)) @ train.take(slice(None)).T).argmax(axis=1)
        head = _Fixed(Mixtures.at(train.lonlat[nearest], 1.0), train.dim)
        rows += predict(Model(head, Calibration()), test)
    return rows


class _Fixed:
    """Says what it was told, block by block."""

    kind = "fixed"

    def __init__(self, told: Mixtures, dim: int) -> None:
        self.told, self.dim, self.next = told, dim, 0

    def mixtures(self, features: np.ndarray) -> Mixtures:
        """Give the next photographs' answers."""
        first, self.next = self.next, self.next + len(features)
        return self.told.take(slice(first, self.next))


if __name__ == "__main__":
    import os

    for limit in THREAD_LIMITS:
        os.environ.setdefault(limit, "1")
    main()
