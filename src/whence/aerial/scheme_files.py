"""Schemes in files of the user: TOML or JSON."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.aerial.scheme import Colour, LandClass, Scheme
from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["read_scheme", "scheme_of", "write_scheme"]


def read_scheme(path: PathLike) -> Scheme:
    """Read a scheme from a file.

    Parameters
    ----------
    path
        ``.toml`` or ``.json`` with the keys that `Scheme.of_json` takes.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it cannot be read, or says something that no scheme has.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}; a scheme is a .toml or .json file with classes")
    try:
        text = file.read_text("utf-8")
        values = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
        return scheme_of({"name": file.stem} | values if isinstance(values, dict) else values)
    except ValueError as error:  # what both parsers and the scheme itself raise
        raise InputError(f"{file}: {error}") from error


def write_scheme(path: PathLike, scheme: Scheme) -> None:
    """Write a scheme as JSON, whole or not at all; `read_scheme` reads it."""
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(scheme.to_json(), ensure_ascii=False, indent=1) + "\n", "utf-8")


def scheme_of(values: Mapping[str, Any]) -> Scheme:
    """Make a scheme of plain values; see `Scheme.of_json`."""
    _check_keys(values, {one.name for one in dataclasses.fields(Scheme)}, "a scheme")
    listed = values.get("classes")
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise InputError("a scheme needs classes: a list of tables with name and colour")
    classes = tuple(_class_of(one) for one in listed)
    names = [one.name for one in classes]
    return Scheme(
        name=str(values.get("name", "unnamed")),
        classes=classes,
        ignored_colours=tuple(_colour_of(one) for one in _list(values, "ignored_colours")),
        ignored_raw=_numbers(_list(values, "ignored_raw"), "ignored_raw"),
        counted=tuple(_place(one, names) for one in _list(values, "counted")),
        protocol=str(values.get("protocol", "")),
    )


def _list(values: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = values.get(name, ())
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise InputError(f"{name} is {found!r}; it is a list")
    return found


def _check_keys(values: Any, known: Iterable[str], what: str) -> None:
    if not isinstance(values, Mapping):
        raise InputError(f"{values!r} is not {what}, which is a table of names and values")
    stray = sorted(set(values) - set(known))
    if stray:
        raise InputError(f"{what} has no {stray[0]!r}; it has {', '.join(sorted(known))}")


def _class_of(values: Any) -> LandClass:
    _check_keys(values, ("name", "colour", "raw"), "a class")
    for needed in ("name", "colour"):
        if needed not in values:
            raise InputError(f"the class {values.get('name', dict(values))!r} has no {needed}")
    raw = values.get("raw", ())
    numbers = (raw,) if isinstance(raw, int) else raw
    return LandClass(str(values["name"]), _colour_of(values["colour"]), _numbers(numbers, "raw"))


def _colour_of(value: Any) -> Colour:
    if isinstance(value, str) and re.fullmatch(r"#?[0-9a-fA-F]{6}", value):
        number = int(value.removeprefix("#"), 16)
        return number >> 16, number >> 8 & 255, number & 255
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 3:
        red, green, blue = _numbers(value, "colour")
        return red, green, blue
    raise InputError(f"{value!r} is no colour; give '#rrggbb' or three numbers of 0 to 255")


def _numbers(values: Any, what: str) -> tuple[int, ...]:
    if not isinstance(values, Sequence) or any(type(value) is not int for value in values):
        raise InputError(f"{what} is {values!r}; it is a list of whole numbers")
    return tuple(values)


def _place(value: Any, names: list[str]) -> int:
    if isinstance(value, str) and value in names:
        return names.index(value)
    if type(value) is int:
        return value
    raise InputError(f"counted names {value!r}, which is no class; there are {', '.join(names)}")
