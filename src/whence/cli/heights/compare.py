"""whence map heights compare: two height models on one grid."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["compare"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
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
