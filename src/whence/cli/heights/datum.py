"""whence map heights datum: heights from one vertical system to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.cli.heights.outputs import keep_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["datum"]

_TABLES = {".csv", ".tsv", ".txt", ".dat"}


@click.command()
@click.argument("heights", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--from", "source", metavar="SYSTEM", help="Vertical system of HEIGHTS; what the file says if left out."
)
@click.option("--to", "target", metavar="SYSTEM", help="Vertical system to bring them to, or: ellipsoid.")
@click.option("--crs", help="Horizontal system, where the file does not say it.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The GeoTIFF or table to write.")
@click.option(
    "--grids",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder with grids of geoids (also WHENCE_PROJ_GRIDS).",
)
@click.option("--list", "list_zeros", is_flag=True, help="List old zero points and their systems instead.")
@click.option("--units", "list_units", is_flag=True, help="List units of old heights instead.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def datum(
    heights: Path | None,
    source: str | None,
    target: str | None,
    crs: str | None,
    out: Path | None,
    grids: tuple[Path, ...],
    list_zeros: bool,
    list_units: bool,
    as_json: bool,
) -> None:
    """Bring HEIGHTS, a height model or a table of places and heights, to another vertical system.

    Systems are codes such as EPSG:5773 (EGM96), EPSG:5621 (EVRF2007) or EPSG:4979 (WGS 84 ellipsoid). The
    operation, its accuracy and its grids are told; a grid that is not here is an error that names it.

    \b
    whence map heights datum dem.tif --from EPSG:5773 --to EPSG:4979 --grids grids --out ellipsoidal.tif
    whence map heights datum places.csv --from EPSG:4979 --to EPSG:5773 --grids grids --out orthometric.csv
    whence map heights datum --list
    whence map heights datum --units
    """
    if list_zeros or list_units:
        click.echo("\n".join(_listed(zeros=list_zeros, units=list_units, as_json=as_json)))
        return
    found = _moved(heights, source=source, target=target, crs=crs, out=out, grids=grids)
    shift = found["mean_shift_m"]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    click.echo(visible(f"{found['source']} to {found['target']}: {found['sentence']}"))
    click.echo(f"{found['cells']} heights, moved by {shift:+.3f} m on average")
    if found["lost"]:
        click.echo(f"{found['lost']} cells lie outside of what the operation covers and have no height now")


def _moved(
    heights: Path | None,
    *,
    source: str | None,
    target: str | None,
    crs: str | None,
    out: Path | None,
    grids: tuple[Path, ...],
) -> dict[str, Any]:
    import numpy as np

    from whence.errors import InputError
    from whence.maps.heights import vertical

    if heights is None or target is None or out is None:
        raise InputError("give a height model or a table, --to and --out; or --list or --units")
    keep_inputs((heights,), (out,))
    if heights.suffix.lower() not in _TABLES:
        raster = vertical.transform_raster(heights, out, source=source, target=target, crs=crs, grids=grids)
        return {**raster.to_json(), "sentence": raster.operation.sentence}
    if source is None:
        raise InputError(f"{heights} does not name its vertical system; give it with --from")
    moved = vertical.transform_table(heights, out, source=source, target=target, crs=crs, grids=grids)
    return {
        "operation": moved.operation.to_json(),
        "source": moved.source.label,
        "target": moved.target.label,
        "cells": len(moved.heights_m),
        "lost": 0,
        "mean_shift_m": float(np.mean(moved.shifts_m)),
        "sentence": moved.operation.sentence,
    }


def _listed(*, zeros: bool, units: bool, as_json: bool) -> Iterator[str]:
    from whence.maps.heights.units import UNITS
    from whence.maps.heights.vertical.zeros import ZEROS

    if as_json:
        content = {
            **({"zeros": [vars(one) for one in ZEROS.values()]} if zeros else {}),
            **({"units": [vars(one) for one in UNITS.values()]} if units else {}),
        }
        yield json.dumps(content, ensure_ascii=False, indent=1)
        return
    if zeros:
        for zero in ZEROS.values():
            yield f"{zero.name:20} {zero.system or 'no system':10}  {zero.point}; {zero.used}"
    if units:
        for unit in UNITS.values():
            yield f"{unit.name:22} {unit.metres:<14.10g} {unit.used} ({unit.source})"
