"""whence embed: encode pictures once, for all that is trained on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible
from whence.cli.watching import way_on

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["embed"]

_FEW = 10


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or Parquet with img_path, lat, lon for a folder: its rows are encoded.",
)
@click.option("--encoder", required=True, help="As for whence index build, such as clip-vit-b32 or classic.")
@click.option(
    "--runtime",
    default="auto",
    show_default=True,
    help="What computes a pretrained encoder: auto (the fastest here), torch, torch-bf16, onnx, onnx-int8, "
    "openvino, openvino-bf16; see whence encoder time.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The feature store to make.")
@click.option("--limit", type=click.IntRange(1), help="Encode the first so many pictures only.")
@click.option("--workers", default=0, type=click.IntRange(0, 256), help="Processes; 0 works in this one.")
@click.option("--decoders", default=2, show_default=True, type=click.IntRange(0, 64), help="Opening threads.")
@click.option("--batch", default=32, show_default=True, type=click.IntRange(1), help="Pictures at once.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the rows' order and of what is learnt.",
)
@click.option("--restart", is_flag=True, help="Do not go on from an interrupted embedding.")
@click.option("--json", "as_json", is_flag=True, help="What was made, as JSON to stdout.")
def embed(
    source: Path,
    table: Path | None,
    encoder: str,
    runtime: str,
    out: Path,
    limit: int | None,
    workers: int,
    decoders: int,
    batch: int,
    seed: int,
    restart: bool,
    as_json: bool,
) -> None:
    """Encode the pictures of SOURCE: an image store, a folder, or a table of photographs.

    \b
    whence embed osv5m.store --encoder clip-vit-b32 --out osv5m.features
    whence embed photos/ --table photos.csv --encoder classic --out city.features --workers 4

    An interrupted embedding goes on where it stopped when the same command is given again. Pictures that
    cannot be read are listed with the reason in OUT/excluded.csv.
    """
    from whence.cli.encoder import tell_terms
    from whence.cli.progress import counter
    from whence.photos.features import embed as embedded

    with way_on(out), counter("encoding") as progress:
        store = embedded(
            source,
            encoder,
            out,
            table=table,
            runtime=runtime,
            limit=limit,
            workers=workers,
            decoders=decoders,
            batch=batch,
            seed=seed,
            restart=restart,
            progress=progress,
        )
    _tell_excluded(store.excluded)
    tell_terms(store.encoder())
    click.echo(
        f"{out}: {len(store):,} photographs, {store.dim} numbers each, by {visible(store.identity)}", err=True
    )
    if as_json:
        click.echo(json.dumps(store.facts(), ensure_ascii=False, indent=1))


def _tell_excluded(excluded: Sequence[tuple[str, str]]) -> None:
    """Name what was left out; the whole list is in the store."""
    for name, reason in excluded[:_FEW]:
        click.echo(visible(f"not encoded: {name}: {reason}"), err=True)
    if len(excluded) > _FEW:
        click.echo(f"… and {len(excluded) - _FEW:,} more, listed in excluded.csv", err=True)
