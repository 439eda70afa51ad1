"""Bootstrap intervals over images or tiles (Efron 1979): whole pictures are drawn again, never pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.evaluation.boundary import BoundaryCounts
from whence.aerial.evaluation.confusion import figures_of, means_of
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from whence.typing import Floats

__all__ = ["DRAWS", "Interval", "boundary_intervals", "class_intervals", "mean_intervals", "resampled"]

Interval = tuple[float, float]
"""Lower and upper end of a 95 % interval."""

DRAWS = 1000
_HELD = 2_000_000  # numbers of weights at once: 16 MB


def resampled(tables: NDArray[Any], *, draws: int = DRAWS, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """Add up tables of pictures that were drawn with replacement.

    Parameters
    ----------
    tables
        (n, ...) counts of each picture.
    draws
        How often all n are drawn.
    seed
        Of the generator; the same draws every time, so that models are compared on the same ones.

    Yields
    ------
    (b, ...) sums of some draws at a time.

    Raises
    ------
    InputError
        When there are fewer than two pictures.
    """
    count = len(tables)
    if count < 2:
        raise InputError(
            f"{count} picture has no interval: what varies between pictures is seen in several; "
            "give more images, or cut the one into tiles"
        )
    rng = np.random.default_rng(seed)
    flat = tables.reshape(count, -1).astype(np.float64)
    size = max(1, _HELD // count)
    for start in range(0, draws, size):
        weights = rng.multinomial(count, np.full(count, 1.0 / count), size=min(size, draws - start))
        yield (weights @ flat).reshape(-1, *tables.shape[1:])


def class_intervals(tables: NDArray[Any], *, draws: int = DRAWS, seed: int = 0) -> dict[str, Floats]:
    """Give 95 % intervals of the figures of every class.

    Parameters
    ----------
    tables
        (n, K, K + 1) `Confusion.table` of each picture.
    draws, seed
        As for `resampled`.

    Returns
    -------
    dict
        Of each figure (K, 2) lower and upper ends; NaN where it is never defined.
    """
    return _intervals(tables, figures_of, draws=draws, seed=seed)


def mean_intervals(
    tables: NDArray[Any], counted: tuple[int, ...], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Floats]:
    """Give 95 % intervals (2,) of the figures of all classes together; as `class_intervals`."""
    return _intervals(tables, lambda sums: means_of(sums, counted), draws=draws, seed=seed)


def boundary_intervals(
    tables: NDArray[Any], counted: tuple[int, ...], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Floats]:
    """Give 95 % intervals (2,) of the mean boundary F1, from (n, K, 4) `BoundaryCounts.table`."""

    def figures(sums: NDArray[Any]) -> dict[str, Floats]:
        return {"mean_boundary_f1": BoundaryCounts.of_table(sums, 0.0).mean_f1(counted)}

    return _intervals(tables, figures, draws=draws, seed=seed)


def _intervals(
    tables: NDArray[Any], figures: Callable[[NDArray[Any]], Any], *, draws: int, seed: int
) -> dict[str, Floats]:
    parts = [figures(sums) for sums in resampled(tables, draws=draws, seed=seed)]
    return {name: _ends(np.concatenate([part[name] for part in parts])) for name in parts[0]}


def _ends(values: Floats) -> Floats:
    """(draws, ...) -> (..., 2); draws in which the figure is not defined are left out."""
    flat = values.reshape(len(values), -1).T
    ends = [
        np.quantile(row[~np.isnan(row)], [0.025, 0.975]) if not np.isnan(row).all() else _NONE for row in flat
    ]
    return np.array(ends).reshape(*values.shape[1:], 2)


_NONE = np.array([np.nan, np.nan])
