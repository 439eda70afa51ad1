"""whence map find: control points that the scan itself tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps import ControlPoints
    from whence.maps.scan import Attitude, Scan
    from whence.maps.sheets import SheetFrame

__all__ = ["find"]


@click.command()
@click.argument("scan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--crs",
    help="Projected system of the grid, such as EPSG:2392; with --corners or --sheet the geographic system "
    "in which the sheet was drawn, such as EPSG:4301.",
)
@click.option("--spacing", type=float, help="Between grid lines, in the unit of the system.")
@click.option("--sheet", help="Number of the sheet: its corners are found instead of a grid.")
@click.option("--corners", help="Limits of the sheet: its corners are found instead of a grid.")
@click.option(
    "--turn",
    type=click.Choice(["auto", "0", "90", "180", "270"]),
    default="auto",
    show_default=True,
    help="By how much the map is turned clockwise on the scan; auto reads its text.",
)
@click.option("--mirrored", is_flag=True, help="With --turn: left and right of the scan are exchanged.")
@click.option("--out-crs", help="System of the points to write, where it is to be another.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The control points to write: .points, .csv, .txt (GDAL) or .geojson.",
)
def find(
    scan: Path,
    crs: str | None,
    spacing: float | None,
    sheet: str | None,
    corners: str | None,
    turn: str,
    mirrored: bool,
    out_crs: str | None,
    out: Path,
) -> None:
    """Find control points on SCAN: grid crosses with the numbers beside them, or the corners of a sheet.

    \b
    whence map find sheet.jpg --crs EPSG:2392 --out sheet.points
    whence map find sheet.jpg --crs EPSG:2392 --spacing 1000 --turn 90 --out sheet.points
    whence map find sheet.jpg --sheet N-37-112-Б --out sheet.points
    whence map find sheet.jpg --corners "141°15′-141°30′E, 43°00′-43°10′N" --crs EPSG:4301 --out sheet.points
    """
    from whence.errors import InputError
    from whence.maps import write_points
    from whence.maps.scan import open_scan

    if mirrored and turn == "auto":
        raise InputError("--mirrored goes with --turn; without it the text of the scan tells both")
    frame = _sheet(sheet, corners, crs)
    if frame is None and crs is None:
        raise InputError(
            "say what is to be found: a grid (--crs), or the corners of a sheet (--sheet, or --corners "
            "with --crs)"
        )
    with open_scan(scan) as image:
        attitude = _attitude(image, turn, mirrored)
        points = _grid(image, crs, spacing, attitude) if frame is None else _corners(image, frame, attitude)
    write_points(out, points if out_crs is None else points.in_crs(out_crs))
    _say(f"{out}: {len(points)} control points")


def _say(text: str) -> None:
    click.echo(visible(text), err=True)


def _sheet(number: str | None, limits: str | None, crs: str | None) -> SheetFrame | None:
    from whence.errors import InputError
    from whence.maps.sheets import quadrangle, sheet_frame

    if number is not None and limits is not None:
        raise InputError("--sheet and --corners both tell the limits of the sheet; give one of them")
    if number is not None:
        return sheet_frame(number) if crs is None else sheet_frame(number, crs=crs)
    if limits is None:
        return None
    if crs is None:
        raise InputError(
            "limits in degrees mean nothing without their geographic system; give --crs, such as EPSG:4326"
        )
    return quadrangle(limits, crs=crs)


def _attitude(image: Scan, turn: str, mirrored: bool) -> Attitude:
    from whence.maps.scan import Attitude, find_orientation

    if turn != "auto":
        return Attitude(int(turn), mirrored)
    orientation = find_orientation(image)
    _say(orientation.evidence)
    return orientation.attitude


def _grid(image: Scan, crs: str | None, spacing: float | None, attitude: Attitude) -> ControlPoints:
    from whence.errors import NotEnoughDataError
    from whence.maps.scan import find_grid, place_grid, read_labels

    grid = find_grid(image)
    _say(
        f"{len(grid)} crosses of a grid with steps of {grid.step_px:.1f} px, turned {grid.turn_deg:.2f}°; "
        f"chance would make {grid.false_alarms:.1g} such grids"
    )
    try:
        labels = read_labels(image, grid, mirrored=attitude.mirrored)
        found = place_grid(grid, labels, crs, attitude=attitude, spacing=spacing)
    except NotEnoughDataError as error:
        _say(f"{error}; looking in the margin")
        labels = read_labels(image, grid, mirrored=attitude.mirrored, beyond=True)
        found = place_grid(grid, labels, crs, attitude=attitude, spacing=spacing)
    _say(f"labels: {', '.join(found.labels)}; lines every {found.spacing:g}")
    for note in found.notes:
        _say(f"note: {note}")
    return found.points


def _corners(image: Scan, sheet: SheetFrame, attitude: Attitude) -> ControlPoints:
    from whence.maps.scan import find_frame, frame_points, frame_scale

    frame = find_frame(image)
    points = frame_points(frame, sheet, attitude=attitude)
    scale = frame_scale(points)
    _say(
        f"the innermost of {frame.nested} frames; its edges bow by at most "
        f"{abs(frame.bow_px).max():.1f} px and scatter by {frame.scatter_px.max():.1f} px"
    )
    _say(
        f"a pixel is {scale.east_m_px:.3f} m from west to east, {scale.north_m_px:.3f} m from south to "
        f"north: {scale.agreement - 1.0:+.2%} between the two"
    )
    return points
