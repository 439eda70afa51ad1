"""whence aerial evaluate: scores of predicted classes and footprints, with their protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.aerial.evaluation.footprints import FootprintMatch
    from whence.aerial.evaluation.pictures import Rules
    from whence.aerial.evaluation.scores import Scores

__all__ = ["evaluate"]

existing = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("predicted", type=existing)
@click.argument("truth", type=existing)
@click.option(
    "--scheme",
    metavar="NAME|FILE",
    help="What the masks mean: potsdam, loveda, dubai … or a file. Without it, what PREDICTED carries, "
    "or scheme.json beside the masks.",
)
@click.option("--truth-ids", is_flag=True, help="Masks of one band hold ids 0, 1, 2 … of the scheme.")
@click.option("--eroded", is_flag=True, help="Score also without the pixels near boundaries.")
@click.option(
    "--erode",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0.0),
    metavar="PX",
    help="How near.",
)
@click.option(
    "--eroded-truth", type=existing, help="Masks with eroded boundaries (_noBoundary): a file or a folder."
)
@click.option(
    "--tolerance",
    default="3px",
    show_default=True,
    metavar="PX|M",
    help="Of the boundary F1, such as 3px or 0.5m.",
)
@click.option(
    "--footprints", type=existing, help="True footprints; those of PREDICTED are matched with them."
)
@click.option("--class", "wanted", default="building", show_default=True, help="Class of the footprints.")
@click.option(
    "--iou",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0.0, 1.0, min_open=True),
    help="Overlap that makes two footprints one building.",
)
@click.option("--within", type=existing, help="Polygons of the area in which footprints are compared.")
@click.option(
    "--tta", default="not stated", help="Test-time augmentation of the prediction, to be printed with it."
)
@click.option(
    "--group",
    metavar="REGEX",
    help="Finds the place in a mask's name; places are drawn for intervals. Else as the data set names it.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def evaluate(predicted: Path, truth: Path, **options: Any) -> None:
    """Score PREDICTED against TRUTH: rasters of classes, folders of them, or two files of footprints.

    \b
    whence aerial evaluate classes.tif truth.tif
    whence aerial evaluate predicted/ masks/ --scheme potsdam --eroded
    whence aerial evaluate classes.tif masks.tif --scheme buildings --footprints osm.geojson
    whence aerial evaluate roofs.gpkg osm.geojson --within district.geojson --json

    Every figure comes with its rules: which classes count, what became of boundaries, padding and pixels
    without an answer.
    """
    from whence.aerial.evaluation.pictures import evaluate_pictures, pair_files
    from whence.cli.progress import counter

    scores: dict[str, Scores] = {}
    if _is_vector(predicted) and _is_vector(truth):
        matched = _footprints(predicted, truth, options)
    else:
        trios = pair_files(predicted, truth, options["eroded_truth"])
        rules = _rules(options, trios[0].truth)
        with counter("pictures") as tell:
            scores = evaluate_pictures(trios, rules, progress=tell)
        matched = None
        if options["footprints"] is not None:
            matched = _footprints(predicted, options["footprints"], options)
    if options["as_json"]:
        values: dict[str, Any] = {kind: one.to_json() for kind, one in scores.items()}
        if matched is not None:
            values["footprints"] = matched.to_json()
        click.echo(json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False))
    else:
        click.echo("\n\n".join([*(one.summary() for one in scores.values()), *_told(matched)]))


def _is_vector(path: Path) -> bool:
    from whence.aerial.polygons.matching import VECTOR_ENDINGS

    return path.suffix.lower() in VECTOR_ENDINGS


def _rules(options: dict[str, Any], truth: Path) -> Rules:
    from whence.aerial.evaluation.pictures import Rules
    from whence.aerial.schemes import scheme

    return Rules(
        scheme=None if options["scheme"] is None else scheme(options["scheme"]),
        truth_ids=options["truth_ids"],
        erode_px=options["erode"] if options["eroded"] else None,
        tolerance_px=_tolerance_px(options["tolerance"], truth),
        augmentation=options["tta"],
        group=options["group"],
    )


def _tolerance_px(text: str, raster: Path) -> float:
    """Read such as 3px or 0.5m; metres need a raster that lies somewhere."""
    import math
    import re

    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(px|m)?\s*", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no tolerance such as 3px or 0.5m", param_hint="--tolerance")
    if found[2] != "m":
        return float(found[1])
    from whence.aerial.polygons.ground import Ground

    ground = Ground.of_raster(raster)
    return float(found[1]) / math.sqrt(ground.cell_m2)


def _footprints(predicted: Path, truth: Path, options: dict[str, Any]) -> FootprintMatch:
    from whence.aerial.polygons.matching import match_files
    from whence.aerial.schemes import scheme

    return match_files(
        predicted,
        truth,
        wanted=options["wanted"],
        iou=options["iou"],
        within=options["within"],
        scheme=None if options["scheme"] is None else scheme(options["scheme"]),
    )


def _told(matched: FootprintMatch | None) -> list[str]:
    if matched is None:
        return []
    from math import isnan

    figures = {"precision": matched.precision, "recall": matched.recall, "F1": matched.f1}
    told = [f"{name} {'none' if isnan(value) else f'{value:.3f}'}" for name, value in figures.items()]
    counts = (
        f"{len(matched.pairs)} of {matched.predicted} predicted are among {matched.true} true; "
        f"{matched.splits} true ones split, {matched.merges} predicted ones merge several"
    )
    for note in matched.notes:
        click.echo(visible(note), err=True)
    return [f"footprints: {', '.join(told)}\n{counts}\n{matched.protocol}"]
