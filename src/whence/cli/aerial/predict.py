"""whence aerial predict: the land cover of an image of any size."""

from __future__ import annotations

import json
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.aerial.prediction import Prediction

__all__ = ["predict"]

a_file = click.Path(dir_okay=False, path_type=Path)


def _numbers(_context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """Whole numbers with commas between them."""
    if text is None:
        return None
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} are no whole numbers with commas", param=option) from None


def _window(context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    found = _numbers(context, option, text)
    if found is not None and len(found) != 4:
        raise click.BadParameter("give column,row,width,height", param=option)
    return found


def _range(_context: click.Context, option: click.Parameter, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} are not two numbers such as 0,4095", param=option) from None
    return low, high


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--model", default="starter", show_default=True, help="Folder, or a model that comes along.")
@click.option("--out", required=True, type=a_file, help="GeoTIFF of the classes.")
@click.option("--tile", default=512, show_default=True, help="Side of the tiles in pixels.")
@click.option(
    "--overlap",
    type=float,
    show_default="128, or half of a smaller tile",
    help="Pixels, or below 1 a share of the tile.",
)
@click.option("--batch", default=4, show_default=True, help="Tiles that the network sees at once.")
@click.option("--workers", default=2, show_default=True, help="Threads that read.")
@click.option("--augment", default="none", show_default=True, help="none, or d4: mean of 8 positions.")
@click.option("--probabilities", type=a_file, metavar="FILE", help="Also write a band for every class.")
@click.option("--probability-type", default="uint8", show_default=True, help="uint8, float16 or float32.")
@click.option("--uncertainty", is_flag=True, help="Also write NAME.uncertainty.tif beside the classes.")
@click.option("--measure", default="entropy", show_default=True, help="Of uncertainty: entropy or margin.")
@click.option("--engine", default="torch", show_default=True, help="torch, onnx or openvino.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--precision", default="float32", show_default=True, help="float32, or bf16 (faster).")
@click.option("--resolution", type=float, metavar="METRES", help="Cells that the network is to see.")
@click.option("--cell", type=float, metavar="METRES", help="Pixels of an image that does not say it.")
@click.option("--bands", callback=_numbers, metavar="1,2,3", help="Which bands to use; the first ones.")
@click.option(
    "--window", callback=_window, metavar="COLUMN,ROW,WIDTH,HEIGHT", help="Part to predict, in pixels."
)
@click.option("--nodata", type=float, help="Value that means nothing, where the file does not say it.")
@click.option("--alpha", type=int, metavar="BAND", help="Band that is 0 where nothing is, if undeclared.")
@click.option(
    "--range",
    "value_range",
    callback=_range,
    metavar="LOW,HIGH",
    help="Values that are black and white, such as 0,4095, where the image does not use all of its bits.",
)
@click.option("--compression", default="deflate", show_default=True, help="none, deflate, lzw or zstd.")
@click.option("--restart", is_flag=True, help="Do again what an earlier run has done.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def predict(
    image: Path,
    model: str,
    out: Path,
    tile: int,
    overlap: float | None,
    batch: int,
    workers: int,
    augment: str,
    probabilities: Path | None,
    probability_type: str,
    uncertainty: bool,
    measure: str,
    engine: str,
    device: str,
    precision: str,
    resolution: float | None,
    cell: float | None,
    bands: tuple[int, ...] | None,
    window: tuple[int, int, int, int] | None,
    nodata: float | None,
    alpha: int | None,
    value_range: tuple[float, float] | None,
    compression: str,
    restart: bool,
    as_json: bool,
) -> None:
    """Tell the land cover of IMAGE, of any size.

    \b
    whence aerial predict ortho.tif --out classes.tif
    whence aerial predict ortho.tif --model DIR --out classes.tif --augment d4 --probabilities shares.tif

    The classes get the coordinate system and the place of IMAGE, colours and names; 255 is nothing. The same
    command goes on where it was interrupted.
    """
    from whence import aerial
    from whence.cli.progress import counter

    with counter("predicting") as tell, _way_on(out):
        found = aerial.predict(
            image,
            aerial.load_model(model, device=device, precision=precision),
            out,
            tile=tile,
            overlap=overlap,
            batch=batch,
            workers=workers,
            augment=augment,
            probabilities=probabilities,
            probability_type=probability_type,
            uncertainty=out.with_name(f"{out.stem}.uncertainty{out.suffix}") if uncertainty else None,
            measure=measure,
            engine=engine,
            resolution_m=resolution,
            cell_m=cell,
            bands=bands,
            window=window,
            nodata=nodata,
            value_range=value_range,
            alpha=alpha,
            compression=compression,
            restart=restart,
            progress=tell,
            say=lambda sentence: click.echo(visible(sentence), err=True),
        )
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        return
    _tell(found)


@contextmanager
def _way_on(out: Path) -> Iterator[None]:
    """Tell someone who interrupts that finished rows are kept."""
    try:
        yield
    except KeyboardInterrupt:
        if out.with_name(f".{out.name}.partial").is_dir():
            click.echo("what is finished is kept; the same command goes on from there", err=True)
        raise


def _tell(found: Prediction) -> None:
    all_tiles, empty, earlier = found.tiles
    parts = [f"{all_tiles} tile{'s' * (all_tiles != 1)}"]
    parts += [f"{empty} of them empty"] if empty else []
    parts += [f"{earlier} from an earlier run"] if earlier else []
    click.echo(visible(f"{', '.join(map(str, found.layers.values()))}: {', '.join(parts)}"), err=True)
    for name, share in sorted(found.shares.items(), key=lambda one: -one[1]):
        click.echo(f"{100 * share:5.1f} %  {visible(name)}")
    polygons = found.path.with_suffix(".gpkg")
    following = shlex.join(["whence", "aerial", "polygons", str(found.path), "--out", str(polygons)])
    click.echo(visible(f"next: {following}"), err=True)
