"""Are the promises of an index kept? Every calibration is fitted without the blocks it is asked about.

The photos of an index are drawn into five folds of square blocks. For each fold an index of the other blocks
is calibrated on its own photos; then the photos of the fold are asked about twice:

covered
    against the whole index without the own place of the photo;
uncovered
    against the photos outside the fold and not near it.

One photo, and all photos of a place together. The encoder stays as it is: where it learnt from the same
photos, its whitening has seen them.

    python benchmarks/index_trust.py city.index [--out index_trust.json]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from whence.earth.sphere import distance_m
from whence.photos.index import PlaceIndex
from whence.photos.index.calibrate import fitted_calibration
from whence.photos.index.calibration import Calibration, default_for
from whence.photos.index.consensus import consensus_of, weighted_geometric_median
from whence.photos.index.reliability import PROMISES, promise_masses
from whence.photos.index.trials import (
    FOLDS,
    Trial,
    block_folds,
    covered_trials,
    group_trials,
    uncovered_trials,
)
from whence.photos.index.vectors import UnitVectors


def part_of(index: PlaceIndex, rows: np.ndarray) -> PlaceIndex:
    """Make an index of some photos, in memory."""
    vectors = UnitVectors(index.vectors.codes[rows], index.vectors.scales[rows])
    header = replace(index.header, count=len(rows), has_local=False)
    return PlaceIndex(index.folder, header, index.records.take(rows.tolist()), vectors)


def questions(index: PlaceIndex, folds: np.ndarray, near_m: float, *, sample: int) -> dict[str, list[Trial]]:
    """Ask about photos and about places, in both cases."""
    rng = np.random.default_rng(1)
    rows = np.sort(rng.permutation(len(index))[:sample])
    places = np.sort(rng.permutation(np.flatnonzero(np.bincount(index.places.of_row) > 1))[:sample])
    asked = {
        "covered, one photo": covered_trials(index, rows, folds, near_m=near_m),
        "uncovered, one photo": uncovered_trials(index, rows, folds, near_m=near_m),
    }
    if len(places):
        for case in (True, False):
            name = f"{'covered' if case else 'uncovered'}, place together"
            asked[name] = group_trials(index, places, folds, near_m=near_m, covered=case)
    return asked


def figures(trials: list[Trial], calibrations: dict[int, Calibration]) -> dict[str, object]:
    """Measure shares held, errors of the best point and of the two kinds of consensus, and radii."""
    own = [calibrations[trial.fold] for trial in trials]
    mass, error_m = promise_masses(trials, own)
    modes, medians = [], []
    for trial, calibration in zip(trials, own, strict=True):
        found = consensus_of(trial.neighbours, bandwidth_m=calibration.bandwidth_m, near_m=calibration.near_m)
        middle = weighted_geometric_median(trial.neighbours.lonlat, similarity=trial.neighbours.score)
        modes.append(float(distance_m(found.point, trial.truth)))
        medians.append(float(distance_m(middle, trial.truth)))
    nearest_m = [float(distance_m(trial.neighbours.lonlat[0], trial.truth)) for trial in trials]
    return {
        "questions": len(trials),
        "held": {f"{promise:.0%}": round(float(np.mean(mass <= promise)), 3) for promise in PROMISES},
        "median_best_m": round(float(np.median(error_m)), 1),
        "median_mode_m": round(float(np.median(modes)), 1),
        "median_geometric_m": round(float(np.median(medians)), 1),
        "median_nearest_m": round(float(np.median(nearest_m)), 1),
        "recall_at_1_25_m": round(float(np.mean(np.array(nearest_m) <= 25.0)), 3),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--sample", type=int, default=100_000, help="photos and places asked about at most")
    parser.add_argument("--out", type=Path, help="write JSON here instead of to stdout")
    options = parser.parse_args()
    index = PlaceIndex.open(options.index)
    near_m = default_for(index.places).near_m
    folds = block_folds(index.records.lonlat, block_m=4 * near_m, rng=np.random.default_rng(0))
    calibrations = {
        fold: fitted_calibration(
            part_of(index, np.flatnonzero(folds != fold)), rng=np.random.default_rng(fold)
        )
        for fold in range(FOLDS)
    }
    asked = questions(index, folds, near_m, sample=options.sample)
    result = {
        "benchmark": "index_trust",
        "date": datetime.now(UTC).date().isoformat(),
        "photos": len(index),
        "encoder": index.header.encoder,
        "figures": {name: figures(trials, calibrations) for name, trials in asked.items()},
    }
    text = json.dumps(result, indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
