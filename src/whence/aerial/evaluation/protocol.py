"""How figures were come by, in one line that is printed with every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.typing import Json

__all__ = ["Protocol"]


@dataclass(frozen=True)
class Protocol:
    """The rules of an evaluation.

    Attributes
    ----------
    counted, others
        Names of the classes of the means, and of those that count for the overall accuracy alone.
    eroded_px
        Radius of the disk by which boundaries were left out; None where all pixels count, NaN where masks
        with eroded boundaries were given.
    tolerance_px
        Of the boundary F1.
    augmentation
        Test-time augmentation of the prediction, as far as it is known.
    drawn
        What the intervals are, such as ``"95 % by bootstrap over 7 places"``; empty where there are none.
    carried
        Name of the scheme where it was taken from the metadata of the prediction; None where it was named,
        or there is none.
    beside
        Name of the scheme where it was taken from ``scheme.json`` beside the masks.

    Examples
    --------
    >>> print(Protocol(("roof", "tree"), ("clutter",), eroded_px=3.0).line)
    means over roof, tree (clutter only in the overall accuracy); boundaries eroded by a disk of 3 px; \
padding and ignored pixels excluded, unanswered ones are errors; boundary F1 within 3 px; \
test-time augmentation: not stated
    """

    counted: tuple[str, ...]
    others: tuple[str, ...] = ()
    eroded_px: float | None = None
    tolerance_px: float = 3.0
    augmentation: str = "not stated"
    drawn: str = ""
    carried: str | None = None
    beside: str | None = None

    @property
    def boundaries(self) -> str:
        """What happened to boundaries."""
        if self.eroded_px is None:
            return "full boundaries"
        if self.eroded_px != self.eroded_px:
            return "eroded boundaries (from masks)"
        return f"boundaries eroded by a disk of {self.eroded_px:g} px"

    @property
    def line(self) -> str:
        """All of it in one line."""
        beside = f" ({', '.join(self.others)} only in the overall accuracy)" if self.others else ""
        origin = [] if self.carried is None else [f"classes as the prediction carries them ({self.carried})"]
        origin += [] if self.beside is None else [f"classes as told beside the masks ({self.beside})"]
        return "; ".join(
            [
                *origin,
                f"means over {', '.join(self.counted)}{beside}",
                self.boundaries,
                "padding and ignored pixels excluded, unanswered ones are errors",
                f"boundary F1 within {self.tolerance_px:g} px",
                f"test-time augmentation: {self.augmentation}",
                *([self.drawn] if self.drawn else []),
            ]
        )

    def to_json(self) -> Json:
        """Return the rules as JSON types."""
        return {
            "line": self.line,
            "counted": list(self.counted),
            "others": list(self.others),
            "boundaries": self.boundaries,
            "tolerance_px": self.tolerance_px,
            "augmentation": self.augmentation,
            "drawn": self.drawn,
            "carried": self.carried,
            "beside": self.beside,
        }
