"""whence map redo: the sheet again, from its scan and its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps import MapFit
    from whence.maps.records import Record
    from whence.maps.warping.sheet import Sheet

__all__ = ["redo", "told"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("made", type=existing)
@click.option("--scan", type=existing, help="The scan; looked for beside MADE and here when not given.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="What to write.")
@click.option("--force", is_flag=True, help="Go on with another scan, or where the fit comes out otherwise.")
def redo(made: Path, scan: Path | None, out: Path | None, force: bool) -> None:
    """Make again what MADE is: a fit (JSON) or a sheet (GeoTIFF) that whence wrote.

    Points, choices and the digest of the scan are read from the file itself; a scan that has changed is
    refused. Without --out nothing is written: the fit is made again and compared.

    \b
    whence map redo fit.json
    whence map redo sheet.tif --scan sheet.png --out again.tif
    """
    from whence.maps.records import read_record

    record = read_record(made)
    found = scan or _beside(record)
    if found is not None:
        record = record.with_scan(found, force=force)
    fitted, apart_px = record.refit(force=force)
    click.echo(visible(fitted.summary), err=True)
    click.echo(f"the fit comes out as recorded, to {apart_px:.1g} px", err=True)
    if out is not None:
        _write(record, fitted, out, scan=found)


def _beside(record: Record) -> Path | None:
    """Look for the scan where the record lies, and here."""
    if record.recipe.scan is None:
        return None
    name = record.recipe.scan.name
    return next((path for path in (record.path.with_name(name), Path(name)) if path.is_file()), None)


def _write(record: Record, fitted: MapFit, out: Path, *, scan: Path | None) -> None:
    """Write the fit, or the sheet, by the ending of the name."""
    from whence.cli.progress import counter
    from whence.errors import InputError
    from whence.imagery.atomic import atomic_path

    recipe = record.recipe
    if out.suffix.lower() == ".json":
        with atomic_path(out) as beside:
            text = json.dumps(recipe.document(fitted), ensure_ascii=False, indent=1)
            beside.write_text(text + "\n", encoding="utf-8")
        return
    if recipe.sheet is None:
        raise InputError(
            f"{record.path} records a fit and no sheet; whence map warp makes one, or name {out.stem}.json"
        )
    if scan is None:
        name = "" if recipe.scan is None else f" {recipe.scan.name}"
        raise InputError(f"the scan{name} is neither beside {record.path} nor here; name it with --scan")
    with counter("warping") as progress:
        click.echo(told(recipe.warp(scan, fitted, out, progress=progress)), err=True)


def told(sheet: Sheet) -> str:
    """Say what was written, for a terminal."""
    frame = sheet.frame
    return (
        visible(f"{sheet.path}: {frame.width} by {frame.height} px in {frame.crs.label}; ")
        + f"pixels taken within {sheet.error_px:.2f} px of their exact place on the scan"
    )
