"""Drawing over a scan: a figure that is the scan, in pixels, with the picture of it beneath the lines."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from whence.report.drawing import INK, image_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from whence.typing import Floats

__all__ = ["HALO", "Backdrop", "canvas", "framed", "over"]

HALO = (withStroke(linewidth=2.6, foreground="white"),)
"""Keeps letters legible on a scan."""

_WIDTH_IN, _TALLEST_IN = 9.0, 10.2  # A4 upright has 9.9 between its margins at the width of the page
_QUALITY = 78
_PALE, _GREY = 0.55, 0.6


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What lies beneath a drawing.

    Parameters
    ----------
    low, high
        (2,) column, row of two opposite corners.
    jpeg
        A pale picture of the scan between them, or None for white.
    """

    low: Floats
    high: Floats
    jpeg: bytes | None

    @classmethod
    def of(cls, low: Floats, high: Floats, image: NDArray[np.uint8] | None) -> Backdrop:
        """Make a picture pale, so that lines on it stand out; (height, width, 3) of 8 bits."""
        if image is None:
            return cls(low, high, None)
        values = image.astype(np.float32)
        grey = values.mean(axis=-1, keepdims=True)
        pale = 255.0 - (255.0 - (_GREY * grey + (1.0 - _GREY) * values)) * _PALE
        content = BytesIO()
        PIL.Image.fromarray(pale.astype(np.uint8)).save(content, "JPEG", quality=_QUALITY, optimize=True)
        return cls(low, high, content.getvalue())

    @property
    def size(self) -> Floats:
        """(2,) width and height, pixels of the scan."""
        return np.asarray(self.high - self.low, dtype=np.float64)

    @property
    def diagonal(self) -> float:
        """Length of the diagonal, pixels of the scan."""
        return float(np.hypot(*self.size))


def canvas(backdrop: Backdrop) -> tuple[Figure, Axes]:
    """Make a figure as large as the scan's shape allows, whose axes count its columns and rows."""
    width, height = backdrop.size
    width_in = min(_WIDTH_IN, _TALLEST_IN * width / height)
    figure = Figure(figsize=(width_in, width_in * height / width))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(backdrop.low[0], backdrop.high[0])
    axes.set_ylim(backdrop.high[1], backdrop.low[1])
    axes.set_axis_off()
    figure.patch.set_visible(False)
    return figure, axes


def over(figure: Figure, backdrop: Backdrop) -> bytes:
    """Write a figure as SVG with the scan beneath it, whole in itself."""
    drawn = image_bytes(figure, "svg")
    if backdrop.jpeg is None:
        return drawn
    width, height = 72.0 * figure.get_figwidth(), 72.0 * figure.get_figheight()
    content = base64.b64encode(backdrop.jpeg).decode("ascii")
    image = (
        f'<image x="0" y="0" width="{width:.3f}" height="{height:.3f}" preserveAspectRatio="none" '
        f'xlink:href="data:image/jpeg;base64,{content}"/>\n '
    )
    return drawn.replace(b'<g id="figure_1">', image.encode("ascii") + b'<g id="figure_1">', 1)


def framed(axes: Axes, text: str, *, at: tuple[float, float] = (0.012, 0.012)) -> None:
    """Write a few words into a corner, on paper of their own; `at` counts from the lower left, 0 to 1."""
    across, up = at
    axes.text(
        across,
        up,
        text,
        transform=axes.transAxes,
        ha="left" if across < 0.5 else "right",
        va="bottom" if up < 0.5 else "top",
        fontsize=8.5,
        color=INK,
        linespacing=1.45,
        zorder=20,
        bbox={"facecolor": "white", "edgecolor": "#DEDBD3", "boxstyle": "round,pad=0.45", "alpha": 0.94},
    )
