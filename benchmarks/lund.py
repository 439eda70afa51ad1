"""A walk of 29 photographs in Lund, each located by the others (one street, one camera, one day).

    python benchmarks/lund.py PHOTO_FOLDER

PHOTO_FOLDER holds manifest.csv and images/. The index is built in a temporary folder; nothing is kept.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from whence.imagery.table import read_table
from whence.photos.evaluate import evaluate
from whence.photos.index import PlaceIndex
from whence.photos.index.leave_one_out import recall_at_1, rows_left_out


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", default="classic")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    table = read_table(options.folder / "manifest.csv", folder=options.folder)
    walk = [row for row in table if "lund" in row.name]
    with tempfile.TemporaryDirectory() as folder:
        index = PlaceIndex.build(walk, Path(folder) / "lund.index", encoder=options.encoder)
        rows = list(rows_left_out(index, radius_m=0.5))
        figures = evaluate([row.result for row in rows])
        recall = recall_at_1(rows, within_m=25.0)
    if options.json:
        print(json.dumps({"recall_at_1_within_25_m": recall, **figures.to_json()}, indent=1))
        return
    print(f"recall@1 within 25 m: {recall:.1%} of {len(rows)}")
    print(figures.summary())


if __name__ == "__main__":
    main()
