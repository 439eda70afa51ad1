"""What the pixels of a mask mean: classes with names and colours, what is ignored, and what is counted."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.encoding import IGNORE, Colour, encode_colours, encode_numbers, hex_of
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Image, Json

__all__ = ["IGNORE", "Colour", "LandClass", "Scheme"]

_MOST_CLASSES = 250
_HIGHEST_RAW = (1 << 16) - 1


@dataclass(frozen=True)
class LandClass:
    """One class of a scheme.

    Attributes
    ----------
    name
        What it is called.
    colour
        Red, green, blue in masks by colour, and in pictures.
    raw
        Its values in masks of one band as they are published; empty: its place in the scheme.
    """

    name: str
    colour: Colour
    raw: tuple[int, ...] = ()

    @property
    def hex(self) -> str:
        """The colour as ``#rrggbb``."""
        return hex_of(self.colour)


@dataclass(frozen=True)
class Scheme:
    """The classes of a data set, in the order of their training ids 0, 1, 2 and so on.

    Attributes
    ----------
    name
        What it is called.
    classes
        The classes; a class's place is its training id.
    ignored_colours
        Colours that mean no class: eroded borders, unlabelled ground.
    ignored_raw
        Values of masks of one band that mean no class.
    counted
        Ids of the classes that the published mean is taken over; all when not given.
    protocol
        One line on how published figures are scored.

    Raises
    ------
    InputError
        When a name, colour or value stands twice, is out of range, or there are no classes.

    Examples
    --------
    >>> town = Scheme("town", (LandClass("ground", (0, 0, 0)), LandClass("roof", (255, 0, 0))))
    >>> town.encode(np.array([[[255, 0, 0], [0, 0, 0]]], np.uint8)).tolist()
    [[1, 0]]
    """

    name: str
    classes: tuple[LandClass, ...]
    ignored_colours: tuple[Colour, ...] = ()
    ignored_raw: tuple[int, ...] = ()
    counted: tuple[int, ...] = field(default=())
    protocol: str = ""

    def __post_init__(self) -> None:
        if not self.counted:
            object.__setattr__(self, "counted", tuple(range(len(self.classes))))
        _check(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, by id."""
        return tuple(one.name for one in self.classes)

    @property
    def raw(self) -> dict[int, int]:
        """Value in masks of one band -> training id, `IGNORE` for those that are ignored."""
        known = {value: number for number, one in enumerate(self.classes) for value in one.raw or (number,)}
        return dict.fromkeys(self.ignored_raw, IGNORE) | known

    @property
    def colours(self) -> dict[Colour, int]:
        """Colour -> training id, `IGNORE` for those that are ignored."""
        known = {one.colour: number for number, one in enumerate(self.classes)}
        return dict.fromkeys(self.ignored_colours, IGNORE) | known

    def encode(
        self, mask: NDArray[Any], *, valid: Bools | None = None, tolerance: int = 0
    ) -> NDArray[np.uint8]:
        """Turn a mask as it is published into training ids.

        Parameters
        ----------
        mask
            (rows, cols, 3) red, green, blue of 8 bits, or (rows, cols) or (rows, cols, 1) whole numbers.
        valid
            (rows, cols), False where the mask says nothing; such pixels become `IGNORE`.
        tolerance
            How far each channel may be from the colour of a class, for masks that were stored with losses.
            The nearest colour is taken.

        Returns
        -------
        (rows, cols) ids, `IGNORE` where no class is meant.

        Raises
        ------
        InputError
            When values are not in the scheme; the message counts each, and tells the nearest class.
        """
        mask = np.asarray(mask)
        if mask.ndim == 3 and mask.shape[2] == 1:
            mask = mask[..., 0]
        if mask.ndim == 3 and mask.shape[2] == 3:
            return encode_colours(self, mask, valid, tolerance=tolerance)
        if mask.ndim == 2:
            return encode_numbers(self, mask, valid)
        raise InputError(
            f"a mask of shape {mask.shape} is none: give (rows, cols, 3) colours or (rows, cols) numbers"
        )

    @property
    def ignore_colour(self) -> Colour:
        """What ignored pixels are painted with: the first ignored colour, else one that no class has."""
        taken = {one.colour for one in self.classes}
        free = (colour for colour in ((0, 0, 0), (255, 0, 255), (1, 1, 1)) if colour not in taken)
        return self.ignored_colours[0] if self.ignored_colours else next(free, (128, 128, 128))

    def paint(self, ids: NDArray[Any]) -> Image:
        """Colour training ids (rows, cols); `IGNORE` becomes `ignore_colour`.

        Raises
        ------
        InputError
            When an id is of no class.
        """
        table = np.zeros((256, 3), np.uint8)
        table[: len(self.classes)] = [one.colour for one in self.classes]
        table[IGNORE] = self.ignore_colour
        wrong = np.setdiff1d(np.unique(ids), [*range(len(self.classes)), IGNORE])
        if wrong.size:
            raise InputError(
                f"the ids {', '.join(map(str, wrong[:8]))} are of no class of the scheme {self.name}, "
                f"which has 0 to {len(self.classes) - 1} and {IGNORE}"
            )
        painted: Image = table[np.asarray(ids, np.uint8)]
        return painted

    def colormap(self) -> dict[int, tuple[int, int, int, int]]:
        """Give the colour table of a raster of ids: id -> red, green, blue, opacity."""
        known = {number: (*one.colour, 255) for number, one in enumerate(self.classes)}
        return known | {IGNORE: (*self.ignore_colour, 0)}

    def of_ids(self) -> Scheme:
        """Give the scheme of masks that hold training ids already, with `IGNORE` ignored."""
        classes = tuple(dataclasses.replace(one, raw=(i,)) for i, one in enumerate(self.classes))
        return dataclasses.replace(self, classes=classes, ignored_raw=(IGNORE,))

    def to_json(self) -> Json:
        """Give it as plain values; `of_json` takes them."""
        return {
            "name": self.name,
            "classes": [{"name": one.name, "colour": one.hex, "raw": list(one.raw)} for one in self.classes],
            "ignored_colours": [hex_of(colour) for colour in self.ignored_colours],
            "ignored_raw": list(self.ignored_raw),
            "counted": [self.names[number] for number in self.counted],
            "protocol": self.protocol,
        }

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Scheme:
        """Make it of plain values, as JSON and TOML hold them.

        Colours are ``"#rrggbb"`` or three numbers; `counted` holds names or ids; only ``classes`` is needed.

        Raises
        ------
        InputError
            When a key is unknown or a value is of the wrong kind.
        """
        from whence.aerial.scheme_files import scheme_of

        return scheme_of(values)


def _check(scheme: Scheme) -> None:
    if not 1 <= len(scheme.classes) <= _MOST_CLASSES:
        raise InputError(
            f"the scheme {scheme.name} has {len(scheme.classes)} classes; 1 to {_MOST_CLASSES} are possible"
        )
    colours = [*(one.colour for one in scheme.classes), *scheme.ignored_colours]
    raw = [value for number, one in enumerate(scheme.classes) for value in one.raw or (number,)]
    for what, items in (
        ("name", scheme.names),
        ("colour", colours),
        ("raw value", [*raw, *scheme.ignored_raw]),
    ):
        twice = [item for item, count in Counter(items).items() if count > 1]
        if twice:
            raise InputError(f"the scheme {scheme.name} has the {what} {twice[0]!r} twice; keep one")
    for colour in colours:
        if len([*colour]) != 3 or not all(0 <= value <= 255 for value in colour):
            raise InputError(f"the scheme {scheme.name}: {colour} is no colour, which is three of 0 to 255")
    for value in (*raw, *scheme.ignored_raw):
        if not 0 <= value <= _HIGHEST_RAW:
            raise InputError(
                f"the scheme {scheme.name}: the raw value {value} is not within 0 to {_HIGHEST_RAW}"
            )
    for number in scheme.counted:
        if not 0 <= number < len(scheme.classes):
            raise InputError(f"the scheme {scheme.name} counts the class {number}, which it does not have")
