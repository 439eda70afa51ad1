"""A map of the true positions, coloured by the error: of the world, or in metres for one city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.ticker import FuncFormatter, LogLocator

from whence.earth.sphere import EARTH_RADIUS_M, distance_m, mean_point
from whence.photos.summary import length_text
from whence.report.drawing import INK, Footer, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.figure import Figure

    from whence.photos.evaluation.answers import Answers
    from whence.typing import Floats

__all__ = ["LOCAL_M", "MANY", "error_map"]

LOCAL_M = 200_000.0
"""Photographs that all lie within this distance of their middle are drawn in metres round it."""

MANY = 5000
"""More photographs than this are drawn as hexagons with their median error, not as points."""

_COAST = "#9C988C"
_LEAST_M = 1.0
_NARROW = 100.0  # a range of colours that wants marks between the powers of ten
_COLOURS = LinearSegmentedColormap.from_list(  # viridis from dark to light, without the palest end
    "errors", colormaps["viridis_r"](np.linspace(0.06, 1.0, 256))
)


def error_map(answers: Answers, *, footer: Footer, title: str = "") -> Figure:
    """Draw the truths by their error; photographs not located are hollow grey, unless there are many.

    Parameters
    ----------
    answers
        The photographs.
    footer, title
        Below and above.
    """
    middle = mean_point(answers.truths)
    local = float(distance_m(middle, answers.truths).max()) <= LOCAL_M
    figure = new_figure(9.0, 6.2 if local else 4.4, footer=footer, title=title)
    axes = figure.subplots()
    places = _in_metres(answers.truths, middle) if local else answers.truths
    if local:
        _local_axes(axes, places)
    else:
        _world_axes(axes)
    lost = ~answers.located
    if len(answers) > MANY:
        _hexagons(axes, places[~lost], answers.errors_m[~lost], local=local)
        return figure
    size = float(np.clip(24_000.0 / len(answers), 1.5, 28.0))
    x, y = places[lost].T
    axes.scatter(x, y, size, facecolors="none", edgecolors="#77736A", linewidths=0.7)
    _points(axes, places[~lost], answers.errors_m[~lost], size=size)
    return figure


def _hexagons(axes: Axes, places: Floats, errors_m: Floats, *, local: bool) -> None:
    """Colour hexagons by the median error in them: of many points only the last drawn would be seen."""
    shown = np.maximum(errors_m, _LEAST_M)
    low, high = np.quantile(shown, [0.1, 0.95])
    norm = LogNorm(max(low, _LEAST_M), max(high, 2.0 * low, 2.0 * _LEAST_M))
    x, y = places.T
    across = (90, 52) if local else (150, 42)  # regular on the drawn map
    limits = (axes.get_xlim(), axes.get_ylim())
    drawn = axes.hexbin(
        x, y, shown, gridsize=across, reduce_C_function=np.median, norm=norm, cmap=_COLOURS, linewidths=0.0
    )
    drawn.set_rasterized(True)
    if not local:
        axes.set_xlim(limits[0])
        axes.set_ylim(limits[1])
    _bar(axes, drawn, "median error (logarithmic)", extend="both")


def _points(axes: Axes, places: Floats, errors_m: Floats, *, size: float) -> None:
    if not len(errors_m):
        return
    shown = np.maximum(errors_m, _LEAST_M)
    order = np.argsort(shown)  # the worst on top: they are what one looks for
    low, high = np.quantile(shown, [0.02, 1.0])
    norm = LogNorm(max(low, _LEAST_M), max(high, 2.0 * low, 2.0 * _LEAST_M))
    x, y = places[order].T
    drawn = axes.scatter(x, y, size, shown[order], norm=norm, cmap=_COLOURS, linewidths=0.4, edgecolors=INK)
    _bar(axes, drawn, "error (logarithmic)", extend="min")


def _bar(axes: Axes, drawn: Collection, label: str, *, extend: Literal["min", "both"]) -> None:
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02, extend=extend)
    bar.set_label(label, fontsize=9, color=INK)
    low, high = drawn.get_clim()
    if low and high and high / low < _NARROW:
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: length_text(value)))
    bar.ax.yaxis.set_minor_formatter(FuncFormatter(lambda _value, _: ""))
    bar.ax.tick_params(labelsize=8)


def _world_axes(axes: Axes) -> None:
    from whence.places.outlines import land_outline

    rings = [np.vstack([ring, ring[:1]]) for ring in land_outline()]
    axes.add_collection(LineCollection(rings, colors=_COAST, linewidths=0.5, zorder=0.5))
    tidy(axes, x="longitude, °", y="latitude, °")
    axes.set_xlim(-180.0, 180.0)
    axes.set_ylim(-62.0, 84.0)
    axes.set_aspect(1.15)
    axes.set_xticks(range(-180, 181, 60))
    axes.set_yticks(range(-60, 61, 30))


def _local_axes(axes: Axes, places: Floats) -> None:
    wide = float(np.ptp(places, axis=0).max()) >= 5000.0
    unit, scale = ("km", 1000.0) if wide else ("m", 1.0)
    tidy(axes, x=f"east of the middle, {unit}", y=f"north of the middle, {unit}")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / scale:,.4g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / scale:,.4g}"))
    axes.set_aspect("equal", adjustable="datalim")


def _in_metres(lonlat: Floats, middle: Floats) -> Floats:
    """Metres east and north of the middle, on its tangent plane (off by less than 0.1 % within 200 km)."""
    longitude, latitude = np.deg2rad(lonlat).T
    longitude_0, latitude_0 = np.deg2rad(middle)
    turn = (longitude - longitude_0 + np.pi) % (2.0 * np.pi) - np.pi
    return EARTH_RADIUS_M * np.column_stack([np.cos(latitude_0) * turn, latitude - latitude_0])
