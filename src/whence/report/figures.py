"""Figures of an evaluation, as the thesis draws them and a few more; each is a matplotlib `Figure`.

Every figure says in its footer by which protocol, on which split and on how many photographs it was made.
Colours are told apart by people with any colour vision, lines also by their dashes, to survive a grey
printer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from whence.photos.evaluation.distribution import span_m
from whence.photos.summary import length_text
from whence.report.drawing import DASHES, INK, PALETTE, Footer, new_figure, short, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whence.photos.evaluation.comparison import Comparison
    from whence.photos.evaluation.distribution import Distribution
    from whence.photos.evaluation.groups import Groups
    from whence.photos.evaluation.metrics import Metric
    from whence.photos.evaluation.reliability import Probabilities, Radii
    from whence.typing import Floats

__all__ = [
    "error_histogram",
    "fine_histogram",
    "forest",
    "group_bars",
    "reliability",
]

_FULL_KM = 20_100.0
_QUIET = "#69645B"
_BARS = 30


# ---- histogram


def error_histogram(counted: Distribution, *, footer: Footer, title: str = "") -> Figure:
    """Draw the histogram in bins of 100 km with the mean in a box, and the table of counts beside it."""
    figure = new_figure(9.0, 4.6, footer=footer, title=title)
    bars, table = figure.subplots(1, 2, width_ratios=[3.0, 1.15])
    total = sum(counted.histogram)
    edges = np.arange(len(counted.histogram)) * counted.bin_km
    bars.bar(edges, counted.histogram, width=counted.bin_km, align="edge", color=PALETTE[0], linewidth=0)
    tidy(bars, x="error, km (bins of 100 km)", y="photographs", grid="y")
    bars.set_xlim(0.0, _FULL_KM)
    bars.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bars.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if counted.mean_km is not None:
        bars.axvline(counted.mean_km, color=PALETTE[1], linewidth=1.4, linestyle=DASHES[1])
        box = {"facecolor": "white", "edgecolor": PALETTE[1], "boxstyle": "round,pad=0.4"}
        words = f"mean error {length_text(1000.0 * counted.mean_km)}"
        bars.text(0.97, 0.93, words, transform=bars.transAxes, ha="right", va="top", fontsize=10, bbox=box)
    _counts_table(table, counted, total)
    return figure


def fine_histogram(errors_m: Floats, *, footer: Footer, title: str = "") -> Figure:
    """Draw the histogram of errors that are all far below the bins of the thesis, up to 98 % of them.

    Parameters
    ----------
    errors_m
        (n,) metres; infinite where not located.
    footer, title
        Below and above.
    """
    located = errors_m[np.isfinite(errors_m)]
    end = span_m([errors_m])
    scale, unit = (1000.0, "km") if end >= 5000.0 else (1.0, "m")
    figure = new_figure(9.0, 3.8, footer=footer, title=title)
    axes = figure.subplots()
    edges = np.linspace(0.0, end / scale, 51)
    axes.hist(located / scale, edges.tolist(), color=PALETTE[0])
    beyond = int((located > end).sum())
    tidy(axes, x=f"error, {unit} (bins of {length_text(end / 50.0)})", y="photographs", grid="y")
    axes.set_xlim(0.0, end / scale)
    median, mean = float(np.median(located)), float(located.mean())
    words = f"median error {length_text(median)}\nmean error {length_text(mean)}"
    words += f"\n{beyond:,} beyond {length_text(end)}" if beyond else ""
    box = {"facecolor": "white", "edgecolor": PALETTE[1], "boxstyle": "round,pad=0.4"}
    axes.text(0.97, 0.93, words, transform=axes.transAxes, ha="right", va="top", fontsize=9, bbox=box)
    return figure


def _counts_table(axes: Axes, counted: Distribution, total: int) -> None:
    """Print the counts up to 3000 km and a few beyond; the page and its tables hold all of them."""
    rows = [
        [f"{limit:,.2f}".removesuffix(".00"), f"{count:,}", f"{count / total:.1%}" if total else "–"]
        for limit, count in zip(counted.limits_km, counted.counts, strict=True)
        if limit <= 3000.0 or limit % 3000.0 == 0.0
    ]
    axes.axis("off")
    table = axes.table(
        rows, colLabels=["≤ km", "photos", "share"], loc="upper center", cellLoc="right", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(7.5)
    table.scale(1.0, 0.98)
    for cell in table.get_celld().values():
        cell.set_edgecolor("#DEDBD3")


# ---- promises


def reliability(
    held: Radii | None, said: Probabilities | None, *, footer: Footer, title: str = ""
) -> Figure | None:
    """Draw what was promised against what was kept; None when nothing was promised."""
    panels = [panel for panel in (held, said) if panel is not None]
    if not panels:
        return None
    figure = new_figure(4.5 * len(panels) + 0.3, 4.3, footer=footer, title=title)
    drawn = iter(np.atleast_1d(np.array(figure.subplots(1, len(panels)), dtype=object)))
    if held is not None:
        axes = next(drawn)
        points = [(level.promised, level.share, level.interval) for level in held.levels]
        _diagonal(axes, points, x="promised share inside the radius", y="share of truths inside")
        axes.set_title(f"radii, ECE {held.ece:.1%}", fontsize=9, loc="left", color=INK)
    if said is not None:
        axes = next(drawn)
        points = [(one.mean_probability, one.share, one.interval) for one in said.bins]
        near = length_text(said.right_within_m)
        _diagonal(axes, points, x="probability of the answer", y=f"share within {near} of the truth")
        axes.set_title(f"probabilities, ECE {said.ece:.1%}", fontsize=9, loc="left", color=INK)
    return figure


def _diagonal(
    axes: Axes, points: Sequence[tuple[float, float, tuple[float, float]]], *, x: str, y: str
) -> None:
    said, seen = np.array([point[:2] for point in points]).T
    bars = np.abs(np.array([point[2] for point in points]) - seen[:, None]).T
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1.0, linestyle=DASHES[1])
    axes.errorbar(
        said,
        seen,
        yerr=bars,
        fmt="o",
        markersize=5,
        color=PALETTE[0],
        capsize=3,
        linewidth=1.3,
        clip_on=False,
    )
    places = ((0.03, 0.93, "left", "too wide, too modest"), (0.97, 0.05, "right", "too narrow, too sure"))
    for across, up, side, words in places:
        axes.text(across, up, words, fontsize=7.5, color=_QUIET, ha=side, transform=axes.transAxes)
    tidy(axes, x=x, y=y)
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))


# ---- parts and models


def group_bars(
    groups: Groups, *, footer: Footer, title: str = "", names: Mapping[str, str] | None = None
) -> Figure | None:
    """Draw the median error of the parts with most photographs; None when fewer than two are large enough.

    Parameters
    ----------
    groups
        Parts of the photographs.
    footer, title
        Below and above.
    names
        Value -> what to print for it, such as the name of a country for its code.
    """
    shown = [group for group in groups.shown if group.median_m is not None][:_BARS]
    if len(shown) < 2:
        return None
    shown.sort(key=lambda group: -(group.median_m or 0.0))
    figure = new_figure(9.0, 1.3 + 0.21 * len(shown), footer=footer, title=title)
    axes = figure.subplots()
    medians = np.array([group.median_m for group in shown], dtype=np.float64)
    ends = np.array(
        [group.median_interval_m or (group.median_m, group.median_m) for group in shown], dtype=np.float64
    )
    scale, unit = (1000.0, "km") if medians.max() >= 2000.0 else (1.0, "m")
    bars = np.abs(ends - medians[:, None]).T / scale
    labels = [f"{(names or {}).get(group.name, group.name)}  ({group.count:,})" for group in shown]
    axes.barh(labels, medians / scale, color=PALETTE[0], height=0.62)
    axes.errorbar(medians / scale, labels, xerr=bars, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2)
    tidy(axes, x=f"median error, {unit}, with its 95 % interval", y="", grid="x")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(axis="y", length=0)
    axes.margins(y=0.01)
    return figure


def forest(comparison: Comparison, metrics: Sequence[Metric], *, footer: Footer, title: str = "") -> Figure:
    """Draw every model's value of some metrics with its interval, the best in colour."""
    models = list(comparison.models)
    first = metrics[0]
    sign = -1.0 if first.more_is_better else 1.0
    models.sort(key=lambda model: sign * (_value(comparison, model, first)), reverse=True)
    figure = new_figure(9.0, 1.4 + 0.24 * len(models), footer=footer, title=title)
    panels = np.atleast_1d(np.array(figure.subplots(1, len(metrics), sharey=True), dtype=object))
    for axes, metric in zip(panels, metrics, strict=True):
        best = comparison.best(metric.name)
        scale, unit = _unit(comparison, metric)
        for row, model in enumerate(models):
            one = comparison.standing(model, metric.name)
            if one.value is None:
                continue
            low, high = one.interval or (one.value, one.value)
            colour = PALETTE[1] if model == best else PALETTE[0]
            axes.plot([low / scale, high / scale], [row, row], color=colour, linewidth=2.0)
            axes.plot(one.value / scale, row, "D" if model == best else "o", color=colour, markersize=5)
        axes.set_yticks(range(len(models)), models)
        tidy(axes, x=f"{metric.label}{unit}", y="", grid="x")
        axes.xaxis.set_major_formatter(FuncFormatter(short))
        axes.set_ylim(-0.6, len(models) - 0.4)
    return figure


def _value(comparison: Comparison, model: str, metric: Metric) -> float:
    value = comparison.standing(model, metric.name).value
    return math.inf if value is None else value


def _unit(comparison: Comparison, metric: Metric) -> tuple[float, str]:
    values = [comparison.standing(model, metric.name).value for model in comparison.models]
    if metric.unit == "share":
        return 0.01, ", %"
    if metric.unit == "points":
        return 1.0, ", points"
    largest = max((value for value in values if value is not None), default=0.0)
    return (1000.0, ", km") if largest >= 2000.0 else (1.0, ", m")
