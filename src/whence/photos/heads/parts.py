"""Reading the parts of a finished head, with a sentence where one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.typing import Json

__all__ = ["array_of", "value_of"]


def value_of(settings: Json, key: str) -> Any:
    """Give a setting.

    Raises
    ------
    FormatError
        When it is missing.
    """
    if key not in settings:
        raise FormatError(f"the settings of the head lack {key!r}; its file is incomplete")
    return settings[key]


def array_of(arrays: Mapping[str, NDArray[Any]], key: str, *shape: int) -> NDArray[Any]:
    """Give an array of a shape, in which -1 stands for any length.

    Raises
    ------
    FormatError
        When it is missing, has another shape, or is not finite.
    """
    if key not in arrays:
        raise FormatError(f"the weights of the head lack {key!r}; its file is incomplete")
    values = np.asarray(arrays[key])
    fitting = values.ndim == len(shape) and all(
        wanted in (-1, length) for wanted, length in zip(shape, values.shape, strict=False)
    )
    if not fitting or not np.isfinite(values).all():
        raise FormatError(f"{key!r} of the head has the shape {values.shape} or is not finite; it is broken")
    return values
