"""Cumulative curves: the share of photographs within each distance, of all models, the best, and families.

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
from whence.report.drawing import DASHES, GREY, INK, PALETTE, Footer, new_figure, short, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from whence.typing import Floats

__all__ = ["curves", "curves_by_family", "curves_by_scale", "families", "ranges_km"]

_ZOOM_KM = 1_000.0
_FULL_KM = 20_100.0
_COLOURED = 5
_POINTS = 600


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
        axes.xaxis.set_major_formatter(FuncFormatter(short))
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
            colour, dash = PALETTE[number], DASHES[number % len(DASHES)]
            axes.plot(at, heights.T, color=colour, linewidth=0.7, alpha=0.55)
            label = f"{family}: highest of {len(models)}"
            axes.plot(at, heights.max(axis=0), color=colour, linewidth=2.2, linestyle=dash, label=label)
        tidy(axes, x="error, km", y="share of photographs within")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_formatter(FuncFormatter(short))
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
        dash = DASHES[place % len(DASHES)]
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
