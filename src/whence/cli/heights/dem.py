"""whence map heights dem: contours into a height model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps.heights import Contours

__all__ = ["dem"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("contours", type=existing)
@click.option("--crs", help="Coordinate system of contours that do not say it, such as EPSG:3035.")
@click.option("--field", help="The property that is the height; looked for when not given.")
@click.option("--cell", required=True, type=float, metavar="METRES", help="Side of a cell.")
@click.option(
    "--method",
    default="biharmonic",
    show_default=True,
    help="biharmonic, tin, summit-tin, idw, kriging or tps.",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The GeoTIFF.")
def dem(contours: Path, crs: str | None, field: str | None, cell: float, method: str, out: Path) -> None:
    """Make a height model of the contour lines in CONTOURS, and list labels that contradict their neighbours.

    \b
    whence map heights dem contours.geojson --cell 25 --out dem.tif
    whence map heights dem contours.geojson --crs EPSG:3035 --field ELEV --cell 25 --out dem.tif

    With the default method the second band is the standard error of each height.
    """
    from whence.errors import NotEnoughDataError
    from whence.maps import heights as parts
    from whence.maps.heights.contour_files import read_contours
    from whence.maps.heights.model_file import write_model
    from whence.maps.heights.surface.doubt import measure_doubt
    from whence.maps.heights.surface.smoothing import choose_smoothing

    chosen = parts.method(method)
    terrain = read_contours(contours, crs=crs, field=field)
    lattice = parts.Lattice.around(terrain.positions(), cell)
    _tell_suspects(terrain.contours)
    sigma = None
    if method == "biharmonic":
        smoothing = choose_smoothing(terrain, lattice).smoothing
        chosen = parts.method(method, smoothing=smoothing)
        click.echo(f"smoothing {smoothing:.3g}", err=True)
        try:
            _, sigma = measure_doubt(terrain, lattice, smoothing=smoothing)
        except NotEnoughDataError as error:
            click.echo(visible(f"no uncertainty: {error}"), err=True)
    write_model(out, chosen.heights(terrain, lattice), lattice, crs=terrain.crs, sigma_m=sigma)
    click.echo(visible(f"{out}: {lattice.columns} × {lattice.rows} cells"), err=True)


def _tell_suspects(contours: Contours) -> None:
    from whence.errors import NotEnoughDataError
    from whence.maps.heights.labels import find_wrong_labels

    try:
        suspects = find_wrong_labels(contours).found
    except NotEnoughDataError as error:
        click.echo(visible(f"labels not checked: {error}"), err=True)
        return
    for one in suspects:
        click.echo(
            f"line {one.line + 1}: {one.height_m:g} m contradicts its neighbours, "
            f"{one.proposed_m:g} m would agree better",
            err=True,
        )
