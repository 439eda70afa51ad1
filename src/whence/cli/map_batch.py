"""whence map batch: a folder of scans with their points, all in one go."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from whence.maps import MapFit
    from whence.maps.batch import Found, Row, SheetWorker
    from whence.maps.recipe import Recipe

__all__ = ["batch"]

_SHOWN = 20


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for summary.csv and the sheets' files.",
)
@click.option("--crs", help="Coordinate system of points that do not say it, such as EPSG:2392.")
@click.option(
    "--kind", default="auto", show_default=True, help="As in whence map fit; auto for each by itself."
)
@click.option("--robust", is_flag=True, help="Use only the points that agree on one map.")
@click.option("--warp", is_flag=True, help="Also write each sheet as a GeoTIFF.")
@click.option("--sheet-crs", help="Coordinate system of the GeoTIFFs; that of the points when not given.")
@click.option("--resolution", type=float, metavar="METRES", help="Side of a pixel of the GeoTIFFs.")
@click.option("--resampling", default="bilinear", show_default=True, help="As in whence map warp.")
@click.option("--report", "reports", is_flag=True, help="Also write an HTML report of each sheet.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option("--restart", is_flag=True, help="Do again what an earlier run has done.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def batch(
    folder: Path,
    out: Path,
    crs: str | None,
    kind: str,
    robust: bool,
    warp: bool,
    sheet_crs: str | None,
    resolution: float | None,
    resampling: str,
    reports: bool,
    jobs: int,
    restart: bool,
    as_json: bool,
) -> int:
    """Georeference all scans in FOLDER that have points beside them.

    The points of scan.jpg are scan.jpg.points, scan.points, scan.csv, scan.json (IIIF) or scan.txt (GDAL);
    checkpoints are scan.check.csv or scan.check.points. A TIFF may carry its points.

    \b
    whence map batch scans --out done
    whence map batch scans --out done --robust --warp --report

    A sheet that fails is listed with its reason and the others are done; the exit status is 1 then. The same
    command goes on where it was interrupted and does again what has changed.
    """
    from whence.cli.progress import counter
    from whence.maps.batch import Choices, SheetWorker, find_sheets, run
    from whence.maps.recipe import WarpChoices

    sheet = WarpChoices(crs=sheet_crs, resolution_m=resolution, resampling=resampling) if warp else None
    worker = SheetWorker(
        out, Choices(crs, kind, robust, sheet), also=_write_report if reports else None, restart=restart
    )
    sheets = find_sheets(folder, beside=out)
    with counter("sheets") as progress:
        rows = run(sheets, worker, each=_each(jobs), progress=progress)
    if as_json:
        click.echo(json.dumps([row.cells() for row in rows], ensure_ascii=False, indent=1))
    else:
        click.echo(_told(rows, out))
    return int(any(row.status == "failed" for row in rows))


def _write_report(page: Path, recipe: Recipe, fit: MapFit, scan: Path | None) -> None:
    """Write the page; a function of the module, so that it can be sent to another process."""
    from whence.report.map_sheet import write_page

    write_page(page, recipe, fit, scan=scan)


def _each(jobs: int) -> Callable[[SheetWorker, Sequence[Found]], Iterable[Row]]:
    """Apply the worker here, or in processes."""
    if jobs == 1:
        return map

    def each(worker: SheetWorker, sheets: Sequence[Found]) -> Iterable[Row]:
        from whence.photos.processes import map_in_processes

        return map_in_processes(partial(_same, worker), sheets, jobs=min(jobs, len(sheets)))

    return each


def _same(worker: SheetWorker) -> SheetWorker:
    return worker


def _told(rows: Sequence[Row], out: Path) -> str:
    """List the sheets, failures last with their reasons."""
    counts = Counter(row.status for row in rows)
    lines = [_line(row) for row in rows if row.status != "failed"]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"and {len(lines) - _SHOWN} more"]
    lines += [
        f"{visible(row.sheet):32} failed: {visible(str(row.values['reason']))}"
        for row in rows
        if row.status == "failed"
    ]
    words = ", ".join(f"{counts[status]} {status}" for status in ("done", "kept", "failed") if counts[status])
    return "\n".join(
        [*lines, "", visible(f"{len(rows)} sheets: {words}; the table is {out / 'summary.csv'}")]
    )


def _line(row: Row) -> str:
    values = row.values
    start = f"{visible(row.sheet):32} {values['kind']:12} {values['used']} of {values['points']} points"
    return f"{start}, {_metres(values['left_out_m'])} at points left out"


def _metres(value: object) -> str:
    return f"{value:.2f} m" if isinstance(value, float) else "not known"
