"""whence predict: a table of results from a model and a feature store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.photos.features import FeatureStore
    from whence.photos.model import Model
    from whence.photos.results import ResultRow
    from whence.photos.samples import Samples

__all__ = ["located_rows", "predict"]

folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("model", type=folder)
@click.option("--features", required=True, type=folder, help="Feature store of the model's own encoder.")
@click.option(
    "--split", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File of `whence split`."
)
@click.option("--side", default="test", show_default=True, help="Side of the split: train, validation, test.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Table: .csv or .parquet."
)
@click.option(
    "--confidence",
    default=0.8,
    show_default=True,
    type=click.FloatRange(0.01, 0.99),
    help="Share of answers that the radius promises to hold.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON to stdout instead of text.")
def predict(
    model: Path, features: Path, split: Path | None, side: str, out: Path, confidence: float, as_json: bool
) -> None:
    """Locate the photographs of a feature store with MODEL; without --split, all of them.

    \b
    whence predict run/model --features city.features --split run/split.parquet --out test.csv
    whence evaluate test.csv --out report/
    """
    from whence.imagery.atomic import check_target
    from whence.photos.evaluate import evaluate
    from whence.photos.results import write_results

    check_target(out)
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{out}: results are written as .csv or .parquet; choose one of these endings")
    rows = located_rows(model, features, split=split, side=side, confidence=confidence)
    write_results(out, rows)
    click.echo(f"wrote {out}: {len(rows):,} photographs", err=True)
    if all(row.truth is None for row in rows):
        return
    figures = evaluate(rows, confidence=confidence)
    click.echo(json.dumps(figures.to_json(), indent=1) if as_json else figures.summary())


def located_rows(
    model: Path, features: Path, *, split: Path | None, side: str, confidence: float
) -> list[ResultRow]:
    """Locate a side of a feature store, or all of it, with a model; tell what is done on stderr.

    Raises
    ------
    InputError
        When the features are those of another encoder, or the side is empty.
    """
    from whence.cli.progress import counter
    from whence.photos.features import FeatureStore
    from whence.photos.model import Model
    from whence.photos.model import predict as predicted

    opened, store = Model.open(model), FeatureStore.open(features)
    _check_encoder(opened, store)
    samples = _all(store, opened) if split is None else _side(store, split, side)
    click.echo(f"located by {visible(opened.sentence)}", err=True)
    with counter("locating") as progress:
        return predicted(opened, samples, confidence=confidence, progress=progress)


def _check_encoder(model: Model, store: FeatureStore) -> None:
    if model.record.encoder and model.record.encoder != store.identity:
        own = None if model.folder is None else model.folder / "encoder"
        how = f": whence embed PHOTOS --encoder {own}" if own is not None and own.is_dir() else ""
        raise InputError(
            f"the model takes vectors of {model.record.encoder!r}, {store.folder} holds those of "
            f"{store.identity!r}; embed the photographs with the model's encoder{how}"
        )


def _all(store: FeatureStore, model: Model) -> Samples:
    """Give all photographs, and tell when those are among them that taught the model."""
    if model.record.data.get("features") == store.folder.resolve().name:
        click.echo(
            f"the model learnt from a store called {visible(store.folder.resolve().name)}: figures of all of "
            "it flatter; for honest ones give --split, the split.parquet of its run",
            err=True,
        )
    return store.samples()


def _side(store: FeatureStore, split: Path, side: str) -> Samples:
    """Give one side of a split, and tell what does not match and how near the training side is."""
    from whence.photos.splits import Split, leak

    match = Split.read(split).onto(store.metadata)
    rows = match.split.rows(side)
    if not len(rows):
        raise InputError(f"the {side} side is empty: {match.split.sentence()}")
    told = [*match.notes(), match.split.sentence()]
    told += [
        found.sentence() for name, found in leak(match.split, store.metadata).sides.items() if name == side
    ]
    for sentence in told:
        click.echo(visible(sentence), err=True)
    return store.samples(rows)
