"""whence train: a model from a feature store and a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whence.cli.settings import read_settings
from whence.cli.training import is_first_process, run_options, tell_run
from whence.cli.watching import telling, way_on
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.photos.training import Run

__all__ = ["train"]


@click.command()
@run_options(example="training.batch=512")
@click.option("--example", metavar="HEAD", help="Print a commented configuration for a head, and do nothing.")
@click.option(
    "--zero-shot",
    metavar="ENCODER",
    help="Write a model of names alone: no photographs, no CONFIG. --set countries, per_country, patches.",
)
def train(
    config: Path | None,
    out: Path | None,
    settings: tuple[str, ...],
    restart: bool,
    example: str | None,
    zero_shot: str | None,
    as_json: bool,
) -> None:
    """Train a head as CONFIG (TOML) says, calibrate it, and write a model with its figures.

    \b
    whence train --example cells > train.toml
    whence train train.toml --out run
    whence train train.toml --out wide --set head.hidden=[1024] --set training.batch=1024
    whence locate photo.jpg --model run/model
    whence train --zero-shot clip-vit-b32 --out names.model --set countries='["SE", "NO"]'

    An interrupted run goes on when the same command is given again, to the same result. On several GPUs:
    accelerate launch -m whence train train.toml --out run.
    """
    if example is not None:
        from whence.photos.training import example_config

        click.echo(example_config(example), nl=False)
        return
    if zero_shot is not None and out is not None and config is None:
        click.echo(f"wrote {_by_names(zero_shot, out, settings)}", err=True)
        return
    if config is None or out is None:
        raise InputError("name a configuration and the folder to make: whence train CONFIG --out RUN")
    run = _trained(config, out, settings, restart=restart)
    if is_first_process():
        tell_run(run, as_json=as_json)


def _trained(config: Path, out: Path, settings: tuple[str, ...], *, restart: bool) -> Run:
    from whence.photos.training import TrainConfig
    from whence.photos.training import train as trained

    asked = TrainConfig.read(config, overrides=read_settings(settings))
    with telling() as watch, way_on(out):
        return trained(asked, out, restart=restart, watch=watch)


def _by_names(source: str, out: Path, settings: tuple[str, ...]) -> Path:
    from whence.learn.sections import built
    from whence.photos.heads.zero_shot import ZeroShot
    from whence.photos.training import zero_shot_model

    asked = built(ZeroShot, read_settings(settings), "zero-shot")
    zero_shot_model(source, out, settings=asked)
    return out
