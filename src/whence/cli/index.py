"""whence index: known photographs as a folder that answers "where does this look like?"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.cli.offering import with_position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.photos.index import PlaceIndex
    from whence.photos.index.sources import Skipped

__all__ = ["index"]

FEW_SKIPPED = 10

existing = click.Path(exists=True, path_type=Path)
folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def index() -> None:
    """Build and look after an index of known photographs."""


@index.command()
@click.argument("photos", nargs=-1, type=existing)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or Parquet with img_path, lat, lon: its rows are indexed. Without it positions come from EXIF.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make.")
@click.option(
    "--encoder",
    default="classic",
    show_default=True,
    help="classic (learnt from these photographs), thumbnail, lab-histogram, gist, "
    "transformers:FOLDER, or onnx:FILE.",
)
@click.option("--rerank", is_flag=True, help="Also keep local features, to check candidates by geometry.")
@click.option("--workers", default=0, type=click.IntRange(0, 256), help="Processes; 0 works in this one.")
@click.option("--restart", is_flag=True, help="Do not go on from an interrupted build.")
def build(
    photos: tuple[Path, ...],
    table: Path | None,
    out: Path,
    encoder: str,
    rerank: bool,
    workers: int,
    restart: bool,
) -> None:
    """Learn an index from PHOTOS (files, folders) of known position.

    \b
    whence index build photos/ --table photos.csv --out city.index
    whence index build phone/ --out phone.index            (positions from EXIF)

    An interrupted build goes on where it stopped when the same command is given again.
    """
    from whence.cli.progress import counter
    from whence.photos.index import PlaceIndex

    offered = with_position(photos, table)
    with counter("encoding") as progress:
        made = PlaceIndex.build(
            offered,
            out,
            encoder=encoder,
            rerank=rerank,
            workers=workers,
            resume=not restart,
            progress=progress,
        )
    _tell_skipped(made.skipped)
    click.echo(f"{out}: {len(made)} photographs at {len(made.places)} places", err=True)


@index.command()
@click.argument("index_folder", metavar="INDEX", type=folder)
@click.argument("photos", nargs=-1, type=existing)
@click.option("--table", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="As in build.")
@click.option("--workers", default=0, type=click.IntRange(0, 256), help="Processes; 0 works in this one.")
def add(index_folder: Path, photos: tuple[Path, ...], table: Path | None, workers: int) -> None:
    """Add PHOTOS of known position to INDEX.

    \b
    whence index add city.index new/ --table new.csv
    """
    from whence.cli.progress import counter
    from whence.photos.index import PlaceIndex

    offered = with_position(photos, table)
    with counter("encoding") as progress:
        grown, report = PlaceIndex.open(index_folder).add(offered, workers=workers, progress=progress)
    _tell_skipped(report.skipped)
    click.echo(f"{index_folder}: {report.added} added, {len(grown)} photographs now", err=True)


@index.command()
@click.argument("first", type=folder)
@click.argument("second", type=folder)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make.")
def merge(first: Path, second: Path, out: Path) -> None:
    """Write one index with the photographs of FIRST and SECOND, which must share an encoder.

    \b
    whence index merge north.index south.index --out city.index
    """
    from whence.photos.index import PlaceIndex

    merged, duplicates = PlaceIndex.merge(first, second, out)
    _tell_skipped(duplicates)
    click.echo(f"{out}: {len(merged)} photographs", err=True)


@index.command()
@click.argument("index_folder", metavar="INDEX", type=folder)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def info(index_folder: Path, as_json: bool) -> None:
    """Tell what INDEX holds and how far its answers can be trusted.

    \b
    whence index info city.index
    """
    from whence.photos.index import PlaceIndex

    values = _facts(PlaceIndex.open(index_folder))
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return
    for name, value in values.items():
        click.echo(f"{name:28} {value}")


@index.command()
@click.argument("index_folder", metavar="INDEX", type=folder)
@click.option(
    "--radius-m",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Leave out everything this near to the photograph asked about.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def check(index_folder: Path, radius_m: float, as_json: bool) -> None:
    """Locate each photograph of INDEX by the others (leave one out) and print the errors.

    \b
    whence index check city.index
    whence index check city.index --radius-m 50       (nothing within 50 m may answer)
    """
    from whence.cli.progress import track
    from whence.photos.evaluate import evaluate
    from whence.photos.index import PlaceIndex
    from whence.photos.index.leave_one_out import recall_at_1, rows_left_out

    opened = PlaceIndex.open(index_folder)
    rows = list(track(rows_left_out(opened, radius_m=radius_m), total=len(opened), what="checking"))
    figures = evaluate([row.result for row in rows])
    recall = recall_at_1(rows, within_m=25.0)
    if as_json:
        click.echo(json.dumps(figures.to_json() | {"recall_at_1_within_25_m": recall}, indent=1))
        return
    click.echo(f"leave-one-out: nothing within {radius_m:g} m of the photograph asked about may answer")
    click.echo(f"recall@1 within 25 m (nearest look-alike): {recall:.1%}")
    click.echo(figures.summary())


@index.command()
@click.argument("index_folder", metavar="INDEX", type=folder)
@click.option("--seed", default=0, show_default=True, help="Of the choice of photographs asked about.")
def calibrate(index_folder: Path, seed: int) -> None:
    """Measure anew, on the photographs of INDEX, how far its answers can be trusted.

    \b
    whence index calibrate city.index

    Building, adding and merging do this by themselves.
    """
    from whence.photos.index import PlaceIndex

    opened = PlaceIndex.open(index_folder)
    opened.calibrate(seed=seed)
    for name, value in _trust(opened).items():
        click.echo(f"{name:28} {value}")


def _facts(opened: PlaceIndex) -> dict[str, Any]:
    return {
        "photographs": len(opened),
        "places": len(opened.places),
        "typical spacing, m": round(opened.places.spacing_m, 1),
        "skipped": len(opened.skipped),
        "encoder": opened.header.encoder,
        "bytes per photograph": opened.header.dim * (1 if opened.header.dtype == "int8" else 2),
        **_trust(opened),
    }


def _trust(opened: PlaceIndex) -> dict[str, Any]:
    """How well the radii kept their promise when the index was asked about its own photographs."""
    measured = opened.calibration.reliability
    if measured is None:
        return {"calibration": "wide defaults: too few photographs to measure"}
    facts: dict[str, Any] = {"calibration": f"measured with {measured.queries} questions"}
    shares = zip(measured.promised, measured.held_covered, measured.held_uncovered, strict=True)
    for promised, covered, uncovered in shares:
        facts[f"promised {promised:.0%}, held"] = (
            f"{covered:.0%} where the map has photographs, {uncovered:.0%} where it has none"
        )
    return facts


def _tell_skipped(skipped: Iterable[Skipped]) -> None:
    """Name what was left out; the whole list is in the index."""
    skipped = list(skipped)
    for item in skipped[:FEW_SKIPPED]:
        click.echo(visible(f"not in the index: {item.name}: {item.reason}"), err=True)
    if len(skipped) > FEW_SKIPPED:
        click.echo(f"… and {len(skipped) - FEW_SKIPPED} more, listed in the index", err=True)
