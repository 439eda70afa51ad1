"""The table of splits, and how one is asked for by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from whence._lazy import named
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.imagery.catalogue import Catalogue
    from whence.photos.splits.split import Split

__all__ = ["SPLITS", "make_split", "settings_of"]

SPLITS = {
    "grid": "whence.photos.splits.places:grid",
    "cells": "whence.photos.splits.places:cells",
    "blocks": "whence.photos.splits.places:blocks",
    "distance": "whence.photos.splits.places:distance",
    "sequence": "whence.photos.splits.groups:sequence",
    "camera": "whence.photos.splits.groups:camera",
    "author": "whence.photos.splits.groups:author",
    "column": "whence.photos.splits.groups:column",
    "random": "whence.photos.splits.groups:random",
}
"""Name -> "module:function"; the function takes metadata, and seed and settings by name."""

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int": ((int,), "a whole number"),
    "int | None": ((int, type(None)), "a whole number"),
    "float": ((int, float), "a number"),
    "str": ((str,), "text"),
}
"""What a signature says of a setting -> types that it may have, and how to say so."""


def make_split(name: str, metadata: Catalogue, *, seed: int = 0, **settings: Any) -> Split:
    """Divide photographs.

    Parameters
    ----------
    name
        A key of `SPLITS`.
    metadata
        What is known of the photographs. One without a position is unused, whatever the split.
    seed
        Of all random choices.
    **settings
        Those of the function behind the name.

    Raises
    ------
    InputError
        When there is no such split or setting; the message lists those there are.
    NotEnoughDataError
        When the photographs are too few, or too much in one place, for the sides asked for.
    """
    function = _function(name)
    known = settings_of(name)
    stray = [key for key in settings if key not in known]
    if stray:
        told = ", ".join(f"{key} = {value}" for key, value in known.items())
        raise InputError(f"the split {name!r} has no setting {stray[0]!r}; it has {told or 'none'}")
    for key, value in settings.items():
        _check_kind(function, key, value)
    if seed < 0:
        raise InputError(f"a seed is a whole number from 0, not {seed}")
    split: Split = function(metadata, seed=seed, **settings)
    return split


def settings_of(name: str) -> dict[str, Any]:
    """Give the settings of a split with their defaults."""
    parameters = inspect.signature(_function(name)).parameters
    return {
        key: parameter.default for key, parameter in parameters.items() if key not in {"metadata", "seed"}
    }


def _check_kind(function: Callable[..., Split], key: str, value: object) -> None:
    """Refuse a setting of another kind than the function's signature says."""
    wanted = str(inspect.signature(function).parameters[key].annotation)
    kinds, told = _KINDS[wanted]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise InputError(f"the setting {key!r} is {told}, not {value!r}")


def _function(name: str) -> Callable[..., Split]:
    if name not in SPLITS:
        raise InputError(f"no split is called {name!r}; there are {', '.join(SPLITS)}")
    function: Callable[..., Split] = named(SPLITS[name])
    return function
