"""Compute the features, ask the questions, print a table and write JSON."""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cambridge.city import FOLDS, City
from benchmarks.cambridge.features import BASELINES, Features, read_mobilenet, whitened
from benchmarks.cambridge.protocols import bounds, checked_by_geometry, coarse, fine, learned, under_cast

if TYPE_CHECKING:
    from collections.abc import Mapping

MOBILENET_FILE = "mobilenet_v1_int8.npy"


def main() -> None:
    """Run the benchmark with the options of the command line."""
    options = _options()
    city = City.read(options.locations)
    features = Features(city, options.photos, options.work)
    classic, cast = zip(*(features.classic_of_fold(fold) for fold in range(FOLDS)), strict=True)
    if options.stage == "encode":
        return
    methods = {"classic": list(classic)}
    for baseline in BASELINES:
        methods[baseline.kind] = [features.baseline(baseline())] * FOLDS
    if (options.locations.parent / MOBILENET_FILE).exists():
        mobilenet = read_mobilenet(options.locations.parent / MOBILENET_FILE)
        methods |= {"MobileNetV1": [mobilenet] * FOLDS, "MobileNetV1 whitened": whitened(mobilenet, city)}
    report: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "classic": {
            "encode, CPU ms": round(features.encode_ms(), 1),
            "bytes a photo": classic[0].shape[1] + 4,
        },
        "bounds": bounds(city),
        "fine": {name: fine(city, vectors) for name, vectors in methods.items()},
        "coarse": {name: coarse(city, vectors) for name, vectors in methods.items()},
        "colour cast": {"classic": under_cast(city, classic, cast, features.cast_rows)},
    }
    report["coarse"]["classic, learned whitening"] = coarse(city, learned(city, classic))
    if options.rerank is not None:
        sample = options.rerank or None
        report["geometric check"] = {
            "classic": checked_by_geometry(city, classic, features.keypoints(), sample=sample)
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for section in ("bounds", "fine", "coarse", "colour cast", "geometric check"):
        if section in report:
            print(f"\n{section}\n\n{_table(report[section])}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cambridge", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of <location>_<view>.jpg")
    parser.add_argument("--locations", type=Path, required=True, help="CSV: location_id, lat, lon")
    parser.add_argument(
        "--work", type=Path, required=True, help="where features are kept, outside the repository"
    )
    parser.add_argument("--stage", choices=("encode", "evaluate"), default="evaluate", help="how far to go")
    parser.add_argument(
        "--rerank", type=int, metavar="N", help="check the geometry for N queries (0: for all)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks/out/cambridge.json"), help="JSON to write"
    )
    return parser.parse_args()


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    lines += [
        f"| {name} | " + " | ".join(f"{row[c]:g}" for c in columns) + " |" for name, row in rows.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
