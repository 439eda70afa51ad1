"""A group of commands that are imported when they run, so that help stays quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports them on demand.

    Parameters
    ----------
    commands
        Name -> "module:command".
    summaries
        Name -> the line of the group's help.
    """

    def __init__(
        self, *arguments: Any, commands: Mapping[str, str], summaries: Mapping[str, str], **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._homes = commands
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands, in the order of the table."""
        return list(self._homes)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if name not in self._homes:
            return None
        module, attribute = self._homes[name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table of summaries, without importing anything."""
        if self._summaries:
            with formatter.section("Commands"):
                formatter.write_dl(list(self._summaries.items()))
