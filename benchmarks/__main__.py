"""Run the quick benchmarks, each in a process of its own, and write the figures as dated JSON.

python -m benchmarks                        all of them
python -m benchmarks reading belief         some
python -m benchmarks --out figures.json     somewhere else than benchmarks/results
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import THREAD_LIMITS, describe
from whence import __version__

QUICK = (
    "reading",
    "dataset",
    "encoding",
    "gazetteer",
    "belief",
    "locate",
    "index_latency",
    "features",
    "encoder_runtimes",
    "warp",
)
RESULTS = Path(__file__).parent / "results"
SCALE = {"index_latency": (100_000, 1536)}
"""Arguments of `measure`: vectors, and components of each."""


def main() -> None:
    """Measure, print and write."""
    options = parsed()
    if options.inside:
        sys.stdout.write(json.dumps(measured_here(options.names[0])))
        return
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    now = datetime.now(UTC)
    report = {
        "date": now.isoformat(timespec="minutes"),
        "whence": __version__,
        "note": options.note,
        "machine": describe(),
        "benchmarks": {},
    }
    for name in options.names or QUICK:
        print(f"{name} …", file=sys.stderr, flush=True)
        report["benchmarks"][name] = measured_apart(name)
        print("\n".join(lines(name, report["benchmarks"][name])), flush=True)
    out = options.out or RESULTS / f"{now:%Y-%m-%dT%H%MZ}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {out}", file=sys.stderr)


def parsed() -> argparse.Namespace:
    """Read the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(QUICK)}")
    parser.add_argument("--out", type=Path, help="file for the figures")
    parser.add_argument("--note", default="", help="a remark to keep with the figures")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in QUICK]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(QUICK)}")
    return options


def measured_apart(name: str) -> dict[str, object]:
    """Run one benchmark in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks", name, "--inside"]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=RESULTS.parents[1])
    return json.loads(result.stdout)


def measured_here(name: str) -> dict[str, object]:
    """Run one benchmark, and tell what it took."""
    start = time.perf_counter()
    figures = importlib.import_module(f"benchmarks.{name}").measure(*SCALE.get(name, ()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kibibytes on Linux, bytes on macOS
    return {
        "figures": figures,
        "peak_memory_mib": round(peak / (2**20 if sys.platform == "darwin" else 2**10)),
        "took_s": round(time.perf_counter() - start, 1),
    }


def lines(name: str, values: object) -> list[str]:
    """Spread nested figures out, a line each."""
    if isinstance(values, dict):
        return [line for key, value in values.items() for line in lines(f"{name}.{key}", value)]
    return [f"{name.replace('.figures', ''):64} {values}"]


if __name__ == "__main__":
    main()
