"""What the sections of a configuration hold, besides the head's own."""

from __future__ import annotations

from dataclasses import dataclass, fields

from whence.errors import InputError
from whence.learn.training_settings import LoopSettings

__all__ = ["CalibrationSettings", "ModelSettings", "TrainingSettings"]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(LoopSettings):
    """How a head is trained: those of the loop, and which samples are drawn more often.

    Attributes
    ----------
    balance
        Empty: every sample once an epoch. A column such as country, or ``cell`` for quarter-degree cells:
        samples are drawn with weights count^−balance_power, count being that of their group.
    balance_power
        1 draws every group as often as another, 0.5 lies half-way.
    """

    balance: str = ""
    balance_power: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.balance_power <= 1.0:
            raise InputError(f"training.balance_power is {self.balance_power}; it lies between 0 and 1")

    def loop(self) -> LoopSettings:
        """Give those of the loop."""
        return LoopSettings(**{item.name: getattr(self, item.name) for item in fields(LoopSettings)})


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """How the head is calibrated on the validation side.

    Attributes
    ----------
    fit
        Whether it is; without, the head's own spreads are believed.
    seed
        Of the sample that is looked at, and of the halves.
    """

    fit: bool = True
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What the model is called.

    Attributes
    ----------
    name
        By default the name of the run's folder.
    licence
        Under which it may be used.
    confidence
        Share of the truths that the column radius_m of predictions promises to hold.
    """

    name: str = ""
    licence: str = ""
    confidence: float = 0.8

    def __post_init__(self) -> None:
        if not 0.0 < self.confidence < 1.0:
            raise InputError(
                f"model.confidence is {self.confidence}; it is a share between 0 and 1, such as 0.8"
            )
