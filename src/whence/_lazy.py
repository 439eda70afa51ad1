"""Names that are imported when first used: those a package offers, and those that tables of parts hold."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

from whence.errors import InputError

__all__ = ["exports", "named", "part"]


def named(home: str) -> Any:
    """Import what an entry of a table names.

    Parameters
    ----------
    home
        Such as ``"whence.earth.partitions.grid:DegreeGrid"``.
    """
    module, _, attribute = home.partition(":")
    return getattr(importlib.import_module(module), attribute)


def part(table: Mapping[str, str], name: str, what: str) -> Any:
    """Import the part that goes by a name of a table.

    Parameters
    ----------
    table
        Name -> home, as `named` takes it.
    name
        What was asked for.
    what
        What the table holds, for the message.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in table:
        raise InputError(f"there is no {what} {name!r}; choose one of: {', '.join(table)}")
    return named(table[name])


def exports(
    package: str, homes: Mapping[str, str], *, modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package that loads nothing by itself.

    Parameters
    ----------
    package
        Its ``__name__``; it has an ``__all__``.
    homes
        Name that it offers -> module, relative to the package, in which it is.
    modules
        Modules and packages in it that can be used without being imported by name.
    """

    def get(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def offered() -> list[str]:
        return sorted(sys.modules[package].__all__)

    return get, offered
