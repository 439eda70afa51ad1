"""Settings given on the command line as ``key=value``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_settings"]


def read_settings(given: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` texts: a value is JSON, or else text.

    Raises
    ------
    InputError
        For a text without a key or an equals sign.

    Examples
    --------
    >>> read_settings(["training.batch=512", "head.loss=haversine"])
    {'training.batch': 512, 'head.loss': 'haversine'}
    """
    return dict(map(_setting, given))


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {text!r} says no value; write it as key=value, such as training.batch=512")
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value.strip()
