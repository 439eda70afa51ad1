"""Real features of a city: what the leak warns of is what happens."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from whence.earth.sphere import distance_m
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import leak, make_split


@pytest.mark.shared_data
def test_a_random_split_measures_memory(shared_data: Path, tmp_path: Path) -> None:
    """Four views of each of 1,024 places: at random, the place itself is in training; by blocks it is not."""
    folder = shared_data / "photos/cambridge_features"
    with (folder / "locations.csv").open(encoding="utf-8", newline="") as lines:
        lonlat = np.array([[float(row["lon"]), float(row["lat"])] for row in csv.DictReader(lines)])
    vectors = np.load(folder / "mobilenet_v1_int8.npy").reshape(4096, -1)
    known = Catalogue.of_arrays(np.repeat(lonlat, 4, axis=0))
    store = FeatureStore.create(tmp_path / "f", vectors, known, identity="MobileNetV1 int8")
    median_m, near = {}, {}
    for name in ("random", "blocks"):
        split = make_split(name, store.metadata, folds=5)
        train, test = store.side(split, "train"), store.side(split, "test")
        best = np.argmax(test.take(slice(None)) @ train.take(slice(None)).T, axis=1)
        median_m[name] = np.median(distance_m(test.lonlat, train.lonlat[best]))
        near[name] = leak(split, store.metadata).sides["test"].within
    assert near["random"][1.0] > 0.9
    assert median_m["random"] < 25
    assert near["blocks"][25.0] == 0.0
    assert median_m["blocks"] > 150
