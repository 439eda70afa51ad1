"""Leave-one-tile-out on the Dubai set: every network after the same short budget, the forest, the starter.

python -m benchmarks.dubai DATA/aerial/dubai --networks forest,starter,unetformer --tiles 7
python -m benchmarks.dubai DATA/aerial/dubai --summary

Every (network, tile) is one JSON file in benchmarks/results/dubai; what is there is not done again. IoU from
one confusion matrix over all pixels of the left-out tile at full resolution, unlabelled and black ignored,
mean over the five classes; intervals by bootstrap over its nine parts.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from whence.aerial.datasets import SceneSet, open_dataset
from whence.aerial.evaluation import Confusion
from whence.aerial.evaluation.intervals import mean_intervals
from whence.aerial.training import AerialConfig, train
from whence.imagery.atomic import atomic_path

RESULTS = Path(__file__).parent / "results" / "dubai"
RECIPE = Path(__file__).parents[1] / "src/whence/aerial/starter/land-cover.toml"
FORESTS = ("forest", "forest-textures")
SHORT: dict[str, dict[str, Any]] = {
    "residual-unet": {},
    "unetformer": {"backbone": "resnet18"},
    "abcnet": {"backbone": "resnet18"},
    "manet": {"backbone": "resnet18"},
    "a2fpn": {"backbone": "resnet18"},
    "banet": {},
    "dcswin": {"backbone": "swin-tiny"},
    "ft-unetformer": {"backbone": "swin-tiny"},
    "segformer": {"backbone": "b0"},
    "upernet": {"backbone": "resnet18", "options": {"width": 128}},
}
"""Name -> the smallest published backbone of each, from scratch; UperNet with a quarter of its width."""

BUDGET: dict[str, Any] = {
    "augmentation.transforms": ["exposure", "noise", "blur"],
    "training.steps": 30,
    "training.batch": 4,
    "training.warmup_steps": 3,
    "training.average": 0.9,
    "crops.side_px": 128,
    "model.reduction": 4,
    "model.scales": [1.0],
    "model.prior": 0.0,
}


def main() -> None:
    """Measure what is asked for and not there yet, then print the table."""
    options = parsed()
    RESULTS.mkdir(parents=True, exist_ok=True)
    scenes = None if options.summary else open_dataset("dubai", options.data)
    for name in options.networks.split(",") if scenes else ():
        for tile in map(int, options.tiles.split(",")):
            path = RESULTS / f"{name}-{tile}.json"
            if not path.exists():
                print(f"{name}, tile {tile} …", flush=True)
                with run_folder(options.runs, f"{name}-{tile}") as folder:
                    found = measured(name, scenes, tile, folder, options=options)
                with atomic_path(path) as beside:
                    beside.write_text(json.dumps(found) + "\n", encoding="utf-8")
            print(line(name, tile, json.loads(path.read_text("utf-8"))), flush=True)
    print("\n".join(summary()))


@contextmanager
def run_folder(runs: Path | None, name: str) -> Iterator[Path]:
    """Give the folder of a run: one that stays, or one that goes when it is measured."""
    if runs is not None:
        yield runs / name
        return
    with tempfile.TemporaryDirectory(prefix="whence-dubai-") as folder:
        yield Path(folder) / "run"


def measured(
    name: str, scenes: SceneSet, tile: int, folder: Path, *, options: argparse.Namespace
) -> dict[str, Any]:
    """Train on the other tiles, count the pixels of this one part by part."""
    held = scenes.choose(groups=[f"tile_{tile}"])
    started = time.process_time()
    if name in FORESTS:
        say = forest_of(scenes.choose(without=[f"tile_{tile}"]), textures=name == "forest-textures")
        told: dict[str, Any] = {"note": "random forest, see benchmarks/dubai_forest.py"}
    else:
        say, told = network_of(name, tile, folder, options=options)
    tables = [counted(held, number, say) for number in range(len(held))]
    return {
        "network": name,
        "tile": tile,
        "names": list(held.scheme.names),
        "parts": [scene.name for scene in held.scenes],
        "tables": np.array(tables).tolist(),
        "cpu_s": round(time.process_time() - started, 1),
        **told,
    }


def network_of(
    name: str, tile: int, folder: Path, *, options: argparse.Namespace
) -> tuple[Any, dict[str, Any]]:
    """Train a network with the starter's recipe; all but the starter with the short budget."""
    over: dict[str, Any] = {"data.root": str(Path(options.data).resolve()), "data.train": others(tile)}
    if name != "starter":
        over |= BUDGET | {"network.name": name, "network.options": {}} | network(name)
    if options.steps is not None:
        over["training.steps"] = options.steps
    config = AerialConfig.read(RECIPE, overrides=over)
    model = train(config, folder).model
    count = sum(weight.numel() for weight in model.network.parameters())

    def say(image: np.ndarray) -> np.ndarray:
        return model.probabilities(image[None])[0].argmax(axis=0).astype(np.uint8)

    settings = config.to_json()
    settings["data"].pop("root")
    return say, {"parameters": count, "settings": settings}


def network(name: str) -> dict[str, Any]:
    """Give settings of the smallest configuration of a network."""
    return {f"network.{key}": value for key, value in SHORT.get(name, {}).items()}


def others(tile: int) -> list[str]:
    """Places to learn from."""
    return [f"tile_{number}" for number in range(1, 8) if number != tile]


def forest_of(train_scenes: SceneSet, *, textures: bool) -> Any:
    """Fit the forest at half the resolution, as the starter sees it."""
    from benchmarks.dubai_forest import fitted, predicted
    from whence.aerial.training.scenes import TrainingScenes
    from whence.imagery.raster import Window

    kept = TrainingScenes(train_scenes, reduction=2)
    sizes = [kept.size(number) for number in range(len(kept))]
    pairs = [kept.patch(n, Window(0, 0, columns, rows)) for n, (rows, columns) in enumerate(sizes)]
    forest = fitted(pairs, len(train_scenes.scheme.classes), textures=textures)

    def say(image: np.ndarray) -> np.ndarray:
        from whence.aerial.training.scenes import reduced

        return predicted(forest, reduced(image, 2), image.shape[:2], textures=textures)

    return say


def counted(held: SceneSet, number: int, say: Any) -> list[list[int]]:
    """Confusion table of one part."""
    image, ids, _ = held.read(held.scenes[number])
    return Confusion.of_scheme(held.scheme).add(ids, say(image)).table.tolist()


def line(name: str, tile: int, found: dict[str, Any]) -> str:
    """One result as a line."""
    whole, low, high = figures(found)
    each = ", ".join(f"{n} {v:.3f}" for n, v in zip(whole.names, whole.iou, strict=True))
    return f"{name:14s} tile {tile}: mIoU {whole.mean('iou'):.3f} [{low:.3f}, {high:.3f}]  {each}"


def figures(found: dict[str, Any]) -> tuple[Confusion, float, float]:
    """Give the confusion matrix of a tile, and the interval of its mean IoU."""
    tables = np.array(found["tables"])
    whole = Confusion(tables.sum(axis=0)[:, :-1], tuple(found["names"]))
    low, high = mean_intervals(tables, tuple(range(len(whole.names))))["mean_iou"]
    return whole, float(low), float(high)


def summary() -> list[str]:
    """Write a line for each network: mean IoU of every tile, their mean, and that of all pixels."""
    rows: dict[str, dict[int, dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*-[1-7].json")):
        name, _, tile = path.stem.rpartition("-")
        rows.setdefault(name, {})[int(tile)] = json.loads(path.read_text("utf-8"))
    lines = ["network        " + "".join(f"   tile {tile}" for tile in range(1, 8)) + "     mean   pooled"]
    for name, tiles in rows.items():
        each = {tile: figures(found)[0].mean("iou") for tile, found in tiles.items()}
        cells = "".join(f"    {each[tile]:.3f}" if tile in each else "        –" for tile in range(1, 8))
        pooled = Confusion.total(figures(found)[0] for found in tiles.values()).mean("iou")
        lines.append(f"{name:15s}{cells}    {np.mean(list(each.values())):.3f}    {pooled:.3f}")
    return lines


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="?", default="shared/data/aerial/dubai")
    parser.add_argument("--networks", default=",".join([*FORESTS, *SHORT, "starter"]))
    parser.add_argument("--tiles", default="1,2,3,4,5,6,7")
    parser.add_argument("--steps", type=int, help="instead of the budget")
    parser.add_argument("--runs", type=Path, help="folder in which runs stay; what is there is gone on with")
    parser.add_argument("--summary", action="store_true", help="only print what is there")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
