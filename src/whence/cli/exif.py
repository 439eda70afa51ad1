"""whence exif: what a file tells about its place and time, and how to take that out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from whence.cli.escaping import visible

__all__ = ["exif"]


@click.group()
def exif() -> None:
    """Show, or remove, what a file tells about its place and time."""


@exif.command()
@click.argument("photo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def show(photo: Path, as_json: bool) -> None:
    """Show position, time, camera and everything in them that cannot be true.

    \b
    whence exif show photo.jpg
    """
    from whence.imagery.exif import read_metadata

    values = asdict(read_metadata(photo))
    if as_json:
        click.echo(json.dumps(values, default=str, ensure_ascii=False, indent=1))
        return
    stated = {name: value for name, value in values.items() if value not in (None, "", False, ())}
    stated.pop("problems", None)
    for name, value in stated.items():
        shown = f"{value:.10g}" if isinstance(value, float) else value
        click.echo(visible(f"{name:20} {shown}"))
    if stated.keys() <= {"size_px", "orientation"}:
        click.echo("nothing about place, time or camera")
    for problem in values["problems"]:
        click.echo(visible(f"not believed         {problem}"))


@exif.command()
@click.argument("photo", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("copy", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace COPY if it exists (it may be PHOTO itself).")
def remove(photo: Path, copy: Path, overwrite: bool) -> None:
    """Write COPY of PHOTO without position, time, camera, comments and thumbnails; pixels stay as they are.

    \b
    whence exif remove photo.jpg photo-clean.jpg
    """
    from whence.errors import InputError
    from whence.imagery.exif import remove_metadata

    if copy.exists() and not overwrite:
        raise InputError(f"{copy} exists; choose another name or add --overwrite")
    remove_metadata(photo, copy)
    click.echo(f"{copy} carries no metadata but the orientation", err=True)
