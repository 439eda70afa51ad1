"""Heads that train together, beside the thesis' loop for one model, in one interleaved run.

    python -m benchmarks.sweep [--rounds 15] [--rows 4096] [--memory FOLDER] [--out FILE]

CPU seconds of one process with one thread per model-sample (a training row seen by a model, forward,
backward and Adam, with the reading of the batch). Each round runs every loop once; figures are the minima
over the rounds and ratios are ratios of minima. The features are random unit rows of 512 numbers in memory,
since their values cost nothing.

The loops beside which the stack is measured, all with torch's own layers and automatic gradients:
`thesis` draws batches of 64 from a DataLoader over tensors, with the haversine as one writes it and Adam;
`lean` slices the batches from the tensors instead; `lean_fused` has torch's fused Adam as well.

With `--memory` a file of 4.0 million float16 rows is written to a folder (4.1 GB), one epoch of the 18 heads
is read from it, and the largest resident memory is told; the file is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.machine import describe
from benchmarks.timing import interleaved, significant
from whence.learn.losses import loss_named
from whence.learn.losses.hermite import MonotoneHermite
from whence.learn.losses.thesis import HERMITE_KNOTS
from whence.learn.losses.thesis_models import THESIS_LOSSES, thesis_models
from whence.learn.stacked import StackedData, StackedHead, StackedProgress, StackedSettings, train_stacked
from whence.learn.stacked.feed import Feed
from whence.learn.stacked.objective import stacking_order
from whence.learn.stacked.stack import Stack, initial_weights
from whence.learn.stacked.tally import Tally

DIM, BATCH = 512, 64
EPOCH_ROWS = 4_011_646
"""Training rows of the thesis."""

HEADS = [StackedHead(m.name, m.loss, m.last_layer, seed=i) for i, m in enumerate(thesis_models()[:18])]
STACKS = {
    "stacked_64_float32": StackedSettings(batch_size=64),
    "stacked_256_float32": StackedSettings(batch_size=256),
    "stacked_64_bfloat16": StackedSettings(batch_size=64, numbers="bfloat16"),
    "stacked_512_bfloat16": StackedSettings(batch_size=512, numbers="bfloat16"),
}
BARS = {"stacked_64_float32": 2.0, "stacked_256_float32": 3.5, "stacked_512_bfloat16": 5.0}
CURVE = MonotoneHermite.through(HERMITE_KNOTS)
Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
LossOfPositions = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def data(rows: int) -> StackedData:
    """Random unit rows, float16, and positions."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(rows, DIM)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-90, 90, rows)])
    return StackedData(features.astype(np.float16), None, lonlat)


def naive_haversine_km(predicted: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Compute the distance by the formula of the textbooks, for automatic gradients."""
    (lon1, lat1), (lon2, lat2) = torch.deg2rad(predicted).unbind(-1), torch.deg2rad(truth).unbind(-1)
    a = torch.sin((lat2 - lat1) / 2) ** 2
    a = a + torch.cos(lat1) * torch.cos(lat2) * torch.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * torch.asin(torch.sqrt(a.clamp(0.0, 1.0)))


def naive_hermite(d: torch.Tensor) -> torch.Tensor:
    """Add up the curve piece by piece with masks, as one writes it; the coefficients are ready."""
    total = torch.zeros_like(d)
    ends = [*CURVE.starts[1:], float("inf")]
    for start, end, piece in zip(CURVE.starts, ends, CURVE.coefficients, strict=True):
        step, (a, b, c, e) = d - float(start), map(float, piece)
        inside = (d >= float(start)) & (d < float(end))
        total = total + torch.where(inside, a + step * (b + step * (c + step * e)), torch.zeros_like(d))
    return total


NAIVE: dict[str, LossOfPositions] = {
    "mse": lambda p, t: ((p - t) ** 2).mean(-1),
    "haversine": naive_haversine_km,
    "geoscore": lambda p, t: 5000 - 5000 * torch.exp(-10 * naive_haversine_km(p, t) / 20037.5),
    "linear-score": lambda p, t: 1.1077 * naive_haversine_km(p, t),
    "hermite": lambda p, t: naive_hermite(naive_haversine_km(p, t)),
    "modified-geoscore": lambda p, t: (
        (5000 + naive_haversine_km(p, t) / 3) * (1 - torch.exp(-15 * naive_haversine_km(p, t) / 20037.5))
    ),
}


class Sliced:
    """Batches cut from tensors in a random order, without a DataLoader."""

    def __init__(self, features: torch.Tensor, lonlat: torch.Tensor) -> None:
        self.tensors = features, lonlat

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.tensors[0]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            yield self.tensors[0][chosen], self.tensors[1][chosen]


def plain_loop(batches: Batches, loss: LossOfPositions, *, fused: bool = False) -> Callable[[], None]:
    """Epoch of one model: Sequential, tanh, automatic gradient, Adam."""
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    model = torch.nn.Sequential(linear(DIM, 256), relu(), linear(256, 128), relu(), linear(128, 2))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused)
    half = torch.tensor([180.0, 90.0])

    def epoch() -> None:
        for features, truth in batches:
            optimiser.zero_grad()
            loss(half * torch.tanh(model(features)), truth).mean().backward()
            optimiser.step()

    return epoch


def stacked_loop(rows: StackedData, settings: StackedSettings) -> tuple[Callable[[], None], Stack]:
    """Epoch of 18 heads, as `train_stacked` runs it."""
    stack = Stack.fresh(stacking_order(HEADS), settings, dim=DIM)
    stack.choose_products()
    feed = Feed(rows, settings)

    def epoch() -> None:
        tally = Tally(len(HEADS), torch.device("cpu"))
        for batch, truth in feed.shuffled(0):
            tally.add(stack.train(batch, truth))

    return epoch, stack


def measure(*, rounds: int, rows: int) -> dict[str, object]:
    """Run all loops in turns."""
    some = data(rows)
    tensors = torch.from_numpy(some.features).float(), torch.from_numpy(some.lonlat).float()
    loader = DataLoader(TensorDataset(*tensors), batch_size=BATCH, shuffle=True)
    actions: dict[str, Callable[[], None]] = {
        "lean": plain_loop(Sliced(*tensors), naive_haversine_km),
        "lean_fused": plain_loop(Sliced(*tensors), naive_haversine_km, fused=True),
    }
    stacks = {}
    for name, settings in STACKS.items():
        actions[name], stacks[name] = stacked_loop(some, settings)
    for name in THESIS_LOSSES.values():
        actions[f"thesis/{name}"] = plain_loop(loader, NAIVE[name])
        actions[f"closed/{name}"] = plain_loop(loader, loss_named(name).of_positions)
    timings = interleaved(actions, rounds=rounds)
    models = {name: len(HEADS) if name in STACKS else 1 for name in actions}
    cost = {name: 1e6 * min(t.cpu_s) / (rows * models[name]) for name, t in timings.items()}
    cost["thesis"] = cost["thesis/haversine"]
    return {
        "rounds": rounds,
        "rows_per_round": rows,
        "heads": len(HEADS),
        "cpu_us_per_model_sample": {n: significant(c) for n, c in cost.items() if "/" not in n},
        "times_as_fast": {
            name: {base: significant(cost[base] / cost[name]) for base in ("thesis", "lean", "lean_fused")}
            for name in STACKS
        },
        "bars_against_thesis": BARS,
        "products": {name: vars(stack.products) for name, stack in stacks.items()},
        "epoch_of_the_thesis": epoch_table(cost),
    }


def epoch_table(cost: dict[str, float]) -> dict[str, object]:
    """CPU seconds per epoch of 4,011,646 rows and one model, extrapolated, and of all 18."""
    table = {
        name: {
            "thesis_s": significant(cost[f"thesis/{name}"] * EPOCH_ROWS / 1e6),
            "thesis_with_closed_form_s": significant(cost[f"closed/{name}"] * EPOCH_ROWS / 1e6),
            "share_of_stack_64_s": significant(cost["stacked_64_float32"] * EPOCH_ROWS / 1e6),
            "times_as_fast": significant(cost[f"thesis/{name}"] / cost["stacked_64_float32"]),
        }
        for name in THESIS_LOSSES.values()
    }
    one_by_one = 3 * sum(cost[f"thesis/{name}"] for name in THESIS_LOSSES.values())
    stacks = {name: significant(one_by_one / (18 * cost[name])) for name in STACKS}
    return {"per_loss": table, "all_18_times_as_fast": stacks}


def same_result(*, rows: int) -> dict[str, float]:
    """Greatest difference between heads of the stack and the plain loop on the same batches, after an epoch.

    Degrees between the positions that both give for the same features, over rows and heads; the closed-form
    loss is used in both, so that only the way of computing differs.
    """
    some, settings = data(rows), StackedSettings(batch_size=BATCH, epochs=1)
    results = train_stacked(HEADS, some, some, settings)
    apart = []
    for head, result in zip(HEADS, results, strict=True):
        plain, trained = (torch.nn.Sequential(*layers()) for _ in range(2))
        names = [name for name, _ in plain.named_parameters()]
        start = initial_weights(head.seed, (DIM, *settings.hidden, 2))
        plain.load_state_dict(dict(zip(names, start, strict=True)))
        trained.load_state_dict({name: torch.from_numpy(w) for name, w in result.weights.items()})
        optimiser, loss = torch.optim.Adam(plain.parameters(), lr=1e-3), loss_named(head.loss)
        for batch, truth in Feed(some, settings).shuffled(0):
            optimiser.zero_grad()
            loss.of_positions(squashed(plain(batch), head.last_layer), truth).mean().backward()
            optimiser.step()
        with torch.no_grad():
            features = torch.from_numpy(some.features).float()
            ours, theirs = (squashed(model(features), head.last_layer) for model in (trained, plain))
            apart.append(float((ours - theirs).abs().max()))
    return {"steps": rows // BATCH, "greatest_difference_deg": significant(max(apart))}


def layers() -> list[torch.nn.Module]:
    """Layers of a head."""
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    return [linear(DIM, 256), relu(), linear(256, 128), relu(), linear(128, 2)]


def squashed(raw: torch.Tensor, last_layer: str) -> torch.Tensor:
    """Last layers with operations that differentiate."""
    half = torch.tensor([180.0, 90.0])
    if last_layer == "clamp":
        return torch.clamp(raw, -half, half)
    return half * torch.tanh(raw) if last_layer == "tanh" else 2 * half * torch.sigmoid(raw) - half


def memory(folder: Path, *, rows: int = 4_000_000) -> dict[str, object]:
    """Epoch over a memory-mapped file of the thesis' size; the largest resident memory.

    All 18 heads are in the stack, and the batch is large, so that the epoch does not last.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "features.npy"
        write_features(path, rows)
        rng = np.random.default_rng(0)
        lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-90, 90, rows)])
        side = rng.random(rows) < 0.82
        mapped = np.load(path, mmap_mode="r")
        train, validation = (
            StackedData(mapped, np.flatnonzero(chosen), lonlat[chosen]) for chosen in (side, ~side)
        )
        before, start_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        private_gib: list[float] = []
        settings = StackedSettings(batch_size=512, numbers="bfloat16", epochs=1)
        report = partial(note_private_memory, private_gib)
        train_stacked(HEADS, train, validation, settings, progress=report)
        return {
            "rows": rows,
            "file_gb": significant(path.stat().st_size / 1e9),
            "resident_before_gib": significant(before / 2**20),
            "largest_resident_gib": significant(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20),
            "largest_without_the_mapped_file_gib": significant(max(private_gib)),
            "took_s": round(time.perf_counter() - start_s),
        }


def write_features(path: Path, rows: int) -> None:
    """Write a file of random float16 rows, block by block, through ordinary writes."""
    block = np.random.default_rng(0).normal(size=(50_000, DIM)).astype(np.float16)
    header = {"descr": "<f2", "fortran_order": False, "shape": (rows, DIM)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        for start in range(0, rows, len(block)):
            file.write(block[: rows - start].data)


def note_private_memory(seen_gib: list[float], progress: StackedProgress) -> None:
    """Keep what the process holds besides files, about every hundredth of an epoch."""
    del progress
    seen_gib.append(anonymous_gib())


def anonymous_gib() -> float:
    """Memory of the process that is not the mapped file, where the system tells it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 2**20


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--memory", type=Path, metavar="FOLDER", help="also with 4.0 million rows, in here")
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, object] = {"date": datetime.now(UTC).isoformat(timespec="minutes")}
    report["machine"] = describe() | {"torch": torch.__version__}
    if options.memory is not None:  # first, as the largest memory is that of the whole process
        report["memory"] = memory(options.memory)
    report["sweep"] = measure(rounds=options.rounds, rows=options.rows)
    report["same_result"] = same_result(rows=options.rows)
    report["load_average_at_the_end"] = [round(load, 2) for load in os.getloadavg()]
    text = json.dumps(report, indent=1) + "\n"
    sys.stdout.write(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
