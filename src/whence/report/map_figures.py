"""Figures of a georeferenced sheet: what its points say, how it is distorted, what error to expect where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from whence.maps.lattice import round_step
from whence.maps.statement import metres
from whence.report.drawing import DASHES, INK, PALETTE, short
from whence.report.map_canvas import HALO, canvas, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet

    from whence.maps.fitting import MapFit
    from whence.maps.lattice import Lattice
    from whence.maps.points.control import ControlPoints
    from whence.report.map_canvas import Backdrop
    from whence.typing import Floats

__all__ = ["distortion_panels", "error_lines", "vectors", "world_grid"]

_OWN, _LEFT_OUT, _CHECK, _WRONG = PALETTE[1], PALETTE[0], PALETTE[2], PALETTE[3]
_LONGEST = 0.11  # of the diagonal, for the longest arrow but outliers
_MOST_NAMES = 60
_ROUNDING_PX = (
    1e-3  # an error below this, in pixels, is the rounding of exact points, and its lines are noise
)
_NAME_LENGTH = 18
_WARM = LinearSegmentedColormap.from_list("error", ["#FFFFFF", "#F6C48B", "#D55E00", "#7A2B00"])
_BOTH = LinearSegmentedColormap.from_list("distortion", ["#0072B2", "#FFFFFF", "#D55E00"])
_LEVELS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)  # thirds of an octave, R10 of ISO 3


# ---- points


def vectors(
    fit: MapFit, backdrop: Backdrop, *, checkpoints: ControlPoints | None = None
) -> tuple[Figure, float]:
    """Draw the residual of every point, enlarged, over the scan.

    Returns
    -------
    figure
        The drawing.
    factor
        How many times longer the arrows are than the differences on the scan.
    """
    figure, axes = canvas(backdrop)
    used = fit.points.pixels[fit.used]
    own = fit.quality.residuals_px
    left_out = _on_scan(fit, used, fit.quality.leave_one_out_m)
    drawn = [own, left_out]
    if checkpoints is not None and fit.checks is not None:
        places = checkpoints.active.pixels
        missed = _on_scan(fit, places, fit.checks.errors_m)
        drawn.append(missed)
    factor = _factor(np.concatenate(drawn), backdrop)
    _arrows(axes, used, factor * left_out, color=_LEFT_OUT, width=1.1)
    _arrows(axes, used, factor * own, color=_OWN, width=1.9)
    axes.plot(*used.T, "o", color="white", markeredgecolor=INK, markersize=5, zorder=6)
    if len(drawn) == 3:
        _arrows(axes, places, factor * missed, color=_CHECK, width=1.9)
        axes.plot(*places.T, "s", color="white", markeredgecolor=_CHECK, markersize=6, zorder=6)
    _odd_points(axes, fit)
    _names(axes, fit.points)
    _key(axes, fit, backdrop, factor=factor, checked=len(drawn) == 3)
    return figure, factor


def _on_scan(fit: MapFit, pixels: Floats, differences_m: Floats) -> Floats:
    """Carry metres on the ground to pixels of the scan, to first order, (n, 2)."""
    from whence.maps.ground import scale_about

    world = fit.to_world(pixels)
    slopes = fit.transform.jacobian(pixels) * scale_about(fit.points.crs, fit.points.world)(world)[..., None]
    known = np.isfinite(differences_m).all(axis=1) & np.isfinite(slopes).all(axis=(1, 2))
    out = np.full_like(differences_m, np.nan)
    out[known] = np.linalg.solve(slopes[known], differences_m[known][..., None])[..., 0]
    return out


def _factor(differences: Floats, backdrop: Backdrop) -> float:
    """Enlarge so that nine arrows of ten stay below a ninth of the diagonal; 1, 2, 5 times a power of ten."""
    lengths = np.hypot(*differences[np.isfinite(differences).all(axis=1)].T)
    longest = float(np.percentile(lengths, 90)) if len(lengths) else 0.0
    if longest <= 1e-9 * backdrop.diagonal:
        return 1.0
    return max(round_step(_LONGEST * backdrop.diagonal / longest, parts=1), 1.0)


def _arrows(axes: Axes, starts: Floats, steps: Floats, *, color: str, width: float) -> None:
    for start, step in zip(starts, steps, strict=True):
        if np.isfinite(step).all() and np.hypot(*step) > 0.0:
            axes.annotate(
                "",
                xy=start + step,
                xytext=start,
                annotation_clip=False,
                zorder=5,
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.17,head_length=0.34",
                    "color": color,
                    "linewidth": width,
                    "shrinkA": 0.0,
                    "shrinkB": 0.0,
                },
            )


def _odd_points(axes: Axes, fit: MapFit) -> None:
    """Mark points that were not used, and those that are probably wrong."""
    unused = fit.points.pixels[~fit.used]
    axes.plot(*unused.T, "x", color=_WRONG, markersize=8, markeredgewidth=2.2, zorder=7)
    suspects = fit.points.pixels[[suspect.row for suspect in fit.suspects]]
    axes.plot(
        *suspects.reshape(-1, 2).T,
        "o",
        markersize=15,
        markerfacecolor="none",
        markeredgecolor=_WRONG,
        markeredgewidth=2.0,
        zorder=7,
    )


def _names(axes: Axes, points: ControlPoints) -> None:
    if len(points) > _MOST_NAMES:
        return
    for name, pixel in zip(points.names, points.pixels, strict=True):
        text = name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
        axes.annotate(
            text,
            pixel,
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=9,
            color=INK,
            path_effects=list(HALO),
            zorder=8,
            annotation_clip=True,
        )


def _key(axes: Axes, fit: MapFit, backdrop: Backdrop, *, factor: float, checked: bool) -> None:
    """Explain signs and lengths."""
    middle = fit.points.pixels[fit.used].mean(axis=0)
    scale_m = _metres_per_px(fit, middle)
    length_m = round_step(0.1 * backdrop.diagonal * scale_m / factor, parts=1)
    entries = [
        Line2D([], [], color=_OWN, linewidth=2.0, label="residual of the fit"),
        Line2D([], [], color=_LEFT_OUT, linewidth=1.2, label="error when the point is left out"),
    ]
    if checked:
        entries.append(Line2D([], [], color=_CHECK, linewidth=2.0, marker="s", label="error at a checkpoint"))
    if not fit.used.all():
        entries.append(Line2D([], [], color=_WRONG, linestyle="", marker="x", label="not used"))
    if fit.suspects:
        entries.append(
            Line2D([], [], color=_WRONG, linestyle="", marker="o", markerfacecolor="none", label="suspected")
        )
    legend = axes.legend(
        handles=entries,
        loc="lower left",
        fontsize=8.5,
        framealpha=0.94,
        edgecolor="#DEDBD3",
        title="arrows" if factor == 1.0 else f"arrows enlarged {factor:,.0f} times",
        title_fontsize=8.5,
        borderaxespad=0.7,
        alignment="left",
    )
    legend.set_zorder(20)
    _scale_bar(axes, backdrop, length_m=length_m, length_px=factor * length_m / scale_m)
    _north(axes, fit, middle, backdrop)


def _scale_bar(axes: Axes, backdrop: Backdrop, *, length_m: float, length_px: float) -> None:
    right, bottom = backdrop.high - 0.02 * backdrop.diagonal
    axes.plot(
        [right - length_px, right], [bottom, bottom], color=INK, linewidth=3.0, zorder=20,
        solid_capstyle="butt", path_effects=list(HALO),
    )  # fmt: skip
    axes.annotate(
        f"{length_m:g} m of error", (right - length_px / 2, bottom), xytext=(0, 5), zorder=20, ha="center",
        textcoords="offset points", fontsize=9, color=INK, path_effects=list(HALO),
    )  # fmt: skip


def _north(axes: Axes, fit: MapFit, middle: Floats, backdrop: Backdrop) -> None:
    """Point to grid north from the upper right corner."""
    up = np.linalg.solve(fit.transform.jacobian(middle), [0.0, 1.0])
    if not np.isfinite(up).all() or not np.hypot(*up) > 0.0:
        return
    step = 0.05 * backdrop.diagonal * up / np.hypot(*up)
    start = np.array([backdrop.high[0], backdrop.low[1]]) + 0.06 * backdrop.diagonal * np.array([-1.0, 1.0])
    axes.annotate(
        "", xy=start + step / 2, xytext=start - step / 2, zorder=20,
        arrowprops={"arrowstyle": "-|>,head_width=0.35,head_length=0.7", "color": INK, "linewidth": 1.8},
    )  # fmt: skip
    axes.text(
        start[0] + 0.75 * step[0], start[1] + 0.75 * step[1], "N", fontsize=11, fontweight="bold",
        color=INK, ha="center", va="center",
        path_effects=list(HALO), zorder=20,
    )  # fmt: skip


def _metres_per_px(fit: MapFit, pixel: Floats) -> float:
    from whence.maps.ground import scale_about

    world = fit.to_world(pixel)[None]
    slopes = fit.transform.jacobian(pixel) * scale_about(fit.points.crs, fit.points.world)(world).T
    return float(np.sqrt(abs(np.linalg.det(slopes)))) or 1.0


# ---- distortion


def world_grid(lattice: Lattice, backdrop: Backdrop) -> tuple[Figure, float]:
    """Draw round values of easting and northing onto the scan.

    Returns
    -------
    figure
        The drawing.
    step
        Distance between the lines, units of the world.
    """
    figure, axes = canvas(backdrop)
    spans = np.nanmax(lattice.world, axis=(0, 1)) - np.nanmin(lattice.world, axis=(0, 1))
    step = round_step(float(spans.max()), parts=6)
    for k, color in enumerate((PALETTE[0], PALETTE[1])):
        values = np.ma.masked_invalid(lattice.world[..., k] / step)
        levels = np.arange(np.floor(values.min()), np.ceil(values.max()) + 1)
        found = axes.contour(
            lattice.columns, lattice.rows, values, levels=levels, colors=color, linewidths=1.3
        )
        _label_lines(axes, found, backdrop, step=step, share=(0.93, 0.07)[k])
    framed(axes, f"blue: easting, orange: northing; a line every {step:,.10g}".replace(",000", " 000"))
    return figure, step


def _label_lines(axes: Axes, lines: QuadContourSet, backdrop: Backdrop, *, step: float, share: float) -> None:
    """Write every line's coordinate on it, `share` of the way along its longest piece."""
    for level, pieces in zip(lines.levels, lines.allsegs, strict=True):
        if not any(map(len, pieces)):
            continue
        piece = max(pieces, key=len)
        piece = piece if piece[0].sum() <= piece[-1].sum() else piece[::-1]  # from the upper left
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
        if along[-1] < 0.15 * backdrop.diagonal:
            continue
        at = [float(np.interp(share * along[-1], along, piece[:, axis])) for axis in (0, 1)]
        axes.text(
            at[0], at[1], f"{level * step:,.10g}".replace(",", " "), fontsize=8.5, ha="center",
            va="center", color=lines.get_edgecolor()[0], zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 1.2},
        )  # fmt: skip


def distortion_panels(fit: MapFit, lattice: Lattice) -> Figure | None:
    """Draw scale, turn and angular distortion over the scan; None where they are the same everywhere."""
    if lattice.is_even:
        return None
    middle = float(np.median(lattice.scale_m[lattice.amid]))
    panels = (
        ("scale against the middle, %", 100.0 * (lattice.scale_m / middle - 1.0), True),
        ("turn against the middle, °", lattice.turn_deg, True),
        ("largest change of an angle, °", lattice.angular_deg, False),
    )
    width, height = np.ptp(lattice.columns), np.ptp(lattice.rows)
    figure = Figure(
        figsize=(9.0, min(1.0 + 2.75 * height / width, 4.6)), layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(figure)
    for axes, (title, values, signed) in zip(np.atleast_1d(figure.subplots(1, 3)), panels, strict=True):
        shown = np.ma.masked_invalid(values)
        end = float(np.percentile(np.abs(shown.compressed()), 98)) or 1e-9
        low, colors = (-end, _BOTH) if signed else (0.0, _WARM)
        image = axes.pcolormesh(
            lattice.columns,
            lattice.rows,
            shown,
            vmin=low,
            vmax=end,
            cmap=colors,
            shading="gouraud",
            rasterized=True,
        )
        bar = figure.colorbar(image, ax=axes, location="bottom", shrink=0.9, aspect=28, pad=0.03)
        bar.ax.tick_params(labelsize=8, colors=INK)
        bar.ax.xaxis.set_major_formatter(FuncFormatter(short))
        bar.ax.locator_params(nbins=5)
        _hull(axes, fit, width=1.0)
        axes.set_title(title, fontsize=9, loc="left", color=INK)
        axes.set(aspect="equal", xticks=[], yticks=[])
        axes.set_ylim(lattice.rows[-1], lattice.rows[0])
    return figure


# ---- expected error


def error_lines(fit: MapFit, lattice: Lattice, backdrop: Backdrop) -> Figure | None:
    """Draw lines of equal 80 % radius over the scan, and the hull of the points; None without an error."""
    if lattice.radii_m is None:
        return None
    figure, axes = canvas(backdrop)
    radius = np.ma.masked_invalid(lattice.radii_m[0])
    low, high = float(radius.min()), float(np.percentile(radius.compressed(), 99.5))
    levels = _levels(low, high)
    pixel_m = float(np.nanmedian(lattice.scale_m))
    if levels and high > max(1.001 * low, _ROUNDING_PX * pixel_m):
        edges = [low * 0.999, *levels, max(float(radius.max()), levels[-1]) * 1.001]
        shades = [_WARM(share) for share in np.linspace(0.05, 0.9, len(edges) - 1)]
        axes.contourf(lattice.columns, lattice.rows, radius, edges, colors=shades, alpha=0.5, zorder=1)
        found = axes.contour(
            lattice.columns, lattice.rows, radius, levels, colors="#7A2B00", linewidths=1.2, zorder=3
        )
        for text in axes.clabel(found, fmt=lambda level: f"{level:g} m", fontsize=9, inline_spacing=3):
            text.set_path_effects(list(HALO))
    _hull(axes, fit, width=1.5)
    axes.plot(
        *fit.points.pixels[fit.used].T, "o", color="white", markeredgecolor=INK, markersize=4.5, zorder=5
    )
    ends = f"from {metres(low)} to {metres(float(radius.max()))}"
    framed(axes, f"80 % radius, {ends}\ndashed: hull of the control points")
    return figure


def _hull(axes: Axes, fit: MapFit, *, width: float) -> None:
    ring = np.concatenate([fit.quality.coverage.hull_px, fit.quality.coverage.hull_px[:1]])
    axes.plot(ring[:, 0], ring[:, 1], color=INK, linewidth=width, linestyle=DASHES[1], zorder=4)


def _levels(low: float, high: float) -> list[float]:
    """Round values between, at most ten of them."""
    if not 0.0 < low < high:
        return []
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    steps = [10.0**power * value for power in range(first, last + 1) for value in _LEVELS]
    between = [round(value, 12) for value in steps if low * 1.02 < value < high * 0.98]
    return between[:: -(-len(between) // 10)] if between else []
