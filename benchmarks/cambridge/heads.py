"""Heads on held-out blocks: ``python -m benchmarks.cambridge.heads --features DIR [--heads NAME ...]``.

DIR holds `locations.csv` and `mobilenet_v1_int8.npy`. Each fold is asked for its own blocks; those of the
next fold validate (they stop the training and choose every kernel), the rest is learnt from. Nothing learnt
from lies within 25 m of a validation block, and nothing of either within 25 m of an asked one.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cambridge.city import FOLDS, VIEWS, City, per_view
from benchmarks.cambridge.features import read_mobilenet
from whence.earth.ellipsoid import geodesic_distance_m
from whence.learn.batches import Side
from whence.learn.loop import LoopSettings, train
from whence.photos.heads.nesting import recipe_of
from whence.photos.heads.protocol import Task
from whence.photos.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.photos.heads.protocol import Learner

_RETRIEVAL = {"kind": "retrieval", "whitening": "yes"}
_VECTOR = {"kind": "unit-vector", "dropout": 0.2}
HEADS: dict[str, dict[str, Any]] = {
    "constant point": {"kind": "constant"},
    "unit vector": _VECTOR,
    "retrieval, not whitened": {"kind": "retrieval", "whitening": "no"},
    "retrieval, whitened": _RETRIEVAL,
    "projection": {"kind": "projection", "dropout": 0.0},
    "contrastive": {"kind": "contrastive", "dropout": 0.3},
    "ensemble": {
        "kind": "ensemble",
        "members": {"near": _RETRIEVAL, "vector": _VECTOR, "projection": {"kind": "projection"}},
    },
}
SETTINGS = LoopSettings(batch=256, max_epochs=60, patience=6, device="cpu")
_DRAWS = 1000


def folds(city: City, features: np.ndarray) -> Iterator[tuple[Task, Samples]]:
    """For each fold what is learnt from and validated by, and what is asked."""
    samples = Samples.of_arrays(features, np.repeat(city.lonlat, VIEWS, axis=0))
    for fold in range(FOLDS):
        beside = (fold + 1) % FOLDS
        known = per_view(city.known(fold))
        learnt = samples.subset(np.flatnonzero(known & per_view(city.known(beside))))
        held = samples.subset(np.flatnonzero(known & per_view(city.fold == beside)))
        asked = samples.subset(np.flatnonzero(per_view(city.fold == fold)))
        yield replace(Task(learnt, held, lambda *_: None), optimise=_optimise(learnt, held)), asked


def _optimise(learnt: Samples, held: Samples) -> Any:
    def optimise(learner: Learner, name: str) -> None:
        sides = tuple(Side(samples, learner.targets(samples)) for samples in (learnt, held))
        train(learner, sides, SETTINGS, name=name)

    return optimise


def measure(city: City, features: np.ndarray, table: dict[str, Any]) -> dict[str, float]:
    """Errors over all folds, and the mean log density of the truth; blocks are what is drawn anew."""
    errors, densities = [], []
    for task, asked in folds(city, features):
        mixtures = recipe_of(table, "head").fit(task).mixtures(asked.take(slice(None)))
        errors.append(geodesic_distance_m(mixtures.points(), asked.lonlat))
        densities.append(mixtures.log_density(asked.lonlat))
    of_fold = np.concatenate([np.full(len(part), fold) for fold, part in enumerate(errors)])
    error = np.concatenate(errors)
    low, high = _interval(error, of_fold, city)
    return {
        "median, m": round(float(np.median(error)), 1),
        "95 % from, m": low,
        "to, m": high,
        "mean, m": round(float(error.mean()), 1),
        "< 100 m, %": round(100 * float((error < 100).mean()), 1),
        "log density, nats": round(float(np.concatenate(densities).mean()), 2),
    }


def _interval(error: np.ndarray, of_fold: np.ndarray, city: City) -> tuple[float, float]:
    """Interval of the median when whole blocks are drawn with replacement."""
    blocks = np.unique(city._blocks, axis=0, return_inverse=True)[1].ravel()
    order = np.concatenate([np.flatnonzero(per_view(city.fold == fold)) for fold in range(FOLDS)])
    assert (city.fold[order // VIEWS] == of_fold).all()
    groups = [error[blocks[order // VIEWS] == block] for block in np.unique(blocks)]
    rng = np.random.default_rng(0)
    medians = [
        np.median(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]))
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(medians, [0.025, 0.975])
    return round(float(low), 1), round(float(high), 1)


def main() -> None:
    """Print a line of JSON for each head."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cambridge.heads", description=__doc__)
    parser.add_argument(
        "--features", type=Path, required=True, help="folder of locations.csv and the features"
    )
    parser.add_argument("--heads", nargs="*", choices=list(HEADS), default=list(HEADS))
    options = parser.parse_args()
    city = City.read(options.features / "locations.csv")
    features = read_mobilenet(options.features / "mobilenet_v1_int8.npy")
    for name in options.heads:
        print(json.dumps({"head": name} | measure(city, features, HEADS[name])), flush=True)


if __name__ == "__main__":
    main()
