"""whence map: from a scan with control points to a georeferenced sheet with an honest accuracy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible
from whence.cli.heights import heights
from whence.cli.map_batch import batch
from whence.cli.map_find import find
from whence.cli.map_landmarks import landmarks
from whence.cli.map_redo import redo, told

if TYPE_CHECKING:
    from whence.maps.recipe import Recipe, WarpChoices
    from whence.typing import Floats

__all__ = ["map_"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
new = click.Path(dir_okay=False, path_type=Path)

crs_option = click.option(
    "--crs",
    help="Coordinate system of points that do not say it, such as EPSG:2392.",
)
kind_option = click.option(
    "--kind",
    default="auto",
    show_default=True,
    help="auto (chosen by leaving points out), linear, similarity, affine5, affine, projective, polynomial1, "
    "polynomial2, polynomial3, tps, rbf, mesh or moving.",
)
robust_option = click.option(
    "--robust", is_flag=True, help="Use only the points that agree on one map, and tell which do not."
)


@click.group("map")
def map_() -> None:
    """Georeference scanned maps: fit control points, judge the fit, warp the scan."""


@map_.command()
@click.argument("points", type=existing)
@crs_option
@kind_option
@robust_option
@click.option("--check", type=existing, help="Independent points to compare the fit with.")
@click.option("--scan", type=existing, help="The scan, for its size: which share of it the points enclose.")
@click.option(
    "--out", type=new, help="Also write the whole fit, and how to make it again, to this JSON file."
)
@click.option("--place", metavar="LON,LAT", help="A place that the sheet shows: tells a wrong zone.")
@click.option("--report", "page", type=new, help="Also write an HTML report, and the same as JSON beside it.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def fit(
    points: Path,
    crs: str | None,
    kind: str,
    robust: bool,
    check: Path | None,
    scan: Path | None,
    out: Path | None,
    place: str | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Fit the control points in POINTS and tell how accurate the map is, and which points are wrong.

    POINTS may be QGIS' .points, CSV, GDAL's gcp options or VRT, a TIFF with points, an IIIF annotation,
    GeoJSON or a world file.

    \b
    whence map fit sheet.points
    whence map fit sheet.points --kind affine --scan sheet.png --check checkpoints.csv
    whence map fit sheet.points --robust --out fit.json
    whence map fit sheet.points --place 15.0046,54.1463
    whence map fit sheet.points --scan sheet.png --check checkpoints.csv --report report.html
    """
    from whence.cli.map_report import report
    from whence.imagery.atomic import atomic_path

    recipe = _recipe(points, crs=crs, kind=kind, robust=robust, scan=scan, check=check)
    if place is not None:
        _require_place(recipe, place)
    fitted = recipe.fit()
    content = json.dumps(recipe.document(fitted), ensure_ascii=False, indent=1)
    if page is not None:
        from whence.report.map_sheet import write_sheet_report

        write_sheet_report(page, recipe, fitted, scan=scan)
    if out is not None:
        with atomic_path(out) as beside:
            beside.write_text(content + "\n", encoding="utf-8")
    click.echo(content if as_json else report(fitted))


@map_.command()
@click.argument("scan", type=existing)
@click.option("--points", required=True, type=existing, help="The control points, as in fit.")
@crs_option
@kind_option
@robust_option
@click.option("--out", required=True, type=new, help="The GeoTIFF to write.")
@click.option("--sheet-crs", help="Coordinate system of the GeoTIFF; that of the points when not given.")
@click.option(
    "--resolution", type=float, metavar="METRES", help="Side of a pixel; as the scan's if left out."
)
@click.option(
    "--resampling", default="bilinear", show_default=True, help="nearest, bilinear, cubic or lanczos."
)
@click.option(
    "--neatline",
    type=existing,
    help="What of the scan is map: a text file with column and row of one corner per line, or an IIIF "
    "annotation with a mask. The rest becomes transparent.",
)
@click.option("--cog/--no-cog", default=True, show_default=True, help="Cloud-optimised, or plain and tiled.")
def warp(
    scan: Path,
    points: Path,
    crs: str | None,
    kind: str,
    robust: bool,
    out: Path,
    sheet_crs: str | None,
    resolution: float | None,
    resampling: str,
    neatline: Path | None,
    cog: bool,
) -> None:
    """Bring SCAN into the coordinate system of its control points, as a GeoTIFF.

    \b
    whence map warp sheet.png --points sheet.points --out sheet.tif
    whence map warp sheet.png --points sheet.points --kind affine --resolution 2 --out sheet.tif
    whence map warp sheet.png --points sheet.points --neatline corners.txt --sheet-crs EPSG:3857 --out web.tif

    Scans of any size pass through in tiles. The file appears whole or not at all.
    """
    from whence.cli.progress import counter
    from whence.maps.recipe import WarpChoices

    corners = None if neatline is None else _outline(neatline).tolist()
    choices = WarpChoices(
        crs=sheet_crs,
        resolution_m=resolution,
        resampling=resampling,
        neatline=None if corners is None else tuple((x, y) for x, y in corners),
        layout="cog" if cog else "geotiff",
    )
    recipe = _recipe(points, crs=crs, kind=kind, robust=robust, scan=scan, sheet=choices)
    fitted = recipe.fit()
    with counter("warping") as progress:
        sheet = recipe.warp(scan, fitted, out, progress=progress)
    click.echo(visible(fitted.summary), err=True)
    click.echo(told(sheet), err=True)


def _require_place(recipe: Recipe, place: str) -> None:
    """Refuse a sheet whose points do not lie around a place that it shows."""
    from whence.errors import InputError
    from whence.maps.heights.zone import check_place, parse_place

    points = recipe.points.active
    if points.crs is None:
        raise InputError("a known place tells the zone of a coordinate system; the points have none (--crs)")
    check_place(points.world, points.crs, parse_place(place)).require()


def _recipe(
    points: Path,
    *,
    crs: str | None,
    kind: str,
    robust: bool,
    scan: Path | None,
    check: Path | None = None,
    sheet: WarpChoices | None = None,
) -> Recipe:
    from whence import maps
    from whence.maps.recipe import Recipe, ScanFile

    known = None if scan is None else ScanFile.of(scan)
    return Recipe(
        maps.read_points(points, crs=crs, size_px=None if known is None else known.size_px),
        kind=kind,
        robust=robust,
        checkpoints=None if check is None else maps.read_points(check, crs=crs),
        scan=known,
        sheet=sheet,
    )


def _outline(neatline: Path) -> Floats:
    """Read the corners of a neatline: lines of column and row, or the mask of an annotation."""
    import numpy as np

    from whence.errors import InputError
    from whence.maps.points import read_annotations

    if neatline.suffix.lower() == ".json":
        # Its points may lie outside of its mask: only the mask is asked for, and warping checks that.
        found = read_annotations(neatline, strict=False)
        masks = [one.mask for one in found if one.mask is not None]
        if len(masks) != 1:
            raise InputError(
                f"{neatline} has {len(masks)} masks; give one annotation with the mask of the scan"
            )
        return masks[0]
    try:
        lines = neatline.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{neatline} is no text; write column and row of one corner per line") from error
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    corners = [
        _corner(line, f"line {number} of {neatline}")
        for number, line in numbered
        if line and not line.startswith("#")
    ]
    return np.array(corners, dtype=np.float64).reshape(-1, 2)


def _corner(line: str, where: str) -> tuple[float, float]:
    from whence.errors import InputError

    try:
        column, row = (float(word) for word in line.replace(",", " ").replace(";", " ").split())
    except ValueError as error:
        raise InputError(f"{where} is {line!r}; write the column and the row of one corner") from error
    return column, row


map_.add_command(find)
map_.add_command(heights)
map_.add_command(landmarks)
map_.add_command(redo)
map_.add_command(batch)
