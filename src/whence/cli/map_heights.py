"""whence map heights: contours into a height model, and models compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps.heights import Contours

__all__ = ["heights"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def heights() -> None:
    """Heights of a map: contours into a model, models compared."""


@heights.command()
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


@heights.command()
@click.argument("model", type=existing)
@click.argument("reference", type=existing)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def compare(model: Path, reference: Path, as_json: bool) -> None:
    """Compare MODEL with REFERENCE, both GeoTIFFs on one grid: MODEL minus REFERENCE.

    \b
    whence map heights compare dem.tif modern.tif
    """
    from whence.errors import InputError
    from whence.maps.heights.compare import Difference
    from whence.maps.heights.model_file import read_model

    one, lattice, crs = read_model(model)
    other, its_lattice, its_crs = read_model(reference)
    if lattice != its_lattice or (crs is not None and its_crs is not None and crs.code != its_crs.code):
        raise InputError(f"{model} and {reference} are not on one grid; warp one to the other's first")
    found = Difference.of(one, other, cell_m=lattice.cell_m)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
        return
    click.echo(
        f"{found.cells} cells: bias {found.bias_m:.3f} m, RMSE {found.rmse_m:.3f} m, "
        f"NMAD {found.nmad_m:.3f} m, greatest {found.max_m:.2f} m"
    )
    for (low, high), (count, bias, rmse) in found.by_slope.items():
        click.echo(f"slope {low:g} to {high:g}°: {count} cells, bias {bias:.3f} m, RMSE {rmse:.3f} m")
