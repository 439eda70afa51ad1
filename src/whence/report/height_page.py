"""The height chapter of a sheet's report, and a page of it alone where there is no sheet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible
from whence.report import height_figures as figures
from whence.report import height_tables as tables
from whence.report.document import render
from whence.report.drawing import data_uri, image_bytes, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from whence.maps.heights.compare import Comparison
    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.labels import Suspect
    from whence.maps.heights.making import Made
    from whence.maps.heights.terrain import Contours
    from whence.maps.heights.volume import Volume
    from whence.typing import PathLike

__all__ = ["HeightChapter", "finite", "write_height_report"]

_CSS_PX_PER_INCH = 112.0
_MOST_DRAWN = 60_000
_MOST_SAID = 60


@dataclass(frozen=True, eq=False)
class HeightChapter:
    """What is known of the heights of a sheet; whatever is None is left out.

    Attributes
    ----------
    fit
        Labelled heights against modern ones.
    contours, suspects
        Lines, in the system of `model`, and those whose height contradicts their neighbours, by number;
        None where that was not looked for.
    contradictions
        What else does not fit together, one sentence each.
    model, made
        A height model, and how it was made.
    comparison, volume
        The model against a reference.
    operation
        How heights were brought to the vertical system that they are in, in words, with its accuracy.
    truth
        What is known of the errors from elsewhere: name and value.
    """

    fit: HeightFit | None = None
    contours: Contours | None = None
    suspects: tuple[Suspect, ...] | None = None
    contradictions: tuple[str, ...] = ()
    model: PathLike | None = None
    made: Made | None = None
    comparison: Comparison | None = None
    volume: Volume | None = None
    operation: str | None = None
    truth: tuple[tuple[str, str], ...] = ()

    def for_page(self) -> dict[str, Any]:
        """Give the values of the template ``height_chapter.html``."""
        with plain_text():
            pictures = {name: _shown(figure, caption) for name, figure, caption in self._figures()}
        return {
            "pictures": pictures,
            "fit": self._fit(),
            "suspects": list(tables.suspect_rows(self.suspects or ())),
            "contradictions": [_sentence(one) for one in self.contradictions[:_MOST_SAID]],
            "more": max(len(self.contradictions) - _MOST_SAID, 0),
            "checked": self.suspects is not None,
            "lines": 0 if self.contours is None else len(self.contours),
            "made": self._made(),
            "compared": self._compared(),
            "operation": self.operation,
            "vertical": self.fit.vertical if self.fit is not None else None,
            "truth": list(self.truth),
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything that the page shows as JSON types."""
        from dataclasses import asdict

        return {
            "fit": None if self.fit is None else self.fit.to_json(),
            "suspects": None if self.suspects is None else [asdict(one) for one in self.suspects],
            "contradictions": list(self.contradictions),
            "made": None if self.made is None else asdict(self.made),
            "comparison": None if self.comparison is None else self.comparison.to_json(),
            "volume": None if self.volume is None else self.volume.to_json(),
            "operation": self.operation,
            "truth": dict(self.truth),
        }

    def _fit(self) -> dict[str, Any] | None:
        if self.fit is None:
            return None
        return {
            "summary": _sentence(self.fit.summary),
            "headline": list(tables.fit_headline(self.fit)),
            "rows": list(tables.label_rows(self.fit)),
            "outliers": [one.sentence for one in self.fit.outliers],
        }

    def _made(self) -> dict[str, Any] | None:
        if self.made is None:
            return None
        options = {name: value for name, value in self.made.options.items() if name == "smoothing"}
        return {
            "method": self.made.method,
            "options": ", ".join(f"{name} {value:.3g}" for name, value in options.items()),
            "methods": list(tables.method_rows(self.made.rmse_m, self.made.method)),
            "facts": [_sentence(one) for one in self.made.facts],
        }

    def _compared(self) -> dict[str, Any] | None:
        if self.comparison is None:
            return None
        difference, pair = self.comparison.difference, self.comparison.pair
        shift = difference.shift_m
        return {
            "reference": legible(pair.reference.name),
            "headline": list(tables.difference_headline(difference)),
            "rows": list(tables.compared_rows(difference)),
            "facts": [_sentence(one) for one in self.comparison.facts],
            "shift": "" if shift is None else f"{shift[0]:+.2f} m east and {shift[1]:+.2f} m north",
            "volume": "" if self.volume is None else self.volume.sentence,
        }

    def _figures(self) -> Iterator[tuple[str, Figure, str]]:
        if self.fit is not None and self.fit.used.any():
            caption = (
                "Left: heights on the map and today, and the line of the fit. Right: what is left of each "
                "height used, and its error when it takes no part; shaded: twice the standard deviation."
            )
            yield "heights_fit", figures.fit_scatter(self.fit), caption
        if self.model is not None:
            yield (
                "relief",
                self._relief(Path(self.model)),
                "The height model, lit from the north-west"
                + (
                    ", with its contours."
                    if self.contours is None
                    else ", with the contours that it was made of."
                ),
            )
        if self.comparison is not None:
            from whence.maps.heights.overview import reduced

            drawn = figures.difference_map(*reduced(self.comparison.off_m, self.comparison.lattice))
            caption = (
                "Orange: the model is above the reference; blue: below. Colours end at 98 % of the cells."
            )
            yield "difference", drawn, caption

    def _relief(self, model: Path) -> Figure:
        from whence.maps.heights.alignment import cell_sides_m
        from whence.maps.heights.model_file import lattice_of
        from whence.maps.heights.overview import overview
        from whence.maps.heights.shading import hillshade

        heights, lattice = overview(model)
        crs = lattice_of(model)[1]
        side_m = float(np.sqrt(cell_sides_m(lattice, crs)[lattice.rows // 2].prod()))
        lines, wrong = self._lines(heights, lattice)
        return figures.relief(hillshade(heights, side_m), heights, lattice, contours=lines, wrong=wrong)

    def _lines(self, heights: Any, lattice: Any) -> tuple[Contours, Contours]:
        from whence.maps.heights.contours import contours_of
        from whence.maps.lattice import round_step

        none = np.zeros(0, dtype=np.int64)
        lines = self.contours
        if lines is None or sum(len(line) for line in lines.lines) > _MOST_DRAWN:
            span = float(np.nanmax(heights) - np.nanmin(heights))
            step = round_step(span, parts=12) if span > 0 else 1.0
            drawn = contours_of(heights, lattice, interval_m=step)
            return drawn, drawn.choose(none)
        return lines, lines.choose(np.array([one.line for one in self.suspects or ()], dtype=np.int64))


def write_height_report(path: PathLike, chapter: HeightChapter, *, title: str | None = None) -> None:
    """Write a page of heights alone, and the same as JSON beside it.

    Where there is a sheet, `map_sheet.write_sheet_report` has the same chapter.

    Parameters
    ----------
    path
        The page, which ends in ``.html``.
    chapter
        What it shows.
    title
        Heading; None names the model.

    Raises
    ------
    InputError
        When the path does not end in ``.html``, or a file cannot be written.
    """
    page = Path(path)
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{page}: a report is a page; let its name end in .html")
    name = title or (Path(chapter.model).name if chapter.model is not None else "Heights of a map")
    json_name = page.with_suffix(".json").name
    html = render(
        "height_page", style="map_sheet", title=legible(name), heights=chapter.for_page(), json_name=json_name
    )
    content = json.dumps(finite(chapter.to_json()), ensure_ascii=False, indent=1, allow_nan=False)
    for target, text in ((page, html), (page.with_suffix(".json"), content + "\n")):
        with atomic_path(target) as beside:
            beside.write_text(text, encoding="utf-8")


def _sentence(text: str) -> str:
    """Begin with a capital, but not where the name of a file stands first."""
    first = text.partition(" ")[0]
    return text if "." in first else f"{text[:1].upper()}{text[1:]}"


def _shown(figure: Figure, caption: str) -> dict[str, str]:
    """Give what the template embeds."""
    width = round(_CSS_PX_PER_INCH * figure.get_figwidth())
    return {"uri": data_uri(image_bytes(figure, "svg"), media="svg"), "caption": caption, "width": str(width)}


def finite(value: Any) -> Any:
    """Write what is not a number as null, of JSON types."""
    if isinstance(value, dict):
        return {str(key): finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
