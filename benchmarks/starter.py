"""Make the models that come with the package, from frozen recipes and measured figures.

python -m benchmarks.starter land DATA/aerial/dubai          after benchmarks.dubai
python -m benchmarks.starter buildings DATA/aerial/kampala   after benchmarks.kampala

The land cover model is trained on all seven tiles; its figures are those of leaving one tile out. The
building model is the one that benchmarks.kampala measured: trained on the western two thirds.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import dubai, kampala
from whence import aerial
from whence.aerial.evaluation.intervals import class_intervals, mean_intervals
from whence.aerial.model import STARTERS
from whence.aerial.training import AerialConfig, Watch

LAND_LIMITS = (
    (
        "taught on seven tiles of one city and its desert coast, from one kind of satellite image; elsewhere "
        "it is a start for training, and what it says may be worthless"
    ),
    (
        "The size of a pixel on the ground is not published with the images; what is seen at another scale "
        "than there is seen wrongly."
    ),
    (
        "The labels are coarse: rows of houses with their yards are one building, small roads are often "
        "missing. What the model draws is as coarse."
    ),
    "Dark asphalt and shadows are at times taken for water, gardens for buildings.",
    "Not geographic truth: no figure here says anything about another place.",
)
BUILDING_LIMITS = (
    (
        "taught on one neighbourhood of Kampala, one flight of 7.46 cm; elsewhere it is a start for "
        "training, and what it says may be worthless"
    ),
    "Some sheds are not in the map and one mapped building is not visible: neither figure can be 1.",
    "Roofs under trees and small sheds are missed; flat concrete is at times taken for a roof.",
)


def main() -> None:
    """Train what is asked for and write its folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("which", choices=["land", "buildings"])
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", type=Path, help="folder of the run, to go on from an interruption")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="whence-starter-") as scratch:
        folder = options.run or Path(scratch) / "run"
        (land if options.which == "land" else buildings)(options.data, folder)


def land(data: Path, folder: Path) -> None:
    """Train on all tiles."""
    tiles = [f"tile_{number}" for number in range(1, 8)]
    config = AerialConfig.read(
        dubai.RECIPE, overrides={"data.root": str(data.resolve()), "data.train": tiles}
    )
    run = aerial.train(config, folder, watch=Watch(say=print, look=print))
    card = run.model.card | {
        "split": "figures by leaving one tile out, seven trainings; the shipped one is trained on all seven",
        "protocol": (
            "one confusion matrix over all pixels of the left-out tile at full resolution, full borders, "
            "unlabelled and black ignored, mean over the five classes; no flips or turns at test time; "
            "intervals of 95 % by bootstrap over the nine parts of a tile; the recipe was chosen on tiles 4, "
            "6 and 7, its scales with a look at tile 2"
        ),
        "scores": land_scores(),
        "limits": list(LAND_LIMITS),
    }
    published(replace(run.model, card=card), "starter")


def buildings(data: Path, folder: Path) -> None:
    """Take the model that was trained without the eastern third."""
    folder.mkdir(parents=True, exist_ok=True)
    model = kampala.trained(data, folder, None).model
    measured = json.loads((kampala.RESULTS / "kampala.json").read_text("utf-8"))
    card = model.card | {
        "split": "trained on columns 0 to 2047 of the mosaic, measured on 2048 to 3071",
        "protocol": (
            "pixels: IoU of building or edge, intervals of 95 % by bootstrap over eight blocks of rows; "
            "footprints: one to one at IoU 0.5 with those that lie in the eastern third by more than half, "
            "polygons simplified by 0.3 m, parts below 3 m² left out"
        ),
        "scores": measured,
        "limits": list(BUILDING_LIMITS),
    }
    published(replace(model, card=card), "starter-buildings")


def land_scores() -> dict[str, Any]:
    """Figures of the starter and of the forest on every tile, with intervals over parts."""
    found: dict[str, Any] = {}
    for name in ("starter", "forest"):
        for tile in range(1, 8):
            path = dubai.RESULTS / f"{name}-{tile}.json"
            if path.exists():
                found.setdefault(f"tile_{tile}", {})[name] = tile_scores(json.loads(path.read_text("utf-8")))
    return found


def tile_scores(result: dict[str, Any]) -> dict[str, Any]:
    """Mean IoU and IoU of every class of one result."""
    tables = np.array(result["tables"])
    whole, _, _ = dubai.figures(result)
    ends = class_intervals(tables)["iou"]
    mean = mean_intervals(tables, tuple(range(len(whole.names))))["mean_iou"]
    return {
        "mean_iou": round(whole.mean("iou"), 6),
        "mean_iou_95": np.round(mean, 4).tolist(),
        "iou": {name: round(float(v), 6) for name, v in zip(whole.names, whole.iou, strict=True)},
        "iou_95": {name: np.round(v, 4).tolist() for name, v in zip(whole.names, ends, strict=True)},
    }


def published(model: aerial.AerialModel, name: str) -> None:
    """Write the folder of a shipped model with its card to read."""
    folder = model.write(STARTERS[name], half=True)
    (folder / "card.md").write_text(card_text(name, model), encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o644)
    total = sum(
        path.stat().st_size for place in STARTERS.values() if place.exists() for path in place.iterdir()
    )
    print(f"wrote {folder}; all shipped models together have {total / 1e6:.1f} MB")


def card_text(name: str, model: aerial.AerialModel) -> str:
    """Write what the card says, for people."""
    card = model.card
    count = sum(weight.numel() for weight in model.network.parameters())
    lines = [
        f"# {name}",
        "",
        f"* Classes: {', '.join(model.scheme.names)}",
        (
            f"* Network: {model.network.settings()['name']}, {count:,} weights, reduction {model.reduction}, "
            f"scales {', '.join(f'{scale:g}' for scale in model.scales)}"
        ),
        f"* Data: {card['data']['name']}; {card['data']['licence']}; digest {card['data']['digest']}",
        f"* Licence: {card['licence']}",
        f"* Split: {card['split']}",
        f"* Protocol: {card['protocol']}",
        "",
        "## Scores",
        "",
        *(land_table(card["scores"]) if name == "starter" else building_table(card["scores"])),
        "",
        "## Limits",
        "",
        *(f"* {limit}" for limit in card["limits"]),
    ]
    return "\n".join(lines) + "\n"


def land_table(scores: dict[str, Any]) -> list[str]:
    """Rows of a table: every tile, the starter beside the forest."""
    names = list(next(iter(scores.values()))["starter"]["iou"])
    lines = [
        f"| left out | mean IoU [95 %] | {' | '.join(names)} | forest |",
        "|---" * (len(names) + 3) + "|",
    ]
    for tile, found in scores.items():
        own = found["starter"]
        low, high = own["mean_iou_95"]
        each = " | ".join(f"{own['iou'][one]:.3f}" for one in names)
        forest = f"{found['forest']['mean_iou']:.3f}" if "forest" in found else "–"
        lines.append(f"| {tile} | {own['mean_iou']:.3f} [{low:.3f}, {high:.3f}] | {each} | {forest} |")
    return lines


def building_table(scores: dict[str, Any]) -> list[str]:
    """Lines on pixels and footprints."""
    low, high = scores["pixel_iou_95"]
    prints = scores["footprints"]
    return [
        f"* Pixels: IoU {scores['pixel_iou']:.3f} [{low:.3f}, {high:.3f}]",
        f"* Pixels: precision {scores['precision']:.3f}, recall {scores['recall']:.3f}",
        f"* Footprints: F1 {prints['f1']:.3f}",
        f"* Footprints: precision {prints['precision']:.3f}, recall {prints['recall']:.3f}",
        f"* {prints['matched']} of {prints['true']} found, {prints['predicted']} predicted",
    ]


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
