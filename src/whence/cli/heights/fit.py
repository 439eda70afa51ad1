"""whence map heights fit: labelled heights against modern ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible
from whence.cli.heights.outputs import keep_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.calibration import Model
    from whence.maps.heights.height_fit import HeightFit

__all__ = ["fit"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("table", type=existing)
@click.option("--points", type=existing, help="Control points of the sheet, to place pixels on the ground.")
@click.option(
    "--fit", "record", type=existing, help="The fit of the sheet (JSON of whence map fit --out) instead."
)
@click.option("--crs", help="Coordinate system of places that do not say it, such as EPSG:2393.")
@click.option("--dem", type=existing, help="A modern height model, where the table has no modern heights.")
@click.option("--unit", help="Unit of the heights on the map; whence map heights datum --units lists them.")
@click.option("--model", default="auto", show_default=True, help="auto, full (α and β), shift (β) or unit.")
@click.option("--tilt", is_flag=True, help="Apply a plane too, which otherwise is only tested for.")
@click.option(
    "--vertical", help="System of the modern heights, such as EPSG:5621; that of the model if it says."
)
@click.option("--place", metavar="LON,LAT", help="A place that the sheet shows: tells a wrong zone.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the fit as JSON.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page (.html); with --fit or --points it is the report of the sheet, with its heights.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def fit(
    table: Path,
    points: Path | None,
    record: Path | None,
    crs: str | None,
    dem: Path | None,
    unit: str | None,
    model: Model,
    tilt: bool,
    vertical: str | None,
    place: str | None,
    out: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Fit the heights that a map has in TABLE to modern ones: Z = α z + β, and name those that are misread.

    TABLE has a column map_height, places (column, row on the scan; easting, northing; or longitude,
    latitude), and perhaps modern_height in metres; otherwise --dem is read at the places.

    \b
    whence map heights fit spots.csv
    whence map heights fit spots.csv --points sheet.points --dem modern.tif --unit sazhen
    whence map heights fit spots.csv --fit fit.json --dem modern.tif --model full --json --out heights.json
    whence map heights fit spots.csv --crs EPSG:2393 --dem modern.tif --place 29.3,61.4
    whence map heights fit spots.csv --fit fit.json --dem modern.tif --report sheet.html
    """
    from whence.maps.heights.fit_files import calibrate

    keep_inputs((table, points, record, dem), (out,), report=report)
    found = calibrate(
        table, points=points, record=record, crs=crs, model=dem, kind=model, unit=unit, tilt=tilt,
        vertical=vertical, place=place,
    )  # fmt: skip
    content = json.dumps(found.to_json(), ensure_ascii=False, indent=1)
    if out is not None:
        from whence.imagery.atomic import atomic_path

        with atomic_path(out) as beside:
            beside.write_text(content + "\n", encoding="utf-8")
    if report is not None:
        _write_report(report, found, points=points, record=record, crs=crs, dem=dem)
    click.echo(content if as_json else "\n".join(_lines(found)))


def _write_report(
    page: Path,
    found: HeightFit,
    *,
    points: Path | None,
    record: Path | None,
    crs: str | None,
    dem: Path | None,
) -> None:
    """Write the report of the sheet with its heights, or of the heights alone."""
    from whence.maps.heights.vertical.raster_file import operation_of
    from whence.report.height_page import HeightChapter, write_height_report

    chapter = HeightChapter(fit=found, operation=None if dem is None else operation_of(dem))
    if record is None and points is None:
        write_height_report(page, chapter)
        return
    from whence.maps import read_points
    from whence.maps.recipe import Recipe
    from whence.maps.records import read_record
    from whence.report.map_sheet import write_sheet_report

    if record is not None:
        recipe = read_record(record).recipe
    else:
        assert points is not None
        recipe = Recipe(read_points(points, crs=crs), kind="auto")
    write_sheet_report(page, recipe, recipe.fit(), heights=chapter)


def _lines(found: HeightFit) -> Iterator[str]:
    yield visible(found.summary)
    yield ""
    width = max(5, *(len(name) for name in found.labels.names))
    yield f"{'label':{width}} {'map':>10} {'modern m':>10} {'residual m':>11} {'left out m':>11}"
    wrong = {one.row: one for one in found.outliers}
    for row, name in enumerate(found.labels.names):
        cells = (found.labels.map_heights, found.modern_m, found.residuals_m, found.leave_one_out_m)
        map_height, modern, residual, left_out = (_cell(values[row]) for values in cells)
        remark = "  not used" if row in wrong else ""
        yield f"{visible(name):{width}} {map_height:>10} {modern:>10} {residual:>11} {left_out:>11}{remark}"


def _cell(value: float) -> str:
    return f"{value:.2f}" if value == value else "–"
