"""whence map find: control points that the scan itself tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps.scan import Attitude, GridPoints, Orientation
    from whence.typing import Image

__all__ = ["find"]


@click.command()
@click.argument("scan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--crs", help="Coordinate system of the grid or of the corners, such as EPSG:2392.")
@click.option("--spacing", type=float, help="Between grid lines, in the unit of the system.")
@click.option(
    "--turn",
    type=click.Choice(["auto", "0", "90", "180", "270"]),
    default="auto",
    show_default=True,
    help="By how much the map is turned clockwise on the scan; auto reads its text.",
)
@click.option("--mirrored", is_flag=True, help="With --turn: left and right of the scan are exchanged.")
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
    turn: str,
    mirrored: bool,
    out: Path,
) -> None:
    """Find control points on SCAN: grid crosses with the numbers beside them.

    \b
    whence map find sheet.jpg --crs EPSG:2392 --out sheet.points
    whence map find sheet.jpg --crs EPSG:2392 --spacing 1000 --turn 90 --out sheet.points
    """
    from whence.errors import InputError
    from whence.imagery.photo import open_image
    from whence.maps import write_points

    if crs is None:
        raise InputError("the numbers on a grid mean nothing without its coordinate system; give --crs")
    image = open_image(scan)
    attitude = _attitude(image, turn, mirrored)
    found = _grid(image, crs, spacing, attitude)
    write_points(out, found.points)
    click.echo(visible(f"{out}: {len(found.points)} control points"), err=True)


def _attitude(image: Image, turn: str, mirrored: bool) -> Attitude:
    from whence.maps.scan import Attitude, find_orientation

    if turn != "auto":
        return Attitude(int(turn), mirrored)
    orientation: Orientation = find_orientation(image)
    click.echo(visible(orientation.evidence), err=True)
    return orientation.attitude


def _grid(image: Image, crs: str, spacing: float | None, attitude: Attitude) -> GridPoints:
    from whence.maps.scan import find_grid, place_grid, read_labels

    grid = find_grid(image)
    labels = read_labels(image, grid, mirrored=attitude.mirrored)
    found = place_grid(grid, labels, crs, attitude=attitude, spacing=spacing)
    click.echo(
        visible(
            f"{len(grid)} crosses of a grid with steps of {grid.step_px:.1f} px, turned "
            f"{grid.turn_deg:.2f}°; chance would make {grid.false_alarms:.1g} such grids"
        ),
        err=True,
    )
    click.echo(visible(f"labels: {', '.join(found.labels)}; lines every {found.spacing:g}"), err=True)
    for note in found.notes:
        click.echo(visible(f"note: {note}"), err=True)
    return found
