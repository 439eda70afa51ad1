"""Optional dependencies: imported when first needed, with a sentence when absent."""

from __future__ import annotations

import importlib
from importlib import util
from typing import Any

from whence.errors import MissingExtraError

__all__ = ["available", "require"]


def available(module: str) -> bool:
    """Tell whether `module` is installed, without importing it."""
    return util.find_spec(module) is not None


def require(module: str, *, extra: str) -> Any:
    """Import an optional dependency.

    Parameters
    ----------
    module
        Dotted name to import, such as ``"torch"``.
    extra
        The extra of this package that brings it.

    Raises
    ------
    MissingExtraError
        When the module is not installed; the message names the pip command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"{module} is not installed; it comes with: pip install 'whence[{extra}]'"
        ) from error
