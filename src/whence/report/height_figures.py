"""Figures of heights: a profile, the line of a fit, its residuals, a shaded model, a map of differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from whence.imagery.atomic import atomic_path
from whence.report.drawing import DASHES, GREY, INK, PALETTE, image_bytes, plain_text, short, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.profile import Profile
    from whence.maps.heights.terrain import Contours
    from whence.typing import Floats, PathLike

__all__ = ["difference_map", "fit_scatter", "profile_figure", "relief", "write_profile_figure"]

_USED, _LINE, _WRONG = PALETTE[0], PALETTE[1], PALETTE[3]
_BOTH = LinearSegmentedColormap.from_list("difference", ["#0072B2", "#F7F6F3", "#D55E00"])
_TINT = LinearSegmentedColormap.from_list("height", ["#A9C6A0", "#DDD9A8", "#D9B98A", "#B98F73", "#F3EEE8"])
_TALL_IN, _WIDE_IN = 6.6, 9.0
_MOST_NAMES = 12


def write_profile_figure(path: PathLike, profile: Profile) -> None:
    """Write the drawing of a profile, as PNG."""
    with plain_text():
        content = image_bytes(profile_figure(profile), "png")
    with atomic_path(path) as beside:
        beside.write_bytes(content)


def profile_figure(profile: Profile) -> Figure:
    """Draw heights along a line, and below it, of two models, the first minus the second."""
    names = list(profile.heights_m)
    heights = list(profile.heights_m.values())
    two = len(names) == 2
    figure = _figure(_WIDE_IN, 4.6 if two else 3.2)
    parts = figure.subplots(
        2 if two else 1, 1, sharex=True, height_ratios=(2, 1) if two else (1,), squeeze=False
    )
    top = parts[0, 0]
    along, unit = _along(profile.distances_m)
    for number, name in enumerate(names):
        top.plot(
            along, heights[number], color=PALETTE[number], linestyle=DASHES[number], linewidth=1.6, label=name
        )
    top.legend(fontsize=8, frameon=False, loc="best")
    tidy(top, x="" if two else f"along the line, {unit}", y="height, m")
    if two:
        below = parts[1, 0]
        below.axhline(0.0, color=GREY, linewidth=0.9)
        below.plot(along, heights[0] - heights[1], color=_LINE, linewidth=1.3)
        tidy(below, x=f"along the line, {unit}", y="difference, m")
    return figure


def _along(distances_m: Floats) -> tuple[Floats, str]:
    if distances_m[-1] >= 5000:
        return distances_m / 1000, "km"
    return distances_m, "m"


def _figure(width_in: float, height_in: float) -> Figure:
    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


# ---- labelled heights


def fit_scatter(fit: HeightFit) -> Figure:
    """Draw heights of the map against modern ones with the line of the fit, and what is left of each."""
    figure = _figure(_WIDE_IN, 4.2)
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1.0))
    on_map, used, refused = fit.labels.map_heights, fit.used, fit.known & ~fit.used
    ends = np.array([np.nanmin(on_map[fit.known]), np.nanmax(on_map[fit.known])])
    left.plot(ends, fit.heights_m(ends), color=_LINE, linewidth=1.4, label="fit")
    left.plot(on_map[used], fit.modern_m[used], "o", color=_USED, markersize=4.5, label="used")
    if refused.any():
        left.plot(
            on_map[refused], fit.modern_m[refused], "x", color=_WRONG, markersize=8, markeredgewidth=2,
            label="refused",
        )  # fmt: skip
    for one in fit.outliers[:_MOST_NAMES]:
        place = (one.map_height, float(fit.modern_m[one.row]))
        _name(left, one.name, place)
    left.legend(fontsize=8, frameon=False, loc="best")
    tidy(left, x="height on the map", y="modern height, m")
    right.axhline(0.0, color=GREY, linewidth=0.9)
    if fit.sigma_m is not None:
        right.axhspan(-2 * fit.sigma_m, 2 * fit.sigma_m, color=_USED, alpha=0.10, linewidth=0)
    right.plot(
        on_map[used], fit.leave_one_out_m[used], "o", color=_LINE, markersize=5.5, markerfacecolor="none",
        label="left out",
    )  # fmt: skip
    right.plot(on_map[used], fit.residuals_m[used], "o", color=_USED, markersize=4.5, label="residual")
    right.legend(fontsize=8, frameon=False, loc="best")
    tidy(right, x="height on the map", y="modern less fitted, m")
    return figure


def _name(axes: Axes, name: str, place: tuple[float, float]) -> None:
    text = name if len(name) <= 18 else f"{name[:17]}…"
    axes.annotate(text, place, xytext=(6, 5), textcoords="offset points", fontsize=8.5, color=INK)


# ---- models


def relief(
    shaded: NDArray[np.uint8], heights_m: Floats, lattice: Lattice, *, contours: Contours, wrong: Contours
) -> Figure:
    """Draw a shaded model, tinted by its heights, with contours over it.

    Parameters
    ----------
    shaded
        (rows, columns) hillshade; 0 is no height.
    heights_m
        (rows, columns).
    lattice
        Their grid.
    contours, wrong
        Lines in brown; those of them that contradict their neighbours, thick.
    """
    figure, axes = _map(lattice)
    low, high = np.nanpercentile(heights_m, [1, 99])
    tint = _TINT(np.clip((heights_m - low) / max(high - low, 1e-9), 0, 1))[..., :3]
    light = (0.35 + 0.65 * shaded / 255.0)[..., None]
    picture = np.ones((*heights_m.shape, 4))
    picture[..., :3] = np.clip(1.12 * tint * light, 0, 1)
    picture[..., 3] = shaded > 0
    axes.imshow(picture, extent=_extent(lattice), interpolation="nearest")
    step = contours.interval_m
    for lines, colour, width in ((contours, "#6B4A2B", 0.6), (wrong, _WRONG, 2.2)):
        for line, height in zip(lines.lines, lines.heights_m, strict=True):
            thick = step > 0 and abs(height / step / 5 - round(height / step / 5)) < 1e-6
            axes.plot(*line.T, color=colour, linewidth=width * (1.8 if thick else 1.0), alpha=0.85)
    scale = mappable(_TINT, float(low), float(high))
    _bar(figure, axes, scale, "height, m")
    return figure


def difference_map(off_m: Floats, lattice: Lattice) -> Figure:
    """Draw where a model lies above (orange) or below (blue) its reference."""
    figure, axes = _map(lattice)
    known = np.abs(off_m[np.isfinite(off_m)])
    end = float(np.percentile(known, 98)) if known.size else 1.0
    end = end or float(known.max(initial=0.0)) or 1e-6
    shown = np.ma.masked_invalid(off_m)
    image = axes.imshow(
        shown, extent=_extent(lattice), cmap=_BOTH, vmin=-end, vmax=end, interpolation="nearest"
    )
    _bar(figure, axes, image, "model minus reference, m")
    return figure


def mappable(colours: Any, low: float, high: float) -> ScalarMappable:
    """Make the scale of a colour bar."""
    return ScalarMappable(norm=Normalize(low, high), cmap=colours)


def _map(lattice: Lattice) -> tuple[Figure, Axes]:
    width, height = lattice.columns, lattice.rows
    tall = min(_WIDE_IN * 0.84 * height / width, _TALL_IN)
    wide = min(_WIDE_IN, tall * width / height + 1.6)
    figure = _figure(max(wide, 4.0), tall + 0.4)
    axes = figure.subplots()
    axes.set_aspect("equal")
    axes.tick_params(labelsize=7.5, colors=INK)
    axes.locator_params(nbins=4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}".replace(",", " ")))
    axes.set_xlim(lattice.west, lattice.west + width * lattice.cell_m)
    axes.set_ylim(lattice.north - height * lattice.cell_m, lattice.north)
    return figure, axes


def _extent(lattice: Lattice) -> tuple[float, float, float, float]:
    return (
        lattice.west,
        lattice.west + lattice.columns * lattice.cell_m,
        lattice.north - lattice.rows * lattice.cell_m,
        lattice.north,
    )


def _bar(figure: Figure, axes: Axes, image: Any, text: str) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.75, aspect=26, pad=0.02)
    bar.ax.tick_params(labelsize=8, colors=INK)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(short))
    bar.set_label(text, fontsize=8.5, color=INK)
