"""Figures of an evaluation, as the thesis draws them and a few more; each is a matplotlib `Figure`.

Every figure says in its footer by which protocol, on which split and on how many photographs it was made.
Colours are told apart by people with any colour vision, lines also by their dashes, to survive a grey
printer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from whence.photos.evaluation.distribution import cdf, round_up, span_m
from whence.photos.summary import length_text
from whence.report.drawing import GREY, INK, PALETTE, Footer, new_figure, tidy

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
    "curves",
    "curves_by_family",
    "curves_by_scale",
    "error_histogram",
    "families",
    "fine_histogram",
    "forest",
    "group_bars",
    "ranges_km",
    "reliability",
]

_FULL_KM, _ZOOM_KM = 20_100.0, 1_000.0
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_COLOURED = 5
_POINTS = 600
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
        bars.axvline(counted.mean_km, color=PALETTE[1], linewidth=1.4, linestyle=_DASHES[1])
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
    end = 1000.0 * ranges_km({"": errors_m})[0]
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


# ---- cumulative curves


def curves(
    named: Mapping[str, Floats], *, footer: Footer, marked: Sequence[str] = (), title: str = ""
) -> Figure:
    """Draw the share of photographs within each distance, in full and zoomed to short distances.

    Parameters
    ----------
    named
        Model -> errors of all its photographs (n,), metres, infinite where not located.
    marked
        Models to colour first where there are many; the first of them is drawn thick.
    footer, title
        Below and above.
    """
    figure = new_figure(9.0, 4.4, footer=footer, title=title)
    full, near = figure.subplots(1, 2, sharey=False)
    full_km, zoom_km = ranges_km(named)
    order = _legend_order(named, marked)
    for axes, end_km in ((full, full_km), (near, zoom_km)):
        unit, scale = ("km", 1000.0) if end_km >= 1.0 else ("m", 1.0)
        end = end_km * 1000.0 / scale
        for model, style in _styles(order, marked).items():
            at_m, heights = _steps(named[model], 0.0, end * scale)
            axes.plot(at_m / scale, heights, **style)
        tidy(axes, x=f"error, {unit}", y="share of photographs within")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.set_xlim(0.0, end)
        axes.set_ylim(0.0, None)
    full.set_ylim(0.0, 1.0)
    near.set_title(f"zoom to {length_text(1000.0 * zoom_km)}", fontsize=9, loc="left", color=INK)
    _legend(full, order)
    return figure


def curves_by_scale(
    named: Mapping[str, Floats], *, footer: Footer, marked: Sequence[str] = (), title: str = ""
) -> Figure:
    """Draw the same curves over a logarithmic axis, where a street and a continent are both seen."""
    figure = new_figure(9.0, 4.0, footer=footer, title=title)
    axes = figure.subplots()
    order = _legend_order(named, marked)
    least = _smallest(named)
    for model, style in _styles(order, marked).items():
        axes.plot(*_steps(named[model], least, 1000.0 * _FULL_KM), **style)
    tidy(axes, x="error (logarithmic)", y="share of photographs within")
    axes.set_xscale("log")
    axes.set_xlim(least, 1000.0 * _FULL_KM)
    axes.set_ylim(0.0, 1.0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: length_text(value)))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    for limit_m, name in (
        (1e3, "street"),
        (25e3, "city"),
        (200e3, "region"),
        (750e3, "country"),
        (2.5e6, "continent"),
    ):
        if limit_m > least:
            axes.axvline(limit_m, color=GREY, linewidth=0.8, zorder=0)
            axes.text(limit_m, 1.005, name, fontsize=7, color="#69645B", ha="center", va="bottom")
    _legend(axes, order)
    return figure


def curves_by_family(named: Mapping[str, Floats], *, footer: Footer, title: str = "") -> Figure | None:
    """Draw families of models in one colour each, the top of each thick; None without families."""
    parts = families(list(named))
    if not parts:
        return None
    figure = new_figure(9.0, 4.4, footer=footer, title=title)
    full_km, zoom_km = ranges_km(named)
    for axes, end_km in zip(figure.subplots(1, 2), (full_km, zoom_km), strict=True):
        at = np.linspace(0.0, end_km, _POINTS)
        for number, (family, models) in enumerate(parts.items()):
            heights = np.array([cdf(named[model], 1000.0 * at) for model in models])
            colour, dash = PALETTE[number], _DASHES[number % len(_DASHES)]
            axes.plot(at, heights.T, color=colour, linewidth=0.7, alpha=0.55)
            label = f"{family}: highest of {len(models)}"
            axes.plot(at, heights.max(axis=0), color=colour, linewidth=2.2, linestyle=dash, label=label)
        tidy(axes, x="error, km", y="share of photographs within")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.set_xlim(0.0, end_km)
        axes.set_ylim(0.0, 1.0 if end_km == full_km else None)
    figure.axes[0].legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def families(models: Sequence[str]) -> dict[str, list[str]]:
    """Part models by the first piece of their names that makes two to six families of two or more.

    Examples
    --------
    >>> families(["GeoLocB32-MSEc", "GeoLocB16-MSEc", "GeoLocB32-HSt", "GeoLocB16-HSt"])
    {'GeoLocB32': ['GeoLocB32-MSEc', 'GeoLocB32-HSt'], 'GeoLocB16': ['GeoLocB16-MSEc', 'GeoLocB16-HSt']}
    >>> families(["a", "b"])
    {}
    """
    pieces = [re.split(r"[-_ .]+", model) for model in models]
    for place in range(min(map(len, pieces), default=0)):
        parts: dict[str, list[str]] = {}
        for model, names in zip(models, pieces, strict=True):
            parts.setdefault(names[place], []).append(model)
        if 2 <= len(parts) <= len(PALETTE) - 1 and min(map(len, parts.values())) >= 2:
            return parts
    return {}


def ranges_km(named: Mapping[str, Floats]) -> tuple[float, float]:
    """Choose how far the full and the zoomed curves reach: 20,100 and 1000 km, less for one city."""
    full_km = span_m(named.values()) / 1000.0
    if full_km > _ZOOM_KM:
        return full_km, _ZOOM_KM
    pooled = np.concatenate(list(named.values()))
    middle_m = float(np.median(pooled[np.isfinite(pooled)]))
    return full_km, min(round_up(2.0 * middle_m) / 1000.0, full_km)


def _steps(errors_m: Floats, from_m: float, to_m: float) -> tuple[Floats, Floats]:
    """Corners of a cumulative curve: all of them, or as many as can be seen of a long table."""
    inside = np.unique(errors_m[(errors_m > from_m) & (errors_m < to_m)])
    if len(inside) > _POINTS:
        inside = np.quantile(inside, np.linspace(0.0, 1.0, _POINTS), method="inverted_cdf")
    at_m = np.concatenate([[from_m], inside, [to_m]])
    heights = cdf(errors_m, at_m)
    return np.repeat(at_m, 2)[1:], np.repeat(heights, 2)[:-1]


def _short(value: float, _: int) -> str:
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _smallest(named: Mapping[str, Floats]) -> float:
    pooled = np.concatenate(list(named.values()))
    some = pooled[(pooled > 0.0) & np.isfinite(pooled)]
    least = float(np.quantile(some, 0.005)) if len(some) else 1000.0
    return float(10.0 ** math.floor(math.log10(min(max(least, 1.0), 1e5))))


def _legend_order(named: Mapping[str, Floats], marked: Sequence[str]) -> list[str]:
    """Put the marked ones first, then go by the median error."""
    medians = {model: np.quantile(errors, 0.5, method="inverted_cdf") for model, errors in named.items()}
    rest = sorted(named.keys() - set(marked), key=lambda model: (medians[model], model))
    return [*dict.fromkeys(marked), *rest]


def _styles(order: Sequence[str], marked: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colours and dashes for the first few, grey for the others; drawn from the last to the first."""
    coloured = order if len(order) <= len(PALETTE) else order[:_COLOURED]
    styles: dict[str, dict[str, Any]] = {}
    for model in reversed(order):
        if model not in coloured:
            styles[model] = {"color": GREY, "linewidth": 0.8}
            continue
        place = coloured.index(model)
        width = 2.4 if model in marked[:1] else 1.5
        dash = _DASHES[place % len(_DASHES)]
        styles[model] = {
            "color": PALETTE[place],
            "linestyle": dash,
            "linewidth": width,
            "label": _label(model),
        }
    return styles


def _label(model: str) -> str:
    """Keep names that begin with an underscore in the legend, which leaves such labels out."""
    return f" {model}" if model.startswith("_") else model


def _legend(axes: Axes, order: Sequence[str]) -> None:
    if len(order) < 2:
        return
    lines, names = axes.get_legend_handles_labels()
    places = {_label(model): place for place, model in enumerate(order)}
    at = sorted(range(len(names)), key=lambda place: places[names[place]])
    rest = len(order) - len(names)
    title = f"{rest} others in grey" if rest else None
    axes.legend(
        [lines[place] for place in at], [names[place] for place in at],
        fontsize=8, frameon=False, title=title, title_fontsize=8, loc="best",
    )  # fmt: skip


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
    said = np.array([point[0] for point in points])
    seen = np.array([point[1] for point in points])
    ends = np.array([point[2] for point in points])
    axes.plot([0, 1], [0, 1], color="#69645B", linewidth=1.0, linestyle=_DASHES[1])
    bars = np.abs(ends - seen[:, None]).T
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
    axes.text(
        0.03, 0.95, "too wide, too modest", fontsize=7.5, color="#69645B", va="top", transform=axes.transAxes
    )
    axes.text(
        0.97,
        0.05,
        "too narrow, too sure",
        fontsize=7.5,
        color="#69645B",
        ha="right",
        transform=axes.transAxes,
    )
    tidy(axes, x=x, y=y)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_aspect("equal")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


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
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
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
