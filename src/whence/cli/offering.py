"""Photographs of known position, as arguments and a table name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from whence.imagery.photo import Photo

__all__ = ["with_position"]


def with_position(photos: tuple[Path, ...], table: Path | None) -> list[Photo]:
    """List the photographs to take: a table's rows, or all of the folders by their EXIF positions."""
    from whence.photos.locate import gather

    found = gather(photos, table=table)
    if table is None:
        return found
    in_table = [photo for photo in found if photo.row is not None]
    if len(in_table) < len(found):
        others = len(found) - len(in_table)
        click.echo(f"{others} pictures have no row in {table.name} and are left out", err=True)
    return in_table
