"""The building head on the Kampala mosaic: trained without the eastern third, measured there.

python -m benchmarks.kampala DATA/aerial/kampala
python -m benchmarks.kampala DATA/aerial/kampala --register     trained on the 86 registered footprints only

With --register the whole mosaic is learnt from, and a building that the register lacks counts as ground
there; what is measured is how many of the 22 it lacks are proposed nevertheless.

Pixel IoU of "building or edge" in the columns from 2048 on, and footprints matched one to one at IoU 0.5 with
those of the map that lie there by more than half; both cut at the border of the third. What comes out is
written to the folder of --out: the run, the classes, the footprints. A run that is there already is measured
again and not trained anew.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely

from whence import aerial
from whence.aerial.datasets import open_dataset
from whence.aerial.evaluation import Confusion, match_footprints
from whence.aerial.evaluation.intervals import class_intervals
from whence.aerial.polygons import Cleaning, Separation, polygonise
from whence.aerial.training import AerialConfig
from whence.aerial.training.edges import EDGED, write_rimmed
from whence.imagery.atomic import atomic_path

RECIPE = Path(__file__).parents[1] / "src/whence/aerial/starter/buildings.toml"
RESULTS = Path(__file__).parent / "results"
IMAGE, TRUTH = "kampala_train_z21.tif", "osm_buildings_train.geojson"
REGISTER = "register_simulated_80pct.geojson"
RIM_M = 0.45
LEAST_M2 = 3.0
FREE = 0.3
"""Share of a footprint: less of it on the register makes it a new one."""

BLOCKS = 8
"""Blocks of rows of the eastern third that the bootstrap draws from."""


def main() -> None:
    """Train, predict, measure, write."""
    options = parsed()
    data = Path(options.data)
    with tempfile.TemporaryDirectory(prefix="whence-kampala-") as scratch:
        folder = Path(options.out or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = measured(data, folder, register=options.register, steps=options.steps)
    name = "kampala-register" if options.register else "kampala"
    with atomic_path(RESULTS / f"{name}.json") as beside:
        beside.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def measured(data: Path, folder: Path, *, register: bool, steps: int | None) -> dict[str, Any]:
    """Train on the western two thirds and measure on the eastern one; or propose what the register lacks."""
    model = trained(data, folder, steps, register=register).model
    count = sum(weight.numel() for weight in model.network.parameters())
    if register:
        return {"trained_on": REGISTER, "parameters": count} | missing_figures(model, data, folder)
    found = footprints(model, data, folder, window=(2048, 0, 1024, 2048))
    joined = shapely.get_parts(shapely.union_all(found))
    true, third = read(data / TRUTH), eastern(data)
    return {
        "trained_on": f"columns 0 to 2047, {TRUTH}",
        "measured_on": f"columns 2048 to 3071, {TRUTH}",
        **pixel_figures(model, data),
        "footprints": match_footprints(found, true, within=third).to_json(),
        "footprints_joined_where_they_touch": match_footprints(joined, true, within=third).to_json(),
        "parameters": count,
    }


def trained(data: Path, folder: Path, steps: int | None, *, register: bool = False) -> aerial.AerialRun:
    """Train as the recipe says, unless it is done."""
    rimmed = folder / "rimmed.gpkg"
    write_rimmed(data / (REGISTER if register else TRUTH), rimmed, width_m=RIM_M)
    over: dict[str, Any] = {
        "data.root": str((data / IMAGE).resolve()),
        "data.options.labels": str(rimmed),
        "data.options.scheme": str(RECIPE.parent / "edged.json"),
        "data.train": [f"{Path(IMAGE).stem}_{column}_0" for column in range(3 if register else 2)],
    }
    if steps is not None:
        over["training.steps"] = steps
    return aerial.train(AerialConfig.read(RECIPE, overrides=over), folder / "run")


def pixel_figures(model: aerial.AerialModel, data: Path) -> dict[str, Any]:
    """IoU of buildings, edges included, with an interval over blocks of rows."""
    scenes = open_dataset("vectors", data / IMAGE, labels=str(data / TRUTH), parts=(3, 1), bands=(1, 2, 3))
    image, truth, valid = scenes.read(scenes.scenes[2])
    p = model.probabilities(image[None], None if valid is None else valid[None])[0]
    said = (p[1:].sum(axis=0) > p[0]).astype(np.uint8)
    parts = zip(np.array_split(truth, BLOCKS), np.array_split(said, BLOCKS), strict=True)
    tables = [Confusion.of_scheme(scenes.scheme).add(*part).table for part in parts]
    whole = Confusion.total(
        Confusion(table[:, :-1], scenes.scheme.names, scenes.scheme.counted) for table in tables
    )
    low, high = class_intervals(np.array(tables))["iou"][1]
    return {
        "pixel_iou": round(float(whole.iou[1]), 4),
        "pixel_iou_95": [round(float(low), 4), round(float(high), 4)],
        "precision": round(float(whole.precision[1]), 4),
        "recall": round(float(whole.recall[1]), 4),
    }


def missing_figures(model: aerial.AerialModel, data: Path, folder: Path) -> dict[str, Any]:
    """Hold what was found anywhere and lies on no registered building against what is missing."""
    predicted = footprints(model, data, folder, window=(0, 0, 3072, 2048))
    register, truth = read(data / REGISTER), read(data / TRUTH)
    missing = truth[overlap_shares(truth, register) < FREE]
    new = predicted[overlap_shares(predicted, register) < FREE]
    match = match_footprints(new, missing)
    touched = overlap_shares(missing, new) >= FREE
    return {"missing": len(missing), "proposed": len(new), "touched": int(touched.sum())} | match.to_json()


def overlap_shares(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Share of the area of each polygon that lies on the others."""
    return shapely.area(shapely.intersection(ours, shapely.union_all(theirs))) / shapely.area(ours)


def footprints(
    model: aerial.AerialModel, data: Path, folder: Path, *, window: tuple[int, int, int, int]
) -> np.ndarray:
    """Predict a window of the mosaic and make polygons of its buildings, told apart by their edges."""
    classes, out = folder / "classes.tif", folder / "footprints.gpkg"
    aerial.predict(data / IMAGE, model, classes, bands=(1, 2, 3), window=window, restart=True)
    cleaning = Cleaning(
        classes=("building",), min_area=LEAST_M2, simplify=0.3, separate=Separation("building", None, "edge")
    )
    polygonise(classes, out, cleaning, scheme=EDGED)
    return read(out)


def read(path: Path) -> np.ndarray:
    """Read the polygons of a file."""
    _, _, found, _ = pyogrio.raw.read(path, columns=[])
    return shapely.make_valid(shapely.from_wkb(found))


def eastern(data: Path) -> Any:
    """Rectangle of the eastern third."""
    from whence.aerial.georeference import georeference

    place = georeference(data / IMAGE).transform
    return shapely.box(place.c + 2048 * place.a, place.f + 2048 * place.e, place.c + 3072 * place.a, place.f)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="?", default="shared/data/aerial/kampala")
    parser.add_argument("--register", action="store_true", help="train on the registered footprints only")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--out", help="folder for what comes out")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
