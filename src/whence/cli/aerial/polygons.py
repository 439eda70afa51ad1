"""whence aerial polygons: clean polygons of a raster of classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.aerial.polygons.extraction import Cleaning, Extraction

__all__ = ["polygons"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)


def _names(
    context: click.Context,  # noqa: ARG001 - click's signature
    parameter: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> tuple[str, ...]:
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


@click.command()
@click.argument("classes", type=existing)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to make: .gpkg, .geojson, .fgb or .parquet.",
)
@click.option("--format", "kind", help="gpkg, geojson, fgb or parquet; else by the ending.")
@click.option("--classes", "kept", callback=_names, metavar="A,B", help="Only the polygons of these classes.")
@click.option(
    "--scheme", metavar="NAME|FILE", help="Names of the classes, where the raster does not carry them."
)
@click.option(
    "--min-area",
    default=0.0,
    type=click.FloatRange(0.0),
    metavar="M2",
    help="Smaller parts are filled by their neighbours.",
)
@click.option(
    "--simplify",
    default=0.0,
    type=click.FloatRange(0.0),
    metavar="M",
    help="How far boundaries may be moved; common walls stay common.",
)
@click.option("--right-angles", callback=_names, metavar="A,B", help="Classes that get right angles.")
@click.option(
    "--guard",
    default=0.85,
    show_default=True,
    type=click.FloatRange(0.0, 1.0),
    metavar="IOU",
    help="Overlap with the pixels' outline below which right angles are refused.",
)
@click.option("--separate", metavar="CLASS", help="Tell touching objects of a class apart.")
@click.option(
    "--depth",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.0),
    metavar="M",
    help="With --separate: how much narrower a neck is than both sides, half widths; 0 ignores necks.",
)
@click.option("--edge", metavar="CLASS", help="With --separate: a class that was drawn between objects.")
@click.option("--probabilities", type=existing, help="Bands of probabilities: adds the mean of each polygon.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def polygons(classes: Path, out: Path, **options: Any) -> None:
    """Make polygons of CLASSES, a raster as whence aerial predict writes it.

    \b
    whence aerial polygons classes.tif --out land.gpkg --min-area 10 --simplify 0.5
    whence aerial polygons classes.tif --out roofs.geojson --classes building --right-angles building
    whence aerial polygons classes.tif --out roofs.parquet --classes building --separate building

    Neighbours keep their common walls: there are neither gaps nor overlaps. Where the raster names no
    coordinate system, lengths and areas are pixels.
    """
    from whence.aerial.polygons import polygonise
    from whence.aerial.schemes import scheme

    found = polygonise(
        classes,
        out,
        _cleaning(options),
        scheme=None if options["scheme"] is None else scheme(options["scheme"]),
        probabilities=options["probabilities"],
        format=options["kind"],
    )
    if options["as_json"]:
        click.echo(json.dumps(_values(found, out), indent=1, ensure_ascii=False))
        return
    for name, (count, area) in _by_class(found).items():
        click.echo(visible(f"{name}: {count} polygons, {area:.1f} {_unit(found)}²"))
    for note in found.notes:
        click.echo(visible(note), err=True)


def _cleaning(options: dict[str, Any]) -> Cleaning:
    from whence.aerial.polygons import Cleaning, Separation
    from whence.errors import InputError

    separate = None
    if options["separate"] is not None:
        separate = Separation(options["separate"], options["depth"] or None, options["edge"])
    elif options["edge"] is not None:
        raise InputError("--edge goes with --separate, which names the class of the objects")
    return Cleaning(
        classes=options["kept"],
        min_area=options["min_area"],
        simplify=options["simplify"],
        right_angles=options["right_angles"],
        guard_iou=options["guard"],
        separate=separate,
    )


def _unit(found: Extraction) -> str:
    return "m" if "area_m2" in found.layer.columns else "px"


def _by_class(found: Extraction) -> dict[str, tuple[int, float]]:
    columns = found.layer.columns
    names, areas = columns["class"], columns[f"area_{_unit(found)}2"]
    return {
        name: (int((names == name).sum()), float(areas[names == name].sum())) for name in sorted(set(names))
    }


def _values(found: Extraction, out: Path) -> dict[str, Any]:
    counted = _by_class(found)
    return {
        "path": str(out),
        "unit": _unit(found),
        "classes": {name: {"polygons": count, "area": area} for name, (count, area) in counted.items()},
        "notes": list(found.notes),
    }
