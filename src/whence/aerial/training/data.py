"""What a training learns from and is judged by, put together from a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.augmentation import Augmentation
from whence.aerial.datasets import SceneSet, open_dataset
from whence.aerial.normalisation import Normalisation
from whence.aerial.training.leaks import leaks
from whence.aerial.training.sampling import TurnedCrops
from whence.aerial.training.scenes import TrainingScenes
from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from whence.aerial.losses import Joint
    from whence.aerial.scheme import Scheme
    from whence.aerial.training.batches import CropBatches
    from whence.aerial.training.config import AerialConfig
    from whence.aerial.training.validation import Validation

__all__ = ["TrainingData", "chosen_scenes"]

_SPLIT = "split:"


@dataclass(frozen=True)
class TrainingData:
    """Scenes of both sides, and what is made of them.

    Attributes
    ----------
    config
        What was asked for.
    train, held
        Scenes to learn from, and those that are held back; None when none are.
    """

    config: AerialConfig
    train: SceneSet
    held: SceneSet | None

    @classmethod
    def of(cls, config: AerialConfig) -> TrainingData:
        """Open the data set and choose.

        Raises
        ------
        InputError
            When a place is on both sides, or is not there.
        """
        asked = config.data
        whole = open_dataset(asked.dataset, asked.root, **dict(asked.options))
        held = chosen_scenes(whole, asked.validation) if asked.validation else None
        train = chosen_scenes(whole, asked.train) if asked.train else _without(whole, held)
        if held is not None:
            both = sorted({one.name for one in train.scenes} & {one.name for one in held.scenes})
            if both:
                raise InputError(
                    f"the scene {both[0]} is in data.train and in data.validation; keep it in one"
                )
        Augmentation(config.augmentation.transforms, seed=0)  # what cannot be made is told before the reading
        return cls(config, train, held)

    @property
    def scheme(self) -> Scheme:
        """The classes."""
        return self.train.scheme

    @cached_property
    def leaks(self) -> tuple[str, ...]:
        """What the scenes that are held back have in common with those to learn from."""
        return tuple(leaks(self.train, self.held)) if self.held else ()

    @cached_property
    def scenes(self) -> TrainingScenes:
        """The scenes to learn from, read."""
        asked = self.config
        return TrainingScenes(
            self.train,
            asked.model.reduction,
            dict(asked.model.divisors),
            memory_mb=asked.crops.memory_mb,
            seed=asked.training.seed,
        )

    @property
    def digest(self) -> str:
        """Digest of the scenes to learn from."""
        return self.scenes.digest

    @cached_property
    def normalisation(self) -> Normalisation:
        """Mean and standard deviation of the scenes to learn from."""
        divisors = dict(self.config.model.divisors)
        return Normalisation.of(self._images(), divisors=divisors)

    @cached_property
    def offsets(self) -> tuple[float, ...]:
        """What the frequency of the classes adds to the logarithms of the answers; none for a prior of 0."""
        prior = self.config.model.prior
        if not prior:
            return ()
        shares = np.maximum(self.scenes.shares, _LEAST_SHARE)
        return tuple(np.round(prior * np.log(shares), 4).tolist())

    def steps(self) -> int:
        """Count the steps of the training."""
        asked = self.config.training
        if not asked.epochs:
            return asked.steps
        seen = asked.batch * self.config.crops.side_px**2
        return max(1, round(asked.epochs * self.scenes.pixels / seen))

    def batches(self, part: tuple[int, int] = (0, 1)) -> CropBatches:
        """Give what the loop sees."""
        from whence.aerial.training.batches import CropBatches

        asked = self.config.training
        return CropBatches(
            TurnedCrops(self.scenes, self.config.crops, seed=asked.seed),
            Augmentation(self.config.augmentation.transforms, seed=asked.seed),
            self.patch_normalisation,
            asked.batch,
            part,
            asked.workers,
        )

    @property
    def patch_normalisation(self) -> Normalisation:
        """The normalisation for patches of `scenes`, whose values are divided already."""
        return replace(self.normalisation, divisors={"float32": 1.0} | dict(self.normalisation.divisors))

    def loss(self) -> Joint:
        """Give what is minimised."""
        from whence.aerial.losses import Joint

        asked = self.config.loss
        return Joint(
            dict(asked.weights),
            auxiliary=asked.auxiliary,
            edges=asked.edges,
            class_weights=self.class_weights(self.scenes.counts),
            options={name: dict(options) for name, options in asked.options.items()},
        )

    def class_weights(self, shares: ArrayLike) -> tuple[float, ...] | None:
        """Weigh classes as asked for, by how much there is of each.

        Raises
        ------
        InputError
            When ``loss.per_class`` has not one number for every class.
        """
        from whence.aerial.losses import balanced_weights

        asked = self.config.loss
        classes = len(self.scheme.classes)
        if asked.per_class and len(asked.per_class) != classes:
            raise InputError(
                f"loss.per_class has {len(asked.per_class)} numbers for {classes} classes: "
                f"{', '.join(self.scheme.names)}"
            )
        if asked.per_class:
            return tuple(map(float, asked.per_class))
        return balanced_weights(shares, power=asked.power) if asked.class_weights == "balanced" else None

    def validation(self) -> Validation | None:
        """Give what the training is judged by."""
        from whence.aerial.training.validation import Validation

        if self.held is None:
            return None
        asked = self.config
        step = asked.model.reduction
        return Validation(
            self.held, self.normalisation, step, scales=tuple(map(float, asked.model.scales)),
            offsets=self.offsets, window_px=512 * step, margin_px=64 * step,
            precision=asked.training.precision,
        )  # fmt: skip

    def protocol(self) -> str:
        """One line on how the figures are made."""
        held = ", ".join(self.held.groups) if self.held else "nothing"
        return (
            f"held back: {held}; one confusion matrix over all pixels at full resolution, full borders, "
            "ignored pixels left out, no test-time augmentation"
            + (f"; {self.scheme.protocol}" if self.scheme.protocol else "")
            + "".join(f"; not independent: {one}" for one in self.leaks)
        )

    def sentences(self) -> list[str]:
        """Tell what is learnt from."""
        shares = self.scenes.counts / self.scenes.counts.sum()
        told = ", ".join(f"{n} {100 * v:.1f} %" for n, v in zip(self.scheme.names, shares, strict=True))
        held = f"{len(self.held)} scenes" if self.held else "none"
        absent = [n for n, count in zip(self.scheme.names, self.scenes.counts, strict=True) if not count]
        return [
            f"{len(self.train)} scenes to learn from, {held} held back",
            f"pixels to learn from: {told}",
            *([f"{', '.join(absent)}: no pixel to learn from; the model will not find it"] if absent else []),
            *self._kinds(),
            *self.train.left_out,
            *(f"{one}; figures will be too good, split by place" for one in self.leaks),
        ]

    def _kinds(self) -> list[str]:
        """Tell of images of several types, whose values are divided by several numbers."""
        kinds = self.scenes.kinds
        if len(kinds) < 2:
            return []
        blank = Normalisation((0.0,), (1.0,), dict(self.config.model.divisors))
        told = [f"{kind} ({one}) by {blank.divisor(np.dtype(kind)):g}" for kind, one in kinds.items()]
        return [f"values are divided: {', '.join(told)}; model.divisors says otherwise, {{uint16 = 2047}}"]

    def _images(self) -> Iterator[tuple[Any, Any]]:
        for scene in self.train.scenes:
            image, _, valid = self.train.read(scene)
            yield image[::_SPARSE, ::_SPARSE], None if valid is None else valid[::_SPARSE, ::_SPARSE]


_LEAST_SHARE = 1e-3  # a class that is not among the scenes is rare, not impossible
_SPARSE = 4  # of the pixels along either side that the normalisation looks at


def chosen_scenes(whole: SceneSet, asked: tuple[str, ...]) -> SceneSet:
    """Choose scenes by places, and by published splits written ``split:train``.

    Raises
    ------
    InputError
        When a place or split is not there.
    """
    splits = [one.removeprefix(_SPLIT) for one in asked if one.startswith(_SPLIT)]
    places = [one for one in asked if not one.startswith(_SPLIT)]
    parts = [whole.choose(split=split) for split in splits]
    if places:
        parts.append(whole.choose(groups=places))
    wanted = {scene.name for part in parts for scene in part.scenes}
    return whole.choose(names=wanted)


def _without(whole: SceneSet, held: SceneSet | None) -> SceneSet:
    """Everything but the places that are held back: a place is never on both sides."""
    if held is not None and {*held.groups} == {*whole.groups}:
        raise NotEnoughDataError(
            f"data.validation holds back every place ({', '.join(whole.groups[:8])}); leave some for learning"
        )
    return whole if held is None else whole.choose(without=held.groups)
