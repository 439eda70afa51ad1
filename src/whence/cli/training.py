"""What the commands that train have in common: their options, and what they say when a run is complete."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FinishedRun", "is_first_process", "run_options", "tell_run"]

Command = TypeVar("Command", bound=Callable[..., Any])


class FinishedRun(Protocol):
    """What is told of a run."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """Its figures."""

    def sentences(self) -> list[str]:
        """Tell how good the model is."""


def run_options(*, example: str) -> Callable[[Command], Command]:
    """Give a command CONFIG, --out, --set, --restart and --json.

    Parameters
    ----------
    example
        A setting, to be shown in the help.
    """
    parts = [
        click.argument("config", required=False, type=click.Path(path_type=Path)),
        click.option("--out", type=click.Path(path_type=Path), help="The folder of the run."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help=f"Such as {example}; may be repeated.",
        ),
        click.option(
            "--restart", is_flag=True, help="Do not go on from an interrupted run, nor return a complete one."
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="The figures as JSON to stdout instead of text."
        ),
    ]

    def decorate(command: Command) -> Command:
        for part in reversed(parts):
            command = part(command)
        return command

    return decorate


def is_first_process() -> bool:
    """Tell whether this is the process that speaks, of several that train together."""
    return os.environ.get("RANK", "0") == "0"


def tell_run(run: FinishedRun, *, as_json: bool) -> None:
    """Say where a run is, and give its figures."""
    click.echo(f"wrote {run.folder}", err=True)
    if as_json:
        click.echo(json.dumps(run.evaluation, ensure_ascii=False, indent=1))
        return
    for sentence in run.sentences():
        click.echo(visible(sentence))
