"""Settings given on the command line as ``key=value``."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_settings"]


def read_settings(given: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` texts: a value is JSON, a list or table of TOML, or else text.

    Raises
    ------
    InputError
        For a text without a key or an equals sign.

    Examples
    --------
    >>> read_settings(["training.batch=512", "head.loss=haversine"])
    {'training.batch': 512, 'head.loss': 'haversine'}
    >>> read_settings(['data.options={scheme = "potsdam", rgb = true}'])
    {'data.options': {'scheme': 'potsdam', 'rgb': True}}
    """
    return dict(map(_setting, given))


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {text!r} says no value; write it as key=value, such as training.batch=512")
    return key.strip(), _value(value.strip())


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _of_toml(text) if text.startswith(("{", "[", "'")) else text


def _of_toml(text: str) -> Any:
    """Read a list, a table or a quoted text; what is none of them, such as a pattern, is text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return read["value"] if read.keys() == {"value"} else text
