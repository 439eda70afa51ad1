"""How figures look: palette, axes, footers, files. Figure objects only, no state of pyplot."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "DASHES",
    "GREY",
    "INK",
    "PALETTE",
    "Footer",
    "data_uri",
    "image_bytes",
    "new_figure",
    "plain_text",
    "short",
    "tidy",
]

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Colours that people with any colour vision tell apart (Okabe & Ito 2008), yellow left out for print."""

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
"""Line styles, told apart in grey."""

GREY = "#B5B2AA"
INK = "#22211F"
_RULE = "#DEDBD3"
_DPI = 150  # of the PNG files
_SETTINGS: dict[Any, Any] = {  # what savefig reads; text as outlines looks alike wherever the page is opened
    "svg.fonttype": "path",
    "svg.hashsalt": "whence",
    "font.family": "DejaVu Sans",
    "text.hinting": "none",  # small letters keep their shapes
    "text.parse_math": False,  # names of files may hold dollar signs
}

Kind = Literal["svg", "png"]


@dataclass(frozen=True)
class Footer:
    """What must stand under every figure.

    Attributes
    ----------
    protocol
        Name of the rules.
    split
        Name of the split; empty when it was not told, which the footer says.
    counts
        How many photographs, in words.
    """

    protocol: str
    split: str
    counts: str

    def __str__(self) -> str:
        return f"Protocol {self.protocol} · split {self.split or 'not named'} · {self.counts}"


def new_figure(width_in: float, height_in: float, *, footer: Footer, title: str = "") -> Figure:
    """Make an empty figure with its heading above and its footer below, laid out by constraints."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    figure.supxlabel(str(footer), x=0.01, ha="left", fontsize=7.5, color="#69645B")
    return figure


def short(value: float, _: int | None = None) -> str:
    """Write a number beside an axis: four digits, whole from ten thousand on.

    Examples
    --------
    >>> short(0.25), short(2500.0), short(12_500.0)
    ('0.25', '2,500', '12,500')
    """
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


@contextmanager
def plain_text() -> Iterator[None]:
    """Take texts of figures made within as they are: a dollar sign starts no formula."""
    with mpl.rc_context({"text.parse_math": False}):
        yield


def tidy(axes: Axes, *, x: str, y: str, grid: Literal["x", "y", "both"] = "both") -> None:
    """Label axes and take away what carries nothing."""
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis=grid, color=_RULE, linewidth=0.7)
    axes.set_axisbelow(True)


def image_bytes(figure: Figure, kind: Kind) -> bytes:
    """Write a figure as SVG or PNG; the same figure gives the same bytes."""
    content = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        # A name in a script that the font lacks has boxes in the image; the page has it in letters.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(content, format=kind, dpi=_DPI, metadata=metadata)
    return content.getvalue()


def data_uri(content: bytes, *, media: str) -> str:
    """Give an image, "svg" or "png", as an address that holds the image itself."""
    kind = {"svg": "image/svg+xml", "png": "image/png"}[media]
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
