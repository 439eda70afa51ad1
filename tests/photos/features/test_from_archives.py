"""OpenStreetView-5M in miniature: archives, store, features, split, samples; nobody is lost on the way."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "datasets"))

from fake_osv5m import fake_ids, write_fake_osv5m

from whence.photos.datasets.osv5m import import_osv5m
from whence.photos.features import embed
from whence.photos.splits import Split, leak, make_split

COUNT = 120


@pytest.fixture(scope="module")
def lonlat() -> np.ndarray:
    """Twelve places with ten photographs each; the last is alone in its cell."""
    rng = np.random.default_rng(0)
    places = rng.uniform([-100, -40], [100, 60], (12, 2))
    positions = np.repeat(places, 10, axis=0) + rng.uniform(-0.001, 0.001, (COUNT, 2))
    positions[-1] = [170.0, -45.0]
    return positions


def test_archives_to_samples(tmp_path, lonlat):
    write_fake_osv5m(tmp_path / "osv5m", lonlat, faults=("broken_jpeg",))
    images = import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    made = make_split("grid", images.metadata, seed=3)
    made.write(tmp_path / "grid.parquet")
    features = embed(images, "thumbnail", tmp_path / "features", batch=8, shard=32)
    features.verify()
    assert len(features) + len(features.excluded) == len(images)
    split = Split.read(tmp_path / "grid.parquet")
    train, validation = (features.side(split, side) for side in ("train", "validation"))
    assert len(train) + len(validation) == len(features)
    # Oracle: where the fake writer put each id.
    truth = dict(zip(fake_ids(COUNT), lonlat.tolist(), strict=True))
    for samples in (train, validation):
        np.testing.assert_allclose(samples.lonlat, [truth[name] for name in samples.metadata.ids], atol=1e-6)
    assert fake_ids(COUNT)[-1] in validation.metadata.ids  # alone in its cell
    match = split.onto(features.metadata)
    figures = leak(match.split, features.metadata).sides["validation"]
    assert figures.photos == len(validation)
    assert 0 < figures.median_m < 300
    assert {"sequence", "author"} <= set(figures.shared)
