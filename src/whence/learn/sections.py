"""Sections of a configuration: a table of TOML as a frozen dataclass, and back."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["built", "default_of", "flattened", "read_tables", "toml_text", "toml_value"]

Section = TypeVar("Section")


def read_tables(
    path: PathLike, overrides: Mapping[str, Any] | None = None, *, example: str
) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Parameters
    ----------
    path
        The file.
    overrides
        Dotted name -> value, such as ``{"training.batch": 512}``, in the place of what the file says.
    example
        The command that writes such a file, for the message when there is none.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no TOML, or an override names no setting.
    """
    file = Path(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no {file}; `{example}` writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise InputError(f"{file} is no TOML: {error}") from error
    for name, value in (overrides or {}).items():
        _put(values, name, value)
    return values


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    """Set one value by its dotted name."""
    *path, last = name.split(".")
    if not path or not all(path) or not last:
        raise InputError(f"{name!r} names no setting; write section.name, such as training.batch")
    table = values
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"{name!r} names no setting, as {part} is a value")
    table[last] = value


def built(kind: type[Section], table: Mapping[str, Any], section: str) -> Section:
    """Make a dataclass of a table, field by field.

    Parameters
    ----------
    kind
        A dataclass whose fields all have defaults.
    table
        What the file says: lists become tuples, whole numbers fractions where fractions belong.
    section
        Name of the table, for messages.

    Raises
    ------
    InputError
        For a stray key (the message names the known ones), a value of another kind than the default, and
        whatever the dataclass refuses.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"[{section}] must be a table of settings, not {table!r}")
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    stray = [name for name in table if name not in known]
    if stray:
        told = ", ".join(known) or "none"
        raise InputError(f"[{section}] has no setting {stray[0]!r}; it has: {told}")
    values = {
        name: _fitting(value, default_of(known[name]), f"{section}.{name}") for name, value in table.items()
    }
    try:
        return kind(**values)
    except (TypeError, AttributeError) as error:
        raise InputError(f"[{section}] cannot be used as it is: {error}") from error


def default_of(item: Field[Any]) -> Any:
    """Give the default of a field."""
    if item.default is not MISSING:
        return item.default
    return None if item.default_factory is MISSING else item.default_factory()


def _fitting(value: Any, default: Any, name: str) -> Any:
    """Bring a value of TOML to the kind of the default."""
    value = tuple(value) if isinstance(value, list) else value
    flags = isinstance(value, bool), isinstance(default, bool)
    if default is None or (isinstance(value, type(default)) and flags[0] == flags[1]):
        return value
    if isinstance(default, Mapping) and isinstance(value, Mapping):
        return value
    if isinstance(default, float) and isinstance(value, int) and not flags[0]:
        return float(value)
    told = toml_value(list(value) if isinstance(value, tuple) else value)
    raise InputError(f"{name} is {told}; it must be of the kind of {toml_value(default)}, {_kind(default)}")


def _kind(default: Any) -> str:
    """Say what a value of TOML is to be."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (tuple, 'a list, such as [1, 2] or ["a", "b"]'),
        (Mapping, "a table, such as {key = 1}"),
    )
    return next((told for kind, told in kinds if isinstance(default, kind)), type(default).__name__)


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested tables as one, with dotted names; tuples as lists."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat


def toml_text(values: Mapping[str, Any], prefix: str = "") -> str:
    """Write nested tables as TOML; None is left out."""
    plain = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"{_key(name)} = {toml_value(value)}" for name, value in plain.items() if value is not None]
    if prefix and (lines or not values):
        lines = [f"[{prefix}]", *lines]
    parts = ["\n".join(lines)] if lines else []
    for name, value in values.items():
        if isinstance(value, Mapping):
            parts.append(toml_text(value, f"{prefix}.{_key(name)}" if prefix else _key(name)).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def toml_value(value: Any) -> str:
    """Write one value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {toml_value(item)}" for name, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
