"""Train a head on features, look at what its radii promise, and ask the model.

The features are simulated: smooth random functions of the position, with noise. With photographs they come
from `whence embed`.
"""

from __future__ import annotations

import numpy as np

from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.training import TrainConfig, train

rng = np.random.default_rng(0)
lonlat = rng.uniform([13.1, 55.6], [13.3, 55.8], (2000, 2))
waves = rng.normal(0.0, 40.0, (2, 64))
features = np.cos((lonlat - lonlat.mean(axis=0)) @ waves + rng.uniform(0, 6, 64)) + 0.3 * rng.normal(
    size=(2000, 64)
)
store = FeatureStore.create("lund.features", features, Catalogue.of_arrays(lonlat), identity="simulated")

config = TrainConfig.of(
    {
        "data": {"features": "lund.features", "split": {"by": "blocks", "block_m": 1000.0}},
        "head": {"kind": "unit-vector"},
        "training": {"max_epochs": 40, "lr": 0.003},
    }
)
run = train(config, "run")
print("\n".join(run.sentences()))

photograph = store.samples().take(slice(0, 1))  # vectors of length 1, as encoders give them
(belief,) = run.model.beliefs(photograph)
print(f"80 % within {belief.radius_m(0.8):.0f} m of {belief.best().round(3)}")
