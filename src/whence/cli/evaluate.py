"""whence evaluate: accuracy and calibration of tables of results, a comparison, a choice and a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from whence.photos.evaluate import Plan
    from whence.photos.evaluation.answers import Answers
    from whence.photos.results import ResultRow

__all__ = ["evaluate"]


def _named_columns(
    context: click.Context,  # noqa: ARG001 - click's signature
    parameter: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> tuple[tuple[str, tuple[str, str]], ...]:
    """Read NAME=LATITUDE,LONGITUDE; without a name the column of the latitude gives it."""
    found = []
    for value in values:
        name, _, columns = value.rpartition("=")
        latitude, _, longitude = columns.partition(",")
        if not latitude or not longitude or "," in longitude:
            raise click.BadParameter(f"{value!r} is not such as base=pred_lat_base,pred_lon_base")
        found.append((name or latitude, (latitude, longitude)))
    return tuple(found)


def _named_files(
    context: click.Context,  # noqa: ARG001 - click's signature
    parameter: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> dict[str, Path]:
    """Read NAME=FILE; without a name the folder gives it."""
    found = {}
    for value in values:
        name, _, path = value.rpartition("=")
        if not Path(path).is_file():
            raise click.BadParameter(f"{path} is not a file; training writes history.csv into its folder")
        found[name or Path(path).resolve().parent.name] = Path(path)
    return found


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--protocol",
    default="whence",
    show_default=True,
    help="Whose rules: whence, osv5m, geoclip, pigeon, thesis.",
)
@click.option(
    "--predictions",
    multiple=True,
    callback=_named_columns,
    metavar="NAME=LAT,LON",
    help="Columns of the predictions, where a table holds several models; may be given several times.",
)
@click.option("--by", multiple=True, metavar="COLUMN", help="Figures of every value of a column.")
@click.option(
    "--cluster", metavar="COLUMN", help="Draw whole groups in the bootstrap: sequence_id, camera_id, author."
)
@click.option(
    "--places/--no-places",
    default=None,
    help="Right country, region and city; figures by country and continent. On with --out.",
)
@click.option(
    "--confidence",
    default=0.8,
    show_default=True,
    type=click.FloatRange(0.01, 0.99),
    help="Share of answers that the column radius_m promises to hold.",
)
@click.option(
    "--right-within",
    "right_within_m",
    default=25_000.0,
    show_default=True,
    type=click.FloatRange(0.0, min_open=True),
    metavar="METRES",
    help="An answer this near makes its probability come true.",
)
@click.option(
    "--choose",
    "rule",
    default="thesis",
    show_default=True,
    metavar="RULE",
    help="How to choose among several models: thesis, median, mean, p90, geoscore, within_25km …",
)
@click.option(
    "--curves",
    multiple=True,
    callback=_named_files,
    metavar="NAME=FILE",
    help="A history.csv of training, for the report; may be given several times.",
)
@click.option(
    "--features",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Feature store to measure models on, where RESULTS are folders of models.",
)
@click.option(
    "--split",
    default="",
    help="Name of the split, to be printed beside every figure; with --features its file.",
)
@click.option("--side", default="test", show_default=True, help="Side of the split to measure models on.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write a report: a folder, or one page if it ends in .html.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def evaluate(results: tuple[Path, ...], **options: Any) -> None:
    """Recompute errors, shares within distances, GeoScore and calibration from RESULTS (.csv or .parquet).

    \b
    whence evaluate results.csv
    whence evaluate predictions.csv --protocol osv5m --json
    whence evaluate small.csv large.csv --out report/
    whence evaluate results.csv --by camera_id --cluster sequence_id
    whence evaluate run/model --features city.features --split run/split.parquet --out report/

    Several tables are several models, named after their files: they are compared on the photographs that all
    of them have, and one is chosen.
    """
    from whence.photos.choose import choose
    from whence.photos.evaluation.comparison import evaluate_many
    from whence.photos.evaluation.metrics import metric_named
    from whence.photos.summary import choice_text, comparison_text

    if options["rule"] != "thesis":
        metric_named(options["rule"])
    if options["out"] is not None:
        _check(options["out"])
    tables = _tables(results, options)
    plan = _plan(options)
    comparison = evaluate_many(tables, plan=plan)
    choice = None
    if len(tables) > 1:
        choice = choose(tables, by=options["rule"], cluster=plan.cluster)
    if options["out"] is not None:
        _write(comparison, choice, tables=tables, options=options)
    own = list(comparison.evaluations.values())
    if options["as_json"]:
        values = own[0].to_json() if choice is None else _together(comparison, choice)
        click.echo(json.dumps(values, indent=1, allow_nan=False))
    elif choice is None:
        click.echo(own[0].summary())
    else:
        click.echo(f"{comparison_text(comparison)}\n\n{choice_text(choice)}")


def _check(target: Path) -> None:
    """Refuse a place that cannot be written to before the work."""
    from whence.report.evaluation import check_target

    check_target(target)


def _write(comparison: Any, choice: Any, *, tables: dict[str, Answers], options: dict[str, Any]) -> None:
    from whence.report.evaluation import write_evaluation

    write_evaluation(
        options["out"],
        comparison,
        tables=tables,
        choice=choice,
        split=options["split"],
        curves=options["curves"],
    )


def _tables(results: tuple[Path, ...], options: dict[str, Any]) -> dict[str, Answers]:
    """Read every model: a table, or some columns of one."""
    from whence.errors import InputError
    from whence.photos.evaluation.answers import Answers
    from whence.photos.results import read_results

    chosen = options["predictions"] or (("", None),)
    found: dict[str, Answers] = {}
    for path, model in _models(results):
        for name, columns in chosen:
            label = name if len(results) == 1 and name else " ".join(filter(None, (model, name)))
            if label in found:
                raise InputError(f"two models are called {label!r}; rename one of the tables")
            rows = _located(path, options) if path.is_dir() else read_results(path, predictions=columns)
            found[label] = Answers.of_rows(rows, protocol=options["protocol"])
    return found


def _located(model: Path, options: dict[str, Any]) -> list[ResultRow]:
    """Locate the features that a model is to be measured on."""
    from whence.cli.predict import located_rows
    from whence.errors import InputError

    if options["features"] is None:
        raise InputError(f"{model} is a folder: for a model say what to measure it on, with --features STORE")
    split = Path(options["split"]) if options["split"] else None
    confidence = options["confidence"]
    return located_rows(model, options["features"], split=split, side=options["side"], confidence=confidence)


def _models(results: tuple[Path, ...]) -> list[tuple[Path, str]]:
    """Name each table after its file, or after its folder where the files are called alike."""
    if all(path.is_dir() and path.name == "model" for path in results):  # of the folders of their runs
        return [(path, path.resolve().parent.name) for path in results]
    stems = [path.stem for path in results]
    alike = len(set(stems)) < len(stems)
    return [(path, path.resolve().parent.name if alike else path.stem) for path in results]


def _plan(options: dict[str, Any]) -> Plan:
    from whence.photos.evaluate import Plan

    places = options["places"]
    return Plan(
        confidence=options["confidence"],
        right_within_m=options["right_within_m"],
        by=options["by"],
        places=options["out"] is not None if places is None else places,
        cluster=options["cluster"],
    )


def _together(comparison: Any, choice: Any) -> dict[str, Any]:
    import dataclasses

    values: dict[str, Any] = comparison.to_json()
    return values | {"choice": dataclasses.asdict(choice)}
