"""whence split: which photographs teach, which choose, which judge; and how near they are to each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.settings import read_settings
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.imagery.catalogue import Catalogue

__all__ = ["split"]


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--by", "name", default="grid", show_default=True, help="grid, cells, blocks, distance, "
              "sequence, camera, author, column or random.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of all random choices.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the split; repeat.")
@click.option("--out", type=click.Path(path_type=Path), help="Parquet file for the split.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def split(
    source: Path, name: str, seed: int, settings: tuple[str, ...], out: Path | None, as_json: bool
) -> None:
    """Divide the photographs of SOURCE (feature store, image store, CSV or Parquet) and tell the leak.

    \b
    whence split osv5m.features --by grid --out grid.parquet
    whence split city.features --by blocks --set block_m=100 --set folds=5 --out fold0.parquet

    Without --out nothing is written. A wrong setting lists those of the split.
    """
    from whence.photos.splits import leak, make_split

    metadata = _metadata(source)
    made = make_split(name, metadata, seed=seed, **read_settings(settings))
    found = leak(made, metadata)
    if out is not None:
        made.write(out)
    if as_json:
        click.echo(json.dumps(made.record() | {"leak": found.to_json()}, ensure_ascii=False, indent=1))
        return
    click.echo(made.sentence())
    for sentence in found.sentences():
        click.echo(sentence)


def _metadata(source: Path) -> Catalogue:
    """Read what is known of the photographs of a store or a table."""
    from whence.imagery.catalogue import Catalogue
    from whence.imagery.store import ImageStore
    from whence.photos.features import FeatureStore

    if source.is_file():
        return Catalogue.read(source)
    if (source / "features.json").is_file():
        return FeatureStore.open(source).metadata
    if (source / "store.json").is_file():
        return ImageStore.open(source).metadata
    raise InputError(
        f"{source} is neither a feature store (whence embed) nor an image store (whence dataset); for a "
        "folder of photographs give its table"
    )
