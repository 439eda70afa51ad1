"""whence evaluate: accuracy and calibration of a table of results."""

from __future__ import annotations

import json
from pathlib import Path

import click

__all__ = ["evaluate"]


@click.command()
@click.argument("results", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--protocol",
    default="whence",
    show_default=True,
    help="Whose rules: whence, osv5m, geoclip, pigeon, thesis.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def evaluate(results: Path, protocol: str, as_json: bool) -> None:
    """Recompute errors, shares within distances, GeoScore and calibration from RESULTS (.csv or .parquet).

    \b
    whence evaluate results.csv
    whence evaluate predictions.csv --protocol osv5m --json
    """
    from whence.photos import evaluate as evaluation
    from whence.photos.results import read_results

    figures = evaluation.evaluate(read_results(results), protocol=protocol)
    click.echo(json.dumps(figures.to_json(), indent=1) if as_json else figures.summary())
