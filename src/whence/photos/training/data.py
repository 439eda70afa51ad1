"""The photographs of a training: features, the sides of the split, and how near those are to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.partitions.grid import DegreeGrid
from whence.errors import InputError, NotEnoughDataError
from whence.photos.calibration import check_enough
from whence.photos.features import FeatureStore
from whence.photos.splits import Split, leak, make_split

if TYPE_CHECKING:
    from whence.photos.samples import Samples
    from whence.photos.splits import Leak
    from whence.photos.training.config import TrainConfig
    from whence.typing import Floats

__all__ = ["CELL", "TrainingData", "balance_weights", "split_of"]

CELL = "cell"
_CELL_DEG = 0.25


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a head is fitted to.

    Attributes
    ----------
    store
        The features.
    split
        Aligned with the store.
    leak
        How near its sides are to each other.
    notes
        What of the split does not match the store.
    """

    store: FeatureStore
    split: Split
    leak: Leak
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, config: TrainConfig) -> TrainingData:
        """Open the features and make or read the split.

        Raises
        ------
        NotEnoughDataError
            When a side that is needed is empty, or validation too small for the calibration.
        """
        store = FeatureStore.open(config.features)
        split, notes = split_of(config.split, store)
        data = cls(store, split, leak(split, store.metadata), notes)
        counts = split.counts()
        for side in ("train", "validation"):
            if not counts[side]:
                raise NotEnoughDataError(f"the {side} side of the split is empty: {split.sentence()}")
        if config.calibration.fit:
            check_enough(len(data.side("validation")))  # now, not when the training is over
        return data

    def side(self, name: str) -> Samples:
        """Give the samples of a side whose position is known."""
        samples = self.store.samples(self.split.rows(name))
        known = np.isfinite(samples.lonlat).all(axis=1)
        return samples if known.all() else samples.subset(np.flatnonzero(known))

    def sentences(self) -> list[str]:
        """Tell split and leak."""
        return [*self.notes, self.split.sentence(), *self.leak.sentences()]


def split_of(split: Path | Mapping[str, Any], store: FeatureStore) -> tuple[Split, tuple[str, ...]]:
    """Read or make the split of a store's photographs; also tells what does not match."""
    if isinstance(split, Path):
        match = Split.read(split).onto(store.metadata)
        return match.split, tuple(match.notes())
    settings = dict(split)
    name, seed = str(settings.pop("by")), settings.pop("seed")
    if not isinstance(seed, int):
        raise InputError(f"data.split.seed is {seed!r}; it must be a whole number")
    return make_split(name, store.metadata, seed=seed, **settings), ()


def balance_weights(samples: Samples, by: str, power: float) -> Floats | None:
    """Weights (n,) that draw samples of rare groups more often; None for every sample once.

    Parameters
    ----------
    samples
        The training side.
    by
        A column of the metadata, or ``cell``; empty for none.
    power
        See `whence.photos.training.settings.TrainingSettings`.
    """
    if not by or power == 0.0:
        return None
    if by == CELL:
        cells = DegreeGrid.fit(samples.lonlat, step_deg=_CELL_DEG)
        groups = np.asarray(cells.assign(samples.lonlat))
    else:
        groups = np.asarray(samples.column(by)).astype(str)
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights: Floats = (1.0 / counts.astype(np.float64) ** power)[places]
    return weights
