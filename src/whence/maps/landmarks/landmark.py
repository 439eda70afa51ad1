"""Names on a scan, and how surely the pixel of a name is that of its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.earth.region import Region
    from whence.maps.landmarks.candidates import Source
    from whence.maps.landmarks.placement import Placement
    from whence.maps.proposals import Handed
    from whence.typing import Floats

__all__ = ["Landmark", "Landmarks"]


@dataclass(frozen=True)
class Landmark:
    """A name and where it stands on the scan.

    Parameters
    ----------
    name
        As read; other spellings of the same place may follow after ``|``.
    pixel
        Column, row of the place, or of its label.
    spread_px
        Distance from the pixel within which the place itself lies: 0 for a symbol that was clicked, half its
        length and a little more for a label that stands beside its symbol.
    along_px
        For a label: from its middle to a symbol behind its last letter, columns and rows; (0, 0) for others.

    Raises
    ------
    InputError
        When the name is empty, or a number is not finite or the spread is negative.

    Examples
    --------
    >>> Landmark("Likasi|Jadotville", (417, 318)).spellings
    ('Likasi', 'Jadotville')
    """

    name: str
    pixel: tuple[float, float]
    spread_px: float = 0.0
    along_px: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not self.spellings:
            raise InputError(f"the landmark at {self.pixel} has no name; give one or leave it out")
        if not (np.shape(self.pixel) == (2,) and np.isfinite(self.pixel).all()):
            raise InputError(f"landmark {self.name!r} has the pixel {self.pixel}; column and row are needed")
        if not (np.isfinite(self.spread_px) and self.spread_px >= 0):
            raise InputError(
                f"landmark {self.name!r} has the spread {self.spread_px} px; give 0 or more, in pixels"
            )

    def at_end(self, side: float) -> Landmark:
        """Move a label's pixel to where its symbol is if it stands before (-1) or behind (+1) the label."""
        length = float(np.hypot(*self.along_px))
        moved = (self.pixel[0] + side * self.along_px[0], self.pixel[1] + side * self.along_px[1])
        # The spread is half the label and twice as much beside it as the symbol is off its end.
        return replace(
            self, pixel=moved, spread_px=2 * max(self.spread_px - length, 0.0), along_px=(0.0, 0.0)
        )

    @property
    def spellings(self) -> tuple[str, ...]:
        """The spellings, each once."""
        return tuple(dict.fromkeys(part.strip() for part in self.name.split("|") if part.strip()))

    @property
    def label(self) -> str:
        """The first spelling: what messages call it."""
        return self.spellings[0]


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of one scan.

    Parameters
    ----------
    items
        The landmarks.
    size_px
        Width and height of the scan, or None where they are not known.

    Raises
    ------
    InputError
        When landmarks lie off the scan; they are named.

    Examples
    --------
    >>> twice = Landmarks((Landmark("Lund", (10, 20)), Landmark("LUND", (12, 20))), size_px=(900, 700))
    >>> twice.once()
    ((0,), ((1, 0),))
    """

    items: tuple[Landmark, ...]
    size_px: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))
        if self.size_px is None or not self.items:
            return
        off = ((self.pixels < 0) | (self.pixels > self.size_px)).any(axis=1)
        if off.any():
            names = ", ".join(self.items[row].label for row in np.flatnonzero(off)[:10])
            raise InputError(
                f"{int(off.sum())} landmarks lie off the scan of {self.size_px[0]} by {self.size_px[1]} px "
                f"({names}); correct or leave them out, or check that they belong to this scan"
            )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def pixels(self) -> Floats:
        """(n, 2) column, row."""
        return np.array([item.pixel for item in self.items], dtype=np.float64).reshape(-1, 2)

    @property
    def spreads_px(self) -> Floats:
        """(n,) distances within which the places lie."""
        return np.array([item.spread_px for item in self.items], dtype=np.float64)

    @property
    def frame_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the scan; of the box round the landmarks where its size is not known.

        Raises
        ------
        NotEnoughDataError
            When there is no landmark, or all lie on one pixel.
        """
        if self.size_px is not None:
            return 0.0, 0.0, float(self.size_px[0]), float(self.size_px[1])
        if not self.items:
            raise NotEnoughDataError("there are no landmarks; give names with their pixels")
        (left, top), (right, bottom) = self.pixels.min(axis=0), self.pixels.max(axis=0)
        if right - left + bottom - top <= 0:
            raise NotEnoughDataError("all landmarks lie on one pixel, which places nothing")
        grown = 0.05 * max(right - left, bottom - top)  # a line of landmarks encloses no area
        return float(left - grown), float(top - grown), float(right + grown), float(bottom + grown)

    def once(self) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
        """Tell which rows to keep, and which repeat another: pairs of a row and the earlier one.

        A name is repeated when it stands twice within the spreads of the two, or 1 % of the frame. The same
        name elsewhere on the scan is another landmark: two places may share it.
        """
        from whence.places.names import key_of

        left, top, right, bottom = self.frame_px
        near_px = 0.01 * max(right - left, bottom - top)
        kept: list[int] = []
        repeated: list[tuple[int, int]] = []
        keys = [key_of(item.label) for item in self.items]
        for row, item in enumerate(self.items):
            for other in kept:
                reach = max(near_px, item.spread_px, self.items[other].spread_px)
                away = np.hypot(*(np.array(item.pixel) - self.items[other].pixel))
                if keys[row] == keys[other] and away <= reach:
                    repeated.append((row, other))
                    break
            else:
                kept.append(row)
        return tuple(kept), tuple(repeated)

    def anchored(self) -> dict[str, Landmarks]:
        """Return the landmarks for each habit of setting labels.

        ``"middle"`` as they are; where there are labels also ``"before"`` and ``"behind"``, with the symbols
        at that end of them.
        """
        found = {"middle": self}
        if any(any(item.along_px) for item in self.items):
            for name, side in (("before", -1.0), ("behind", 1.0)):
                items = [
                    self._within(item.at_end(side)) if any(item.along_px) else item for item in self.items
                ]
                found[name] = Landmarks(tuple(items), self.size_px)
        return found

    def _within(self, item: Landmark) -> Landmark:
        if self.size_px is None:
            return item
        column, row = np.clip(item.pixel, 0.0, self.size_px).tolist()
        return replace(item, pixel=(column, row))

    def solve(
        self,
        places: Source | None = None,
        *,
        region: Region | None = None,
        crs: Any = None,
        kind: str = "auto",
        handed: Handed = "map",
    ) -> Placement:
        """Find what place each name means and where the sheet lies; see `solving.solve`."""
        from whence.maps.landmarks.solving import solve

        return solve(self, places, region=region, crs=crs, kind=kind, handed=handed)
