"""whence map heights compare: a height model against a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.cli.heights.outputs import keep_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.compare import Comparison
    from whence.maps.heights.volume import Volume

__all__ = ["compare"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
new = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("model", type=existing)
@click.argument("reference", type=existing)
@click.option("--out", type=new, help="Write the differences as a GeoTIFF.")
@click.option("--hillshade", type=new, help="Write the hillshade of MODEL as a GeoTIFF.")
@click.option(
    "--profile", metavar="LINE", help="Heights along a line: a vector file, or places lon,lat;lon,lat."
)
@click.option(
    "--profile-out",
    type=new,
    help="Its table (.csv); a drawing .png is put beside. [default: profile.csv]",
)
@click.option("--volume", "measure", is_flag=True, help="Volume of change: fill, cut and net.")
@click.option("--stable", type=existing, help="Areas where nothing changed: they give offset and error.")
@click.option("--sigma", type=click.FloatRange(min=0), metavar="METRES", help="Error of a cell, for volumes.")
@click.option("--report", type=new, help="Write a page (.html) with maps and tables.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def compare(model: Path, reference: Path, as_json: bool, **options: Any) -> None:
    """Compare MODEL with REFERENCE: MODEL minus REFERENCE, which is resampled where its grid is another.

    \b
    whence map heights compare dem.tif modern.tif
    whence map heights compare dem.tif modern.tif --out off.tif --hillshade shade.tif --report heights.html
    whence map heights compare dem.tif modern.tif --profile '10.45,44.86 10.47,44.87' --profile-out p.csv
    whence map heights compare new.tif old.tif --volume --stable roads.geojson --json

    Models in two vertical systems are refused; whence map heights datum brings one to the other.
    """
    from whence.errors import InputError
    from whence.maps.heights.compare import compare_models

    outputs = [options[name] for name in ("out", "hillshade", "profile_out")]
    keep_inputs((model, reference, options["stable"]), outputs, report=options["report"])
    if options["profile_out"] is not None and options["profile"] is None:
        raise InputError("--profile-out says where a profile goes; give its line too (--profile)")
    found = compare_models(model, reference)
    volume = _volume(found, options)
    _write(found, options, volume=volume)
    if as_json:
        said = found.to_json() | ({} if volume is None else {"volume": volume.to_json()})
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    for fact in found.facts:
        click.echo(visible(fact), err=True)
    click.echo("\n".join(_lines(found)))
    if volume is not None:
        click.echo(visible(volume.sentence))


def _volume(found: Comparison, options: dict[str, Any]) -> Volume | None:
    if not (options["measure"] or options["stable"] is not None or options["sigma"] is not None):
        return None
    from whence.maps.heights.volume import volume_of, within_areas

    areas = options["stable"]
    stable = None if areas is None else within_areas(found, areas)
    return volume_of(found, stable=stable, sigma_m=options["sigma"])


def _write(found: Comparison, options: dict[str, Any], *, volume: Volume | None) -> None:
    if options["out"] is not None:
        found.write(options["out"])
        click.echo(visible(f"{options['out']}: {found.pair.model} minus {found.pair.reference}"), err=True)
    if options["hillshade"] is not None:
        from whence.maps.heights.shading import write_hillshade

        write_hillshade(options["hillshade"], found.pair.model)
        click.echo(visible(f"{options['hillshade']}: hillshade, light from the north-west"), err=True)
    if options["profile"] is not None:
        _write_profile(found, options["profile"], options["profile_out"] or Path("profile.csv"))
    if options["report"] is not None:
        from whence.maps.heights.vertical.raster_file import operation_of
        from whence.report.height_page import HeightChapter, write_height_report

        chapter = HeightChapter(
            model=found.pair.model,
            comparison=found,
            volume=volume,
            operation=operation_of(found.pair.reference),
        )
        write_height_report(options["report"], chapter)
        click.echo(visible(f"{options['report']}: the page"), err=True)


def _write_profile(found: Comparison, line: str, path: Path) -> None:
    from whence.maps.heights.profile import profile_along, write_profile
    from whence.report.height_figures import write_profile_figure

    profile = profile_along(line, found.pair.model, found.pair.reference)
    write_profile(path, profile)
    drawing = path.with_suffix(".png")
    write_profile_figure(drawing, profile)
    click.echo(visible(f"{path}, {drawing}: {len(profile.distances_m)} places along the line"), err=True)


def _lines(found: Comparison) -> Iterator[str]:
    difference = found.difference
    yield (
        f"{difference.cells} cells: bias {difference.bias_m:.3f} m, RMSE {difference.rmse_m:.3f} m, "
        f"NMAD {difference.nmad_m:.3f} m, greatest {difference.max_m:.2f} m"
    )
    yield "quantiles: " + ", ".join(
        f"{share:.0%} {value:+.3f} m" for share, value in difference.quantiles_m.items()
    )
    yield "within: " + ", ".join(f"{share:.1%} {value:.3f} m" for share, value in difference.within_m.items())
    for (low, high), (count, bias, rmse) in difference.by_slope.items():
        yield f"slope {low:g} to {high:g}°: {count} cells, bias {bias:.3f} m, RMSE {rmse:.3f} m"
    for name, (count, bias, rmse) in difference.by_aspect.items():
        yield f"facing {name}: {count} cells, bias {bias:.3f} m, RMSE {rmse:.3f} m"
    if difference.shift_m is not None:
        east, north = difference.shift_m
        yield f"as if shifted by {east:+.2f} m east, {north:+.2f} m north (to first order)"
