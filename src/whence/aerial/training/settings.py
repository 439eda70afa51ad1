"""What the sections of an aerial configuration hold. Without torch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from whence.errors import InputError

__all__ = [
    "AugmentationSettings", "CropSettings", "DataSettings", "LossSettings", "ModelSettings",
    "NetworkSettings", "TrainingSettings",
]  # fmt: skip

TURNS = ("any", "quarter", "none")
WEIGHTS = ("balanced", "none")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which scenes are learnt from, and by which the training is judged.

    Attributes
    ----------
    dataset
        A name of `whence.aerial.datasets.DATASETS`.
    root
        Its folder; a relative one starts from the folder of the configuration.
    options
        What the data set takes besides, such as its scheme.
    train, validation
        Places (groups) of scenes, or published splits written as ``split:train``. Empty for train: all that
        is not validation. Empty for validation: nothing is held back, and the training ends after its steps.
    name
        What the data are called in the card of the model.
    licence
        Of the data, for the card.
    """

    dataset: str = "folder"
    root: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    name: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        from whence.aerial.datasets import DATASETS

        _check_name("data.dataset", self.dataset, DATASETS)


@dataclass(frozen=True, kw_only=True)
class CropSettings:
    """How crops are cut out of the scenes: anywhere, turned, mirrored and scaled, in one resampling.

    Attributes
    ----------
    side_px
        Side of a crop after the reduction.
    scale
        Least and greatest magnification, drawn evenly in its logarithm.
    turn
        any angle, quarter turns, or none.
    mirror
        Whether half of the crops are mirrored.
    balance
        Share of the crops that are centred near a pixel of a class drawn evenly, so that rare classes are
        seen as often as others.
    memory_mb
        Scenes are kept in memory up to so many MiB; beyond, windows are read from the files.
    """

    side_px: int = 256
    scale: tuple[float, ...] = (0.7, 1.4)
    turn: str = "any"
    mirror: bool = True
    balance: float = 0.5
    memory_mb: int = 4096

    def __post_init__(self) -> None:
        if self.side_px < 32:
            raise InputError(f"crops.side_px is {self.side_px}; networks take 32 and more")
        if len(self.scale) != 2 or not 0.0 < self.scale[0] <= self.scale[1]:
            raise InputError(f"crops.scale is {self.scale}; give two numbers, such as [0.7, 1.4]")
        if self.turn not in TURNS:
            raise InputError(f"crops.turn is {self.turn!r}; choose one of: {', '.join(TURNS)}")
        if not 0.0 <= self.balance <= 1.0:
            raise InputError(f"crops.balance is {self.balance}; it is a share between 0 and 1")
        if self.memory_mb < 0:
            raise InputError(f"crops.memory_mb is {self.memory_mb}; it must not be negative")


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """What happens to image and mask together after cutting.

    Attributes
    ----------
    transforms
        Names of `whence.aerial.augmentation.PRESETS`, or of transforms of albumentations, or tables with a
        ``name`` and its options: ``[{name = "GaussNoise", p = 0.2}, "weak-colour"]``.
    """

    transforms: tuple[Any, ...] = ("weak-colour",)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """The network.

    Attributes
    ----------
    name
        A name of `whence.aerial.models.NETWORKS`.
    backbone
        Name of its backbone; empty: that of the paper.
    pretrained
        Start the backbone from published weights.
    weights
        Folder of weights to start the backbone from.
    start
        A model (its folder, or ``starter``) whose weights are taken wherever name and shape agree.
    options
        What the network takes besides.
    """

    name: str = "residual-unet"
    backbone: str = ""
    pretrained: bool = False
    weights: str = ""
    start: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from whence.aerial.models import NETWORKS

        _check_name("network.name", self.name, NETWORKS)


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """What is minimised.

    Attributes
    ----------
    weights
        Name of `whence.aerial.losses.LOSSES` -> weight.
    auxiliary
        Weight of each auxiliary head.
    edges
        Weight of the edge head, where the network has one.
    class_weights
        balanced, or none.
    per_class
        One weight per class, in the place of class_weights.
    power
        Of balanced weights: (mean count / count)^power; 0.5 is the root.
    options
        Name of a loss -> its other options, such as ``{cross-entropy = {smoothing = 0.05}}``.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"cross-entropy": 1.0, "dice": 0.7})
    auxiliary: float = 0.3
    edges: float = 1.0
    class_weights: str = "balanced"
    per_class: tuple[float, ...] = ()
    power: float = 0.5
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.class_weights not in WEIGHTS:
            raise InputError(f"loss.class_weights is {self.class_weights!r}; choose balanced or none")
        from whence.aerial.losses import LOSSES

        for name in (*self.weights, *self.options):
            _check_name("loss", name, LOSSES)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How it is trained.

    Attributes
    ----------
    steps
        Steps of the whole training; schedules run over so many.
    epochs
        Instead of steps: how often as many pixels are seen as the training scenes have; 0 counts steps.
    batch
        Crops of a step, over all processes.
    validate_every
        Steps between two looks at the validation scenes.
    patience
        Looks without a better mean IoU after which it stops; 0 never stops early.
    optimiser
        adam, adamw, sgd (Nesterov, momentum 0.9), or lamb.
    lr
        Learning rate.
    encoder_lr_factor
        Rate of the backbone in rates of the rest: 0.1 where it starts from published weights.
    weight_decay
        As the optimiser means it.
    schedule
        Of the rate: constant, cosine, cosine-restarts, linear, or step.
    warmup_steps
        Steps over which the rate rises linearly.
    clip
        Largest length of the gradient; 0 does not clip.
    average
        Share of the running mean of the weights that a step keeps; the mean is what is judged and kept. 0
        takes the weights themselves.
    precision
        Of the products: float32 or bf16.
    device
        auto, cpu, cuda, cuda:1, mps.
    seed
        Of all chance.
    workers
        Threads that prepare crops; the result does not depend on them. 0 prepares them between the steps.
    checkpoint_every_s
        Least time between two checkpoints, seconds.
    """

    steps: int = 1000
    epochs: float = 0.0
    batch: int = 8
    validate_every: int = 250
    patience: int = 0
    optimiser: str = "adamw"
    lr: float = 2e-3
    encoder_lr_factor: float = 1.0
    weight_decay: float = 0.01
    schedule: str = "cosine"
    warmup_steps: int = 50
    clip: float = 5.0
    average: float = 0.99
    precision: str = "float32"
    device: str = "auto"
    seed: int = 0
    workers: int = 0
    checkpoint_every_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must be at least 1")
        for name in (
            "epochs", "patience", "weight_decay", "warmup_steps", "clip", "seed", "workers",
            "checkpoint_every_s", "encoder_lr_factor",
        ):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise InputError(f"training.{name} is {getattr(self, name)}; it must not be negative")
        if not self.lr > 0.0:
            raise InputError(f"training.lr is {self.lr}; it must be above zero")
        if not 0.0 <= self.average < 1.0:
            raise InputError(f"training.average is {self.average}; it lies between 0 and below 1")
        self._check_names()

    def _check_names(self) -> None:
        from whence.learn.optimisation import OPTIMISERS
        from whence.learn.precision import PRECISIONS
        from whence.learn.schedules import SCHEDULES

        known = {"optimiser": OPTIMISERS, "schedule": SCHEDULES, "precision": PRECISIONS}
        for name, names in known.items():
            _check_name(f"training.{name}", getattr(self, name), names)


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The model that comes out.

    Attributes
    ----------
    name
        By default the name of the run's folder.
    licence
        Under which it may be used.
    reduction
        The network sees images reduced so many times.
    scales
        Magnifications of the reduced image that the finished model looks at; the mean of its log
        probabilities counts.
    prior
        How much the frequency of the classes counts in the finished model's answers, 0 to 1: probabilities
        are multiplied by π^prior, with π the mean of the classes' shares over the places of the training.
        Balanced weights teach the network that all classes are equally frequent; 0 leaves it so.
    cell_m
        Side of a pixel of the training images, metres; 0 when not known.
    divisors
        Type of the images -> what their values are divided by, such as ``{uint16 = 2047}``.
    half
        Keep the weights in 16 bits.
    """

    name: str = ""
    licence: str = ""
    reduction: int = 1
    scales: tuple[float, ...] = (1.0,)
    prior: float = 0.0
    cell_m: float = 0.0
    divisors: Mapping[str, float] = field(default_factory=dict)
    half: bool = False

    def __post_init__(self) -> None:
        if self.reduction < 1:
            raise InputError(f"model.reduction is {self.reduction}; it must be at least 1")
        if not 0.0 <= self.prior <= 1.0:
            raise InputError(f"model.prior is {self.prior}; it lies between 0 and 1")
        if not self.cell_m >= 0.0:
            raise InputError(f"model.cell_m is {self.cell_m}; it must not be negative")


def _check_name(setting: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that no table has, before any scene is read."""
    listed = list(known)
    if name not in listed:
        near = difflib.get_close_matches(name, listed, n=1)
        meant = f"; is {near[0]} meant?" if near else ""
        raise InputError(f"{setting} is {name!r}; choose one of: {', '.join(listed)}{meant}")
