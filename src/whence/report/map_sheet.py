"""The report of a georeferenced sheet: one page to read, print and archive, and the same as JSON beside it.

The page loads nothing from anywhere and runs no script.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible
from whence.maps.lattice import Lattice
from whence.maps.preview import preview
from whence.maps.statement import accuracy
from whence.report import map_figures as figures
from whence.report.document import render
from whence.report.drawing import data_uri, image_bytes, plain_text
from whence.report.height_page import finite
from whence.report.map_canvas import Backdrop, over
from whence.report.map_tables import compared, for_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from whence.maps.fitting import MapFit
    from whence.maps.recipe import Recipe
    from whence.maps.recommendation import Recommendation
    from whence.report.height_page import HeightChapter
    from whence.typing import PathLike

__all__ = ["write_page", "write_sheet_report"]

_PAGE_SUFFIXES = (".html", ".htm")
_CSS_PX_PER_INCH = 112.0
_log = logging.getLogger(__name__)


def write_sheet_report(
    path: PathLike,
    recipe: Recipe,
    fit: MapFit,
    *,
    scan: PathLike | None = None,
    title: str | None = None,
    heights: HeightChapter | None = None,
) -> None:
    """Write the report of a fit.

    Parameters
    ----------
    path
        The page, which ends in ``.html``; the same as JSON is written beside it, with the ending ``.json``.
    recipe
        How the fit was made; it goes into both.
    fit
        The fit.
    scan
        The scan, to draw on; None draws on white.
    title
        Heading; None names the scan or the file of the points.
    heights
        What is known of the heights of the sheet, in chapters of their own; None leaves them out.

    Raises
    ------
    InputError
        When the path does not end in ``.html``, or a file cannot be written.
    NotAnImageError
        When the scan is truncated or no raster.

    Examples
    --------
    >>> from whence import maps                                        # doctest: +SKIP
    >>> from whence.maps.recipe import Recipe, ScanFile                # doctest: +SKIP
    >>> recipe = Recipe(maps.read_points("a.points"), scan=ScanFile.of("a.tif"))  # doctest: +SKIP
    >>> write_sheet_report("a.html", recipe, recipe.fit(), scan="a.tif")          # doctest: +SKIP
    """
    page, html, content = _made(path, recipe, fit, scan=scan, title=title, heights=heights)
    if heights is not None:
        content["heights"] = finite(heights.to_json())
    _write(page, html)
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    _write(page.with_suffix(".json"), text + "\n")


def write_page(path: PathLike, recipe: Recipe, fit: MapFit, *, scan: PathLike | None = None) -> None:
    """Write the page alone, where the JSON beside it is written by someone else; see `write_sheet_report`."""
    page, html, _ = _made(path, recipe, fit, scan=scan, title=None)
    _write(page, html)


def _made(
    path: PathLike,
    recipe: Recipe,
    fit: MapFit,
    *,
    scan: PathLike | None,
    title: str | None,
    heights: HeightChapter | None = None,
) -> tuple[Path, str, dict[str, Any]]:
    """Make the page and its values."""
    page = Path(path)
    if page.suffix.lower() not in _PAGE_SUFFIXES:
        raise InputError(f"{page}: a report is a page; let its name end in .html")
    lattice = Lattice.of(fit, size_px=None if recipe.scan is None else recipe.scan.size_px)
    comparison, statement = compared(fit), accuracy(fit, lattice)
    with plain_text():
        pictures = {one.name: one.shown for one in _pictures(recipe, fit, lattice, scan=scan)}
    html = render(
        "map_sheet",
        title=legible(title or _title(recipe)),
        facts=_facts(recipe, fit),
        statement=" ".join(statement).replace(" %", "\u00a0%").replace(" m ", "\u00a0m "),
        pictures=pictures,
        heights=None if heights is None else heights.for_page(),
        json_name=page.with_suffix(".json").name,
        **for_page(recipe, fit, lattice, comparison=comparison),
    )
    return page, html, _content(recipe, fit, lattice, statement=statement, comparison=comparison)


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8")
    _log.info("Wrote %s, %.1f MB.", path, len(text) / 1e6)


@dataclass(frozen=True, eq=False)
class _Picture:
    """A figure, what it shows in words, and its image."""

    name: str
    figure: Figure
    caption: str
    svg: bytes

    @property
    def shown(self) -> dict[str, str]:
        """What the template embeds."""
        width = round(_CSS_PX_PER_INCH * self.figure.get_figwidth())
        uri = data_uri(self.svg, media="svg")
        return {"uri": uri, "caption": self.caption, "name": self.name, "width": str(width)}


def _pictures(recipe: Recipe, fit: MapFit, lattice: Lattice, *, scan: PathLike | None) -> Iterator[_Picture]:
    low = np.array([lattice.columns[0], lattice.rows[0]])
    high = np.array([lattice.columns[-1], lattice.rows[-1]])
    backdrop = Backdrop.of(low, high, None if scan is None else preview(scan))
    drawn, factor = figures.vectors(fit, backdrop, checkpoints=recipe.checkpoints)
    enlarged = "" if factor == 1.0 else f", enlarged {factor:,.0f} times"
    caption = (
        f"Errors at the points{enlarged}, from the place that was given to the place "
        "that the fit gives. Where neighbouring arrows agree, the sheet is bent there; a single long one "
        "speaks against its point."
    )
    yield _Picture("vectors", drawn, caption, over(drawn, backdrop))
    lines = figures.error_lines(fit, lattice, backdrop)
    if lines is not None:
        caption = (
            "Expected error: lines of equal radius that holds the true place with a probability of 80 %. "
            "Outside the dashed hull the fit extrapolates."
        )
        yield _Picture("expected", lines, caption, over(lines, backdrop))
    drawn, step = figures.world_grid(lattice, backdrop)
    unit = "units" if fit.points.crs is None else fit.points.crs.unit.replace("metre", "m")
    caption = (
        f"Round coordinates on the scan, every {step:,.10g} {unit}. Where lines bend, the paper or the "
        "drawing does."
    )
    yield _Picture("grid", drawn, caption, over(drawn, backdrop))
    panels = figures.distortion_panels(fit, lattice)
    if panels is not None:
        caption = "Local distortion over the scan; dashed: the hull of the control points."
        yield _Picture("distortion", panels, caption, image_bytes(panels, "svg"))


def _title(recipe: Recipe) -> str:
    if recipe.scan is not None:
        return recipe.scan.name
    return recipe.points.source.name if recipe.points.source else "Georeferenced sheet"


def _facts(recipe: Recipe, fit: MapFit) -> list[str]:
    crs = fit.points.crs
    facts = [
        crs.label if crs else "coordinate system not known",
        f"{fit.kind} through {int(fit.used.sum())} of {len(recipe.points)} points",
    ]
    if recipe.scan is not None:
        facts.append(f"{recipe.scan.size_px[0]:,} × {recipe.scan.size_px[1]:,} px")
    return facts


def _content(
    recipe: Recipe,
    fit: MapFit,
    lattice: Lattice,
    *,
    statement: tuple[str, ...],
    comparison: Recommendation | None,
) -> dict[str, Any]:
    """Give everything that the page shows, as JSON types; also what `read_record` reads."""
    return {
        **recipe.document(fit),
        "statement": list(statement),
        "comparison": None if comparison is None else comparison.to_json(),
        "lattice": lattice.to_json(),
    }
