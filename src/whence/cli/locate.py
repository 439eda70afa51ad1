"""whence locate: positions for photographs."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whence.earth.region import Region
    from whence.photos.estimate import Estimate
    from whence.photos.evaluate import Evaluation
    from whence.photos.journal import Journal

__all__ = ["locate"]

NOT_ALL_LOCATED = 1
SUFFIXES = (".csv", ".parquet", ".geojson", ".html", ".json")


@contextmanager
def _way_on(journal: Journal) -> Iterator[None]:
    """Tell someone who interrupts that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        if journal.path is not None:
            click.echo(f"kept in {journal.path}; the same command goes on from there", err=True)
        raise


def _named(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Path, ...]:  # noqa: ARG001
    """Refuse an empty name, mostly an unset variable of the shell, which Path takes for this folder."""
    if "" in values:
        raise click.BadParameter("an empty name is neither a photograph nor a folder")
    return tuple(map(Path, values))


@click.command()
@click.argument("paths", nargs=-1, callback=_named)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or Parquet with img_path and, where known, lat, lon (the truth, for the errors), camera_id.",
)
@click.option(
    "--index",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder made by `whence index build`.",
)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of a model made by `whence train`.",
)
@click.option(
    "--region",
    help="Where the photographs are known to be: FR, Sweden, Lund, a GeoJSON file, or west,south,east,north.",
)
@click.option(
    "--sources", help="Use only these, separated by commas: exif, time, text, camera, index, model."
)
@click.option("--without", help="Use all sources but these.")
@click.option(
    "--top-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="Hypotheses per photograph."
)
@click.option(
    "--confidence",
    default=0.8,
    show_default=True,
    type=click.FloatRange(0.01, 0.99),
    help="Share of answers that the radius promises to hold.",
)
@click.option("--leave-one-out", is_flag=True, help="Ignore each photograph's own entry in the index.")
@click.option(
    "--out",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write .csv, .parquet, .geojson, .json or .html (a map); may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON to stdout.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option("--restart", is_flag=True, help="Do not go on from an interrupted run.")
def locate(
    paths: tuple[Path, ...],
    table: Path | None,
    index: Path | None,
    model: Path | None,
    region: str | None,
    sources: str | None,
    without: str | None,
    top_k: int,
    confidence: float,
    leave_one_out: bool,
    outputs: tuple[Path, ...],
    as_json: bool,
    jobs: int,
    restart: bool,
) -> int:
    """Locate photographs: files, folders, or the rows of a table.

    \b
    whence locate photo.jpg
    whence locate photos/ --table photos.csv --out results.csv --out map.html
    whence locate new/ --index city.index --region Lund
    whence locate photo.jpg --model run/model

    The radius is a promise: of all answers, 80 % lie within theirs. Photographs that cannot be located keep
    their row with a status, and the exit status is then 1.
    """
    from whence.cli.progress import track
    from whence.photos.journal import Journal
    from whence.photos.locate import gather, locate_each, locator

    _check_outputs(outputs)
    photos = gather(paths, table=table)
    _spare_inputs(outputs, [photo.path for photo in photos] + ([table] if table else []))
    prepared = locator(
        index=index,
        model=model,
        region=None if region is None else _region(region),
        sources=_split(sources),
        without=_split(without) or (),
        top_k=top_k,
        confidence=confidence,
        leave_one_out=leave_one_out,
    )
    _tell_idle(prepared.sources.idle)
    with Journal.beside(
        outputs[0] if outputs else None, settings=prepared.fingerprint, restart=restart
    ) as journal:
        answers = locate_each(photos, prepared, jobs=jobs, journal=journal)
        with _way_on(journal):
            estimates = list(track(answers, total=len(photos), what="locating"))
        evaluation = _evaluation(estimates, confidence)
        files = {photo.name: photo.path for photo in photos}
        for path in outputs:
            _write(path, estimates, evaluation, files=files)
        journal.finish()
    _render(estimates, evaluation, as_json=as_json, quiet=bool(outputs) and not sys.stdout.isatty())
    return 0 if all(estimate.located for estimate in estimates) else NOT_ALL_LOCATED


def _tell_idle(idle: Mapping[str, str]) -> None:
    """Say once for each reason which sources do not take part."""
    from whence.photos.evidence.sources import SWITCHED_OFF

    for reason in dict.fromkeys(idle.values()):
        if reason != SWITCHED_OFF:
            names = " and ".join(name for name, why in idle.items() if why == reason)
            click.echo(f"without {names}: {reason}", err=True)


def _check_outputs(outputs: Sequence[Path]) -> None:
    """Refuse what could not be written before an hour of work, not after."""
    for path in outputs:
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(
                f"{path}: results are written as {', '.join(SUFFIXES)}; choose one of these endings"
            )
        if not path.parent.is_dir():
            raise InputError(f"the folder {path.parent} for {path.name} does not exist; make it first")
        if path.exists() and not path.is_file():
            raise InputError(
                f"{path} is a device or pipe; write to a file, or use --json for standard output"
            )


def _spare_inputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse to write over what is read, and two results into one file."""
    taken = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if os.path.realpath(path) in taken:
            raise InputError(f"{path} is read by this command or named twice; write to another file")
        taken.add(os.path.realpath(path))


def _region(text: str) -> Region:
    from whence.places.region import parse_region  # only here: it brings the gazetteer's machinery

    return parse_region(text)


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _evaluation(estimates: Sequence[Estimate], confidence: float) -> Evaluation | None:
    """Errors and shares, when the truth of any photograph is known."""
    from whence.photos.evaluate import evaluate

    if all(estimate.truth is None for estimate in estimates):
        return None
    return evaluate([estimate.to_row() for estimate in estimates], confidence=confidence)


def _write(
    path: Path,
    estimates: Sequence[Estimate],
    evaluation: Evaluation | None,
    *,
    files: Mapping[str, Path],
) -> None:
    from whence.imagery.atomic import atomic_path
    from whence.photos.results import write_results
    from whence.report.geojson import write_geojson
    from whence.report.page import write_map

    match path.suffix.lower():
        case ".geojson":
            write_geojson(path, estimates, radii=True)
        case ".html":
            write_map(path, estimates, title=_title(estimates), evaluation=evaluation, files=files)
        case ".json":
            with atomic_path(path) as beside:
                beside.write_text(_dumps(estimates, evaluation), "utf-8")
        case _:
            write_results(path, [estimate.to_row() for estimate in estimates])
    click.echo(f"wrote {path}", err=True)


def _title(estimates: Sequence[Estimate]) -> str:
    if len(estimates) == 1:
        return f"Where is {Path(estimates[0].path).name}?"
    return f"Where are these {len(estimates)} photographs?"


def _dumps(estimates: Sequence[Estimate], evaluation: Evaluation | None) -> str:
    values = {
        "estimates": [estimate.to_json() for estimate in estimates],
        "evaluation": evaluation.to_json() if evaluation else None,
    }
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)


def _render(
    estimates: Sequence[Estimate], evaluation: Evaluation | None, *, as_json: bool, quiet: bool
) -> None:
    if as_json:
        click.echo(_dumps(estimates, evaluation))
        return
    if not quiet:
        from whence.cli.table import print_estimates

        print_estimates(estimates)
    if evaluation is not None:
        click.echo(evaluation.summary())
    located = sum(estimate.located for estimate in estimates)
    click.echo(f"{located} of {len(estimates)} located", err=True)
