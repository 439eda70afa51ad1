"""whence aerial tile: scenes into tiles of one size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible
from whence.cli.watching import way_on

if TYPE_CHECKING:
    from whence.aerial.datasets import SceneSet
    from whence.aerial.tiling import Cutting

__all__ = ["tile"]

folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--img-dir", type=folder, help="Folder of images.")
@click.option("--mask-dir", type=folder, help="Folder of masks; without, images alone are cut.")
@click.option("--output-img-dir", type=folder, required=True, help="Where image tiles go.")
@click.option("--output-mask-dir", type=folder, help="Where mask tiles go.")
@click.option("--eroded", is_flag=True, help="Take the masks with eroded borders (…_noBoundary).")
@click.option("--gt", is_flag=True, help="Masks in colours, for looking at, instead of training ids.")
@click.option("--rgb-image", is_flag=True, help="Images ending in _RGB; else _IRRG, where names say it.")
@click.option(
    "--mode",
    type=click.Choice(["train", "val"]),
    default="train",
    show_default=True,
    help="train leaves out tiles without any class; val keeps all.",
)
@click.option("--val-scale", default=1.0, show_default=True, help="Resample scenes before; in mode val.")
@click.option("--split-size", default=1024, show_default=True, help="Side of a tile, pixels.")
@click.option(
    "--stride",
    type=int,
    show_default="512, or the split size where that is less",
    help="From one tile to the next, pixels.",
)
@click.option("--dataset", default="potsdam", show_default=True, help="Its name, or a file of a scheme.")
@click.option("--root", type=folder, help="The whole data set as published, instead of two folders.")
@click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="With --root: one published split."
)
@click.option(
    "--edge",
    type=click.Choice(["pad", "shift"]),
    default="pad",
    show_default=True,
    help="At the rim: fill up with nothing, or step back.",
)
@click.option("--tolerance", default=0, type=click.IntRange(0, 255), help="Of colours in masks with losses.")
@click.option("--allow-missing", is_flag=True, help="Leave out images without mask, and tell it.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--restart", is_flag=True, help="Cut again what is there.")
@click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")
def tile(**given: Any) -> None:
    """Cut scenes and their masks into tiles.

    \b
    whence aerial tile --img-dir rgb --mask-dir labels --output-img-dir i --output-mask-dir m --rgb-image
    whence aerial tile --root LoveDA --dataset loveda --split train --output-img-dir i --output-mask-dir m
    whence aerial tile --img-dir a --mask-dir b --dataset my.toml --output-img-dir i --output-mask-dir m

    Images of Potsdam's names (top_potsdam_2_10_RGB.tif, …_label.tif, …_label_noBoundary.tif) and of any
    others are matched without such endings. Tiles keep their place on the ground; what reaches over the rim
    is 0 in the image, said to be nothing there, and 255 in the mask, which is ignored. A colour that the
    scheme does not know is an error with its count. An interrupted cutting goes on with the same command.
    """
    from whence.aerial.tiling import Cut, cut_tiles
    from whence.cli.progress import counter

    cut = Cut(
        side_px=given["split_size"],
        stride_px=min(512, given["split_size"]) if given["stride"] is None else given["stride"],
        mode=given["mode"],
        scale=given["val_scale"],
        edge=given["edge"],
        eroded=given["eroded"],
        coloured=given["gt"],
    )
    scenes = _scenes(given)
    with way_on(given["output_img_dir"]), counter("cutting") as progress:
        cutting = cut_tiles(
            scenes,
            given["output_img_dir"],
            given["output_mask_dir"],
            cut=cut,
            workers=given["workers"],
            restart=given["restart"],
            progress=progress,
        )
    if given["as_json"]:
        click.echo(json.dumps(cutting.to_json(), ensure_ascii=False, indent=1))
    else:
        _tell(cutting, masked=given["mask_dir"] is not None or given["root"] is not None)
        _tell_next(given)


def _scenes(given: dict[str, Any]) -> SceneSet:
    """Open two folders, or a data set as published."""
    from whence.aerial.datasets import DATASETS, open_dataset
    from whence.aerial.datasets.two_folders import two_folders

    if (given["root"] is None) == (given["img_dir"] is None):
        raise click.UsageError("name --img-dir (with --mask-dir), or --root, the whole data set as published")
    if given["img_dir"] is not None:
        if given["split"]:
            raise click.UsageError("--split is of a data set as published; it goes with --root")
        return two_folders(
            given["img_dir"],
            given["mask_dir"],
            dataset=given["dataset"],
            eroded=given["eroded"],
            rgb=given["rgb_image"],
            tolerance=given["tolerance"],
            lenient=given["allow_missing"],
        )
    if given["dataset"] not in DATASETS or given["dataset"] in {"folder", "vectors"}:
        named = ", ".join(name for name in DATASETS if name not in {"folder", "vectors"})
        raise click.UsageError(f"--root takes a published data set: --dataset {named}")
    options: dict[str, Any] = {}
    if given["dataset"] == "potsdam":
        options["image"] = "RGB" if given["rgb_image"] else "IRRG"
    if given["dataset"] in {"potsdam", "vaihingen", "dubai"}:
        options["tolerance"] = given["tolerance"]
    scenes = open_dataset(given["dataset"], given["root"], **options)
    return scenes.choose(split=given["split"]) if given["split"] else scenes


def _tell_next(given: dict[str, Any]) -> None:
    """Say where the tiles are, and how a training takes them."""
    images, masks = given["output_img_dir"], given["output_mask_dir"]
    click.echo(visible(f"wrote {images}" + (f" and {masks}" if masks else "")), err=True)
    if masks is None or given["gt"]:
        return
    data = f'dataset = "folder", root = "{images.parent}"'
    if (images.name, masks.name) != ("images", "masks") or images.parent != masks.parent:
        data += f', options = {{images = "{images}", masks = "{masks}"}}'
    click.echo(visible(f"whence aerial train takes them as [data] with {data}"), err=True)


def _tell(cutting: Cutting, *, masked: bool) -> None:
    """Say what was cut, class by class."""
    rows = [
        ("scenes", str(cutting.scenes)),
        ("tiles", f"{len(cutting.tiles)}, {cutting.padded} of them padded"),
        ("kept from before", str(cutting.kept)),
        ("left out: nothing in the image", str(cutting.empty)),
        ("left out: no class", str(cutting.unlabelled)),
    ]
    if masked:
        rows += [(name, f"{100 * share:.2f} %") for name, share in cutting.shares.items()]
        rows.append(("ignored", f"{100 * cutting.ignored:.2f} % of all pixels"))
    for name, value in rows:
        click.echo(visible(f"{name:32} {value}"))
    for sentence in cutting.left_out:
        click.echo(visible(f"left out: {sentence}"), err=True)
