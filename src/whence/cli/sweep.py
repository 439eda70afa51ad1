"""whence sweep: many models on the same photographs, measured alike, and one of them chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whence.photos.sweep import Sweep, SweepRow
    from whence.photos.training import Watcher

__all__ = ["sweep"]

THESIS = "thesis"
SOME_FAILED = 1
TINY = {"training.batch": 256, "training.max_epochs": 60}
TINY_PHOTOGRAPHS = (20_000, 2_000, 2_000)
TINY_JUDGED = 1_000


def _named(
    context: click.Context,  # noqa: ARG001 - click's signature
    parameter: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> dict[str, Path]:
    """Read CODE=FOLDER."""
    found = {}
    for value in values:
        code, equals, folder = value.partition("=")
        if not equals or not code or not folder:
            raise click.BadParameter(f"{value!r} is not such as B16=b16.features")
        found[code] = Path(folder)
    return found


@click.command()
@click.argument("table", metavar="thesis|TABLE")
@click.option(
    "--features",
    multiple=True,
    callback=_named,
    metavar="CODE=STORE",
    help="For thesis: the feature stores of its encoders, B32 and B16.",
)
@click.option(
    "--test",
    multiple=True,
    callback=_named,
    metavar="CODE=STORE",
    help="For thesis: feature stores of the test photographs, which decide nothing.",
)
@click.option(
    "--split",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Split of the photographs, of `whence split`.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the sweep.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="For every model, such as training.batch=256; may be repeated.",
)
@click.option(
    "--apart", is_flag=True, help="Train every model by itself, also where one pass would do for many."
)
@click.option("--tiny", is_flag=True, help="For thesis: make a little simulated planet and train on that.")
@click.option(
    "--positions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For --tiny: a table with lat and lon, where photographs are taken.",
)
@click.option("--choose", "rule", default="thesis", show_default=True, help="As of `whence evaluate`.")
@click.option("--json", "as_json", is_flag=True, help="The choice and all figures as JSON to stdout.")
def sweep(table: str, split: Path | None, out: Path, **options: Any) -> int:
    """Train the models of TABLE (.csv or .toml), or the 36 of the thesis, and choose one.

    \b
    whence sweep thesis --features B32=b32/ --features B16=b16/ --split split.parquet --out sweep
    whence sweep thesis --tiny --out tiny                 (simulated; a few minutes, no data)
    whence sweep heads.toml --split split.parquet --out sweep

    Models that differ only in loss, last layer and rate share one pass over the data. A model that fails is
    told and does not stop the others; the same command goes on where it was interrupted, also after rows were
    added. The choice looks at the validation side; the report shows the test side where there is one.
    """
    from whence.cli.settings import read_settings
    from whence.cli.watching import telling, way_on

    _check(table, split, options)
    settings = read_settings(options["settings"])
    planet = _planet(out, options["positions"]) if options["tiny"] else None
    if planet is not None:
        options["features"], split = planet.features, planet.split
        settings = TINY | settings
    if split is None:
        raise InputError("name the split of the photographs: --split split.parquet (whence split makes one)")
    with telling(epochs=False) as watch, way_on(out):
        done = _run(table, split, out, settings=settings, options=options, watch=watch)
    told = _chosen(done, options["rule"], out / "report")
    if planet is not None:
        told["reachable"] = _reachable(planet)
    if options["as_json"]:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        for line in _lines(told, done):
            click.echo(visible(line))
    click.echo(f"wrote {out / 'sweep.csv'} and {out / 'report'}", err=True)
    return SOME_FAILED if done.failures else 0


def _check(table: str, split: Path | None, options: Mapping[str, Any]) -> None:
    """Refuse options that do not belong together."""
    thesis = table == THESIS
    if options["tiny"] and (not thesis or split or options["features"]):
        raise InputError("--tiny makes its own features and split: whence sweep thesis --tiny --out FOLDER")
    if (options["features"] or options["test"]) and not thesis:
        raise InputError("--features and --test belong to thesis; a table names the stores of its models")
    if options["positions"] and not options["tiny"]:
        raise InputError("--positions belongs to --tiny")
    if thesis and not options["tiny"] and not options["features"]:
        raise InputError(
            "the thesis has two encoders: give --features B32=STORE --features B16=STORE (or one of them), "
            "or --tiny"
        )


def _planet(out: Path, positions: Path | None) -> Any:
    from whence.imagery.catalogue import Catalogue
    from whence.smallworld.planet_data import write_planet

    lonlat = None if positions is None else Catalogue.read(positions).lonlat
    click.echo(
        "making a simulated planet: its figures say nothing about real photographs, and all sides have "
        "photographs of the same places",
        err=True,
    )
    out.mkdir(parents=True, exist_ok=True)
    return write_planet(out / "planet", lonlat=lonlat, photographs=TINY_PHOTOGRAPHS)


def _run(
    table: str,
    split: Path,
    out: Path,
    *,
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    watch: Watcher,
) -> Sweep:
    from whence.photos.sweep import read_search, read_sweep, run_search, run_sweep, thesis_sweep

    together = not options["apart"]
    if table == THESIS:
        rows = thesis_sweep(options["features"], test=options["test"])
        return run_sweep(_with(rows, settings), split, out, together=together, watch=watch)
    search = read_search(table)
    if search is not None:
        return run_search(search, split, out, base=Path(table).parent, watch=watch)
    return run_sweep(_with(read_sweep(table), settings), split, out, together=together, watch=watch)


def _with(rows: Sequence[SweepRow], settings: Mapping[str, Any]) -> list[SweepRow]:
    """Put settings into every row, in the place of its own."""
    from dataclasses import replace

    groups: dict[str, dict[str, Any]] = {"head": {}, "training": {}}
    for key, value in settings.items():
        group, _, name = key.partition(".")
        if group not in groups or not name:
            raise InputError(
                f"--set {key}: a sweep has settings of head and training, such as training.batch"
            )
        groups[group][name] = value
    head, training = groups.values()
    return [replace(row, head={**row.head, **head}, training={**row.training, **training}) for row in rows]


def _chosen(done: Sweep, rule: str, report: Path) -> dict[str, Any]:
    """Choose on the validation side, write the report of the test side or, without one, of the same."""
    import dataclasses

    from whence.errors import NotEnoughDataError, NotFoundError
    from whence.photos.choose import choose
    from whence.photos.evaluate import Plan
    from whence.photos.evaluation.answers import Answers
    from whence.photos.evaluation.comparison import evaluate_many
    from whence.report.evaluation import write_evaluation

    trained = [outcome for outcome in done.outcomes if outcome.run is not None]
    if not trained:
        reasons = "; ".join(f"{outcome.row.name}: {outcome.failure}" for outcome in done.failures[:3])
        raise NotEnoughDataError(f"no model of the sweep could be trained: {reasons}")
    tables = _answers(done.results("validation"), Answers)
    choice = choose(tables, by=rule) if len(tables) > 1 else None
    side = "validation"
    try:
        tables, side = _answers(done.results("test"), Answers), "test"
    except NotFoundError:
        click.echo("the split has no test side: the report shows the side that also chose", err=True)
    comparison = evaluate_many(tables, plan=Plan(places=True))
    record = trained[0].run.evaluation["split"]  # type: ignore[union-attr]
    curves = {
        outcome.row.name: done.folder / outcome.row.name / "history.csv"
        for outcome in trained
        if outcome.run is not None and outcome.run.history
    }
    write_evaluation(
        report,
        comparison,
        tables=tables,
        choice=choice,
        split=f"{record['name']} (seed {record['seed']}), {side} side; chosen on the validation side",
        curves=curves,
    )
    return {
        "side": side,
        "choice": None if choice is None else dataclasses.asdict(choice),
        "comparison": comparison.to_json(),
        "failures": {outcome.row.name: outcome.failure for outcome in done.failures},
    }


def _answers(results: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    return {name: kind.of_rows(rows) for name, rows in results.items()}


def _reachable(planet: Any) -> dict[str, Any]:
    """Compute what any method could reach at most on the simulated test photographs."""
    import dataclasses

    import numpy as np

    from whence.photos.features import FeatureStore
    from whence.photos.splits import Split

    told = {}
    for code, folder in planet.features.items():
        store = FeatureStore.open(folder)
        side = store.side(Split.read(planet.split).onto(store.metadata).split, "test")
        judged = side.subset(np.arange(min(TINY_JUDGED, len(side))))
        told[code] = dataclasses.asdict(planet.planets[code].reachable(judged))
    return told


def _lines(told: Mapping[str, Any], done: Sweep) -> list[str]:
    lines = [f"{'model':28}{'median':>12}{'mean':>12}{'GeoScore':>10}   ({told['side']} side)"]
    evaluations = told["comparison"]["evaluations"]
    ranked = sorted(evaluations, key=lambda name: -evaluations[name]["score"]["of_all"])
    lines += [_line(name, evaluations[name]) for name in ranked]
    lines += [f"{name:28}failed: {reason}" for name, reason in told["failures"].items()]
    for code, best in told.get("reachable", {}).items():
        lines.append(
            f"{'any method, ' + code:28}{best['median_km']:>9,.0f} km{best['mean_km']:>9,.0f} km"
            f"{best['geoscore']:>10,.0f}   (computed)"
        )
    if told["choice"] is not None:
        lines += ["", *told["choice"]["sentences"]]
        lines.append(f"the model: {done.folder / told['choice']['model'] / 'model'}")
    return lines


def _line(name: str, figures: Mapping[str, Any]) -> str:
    from whence.photos.summary import length_text

    score = figures["score"]["of_all"]
    return (
        f"{name:28}{length_text(figures['median_m']):>12}{length_text(figures['mean_m']):>12}{score:>10,.0f}"
    )
