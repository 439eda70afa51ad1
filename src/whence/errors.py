"""The errors of the house: one root, few leaves, each also the built-in it refines.

A message states the fact and the way out. Catch `WhenceError` to catch them all.
"""

from __future__ import annotations

__all__ = [
    "DivergedError",
    "FormatError",
    "InputError",
    "MissingExtraError",
    "MissingGridError",
    "NotAnImageError",
    "NotEnoughDataError",
    "NotFoundError",
    "WhenceError",
]


class WhenceError(Exception):
    """Root of every error that whence raises on purpose."""


class InputError(WhenceError, ValueError):
    """An argument, a file's content or a table's value that cannot be used as it is."""


class NotEnoughDataError(InputError):
    """Too few (or degenerate) data to fit what was asked for."""


class DivergedError(WhenceError, ArithmeticError):
    """A training whose loss is no longer a number."""


class MissingGridError(InputError):
    """A change of vertical system that needs the grid of a geoid which is not here; the message names it."""


class NotFoundError(WhenceError, FileNotFoundError):
    """A file, folder, place or model that is not where it was looked for."""


class NotAnImageError(InputError):
    """A file that is there but cannot be read as a picture (empty, truncated, another format, a bomb)."""


class FormatError(InputError):
    """A file or folder written by whence that is broken, incomplete or of an unknown version."""


class MissingExtraError(WhenceError, ImportError):
    """A feature whose optional dependencies are not installed; the message names the pip command."""
