"""whence map heights dem: contours into a height model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.cli.heights.outputs import keep_inputs

if TYPE_CHECKING:
    from whence.maps.heights import Lattice, Terrain
    from whence.maps.heights.making import Checked, Made

__all__ = ["dem"]

existing = click.Path(exists=True, path_type=Path)
_MOST_LISTED = 20


@click.command()
@click.argument("contours", type=existing)
@click.option("--crs", help="Coordinate system of contours that do not say it, such as EPSG:3035.")
@click.option("--field", help="The property that is the height; looked for when not given.")
@click.option("--unit", help="Unit of the contours' heights, where it is not the metre, such as foot.")
@click.option("--layer", help="Layer of CONTOURS, where there are several; of a DXF the layer of the lines.")
@click.option(
    "--missing",
    type=click.Choice(["refuse", "drop", "keep"]),
    default="refuse",
    show_default=True,
    help="Lines without a height, or with a 0 far from all others: stop, leave out, or take 0 for a height.",
)
@click.option("--spots", type=existing, help="Spot heights: points with a height.")
@click.option("--lakes", type=existing, help="Lakes: areas with a level.")
@click.option("--breaklines", type=existing, help="Lines across which the ground may bend: streams, ridges.")
@click.option("--cell", metavar="METRES|auto", help="Side of a cell; auto is half the spacing of contours.")
@click.option("--extent", type=float, nargs=4, metavar="W S E N", help="What the model covers.")
@click.option("--like", type=existing, help="A raster whose grid is taken.")
@click.option(
    "--method",
    default="biharmonic",
    show_default=True,
    help="biharmonic, tin, summit-tin, natural-neighbour, b-spline, idw, kriging, tps; or auto: the best at "
    "pieces of contours that are held out.",
)
@click.option(
    "--heights",
    type=existing,
    help="Fit of labels (JSON of whence map heights fit --out): brings all heights to the modern system.",
)
@click.option("--vertical", metavar="EPSG", help="Vertical system of the heights, such as EPSG:5773.")
@click.option("--repair", is_flag=True, help="Change heights that contradict their neighbours, and feet.")
@click.option("--drop-crossing", is_flag=True, help="Leave out lines that cross others.")
@click.option("--format", "form", type=click.Choice(["cog", "gtiff"]), default="cog", show_default=True)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The GeoTIFF.")
@click.option(
    "--hillshade", type=click.Path(dir_okay=False, path_type=Path), help="Also write the hillshade (GeoTIFF)."
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page (.html).")
@click.option("--json", "as_json", is_flag=True, help="How it was made, as JSON to stdout.")
def dem(contours: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Make a height model of the contour lines in CONTOURS, and list what contradicts itself in them.

    \b
    whence map heights dem contours.geojson --cell 25 --out dem.tif
    whence map heights dem contours.gpkg --cell auto --method auto --vertical EPSG:5773 --out dem.tif
    whence map heights dem c.shp --crs EPSG:3035 --field ELEV --like modern.tif --out dem.tif
    whence map heights dem c.gpkg --cell 10 --heights fit.json --out dem.tif --report heights.html

    With the default method the second band is the standard error of each height. A model of more than four
    million cells is made tile by tile; interrupted, the same command goes on from there.
    """
    from whence.cli.progress import counter
    from whence.maps.heights.contour_files import read_contours_with_facts
    from whence.maps.heights.making import Consent, check, make_model
    from whence.maps.heights.model_file import ModelFile

    _check_grid(options)
    companions = [options[name] for name in ("spots", "lakes", "breaklines", "like", "heights")]
    keep_inputs((contours, *companions), (out, options["hillshade"]), report=options["report"])
    read = read_contours_with_facts(
        contours,
        crs=options["crs"],
        field=options["field"],
        layer=options["layer"],
        missing=options["missing"],
        unit="metre" if options["heights"] is not None else options["unit"],
    )
    consent = Consent(repair=options["repair"], drop_crossing=options["drop_crossing"])
    checked = check(read.terrain, cell_m=_number(options["cell"]), consent=consent)
    _tell(read.facts, checked)
    terrain = _raised(_with_companions(checked.terrain, options), options["heights"])
    terrain.samples()  # refuses what is level before a grid is laid around it
    lattice = _lattice(terrain, options)
    file = ModelFile(terrain.crs, options["vertical"], options["form"])
    try:
        with counter("tiles") as tell:
            made = make_model(out, terrain, lattice, method=options["method"], file=file, tell=tell)
    except KeyboardInterrupt:
        click.echo(visible(f"what is finished is kept beside {out}; the same command goes on"), err=True)
        raise
    _tell_made(made, out, lattice)
    _write_more(out, checked, _raised(checked.terrain, options["heights"]), made, options)
    if as_json:
        facts = [*read.facts, *checked.facts, *made.facts]
        suspects = [asdict(one) for one in checked.suspects]
        crossings = [asdict(one) for one in checked.crossings]
        said = {**asdict(made), "columns": lattice.columns, "rows": lattice.rows, "cell_m": lattice.cell_m}
        click.echo(
            json.dumps({**said, "facts": facts, "suspects": suspects, "crossings": crossings}, indent=1)
        )


def _raised(terrain: Terrain, fit: Path | None) -> Terrain:
    """Bring heights of the sheet to the modern system, where a fit is given."""
    if fit is None:
        return terrain
    from whence.maps.heights.raising import raised, read_line_of_fit

    alpha, beta_m = read_line_of_fit(fit)
    return raised(terrain, alpha=alpha, beta_m=beta_m)


def _write_more(out: Path, checked: Checked, terrain: Terrain, made: Made, options: dict[str, Any]) -> None:
    """Write the hillshade and the page, where they are wanted."""
    if options["hillshade"] is not None:
        from whence.maps.heights.shading import write_hillshade

        write_hillshade(options["hillshade"], out)
        click.echo(visible(f"{options['hillshade']}: hillshade, light from the north-west"), err=True)
    if options["report"] is not None:
        from whence.report.height_page import HeightChapter, write_height_report

        chapter = HeightChapter(
            contours=terrain.contours,
            suspects=checked.suspects,
            contradictions=(*checked.facts, *(str(one) for one in checked.crossings)),
            model=out,
            made=made,
        )
        write_height_report(options["report"], chapter)
        click.echo(visible(f"{options['report']}: the page"), err=True)


def _number(cell: str | None) -> float | None:
    if cell is None or cell == "auto":
        return None
    try:
        return float(cell)
    except ValueError as error:
        raise click.BadParameter(f"{cell!r} is no number of metres, nor auto", param_hint="--cell") from error


def _check_grid(options: dict[str, Any]) -> None:
    if options["unit"] is not None and options["heights"] is not None:
        raise click.UsageError("the fit of --heights has the unit of the heights in it; leave --unit away")
    if options["like"] is None and options["cell"] is None:
        raise click.UsageError("give --cell METRES, --cell auto, or a raster to be --like")
    if options["like"] is not None and (options["cell"] is not None or options["extent"]):
        raise click.UsageError(
            "--like takes cells and extent from the raster; leave --cell and --extent away"
        )


def _with_companions(terrain: Terrain, options: dict[str, Any]) -> Terrain:
    from whence.maps.heights.contour_files import add_breaklines, add_lakes, add_spots

    for name, add in (("spots", add_spots), ("lakes", add_lakes), ("breaklines", add_breaklines)):
        if options[name] is not None:
            terrain = add(terrain, options[name])
    return terrain


def _lattice(terrain: Terrain, options: dict[str, Any]) -> Lattice:
    from whence.earth.crs import require_same
    from whence.maps.heights import Lattice
    from whence.maps.heights.making import choose_cell_m
    from whence.maps.heights.model_file import lattice_of

    if options["like"] is not None:
        lattice, crs = lattice_of(options["like"])
        if crs is not None and terrain.crs is not None:
            require_same(terrain.crs, crs, names=("the contours", str(options["like"])))
        return lattice
    given = _number(options["cell"])
    cell = choose_cell_m(terrain.contours) if given is None else given
    if options["extent"]:
        return Lattice.of_extent(options["extent"], cell)
    return Lattice.around(terrain.positions(), cell)


def _tell(facts: tuple[str, ...], checked: Checked) -> None:
    for fact in (*facts, *checked.facts):
        click.echo(visible(fact), err=True)
    for one in checked.crossings[:_MOST_LISTED]:
        click.echo(str(one), err=True)
    for suspect in checked.suspects:
        click.echo(
            f"line {suspect.line + 1}: {suspect.height_m:g} m contradicts its neighbours, "
            f"{suspect.proposed_m:g} m would agree better",
            err=True,
        )
    if len(checked.crossings) > _MOST_LISTED:
        click.echo(f"and {len(checked.crossings) - _MOST_LISTED} more crossings (--json lists all)", err=True)


def _tell_made(made: Made, out: Path, lattice: Lattice) -> None:
    from whence.maps.heights.surface.variogram import Bin, Variogram

    for name, error in made.rmse_m.items():
        click.echo(f"{name:>18}  {error:.3f} m at what was held out", err=True)
    if "smoothing" in made.options:
        click.echo(f"smoothing {made.options['smoothing']:.3g}", err=True)
    if "variogram" in made.options:
        said = made.options["variogram"]
        bins = tuple(Bin(**one) for one in said["bins"])
        click.echo(str(Variogram(**{**said, "bins": bins})), err=True)
    for fact in made.facts:
        click.echo(visible(fact), err=True)
    click.echo(
        visible(f"{out}: {made.method}, {lattice.columns} × {lattice.rows} cells of {lattice.cell_m:g} m"),
        err=True,
    )
