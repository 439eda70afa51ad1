"""whence demo: the whole of it on a town drawn by code."""

from __future__ import annotations

import csv
import shutil
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.estimate import Estimate

__all__ = ["demo"]

KNOWN_CAMERA = "phone"
EVENING = 19
"""Hour from which the town's photographs are taken at dusk."""


@click.command()
@click.option(
    "--out",
    default=Path("demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for photographs, index and report.",
)
@click.option(
    "--count", default=200, show_default=True, type=click.IntRange(20, 5000), help="Photographs to draw."
)
@click.option("--seed", default=0, show_default=True, help="Of the town and the walks through it.")
def demo(out: Path, count: int, seed: int) -> None:
    """Draw a little town, index the photographs of one camera, locate those of another, write a report.

    An old map of the town is drawn too, georeferenced, its contours traced and its heights recovered, and all
    of it compared with the truth. An orthophoto is drawn, a network learns its western half and is asked the
    eastern, where torch is installed.

    \b
    whence demo
    whence demo --out /tmp/demo --count 60

    The town is drawn by code and knows the truth everywhere: its figures show that the parts work together,
    not how good they are on real photographs.
    """
    from whence.photos.evaluate import evaluate
    from whence.report.page import write_map

    table = _photographs(out / "photos", count, seed)
    known, asked = _split(table)
    index = out / "town.index"
    _index(known, index)
    estimates = _locate(asked, index)
    figures = evaluate([estimate.to_row() for estimate in estimates])
    report = out / "report.html"
    folder = table.parent
    write_map(
        report,
        estimates,
        title="The small world: photographs of a drawn town",
        evaluation=figures,
        files={estimate.path: folder / estimate.path for estimate in estimates},
    )
    old_map = _old_map(out / "map", seed)
    click.echo("Measured on a town drawn by code: it shows that the parts work together, no more.\n")
    click.echo(_by_light(asked, estimates))
    click.echo(figures.summary())
    click.echo(f"\nThe map of all answers and their evidence: {report}")
    click.echo(f"\n{old_map}")
    click.echo("One sheet is one throw; docs/methods/error-of-a-map.md counts the same over many.")
    click.echo(f"The report of the old map: {out / 'map' / 'report.html'}")
    click.echo(f"\n{_land_cover(out / 'aerial', seed)}")
    click.echo(
        "\nYour own photographs: whence index build KNOWN/ --table known.csv --out my.index && "
        "whence locate NEW/ --index my.index --out map.html"
    )
    click.echo("Your own map: whence map fit sheet.points --scan sheet.jpg --report sheet.html")


def _photographs(folder: Path, count: int, seed: int) -> Path:
    """Draw the photographs, unless an earlier run has drawn the very same."""
    from whence.cli.progress import counter
    from whence.smallworld import Town, write_photographs

    recipe = folder / "recipe.txt"
    wanted = f"count {count} seed {seed}\n"
    if recipe.exists() and recipe.read_text("utf-8") == wanted:
        return folder / "photos.csv"
    if folder.exists():
        shutil.rmtree(folder)
    click.echo(f"drawing {count} photographs of a town that does not exist …", err=True)
    with counter("drawing") as progress:
        table = write_photographs(Town.build(seed), folder, count=count, progress=progress)
    recipe.write_text(wanted, "utf-8")
    return table


def _old_map(folder: Path, seed: int) -> str:
    """Draw the old map, unless an earlier run has, and tell how well place and heights are recovered."""
    from whence.cli.demo_heights import recovered
    from whence.cli.demo_map import georeferenced, table_of, write_report
    from whence.smallworld import Town, draw_old_map

    recipe = folder / "recipe.txt"
    wanted = f"seed {seed}, with heights\n"
    if not recipe.exists() or recipe.read_text("utf-8") != wanted:
        click.echo("drawing an old map of the town …", err=True)
        draw_old_map(Town.build(seed), folder, seed=seed)
        recipe.write_text(wanted, "utf-8")
    click.echo("georeferencing the old map in three ways …", err=True)
    outcomes = georeferenced(folder)
    click.echo("tracing its contours, and recovering the heights …", err=True)
    heights = recovered(folder, outcomes[0].fit)
    write_report(folder, outcomes[0], heights=heights.chapter)
    return f"{table_of(outcomes)}\n\n{heights.text}"


def _land_cover(folder: Path, seed: int) -> str:
    """Draw the orthophoto in two halves, unless an earlier run has; tell how well one teaches the other."""
    from whence.cli.demo_aerial import CELL_M, HALVES, MISSING, is_possible, land_cover, told
    from whence.cli.progress import counter
    from whence.smallworld import Town, draw_orthophoto

    if not is_possible():
        return MISSING
    recipe = folder / "recipe.txt"
    wanted = f"seed {seed}\n"
    if not recipe.exists() or recipe.read_text("utf-8") != wanted:
        click.echo("drawing an orthophoto of the town …", err=True)
        folder.mkdir(exist_ok=True)
        for half, east_m in HALVES.items():
            draw_orthophoto(
                Town.build(seed), folder / half, seed=seed, cell_m=CELL_M, half_m=(270.0, 550.0),
                middle_m=(east_m, 0.0),
            )  # fmt: skip
        recipe.write_text(wanted, "utf-8")
    click.echo("training a network on the western half, and asking it about the eastern …", err=True)
    with counter("training") as progress:
        found = land_cover(folder, progress=progress)
    return f"{told(found)}\nThe report of the orthophoto: {found.report}"


def _split(table: Path) -> tuple[Path, Path]:
    """Put the photographs of the camera with known positions in one table, the others in another."""
    from whence.imagery.rows import write_rows

    rows = _rows(table)
    known, asked = table.with_name("known.csv"), table.with_name("asked.csv")
    for path, kept in (
        (known, [row for row in rows if row["camera_id"] == KNOWN_CAMERA]),
        (asked, [row for row in rows if row["camera_id"] != KNOWN_CAMERA]),
    ):
        write_rows(path, kept, list(rows[0]))
    return known, asked


def _index(known: Path, folder: Path) -> None:
    from whence.cli.progress import counter
    from whence.photos.index import PlaceIndex
    from whence.photos.locate import gather

    if folder.exists():
        shutil.rmtree(folder)
    click.echo("learning an index from the photographs of one camera …", err=True)
    with counter("encoding") as progress:
        PlaceIndex.build(gather([], table=known), folder, progress=progress)


def _locate(asked: Path, index: Path) -> list[Estimate]:
    from whence.cli.progress import track
    from whence.photos.locate import gather, locate_each, locator

    photos = gather([], table=asked)
    click.echo("locating those of another camera, without positions in their files …", err=True)
    prepared = locator(index=index)
    return list(track(locate_each(photos, prepared), total=len(photos), what="locating"))


def _by_light(asked: Path, estimates: Sequence[Estimate]) -> str:
    """Compare day and dusk, the one change of conditions that the town has."""
    from whence.photos.summary import length_text

    hours = [datetime.fromisoformat(row["captured_at"]).hour for row in _rows(asked)]
    lines = [
        f"{'':8}{'photos':>8}{'located':>9}{'median error':>14}{'within 25 m':>13}{'in their radius':>17}"
    ]
    for name, wanted in (
        ("by day", [hour < EVENING for hour in hours]),
        ("at dusk", [hour >= EVENING for hour in hours]),
    ):
        chosen = [estimate for estimate, take in zip(estimates, wanted, strict=True) if take]
        errors_m = [estimate.error_m for estimate in chosen if estimate.error_m is not None]
        if not errors_m:
            continue
        near = sum(error <= 25 for error in errors_m) / len(chosen)
        kept = sum(
            e.error_m <= e.radius_m for e in chosen if e.error_m is not None and e.radius_m is not None
        )
        lines.append(
            f"{name:8}{len(chosen):8}{len(errors_m):9}{length_text(median(errors_m)):>14}"
            f"{near:13.0%}{kept / len(chosen):17.0%}"
        )
    return "\n".join(lines)


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
