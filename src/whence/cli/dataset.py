"""whence dataset: photographs with known positions as one store, from archives, the hub or a folder."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from whence.cli.escaping import visible
from whence.cli.watching import way_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.imagery.store import Excluded, ImageStore

__all__ = ["dataset"]

FEW = 10


existing = click.Path(exists=True, path_type=Path)
store_folder = click.Path(exists=True, file_okay=False, path_type=Path)
restart_option = click.option("--restart", is_flag=True, help="Remove what an earlier import left.")
out_option = click.option("--out", required=True, type=click.Path(path_type=Path), help="The store to make.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")


@click.group()
def dataset() -> None:
    """Bring photographs of known position into one store, and look after it."""


@dataset.command()
@click.argument("source")
@click.option(
    "--split", type=click.Choice(["train", "test"]), default="train", show_default=True, help="Which set."
)
@out_option
@click.option(
    "--limit", default=0, type=click.IntRange(0), help="Stop after so many, in the archives' order; 0: all."
)
@click.option(
    "--allow-missing", is_flag=True, help="Finish although archives or many pictures are missing or damaged."
)
@click.option("--download", type=click.Path(path_type=Path), help="Where to put files of the hub.")
@click.option("--delete-after", is_flag=True, help="Delete each fetched archive when its pictures are safe.")
@restart_option
def osv5m(
    source: str,
    split: Literal["train", "test"],
    out: Path,
    limit: int,
    allow_missing: bool,
    download: Path | None,
    delete_after: bool,
    restart: bool,
) -> None:
    """Import OpenStreetView-5M: SOURCE is the folder with the published files, or hf:osv5m/osv5m.

    \b
    whence dataset osv5m data/osv5m --split train --out train.store
    whence dataset osv5m hf:osv5m/osv5m --split test --out test.store --delete-after
    whence dataset osv5m data/osv5m --out trial.store --limit 10000

    The archives are read without unpacking. An interrupted import goes on where it stopped when the same
    command is given again.
    """
    from whence.cli.progress import counter
    from whence.photos.datasets.osv5m import Osv5mSettings, import_osv5m
    from whence.photos.datasets.sources import source_of

    place = download or out.with_name(f"{out.name}.download")
    named = source_of(source, download_to=place, delete_after=delete_after)
    with way_on(out), counter("importing") as progress:
        settings = Osv5mSettings(
            split=split, limit=limit, restart=restart, allow_missing=allow_missing, progress=progress
        )
        _tell(import_osv5m(named, out, settings=settings))


@dataset.command(name="folder")
@click.argument("photos", nargs=-1, type=existing)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or Parquet with img_path, lat, lon: its rows are imported. Without: EXIF positions.",
)
@out_option
@restart_option
def folder_(photos: tuple[Path, ...], table: Path | None, out: Path, restart: bool) -> None:
    """Import PHOTOS (files, folders) of known position.

    \b
    whence dataset folder photos/ --table photos.csv --out city.store
    whence dataset folder phone/ --out phone.store            (positions from EXIF)

    An interrupted import goes on where it stopped when the same command is given again.
    """
    from whence.cli.offering import with_position
    from whence.cli.progress import counter
    from whence.photos.datasets.folder import FolderSettings, import_folder

    found = with_position(photos, table)
    words = ["whence", "dataset", "folder", *map(str, photos)]
    words += ["--table", str(table)] if table else []
    root = photos[0] if len(photos) == 1 and photos[0].is_dir() else None
    with way_on(out), counter("importing") as progress:
        settings = FolderSettings(
            root=root,
            command=shlex.join([*words, "--out", str(out)]),
            restart=restart,
            progress=progress,
        )
        _tell(import_folder(found, out, settings=settings))


@dataset.command()
@click.argument("store", type=store_folder)
@json_option
def info(store: Path, as_json: bool) -> None:
    """Tell what STORE holds, from where, and what was left out; a feature store is told too.

    \b
    whence dataset info train.store
    whence dataset info train.features
    """
    from whence.imagery.store import ImageStore
    from whence.photos.features import FeatureStore

    features = (store / "features.json").is_file()
    facts = FeatureStore.open(store).facts() if features else _facts(ImageStore.open(store))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for name, value in facts.items():
        for line, text in enumerate(_lines(value)):
            click.echo(visible(f"{'' if line else name:22} {text}"))


@dataset.command()
@click.argument("store", type=store_folder)
@click.option("--decode", is_flag=True, help="Decode each picture: slower, finds damage inside.")
@json_option
def verify(store: Path, decode: bool, as_json: bool) -> int:
    """Look at every picture of STORE: its row must be there, and it must be whole.

    \b
    whence dataset verify train.store
    whence dataset verify train.store --decode

    Exit status 1 when something is wrong.
    """
    from whence.cli.progress import counter
    from whence.imagery.store import ImageStore

    with counter("looking") as progress:
        found = ImageStore.open(store).verify(decode=decode, progress=progress)
    if as_json:
        problems = [{"id": item.id, "reason": item.reason} for item in found.problems]
        facts = {"images": found.images, "rows": found.rows, "bytes": found.bytes_in_all, "decoded": decode}
        click.echo(json.dumps(facts | {"problems": problems}, ensure_ascii=False, indent=1))
    else:
        how = "decoded" if decode else "their structure looked at"
        click.echo(f"{found.images} pictures, {how}; {found.rows} rows; {len(found.problems)} problems")
        _name_excluded(found.problems, "listed with --json")
    return 0 if found.is_sound else 1


def _tell(made: ImageStore) -> None:
    """Say what came in and what did not."""
    for kind, count in _kinds(made.excluded).items():
        click.echo(visible(f"left out: {count} with: {kind}"), err=True)
    if made.excluded:
        click.echo(f"each of them is listed in {made.folder / 'excluded.csv'}", err=True)
    click.echo(f"{made.folder}: {len(made)} pictures, {made.header.bytes_in_all / 2**20:.1f} MiB", err=True)


def _kinds(excluded: Iterable[Excluded]) -> dict[str, int]:
    return dict(Counter(item.kind for item in excluded).most_common())


def _facts(opened: ImageStore) -> dict[str, Any]:
    import numpy as np

    known = opened.metadata
    facts: dict[str, Any] = {
        "pictures": len(opened),
        "MiB": round(opened.header.bytes_in_all / 2**20, 1),
        "columns": list(known.names),
        "source": dict(opened.header.source),
        "digest": opened.header.digest,
        "left out": _kinds(opened.excluded),
    }
    if "country" in known.names:
        facts["countries"] = len(set(known.column("country").tolist()) - {""})
    located = known.lonlat[~np.isnan(known.lonlat).any(axis=1)]
    if len(located):
        facts["longitude, latitude"] = {
            "from": located.min(axis=0).tolist(),
            "to": located.max(axis=0).tolist(),
        }
    return facts


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {item}" for name, item in value.items()] or ["nothing"]
    return [", ".join(value) if isinstance(value, list) else str(value)]


def _name_excluded(problems: Iterable[Excluded], where: str) -> None:
    problems = list(problems)
    for item in problems[:FEW]:
        click.echo(visible(f"{item.id}: {item.reason}"))
    if len(problems) > FEW:
        click.echo(f"… and {len(problems) - FEW} more, {where}")
