"""whence aerial train: a segmentation model from images, masks and a configuration."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible
from whence.cli.settings import read_settings
from whence.cli.training import is_first_process, run_options, tell_run
from whence.cli.watching import way_on
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.aerial.training import AerialRun, Watch
    from whence.aerial.training.history import Look

__all__ = ["train"]


@click.command()
@run_options(example="training.batch=4")
@click.option("--example", is_flag=True, help="Print a commented configuration, and do nothing.")
def train(
    config: Path | None,
    out: Path | None,
    settings: tuple[str, ...],
    restart: bool,
    example: bool,
    as_json: bool,
) -> None:
    """Train a network as CONFIG (TOML) says, and write a model with its figures.

    \b
    whence aerial train --example > train.toml
    whence aerial train train.toml --out run
    whence aerial train train.toml --out wide --set training.batch=16 --set network.name=unetformer
    whence aerial predict ortho.tif --model run/model --out classes.tif

    An interrupted run goes on when the same command is given again, to the same result. On several GPUs:
    accelerate launch -m whence aerial train train.toml --out run.
    """
    if example:
        from whence.aerial.training import example_config

        click.echo(example_config(), nl=False)
        return
    if config is None or out is None:
        raise InputError("name a configuration and the folder to make: whence aerial train CONFIG --out RUN")
    run = _trained(config, out, settings, restart=restart)
    if is_first_process():
        _draw(run)
        tell_run(run, as_json=as_json)


def _trained(config: Path, out: Path, settings: tuple[str, ...], *, restart: bool) -> AerialRun:
    from whence.aerial.training import AerialConfig
    from whence.aerial.training import train as trained

    asked = AerialConfig.read(config, overrides=read_settings(settings))
    with _telling() as watch, way_on(out):
        return trained(asked, out, restart=restart, watch=watch)


@contextmanager
def _telling() -> Iterator[Watch]:
    """Show a bar over the steps, sentences, and a line for each look."""
    from whence.aerial.training import Watch
    from whence.cli.progress import counter

    with counter("training") as tell:
        yield Watch(
            look=_tell_look,
            step=tell,
            say=lambda sentence: click.echo(visible(sentence), err=True),
        )


def _tell_look(look: Look) -> None:
    measured = ""
    if look.mean_iou == look.mean_iou:  # not NaN
        measured = f", validation loss {look.validation_loss:.4g}, mean IoU {look.mean_iou:.3f}"
    click.echo(
        f"step {look.step}: training loss {look.train_loss:.4g}{measured}, {look.seconds:.1f} s", err=True
    )


def _draw(run: AerialRun) -> None:
    """Draw the curves beside the model."""
    from whence.imagery.atomic import atomic_path
    from whence.report.aerial_training import aerial_curves
    from whence.report.drawing import image_bytes

    figure = aerial_curves(run.history, protocol=str(run.evaluation["protocol"]))
    with atomic_path(run.folder / "curves.png") as beside:
        beside.write_bytes(image_bytes(figure, "png"))
