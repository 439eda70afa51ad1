"""The map chapter of the demo: a drawn old sheet, georeferenced in three ways, and held against its truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.maps import ControlPoints, MapFit
    from whence.report.height_page import HeightChapter
    from whence.typing import Image

__all__ = ["Outcome", "georeferenced", "table_of", "write_report"]

_POINTING_PX = 1.5
_CLICKED = 10
_PROMISED = 0.8
_COLUMNS = (
    "way", "points", "transform", "promised_radius_m", "true_error_80_m", "true_rmse_m", "within_radius",
    "checkpoints_inside",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Outcome:
    """One way to georeference the sheet, and how it did at places whose truth is known.

    Attributes
    ----------
    way
        In words.
    points
        What was fitted to.
    fit
        The fit.
    checkpoints
        Places that took no part, without any error.
    """

    way: str
    points: ControlPoints
    fit: MapFit
    checkpoints: ControlPoints

    def to_row(self) -> dict[str, object]:
        """Promise and truth amid the points, by the columns of the table."""
        pixels, world = self.checkpoints.pixels, self.checkpoints.world
        inside = self.fit.inside(pixels)
        error_m = np.linalg.norm(self.fit.to_world(pixels) - world, axis=1)[inside]
        radius_m = self.fit.predicted_radius_m(pixels[inside], q=_PROMISED)
        rmse_m, kept = np.sqrt(np.square(error_m).mean()), (error_m <= radius_m).mean()
        figures = (np.median(radius_m), np.quantile(error_m, _PROMISED), rmse_m, kept)
        rounded = (round(float(figure), 2) for figure in figures)
        values = (self.way, len(self.points), self.fit.kind, *rounded, int(inside.sum()))
        return dict(zip(_COLUMNS, values, strict=True))


def georeferenced(folder: Path) -> list[Outcome]:
    """Georeference the sheet of a folder in three ways; write ``accuracy.csv`` there.

    By ten landmarks whose pixels were clicked and whose coordinates are known; by the names of all landmarks,
    resolved among those of a GeoJSON file; by the grid crosses that are found in the scan, one of which is
    told its coordinates.
    """
    from whence.imagery.photo import open_image
    from whence.imagery.rows import write_rows
    from whence.maps import fit, read_points

    checkpoints = read_points(folder / "checkpoints.csv")
    scan = open_image(folder / "map.jpg")
    size_px = (scan.shape[1], scan.shape[0])
    clicked = _clicked(read_points(folder / "landmarks.csv"))
    outcomes = []
    for way, points in (
        ("ten landmarks, clicked", clicked.where(np.arange(_CLICKED))),
        ("landmarks by their names", _by_name(clicked, folder / "landmarks.geojson", size_px)),
        ("grid crosses found in the scan", _grid(scan, read_points(folder / "crosses.csv"))),
    ):
        found = fit(points, kind="auto", size_px=size_px, checkpoints=checkpoints)
        outcomes.append(Outcome(way, points, found, checkpoints))
    write_rows(folder / "accuracy.csv", [outcome.to_row() for outcome in outcomes], _COLUMNS)
    return outcomes


def table_of(outcomes: list[Outcome]) -> str:
    """Compare promise and truth, a line each."""
    head = (
        f"{'the old map, by':32}{'points':>7}{'transform':>13}{'promised (80 %)':>17}"
        f"{'true (80 %)':>13}{'in their radius':>17}"
    )
    return "\n".join([head, *(_line(outcome.to_row()) for outcome in outcomes)])


def _line(row: dict[str, object]) -> str:
    return (
        f"{row['way']:32}{row['points']:7}{row['transform']:>13}{row['promised_radius_m']:>15} m"
        f"{row['true_error_80_m']:>11} m{row['within_radius']:>17.0%}"
    )


def _clicked(points: ControlPoints) -> ControlPoints:
    """Measure the pixels as a hand would, to a pixel or two."""
    from whence.maps import ControlPoints

    pixels = points.pixels + np.random.default_rng(3).normal(0, _POINTING_PX, points.pixels.shape)
    return ControlPoints(pixels, points.world, crs=points.crs, names=points.names)


def _by_name(points: ControlPoints, places: Path, size_px: tuple[int, int]) -> ControlPoints:
    """Forget the coordinates, and find them again by the names."""
    from whence.maps.landmarks import Landmark, Landmarks
    from whence.maps.landmarks.place_files import read_places

    named = zip(points.names, points.pixels.tolist(), strict=True)
    landmarks = tuple(Landmark(name, (column, row)) for name, (column, row) in named)
    return Landmarks(landmarks, size_px=size_px).solve(read_places(places), crs=points.crs).points


def _grid(scan: Image, crosses: ControlPoints) -> ControlPoints:
    """Find the crosses of the grid; one is told its coordinates, the others count from there."""
    from whence.maps import ControlPoints
    from whence.maps.scan import find_grid

    grid = find_grid(scan)
    away_px = np.linalg.norm(grid.pixels[:, None] - crosses.pixels, axis=2)
    told, nearest = np.unravel_index(away_px.argmin(), away_px.shape)
    step_m = float(np.ptp(np.unique(crosses.world[:, 0])[:2]))
    steps = (grid.nodes - grid.nodes[told]) * np.array([step_m, -step_m])  # the scan lies upright
    return ControlPoints(grid.pixels, crosses.world[nearest] + steps, crs=crosses.crs)


def write_report(folder: Path, outcome: Outcome, *, heights: HeightChapter | None = None) -> None:
    """Write ``report.html`` of one way, with what was found of the heights."""
    from whence.maps.recipe import Recipe, ScanFile
    from whence.report.map_sheet import write_sheet_report

    scan = folder / "map.jpg"
    recipe = Recipe(outcome.points, kind="auto", checkpoints=outcome.checkpoints, scan=ScanFile.of(scan))
    title = f"The small world: an old map by {outcome.way}"
    write_sheet_report(folder / "report.html", recipe, outcome.fit, scan=scan, title=title, heights=heights)
