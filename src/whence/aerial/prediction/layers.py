"""What is written of the blended probabilities: classes, probabilities, uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.prediction.blending import SCALE
from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Bools, Floats32

__all__ = ["PROBABILITY_TYPES", "STEPS", "UNCERTAINTIES", "Layer", "classes_of", "entropy", "margin"]

STEPS = 250
"""Stands for 1 in layers of 8 bits; 255 stands for nothing."""

PROBABILITY_TYPES = ("uint8", "float16", "float32")


@dataclass(frozen=True)
class Layer:
    """A raster that is written.

    Attributes
    ----------
    name
        What it holds.
    path
        Where it goes.
    bands
        Name of every band.
    dtype
        ``uint8``, ``float16`` (floating point of 32 bits of which 16 are stored) or ``float32``.
    encode
        From blended probabilities (classes, rows, columns), `SCALE` for 1, to (bands, rows, columns).
    scheme
        Its colours and names, for the classes alone.
    """

    name: str
    path: Path
    bands: tuple[str, ...]
    dtype: str
    encode: Callable[[NDArray[Any]], NDArray[Any]]
    scheme: Scheme | None = None

    @property
    def nodata(self) -> float:
        """What is written where nothing is."""
        return float(IGNORE) if self.dtype == "uint8" else float("nan")

    @property
    def scale(self) -> float | None:
        """What values are multiplied with to become shares of 1, or None."""
        return 1 / STEPS if self.dtype == "uint8" and self.scheme is None else None

    @property
    def bits(self) -> int | None:
        """Bits stored of each value where they are fewer than the type has."""
        return 16 if self.dtype == "float16" else None

    @property
    def stored(self) -> str:
        """Type of the values in memory."""
        return "uint8" if self.dtype == "uint8" else "float32"

    def values(self, blended: NDArray[Any], there: Bools | None) -> NDArray[Any]:
        """Encode rows, with the value for nothing where nothing is."""
        found = self.encode(blended).astype(self.stored, copy=False)
        if there is not None:
            found[:, ~there] = self.nodata
        return found

    @classmethod
    def of_classes(cls, path: Path, scheme: Scheme) -> Layer:
        """Give the most probable class."""
        return cls("classes", path, ("class",), "uint8", lambda one: classes_of(one)[None], scheme)

    @classmethod
    def of_probabilities(cls, path: Path, scheme: Scheme, dtype: str) -> Layer:
        """Give a band for every class.

        Raises
        ------
        InputError
            When the type is not one of `PROBABILITY_TYPES`.
        """
        if dtype not in PROBABILITY_TYPES:
            raise InputError(
                f"probabilities are not written as {dtype!r}; choose one of: {', '.join(PROBABILITY_TYPES)}"
            )
        encode = _stepped if dtype == "uint8" else _shares
        return cls("probabilities", path, scheme.names, dtype, encode)

    @classmethod
    def of_uncertainty(cls, path: Path, measure: str) -> Layer:
        """Give one band of a measure of `UNCERTAINTIES`.

        Raises
        ------
        InputError
            When there is no such measure.
        """
        if measure not in UNCERTAINTIES:
            raise InputError(
                f"there is no uncertainty {measure!r}; choose one of: {', '.join(UNCERTAINTIES)}"
            )
        found = UNCERTAINTIES[measure]
        return cls("uncertainty", path, (measure,), "uint8", lambda one: _stepped(found(one) * SCALE)[None])


def classes_of(blended: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the number (rows, columns) of the most probable class; the first of several."""
    best, ids = blended[0].copy(), np.zeros(blended.shape[1:], np.uint8)
    more, raised = np.empty(ids.shape, np.bool_), np.empty(ids.shape, np.uint8)
    for number, layer in enumerate(blended[1:], start=1):
        np.greater(layer, best, out=more)
        np.maximum(best, layer, out=best)
        np.multiply(more.view(np.uint8), np.uint8(number), out=raised)
        np.maximum(ids, raised, out=ids)  # numbers rise, so the last class that was more stays
    return ids


def entropy(blended: NDArray[Any]) -> Floats32:
    """Entropy (rows, columns) of the classes' probabilities as a share of the greatest one, ln(classes)."""
    if len(blended) < 2:
        return np.zeros(blended.shape[1:], np.float32)
    share = _shares(blended)
    found = -(share * np.log(np.maximum(share, 1e-12))).sum(axis=0) / np.log(len(share))
    return np.asarray(np.clip(found, 0.0, 1.0), np.float32)


def margin(blended: NDArray[Any]) -> Floats32:
    """1 minus how far the most probable class is ahead of the second (rows, columns)."""
    if len(blended) < 2:
        return np.zeros(blended.shape[1:], np.float32)
    second, first = np.partition(_shares(blended), -2, axis=0)[-2:]
    return np.asarray(np.clip(1.0 - (first - second), 0.0, 1.0), np.float32)


UNCERTAINTIES: dict[str, Callable[[NDArray[Any]], Floats32]] = {"entropy": entropy, "margin": margin}
"""Name -> measure: 0 where the model is sure, 1 where it cannot tell."""


def _shares(blended: NDArray[Any]) -> Floats32:
    return np.asarray(np.divide(blended, SCALE, dtype=np.float32), np.float32)


def _stepped(blended: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(_shares(blended) * STEPS)).astype(np.uint8)
