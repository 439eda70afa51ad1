"""whence map heights contours: contour lines of a scan, or of a height model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.maps.heights.tracing.traced import Placing, Traced

__all__ = ["contours"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
new = click.Path(dir_okay=False, path_type=Path)
_MOST_TOLD = 40
_BADLY = 0.03  # of the longer side of a scan: control points that are farther off do not fit


@click.command()
@click.argument("raster", type=existing)
@click.option("--fit", "record", type=existing, help="The fit of the sheet: JSON of whence map fit --out.")
@click.option("--points", type=existing, help="Control points of the sheet instead.")
@click.option("--crs", help="Coordinate system of control points that do not say it, such as EPSG:2392.")
@click.option(
    "--labels", type=existing, help="Heights beside contours: a table with column, row and map_height."
)
@click.option("--spots", type=existing, help="Spot heights: the same columns.")
@click.option("--read", is_flag=True, help="Read the heights that are printed beside contours, too.")
@click.option("--interval", type=float, metavar="METRES", help="From one contour to the next.")
@click.option("--ink", metavar="#RRGGBB", help="Colour of the contours, where the wrong ink is taken.")
@click.option(
    "--ink-at", metavar="COLUMN,ROW", help="The ink is that of a contour at this place of the scan."
)
@click.option("--out", required=True, type=new, help="The contours: .gpkg or .geojson.")
@click.option("--preview", type=new, help="Also draw the lines over the scan (PNG).")
@click.option("--json", "as_json", is_flag=True, help="All findings as JSON to stdout.")
def contours(
    raster: Path,
    record: Path | None,
    points: Path | None,
    crs: str | None,
    labels: Path | None,
    spots: Path | None,
    read: bool,
    interval: float | None,
    ink: str | None,
    ink_at: str | None,
    out: Path,
    preview: Path | None,
    as_json: bool,
) -> None:
    """Trace the contour lines of a scanned map, or draw those of a height model, in RASTER.

    \b
    whence map heights contours sheet.tif --fit fit.json --labels heights.csv --out contours.gpkg
    whence map heights contours sheet.tif --points sheet.points --labels heights.csv --out contours.gpkg
    whence map heights contours sheet.tif --fit fit.json --spots spots.csv --interval 5 --out contours.gpkg
    whence map heights contours sheet.tif --fit fit.json --read --ink '#b06834' --out c.gpkg --preview p.png
    whence map heights contours dem.tif --interval 20 --out contours.gpkg

    A scan needs the fit of the sheet, or its control points; lines whose height nothing decides are listed
    and not written, and whatever contradicts itself is listed, the most probable mistake first. A raster of
    one band with --interval without any option of a scan is a height model.
    """
    from whence.cli.heights.outputs import keep_inputs

    keep_inputs((raster, record, points, labels, spots), (out, preview))
    scan_options = (record, points, labels, spots, ink, ink_at, preview, read or None)
    if all(option is None for option in scan_options):
        _of_model(raster, interval, out)
        return
    colour = _ink(ink, ink_at)
    place, system = _placing(raster, record, points, crs)
    traced = _traced(raster, labels, spots, interval, colour, preview, read=read)
    click.echo(json.dumps(traced.to_json(), ensure_ascii=False, indent=1) if as_json else _told(traced))
    _write(traced, place, system, out)


def _of_model(model: Path, interval: float | None, out: Path) -> None:
    """Draw the contours of a height model."""
    import numpy as np

    from whence.errors import InputError
    from whence.imagery.raster import open_raster
    from whence.maps.heights import Terrain, contours_of
    from whence.maps.heights.contour_files import write_contours
    from whence.maps.heights.model_file import read_model

    with open_raster(model) as reader:
        bands, palette = reader.raster.bands, reader.raster.colors
    if bands > 2 or palette is not None:
        raise InputError(
            f"{model} is a scan of {bands} bands; give its fit (--fit, or --points) and the heights beside "
            "its contours (--labels)"
        )
    if interval is None:
        raise InputError("the contours of a height model need their interval (--interval)")
    heights, lattice, system = read_model(model)
    lines = contours_of(heights, lattice, interval_m=interval)
    if len(lines) == 0:
        low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
        raise InputError(
            f"no multiple of {interval:g} lies between {low:g} and {high:g}, the heights of {model}; give a "
            "smaller --interval"
        )
    write_contours(out, Terrain(lines, crs=system))
    click.echo(visible(f"{out}: {len(lines)} contours, every {interval:g}"), err=True)


def _ink(colour: str | None, place: str | None) -> str | tuple[float, float] | None:
    """Take the ink as a colour, or as the place of an example."""
    from whence.errors import InputError

    if place is None:
        return colour
    if colour is not None:
        raise InputError("give the ink by its colour (--ink) or by a place (--ink-at), not both")
    try:
        column, row = (float(part) for part in place.split(","))
    except ValueError as error:
        raise InputError(f"--ink-at {place!r}: give column,row of a contour, such as 1520,830") from error
    return column, row


def _placing(
    raster: Path, record: Path | None, points: Path | None, crs: str | None
) -> tuple[Placing, Crs | None]:
    """Find where the sheet lies."""
    from whence.errors import InputError

    if (record is None) == (points is None):
        raise InputError("a scan needs its fit (--fit) or its control points (--points), one of the two")
    if record is not None:
        from whence.maps.records import read_record

        known = read_record(record)
        return known.transform, known.recipe.points.crs
    assert points is not None
    return _of_points(raster, points, crs)


def _of_points(raster: Path, points: Path, crs: str | None) -> tuple[Placing, Crs | None]:
    """Fit control points, which must be those of the scan."""
    import numpy as np

    from whence.errors import InputError
    from whence.imagery.raster import open_raster
    from whence.maps import fit, read_points

    control = read_points(points, crs=crs)
    with open_raster(raster) as reader:
        size = (reader.raster.width, reader.raster.height)
    beside = np.any((control.pixels < 0) | (control.pixels > size), axis=1)
    if beside.mean() > 0.5:
        raise InputError(
            f"{points}: {int(beside.sum())} of {len(beside)} control points lie beside the scan of "
            f"{size[0]} × {size[1]} pixels; they seem to be those of another scan"
        )
    found = fit(control, kind="auto")
    if found.quality.rmse_px > _BADLY * max(size):
        raise InputError(
            f"{points}: the control points do not fit together (RMSE {found.quality.rmse_px:.0f} pixels); "
            "whence map fit tells which of them are wrong"
        )
    return found, control.crs


def _traced(
    scan: Path,
    labels: Path | None,
    spots: Path | None,
    interval: float | None,
    ink: str | tuple[float, float] | None,
    preview: Path | None,
    *,
    read: bool,
) -> Traced:
    """Trace the lines, and draw them."""
    from whence.maps.heights.label_table import read_labels
    from whence.maps.heights.tracing import draw_traced, trace_contours, write_preview
    from whence.maps.scan import open_scan

    with open_scan(scan) as sheet:
        traced = trace_contours(
            sheet,
            ink=ink,
            labels=None if labels is None else read_labels(labels)[0],
            spots=None if spots is None else read_labels(spots)[0],
            interval_m=interval,
            read=read,
        )
        if preview is not None:
            write_preview(preview, draw_traced(sheet, traced))
    return traced


def _told(traced: Traced) -> str:
    """Say what was found, for a terminal."""
    lines = [
        _counts(traced),
        *(f"note: {note}" for note in traced.notes),
        *(f"contradiction: {one.text}" for one in traced.contradictions),
    ]
    for what, places in (
        ("no height", [(k, traced.lines[k][len(traced.lines[k]) // 2]) for k in traced.undetermined]),
        ("open end", [(one.line, one.place_px) for one in traced.open_ends]),
    ):
        lines += [
            f"{what}: line {number + 1} at column {place[0]:.0f}, row {place[1]:.0f}"
            for number, place in places[:_MOST_TOLD]
        ]
        if len(places) > _MOST_TOLD:
            lines.append(f"{what}: {len(places) - _MOST_TOLD} more (--json lists them all)")
    return "\n".join(visible(line) for line in lines)


def _counts(traced: Traced) -> str:
    known = len(traced) - len(traced.undetermined)
    return (
        f"{len(traced)} lines in the ink {traced.ink}, {int(traced.is_index.sum())} of them thick; "
        f"{known} have a height"
    )


def _write(traced: Traced, place: Placing, system: Crs | None, out: Path) -> None:
    from whence.maps.heights import Terrain
    from whence.maps.heights.contour_files import write_contours

    found = traced.to_world(place)
    write_contours(out, Terrain(found, crs=system))
    click.echo(visible(f"{out}: {len(found)} contours with heights"), err=True)
