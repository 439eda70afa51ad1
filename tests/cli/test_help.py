"""Help, versions and mistyped commands."""

from __future__ import annotations

import click
import pytest

from whence import __version__
from whence.cli import COMMANDS, SUMMARIES, whence


def test_help_lists_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)
    assert SUMMARIES.keys() == COMMANDS.keys()


def test_the_version_is_the_packages(run):
    assert run("--version").stdout == f"whence, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run, name):
    result = run(name, "--help")
    assert result.exit_code == 0
    command = whence.get_command(click.Context(whence), name)
    assert command is not None
    assert command.help.splitlines()[0].split()[0] in result.stdout


def test_a_mistyped_command_has_status_2(run):
    result = run("lcoate")
    assert result.exit_code == 2
    assert "No such command 'lcoate'" in result.stderr
