"""whence map landmarks: a scan placed by the names on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.maps.landmarks import Landmarks, Placement
    from whence.maps.landmarks.place_files import NamedPlaces

__all__ = ["landmarks"]

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
new = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("scan", type=existing)
@click.option(
    "--names",
    type=existing,
    help="CSV with name, column, row and perhaps spread_px. Without it the names are read from the scan.",
)
@click.option(
    "--places",
    type=existing,
    help="Places by name instead of the gazetteer's: GeoJSON or OSM XML; .osm.pbf and .gpkg with pyogrio.",
)
@click.option("--region", help="Where it is: FR, Sweden, Lund, a GeoJSON file, or west,south,east,north.")
@click.option("--crs", help="Coordinate system of the points to write; a fitting one when not given.")
@click.option("--kind", default="auto", show_default=True, help="Transform of the fit, as in whence map fit.")
@click.option("--mirrored", is_flag=True, help="The scan shows its back.")
@click.option("--readers", help="Readers of text, separated by commas: rapidocr, tesseract.")
@click.option("--out", type=new, help="Write the points that agree: .points, .csv, .txt, .geojson.")
@click.option(
    "--names-out", type=new, help="Write the names that were read to a CSV for --names, to correct them."
)
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def landmarks(
    scan: Path,
    names: Path | None,
    places: Path | None,
    region: str | None,
    crs: str | None,
    kind: str,
    mirrored: bool,
    readers: str | None,
    out: Path | None,
    names_out: Path | None,
    as_json: bool,
) -> None:
    """Place SCAN by the names on it: towns, villages, landmarks.

    Every name may mean many places; those are taken that lie as the names stand on the scan. Where chance
    would find such a placement too, or two placements contradict each other, nothing is written.

    \b
    whence map landmarks scan.jpg --names names.csv --out scan.points
    whence map landmarks scan.jpg --region Zambia --names-out names.csv --out scan.points
    whence map landmarks town.jpg --names churches.csv --places town.osm --out town.points
    """
    from whence.maps import write_points
    from whence.places import parse_region

    found = _landmarks(scan, names, readers)
    if names_out is not None:
        from whence.maps.landmarks.tables import write_landmarks

        write_landmarks(names_out, found)
    placement = found.solve(
        None if places is None else _source(places),
        region=None if region is None else parse_region(region),
        crs=crs,
        kind=kind,
        handed="mirrored" if mirrored else "map",
    )
    if out is not None:
        write_points(out, placement.points)
    content = json.dumps(placement.to_json(), ensure_ascii=False, indent=1)
    click.echo(content if as_json else _report(placement))


def _landmarks(scan: Path, names: Path | None, readers: str | None) -> Landmarks:
    from whence.maps.landmarks import read_landmarks

    if names is not None:
        from whence.imagery.raster import open_raster

        with open_raster(scan) as reader:
            return read_landmarks(names, size_px=(reader.raster.width, reader.raster.height))
    from whence.imagery.photo import open_image
    from whence.imagery.text import available_readers
    from whence.maps.landmarks import Landmarks
    from whence.maps.landmarks.labels import propose_landmarks

    picture = open_image(scan)
    found = propose_landmarks(picture, available_readers(readers.split(",") if readers else None))
    return Landmarks(tuple(found), (picture.shape[1], picture.shape[0]))


def _source(places: Path) -> NamedPlaces:
    from whence.maps.landmarks.place_files import read_places

    return read_places(places)


def _report(placement: Placement) -> str:
    """Return what each name means, and which are left out."""
    width = max(len("name"), *(len(visible(one.name)) for one in placement.assigned))
    lines = [visible(placement.summary), "", f"{'name':{width}} {'column':>8} {'row':>8} {'px':>6}  place"]
    for one in placement.assigned:
        rank = f" ({one.rank} of {one.candidates})" if one.rank > 1 else ""
        lines.append(
            f"{visible(one.name):{width}} {one.pixel[0]:8.1f} {one.pixel[1]:8.1f} {one.error_px:6.1f}  "
            f"{visible(one.place)}{rank}"
        )
    if placement.rejected:
        lines += ["", "Left out:", *(visible(one.sentence) for one in placement.rejected)]
    return "\n".join(lines)
