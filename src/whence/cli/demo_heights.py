"""The heights of the demo's old map: labels fitted, contours traced, a model made, the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps import MapFit
    from whence.maps.heights import Contours, HeightFit, HeightLabels, Lattice, Spots, Terrain
    from whence.maps.heights.compare import Comparison
    from whence.maps.heights.model_file import ModelFile
    from whence.maps.heights.tracing import Traced
    from whence.report.height_page import HeightChapter
    from whence.typing import Bools, Ints

__all__ = ["Recovered", "planted", "recovered"]

_LABELS = 40
_POINTING_PX = 1.5
_WRONG_ROW = 7
_LOOKS_LIKE = dict(zip("0123456789", "6778960134", strict=True))
_CELL_M = 10.0
_TRUE_BETA_M = -63.0


@dataclass(frozen=True, eq=False)
class Recovered:
    """What was found of the heights.

    Attributes
    ----------
    fit
        Labels against modern heights.
    traced
        Contours of the scan.
    comparison
        The model made of them against the truth.
    chapter
        All of it for the report.
    wrong
        Name of the label that was planted.
    """

    fit: HeightFit
    traced: Traced
    comparison: Comparison
    chapter: HeightChapter
    wrong: str

    @property
    def text(self) -> str:
        """A few lines for the terminal."""
        fit, difference = self.fit, self.comparison.difference
        known = len(self.traced) - len(self.traced.undetermined)
        caught = "named" if self.wrong in {one.name for one in fit.outliers} else "NOT named"
        error = "" if fit.beta_error_m is None else f" ± {fit.beta_error_m:.2f}"
        count, heard = len(fit.labels), [f"  {one.text}" for one in self.traced.contradictions]
        model = (
            f"the model made of them: RMSE {difference.rmse_m:.2f} m against the truth, bias "
            f"{difference.bias_m:+.2f} m, at an interval of {self.traced.interval_m:g} m"
        )
        lines = [
            f"its zero, by {count} labels: β = {fit.beta_m:.2f}{error} m, in truth {_TRUE_BETA_M:g} m",
            f"the label that was planted wrong, {self.wrong}, is {caught}:",
            *(f"  {one.sentence}" for one in fit.outliers),
            f"its contours: {len(self.traced)} lines traced, {known} with a height",
            *heard,
            model,
        ]
        return "\n".join(lines)


def recovered(folder: Path, sheet: MapFit) -> Recovered:
    """Recover the heights of the sheet of a folder; write ``contours.gpkg`` and ``dem.tif`` there.

    Parameters
    ----------
    folder
        As `smallworld.draw_old_map` makes it.
    sheet
        Its fit.
    """
    from whence.maps.heights import Terrain, write_contours
    from whence.maps.heights.compare import compare_models
    from whence.maps.heights.label_table import read_labels
    from whence.maps.heights.making import make_model
    from whence.report.height_page import HeightChapter

    said, wrong = planted(read_labels(folder / "heights.csv")[0])
    fit = _fitted(_some(said, np.arange(_LABELS)), sheet, folder / "modern.tif")
    traced = _traced(folder / "map.jpg", said)
    contours = _raised(traced.to_world(sheet), fit)
    terrain = Terrain(contours, _spots(fit), crs=sheet.points.crs)
    write_contours(folder / "contours.gpkg", terrain)
    lattice, file = _target(terrain, folder / "modern.tif")
    made = make_model(folder / "dem.tif", terrain, lattice, file=file)
    comparison = compare_models(folder / "dem.tif", folder / "modern.tif")
    chapter = HeightChapter(
        fit=fit,
        contours=contours,
        contradictions=tuple(one.text for one in traced.contradictions),
        model=folder / "dem.tif",
        made=made,
        comparison=comparison,
        truth=tuple(_truth(sheet, fit, comparison)),
    )
    return Recovered(fit, traced, comparison, chapter, wrong)


def planted(labels: HeightLabels) -> tuple[HeightLabels, str]:
    """Measure the pixels as a hand would, and misread one height; give its name too."""
    assert labels.pixels is not None
    pixels = labels.pixels + np.random.default_rng(4).normal(0, _POINTING_PX, labels.pixels.shape)
    heights = labels.map_heights.copy()
    text = f"{heights[_WRONG_ROW]:.1f}"
    heights[_WRONG_ROW] = float(f"{text[:-3]}{_LOOKS_LIKE[text[-3]]}{text[-2:]}")
    return replace(labels, pixels=pixels, map_heights=heights), labels.names[_WRONG_ROW]


def _fitted(labels: HeightLabels, sheet: MapFit, modern: Path) -> HeightFit:
    """Fit labels to the model of today."""
    from whence.maps.heights import fit_heights
    from whence.maps.heights.sampling import sample_heights
    from whence.maps.heights.vertical import vertical_of

    placed = labels.placed(sheet.transform, sheet.points.crs)
    assert placed.world is not None
    system = vertical_of(modern)
    modern_m = sample_heights(modern, placed.world, crs=placed.crs)
    return fit_heights(placed, modern_m, vertical=None if system is None else system.label)


def _traced(scan: Path, said: HeightLabels) -> Traced:
    """Trace the contours; what stands on them, and the spot heights, tell their heights."""
    from whence.maps.heights.tracing import trace_contours

    is_spot = np.array([name.startswith("spot") for name in said.names])
    return trace_contours(scan, labels=_some(said, ~is_spot), spots=_some(said, is_spot), interval_m=1.0)


def _some(labels: HeightLabels, chosen: Ints | Bools) -> HeightLabels:
    assert labels.pixels is not None
    numbers = np.arange(len(labels))[chosen]
    names = tuple(labels.names[number] for number in numbers)
    return replace(
        labels, pixels=labels.pixels[numbers], map_heights=labels.map_heights[numbers], names=names
    )


def _raised(contours: Contours, fit: HeightFit) -> Contours:
    """Bring contours from the system of the sheet to that of today."""
    return contours.relabel(fit.heights_m(contours.heights_m))


def _spots(fit: HeightFit) -> Spots:
    """Give the labels that the fit believes, with their heights of today."""
    from whence.maps.heights import Spots

    world = fit.labels.world
    assert world is not None
    return Spots(world[fit.used], fit.heights_m(fit.labels.map_heights[fit.used]))


def _target(terrain: Terrain, modern: Path) -> tuple[Lattice, ModelFile]:
    """Lay a grid around the contours; the file names the vertical system of the model of today."""
    from whence.maps.heights import Lattice
    from whence.maps.heights.model_file import ModelFile
    from whence.maps.heights.vertical import vertical_of

    system = vertical_of(modern)
    lattice = Lattice.around(terrain.positions(), _CELL_M)
    return lattice, ModelFile(terrain.crs, None if system is None else system.wkt)


def _truth(sheet: MapFit, fit: HeightFit, comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Say how far place and heights are off, as the small world knows."""
    if sheet.checks is not None:
        yield "Plan, RMSE at checkpoints", f"{sheet.checks.rmse_m:.2f} m"
    yield "Height, RMSE of the model", f"{comparison.difference.rmse_m:.2f} m"
    yield "Zero of the sheet, β", f"{fit.beta_m:.2f} m; in truth {_TRUE_BETA_M:.2f} m"
    yield "What this is", "a town drawn by code: it shows that the parts work together, no more"
