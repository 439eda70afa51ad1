"""Estimates as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whence.cli.escaping import visible
from whence.photos.summary import length_text

if TYPE_CHECKING:
    from whence.photos.estimate import Estimate

__all__ = ["print_estimates"]

FEW = 3
"""Up to so many photographs get their evidence in full, not only a row."""

WORTH_A_LINE = 0.005
"""Further positions less probable than this would be printed as 0.00; JSON has them all."""

FOR_PROGRAMS = 10_000
"""Columns where no terminal limits them: a row stays one line for grep."""


def print_estimates(estimates: Sequence[Estimate]) -> None:
    """Print one row per photograph; for a few photographs also every hypothesis and sentence."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=FOR_PROGRAMS)
    if len(estimates) <= FEW:
        for estimate in estimates:
            _print_one(console, estimate)
        return
    with_truth = any(estimate.truth is not None for estimate in estimates)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("photograph", overflow="fold")
    for name in ("latitude", "longitude", "radius", "probability", *(["error"] if with_truth else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("sources or status")
    for estimate in estimates:
        table.add_row(*(Text(visible(cell)) for cell in _cells(estimate, with_truth=with_truth)))
    console.print(table)


def _cells(estimate: Estimate, *, with_truth: bool) -> list[str]:
    if not estimate.located:
        blanks = [""] * (5 if with_truth else 4)
        return [estimate.path, *blanks, estimate.status.replace(f"{estimate.path} ", "")]
    best = estimate.best
    error = [length_text(estimate.error_m) if estimate.error_m is not None else ""] if with_truth else []
    return [
        estimate.path,
        f"{best.latitude_deg:.5f}",
        f"{best.longitude_deg:.5f}",
        length_text(best.radius_m),
        f"{best.probability:.2f}",
        *error,
        ", ".join(estimate.sources),
    ]


def _print_one(console: Console, estimate: Estimate) -> None:
    console.print(Text(visible(estimate.path), style="bold"))
    for line in _lines(estimate):
        console.print(Text(f"  {visible(line)}"))


def _lines(estimate: Estimate) -> Iterator[str]:
    if not estimate.located:
        yield estimate.status
    else:
        best = estimate.best
        yield (
            f"{best.latitude_deg:.6f}, {best.longitude_deg:.6f} within {length_text(best.radius_m)} "
            f"({estimate.confidence:.0%} sure)"
        )
    if estimate.error_m is not None:
        yield f"{length_text(estimate.error_m)} from the true position"
    for rank, hypothesis in enumerate(estimate.hypotheses, start=1):
        if rank > 1 and hypothesis.probability < WORTH_A_LINE:
            break
        yield (
            f"{rank}. {hypothesis.latitude_deg:10.5f} {hypothesis.longitude_deg:11.5f}   "
            f"probability {hypothesis.probability:.2f}, then within {length_text(hypothesis.own_radius_m)}"
        )
    for item in estimate.evidence:
        yield f"{item.evidence.source}: {item.evidence.sentence}"
    for problem in estimate.problems:
        yield f"not believed: {problem}"
