"""The old map as it left the press: a topographic sheet of the town, drawn flat.

Blue is water, green wood, brown the relief; black are houses, edges of streets, grid crosses and letters.
Each colour is an ink of its own, so that the lines of one can be told from the others on a scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.smallworld.lettering import Lettering
from whence.smallworld.map_frame import GRID_M
from whence.smallworld.town import HALF_SIZE_M, RIVER_NORTH_M

if TYPE_CHECKING:
    from whence.smallworld.old_map import OldMap
    from whence.smallworld.town import Street
    from whence.typing import Floats, Image

__all__ = ["BLACK", "BLUE", "BROWN", "GREEN", "PAPER", "Press"]

PAPER, BLACK, BROWN = (250, 248, 242), (34, 32, 32), (176, 104, 52)
BLUE, SHORE, GREEN, TREE, GROUND = (
    (168, 206, 226),
    (58, 116, 166),
    (190, 218, 166),
    (84, 140, 76),
    (238, 232, 216),
)

_SHIFT = 4
_FAR_M = 900.0
_RIVER_M = 60.0
_ROAD_M = 9.0


@dataclass(eq=False)
class Press:
    """Draws one sheet.

    Attributes
    ----------
    map
        What is drawn.
    image
        (h, w, 3) uint8, the flat sheet.
    """

    map: OldMap
    image: Image = field(init=False)
    letters: Lettering = field(init=False)

    def __post_init__(self) -> None:
        width, height = self.map.frame.size_px
        self.image = np.empty((height, width, 3), np.uint8)
        self.image[:] = PAPER
        self.letters = Lettering(self.image, PAPER)

    def printed(self) -> Image:
        """Draw everything, from the ground up, and return the sheet."""
        self._ground()
        self._streets()
        self._relief()
        self._river()
        self._contour_heights()
        self._houses()
        self._symbols()
        self._names()
        self._spots()
        self._border()
        self._grid()
        return self.image

    def _mm(self, millimetres: float) -> float:
        return millimetres * self.map.frame.px_per_mm

    def _stroke(self, millimetres: float) -> int:
        return max(round(self._mm(millimetres)), 1)

    def _line(
        self, sheet_px: Floats, ink: tuple[int, int, int], *, wide_px: int, closed: bool = False
    ) -> None:
        cv2.polylines(self.image, [_fixed(sheet_px)], closed, ink, wide_px, cv2.LINE_AA, _SHIFT)

    def _area(self, sheet_px: Floats, ink: tuple[int, int, int]) -> None:
        cv2.fillPoly(self.image, [_fixed(sheet_px)], ink, cv2.LINE_AA, _SHIFT)

    def _disc(
        self, sheet_px: Floats, radius_px: float, ink: tuple[int, int, int], *, wide_px: int = -1
    ) -> None:
        middle = _fixed(sheet_px[None])[0].tolist()
        cv2.circle(self.image, middle, round(radius_px * 2**_SHIFT), ink, wide_px, cv2.LINE_AA, _SHIFT)

    def _box(self, box_m: tuple[float, float, float, float]) -> Floats:
        west, south, east, north = box_m
        return self.map.drawn(_dense(np.array([[west, south], [east, south], [east, north], [west, north]])))

    def _ground(self) -> None:
        self._area(self._box((-HALF_SIZE_M, -HALF_SIZE_M, HALF_SIZE_M, RIVER_NORTH_M - 12)), GROUND)
        for box, ink in ((self.map.town.park_m, GREEN), (self.map.town.square_m, PAPER)):
            self._area(self._box(box), ink)

    def _river(self) -> None:
        """Cover the relief with water, on which it is not known."""
        river = self._box((-_FAR_M, RIVER_NORTH_M, _FAR_M, RIVER_NORTH_M + _RIVER_M))
        self._area(river, BLUE)
        self._line(river, SHORE, wide_px=self._stroke(0.2), closed=True)

    def _streets(self) -> None:
        """Draw each street as two thin lines, open where another comes in."""
        road_px = round(_ROAD_M * self.map.frame.px_per_m)
        lines = [self.map.drawn(_along(street)) for street in self.map.town.streets]
        for line in lines:
            self._line(line, BLACK, wide_px=road_px + 2 * self._stroke(0.15))
        for line in lines:
            self._line(line, PAPER, wide_px=road_px)

    def _relief(self) -> None:
        for contour in self.map.contours:
            line = self.map.drawn(contour.line_m)
            self._line(line, BROWN, wide_px=self._stroke(0.3 if contour.is_index else 0.15))

    def _contour_heights(self) -> None:
        """Letter the index contours along their lines."""
        size_px = self._mm(2.2)
        for contour, at in self.map.contour_labels:
            line = self.map.drawn(contour.line_m)
            near, far = line[max(at - 3, 0)], line[min(at + 3, len(line) - 1)]
            turn = float(np.degrees(np.arctan2(near[1] - far[1], far[0] - near[0])))
            upright = (turn + 90) % 180 - 90
            text = f"{contour.height_m:.0f}"
            self.letters.write(text, line[at], size_px=size_px, ink=BROWN, turn_deg=upright)

    def _houses(self) -> None:
        for walls in self.map.drawn(np.array([house.corners_m for house in self.map.town.buildings])):
            self._area(walls, BLACK)
        radius = self._mm(0.45)
        for foot in self.map.drawn(np.array([tree.foot_m for tree in self.map.town.trees])):
            self._disc(foot, radius, TREE, wide_px=self._stroke(0.15))
            self.letters.keep_free(foot, radius)

    def _symbols(self) -> None:
        """Mark the landmarks with a ring and a dot, the middle of which is their place."""
        radius = self._mm(0.9)
        for pixel in self.map.landmark_sheet_px:
            self._disc(pixel, radius + self._stroke(0.2), BLACK)
            self._disc(pixel, radius, PAPER)
            self._disc(pixel, self._mm(0.25), BLACK)
            self.letters.keep_free(pixel, radius + self._mm(0.4))

    def _names(self) -> None:
        for street in self.map.town.streets:
            self._street_name(street)
        for east_m in (-220.0, 260.0):
            water = self.map.drawn(np.array([east_m, RIVER_NORTH_M + _RIVER_M / 2]))
            self.letters.write("FIUME", water, size_px=self._mm(4.5), ink=SHORE, halo=False)
        for landmark, pixel in zip(self.map.landmarks, self.map.landmark_sheet_px, strict=True):
            self.letters.write_beside(
                landmark.name, pixel, size_px=self._mm(2.6), ink=BLACK, gap_px=self._mm(1.0)
            )

    def _street_name(self, street: Street) -> None:
        """Letter a street once, within its two lines, reading from the left or from below."""
        line = self.map.drawn(
            np.array([street.at(0.42 * street.length_m), street.at(0.48 * street.length_m)])
        )
        turn = float(np.degrees(np.arctan2(line[0, 1] - line[1, 1], line[1, 0] - line[0, 0])))
        self.letters.write(
            street.name, line.mean(axis=0), size_px=self._mm(1.5), ink=BLACK, turn_deg=turn, halo=False
        )

    def _spots(self) -> None:
        for spot in self.map.spots:
            pixel = self.map.drawn(spot.place_m)
            if self.map.frame.inside(pixel, within_mm=3.0):
                self._disc(pixel, self._mm(0.3), BROWN)
                self.letters.keep_free(pixel, self._mm(0.5))
                self.letters.write_beside(
                    spot.text, pixel, size_px=self._mm(1.9), ink=BROWN, gap_px=self._mm(0.4)
                )

    def _grid(self) -> None:
        """Draw the crosses over everything, and the neatline with the coordinates outside it."""
        arm, half = self._mm(2.2), self._mm(0.125)
        for middle in self.map.frame.to_sheet(self.map.frame.crosses()):
            for reach in (np.array([arm, half]), np.array([half, arm])):
                _bar(self.image, middle - reach, middle + reach)
        self._grid_numbers()

    def _grid_numbers(self) -> None:
        """Letter every second of the outermost crosses with a coordinate, where its line goes on."""
        world = self.map.frame.crosses()
        low, high = world.min(axis=0), world.max(axis=0)
        outward = self._mm(4.2) * ((world == high).astype(float) - (world == low)) * [1.0, -1.0]
        rim = (outward != 0).sum(axis=1) == 1  # at the corners two numbers would meet
        for place, off in zip(world[rim], outward[rim], strict=True):
            said = int(off[0] != 0)  # on the left and on the right the northing
            if place[said] % (2 * GRID_M) == 0:
                middle = self.map.frame.to_sheet(place) + off
                self._number(f"{place[said]:.0f}", middle, turn_deg=90.0 * said)

    def _number(self, text: str, middle_px: Floats, *, turn_deg: float = 0.0) -> None:
        self.letters.write(text, middle_px, size_px=self._mm(2.4), ink=BLACK, turn_deg=turn_deg)

    def _border(self) -> None:
        """Cut off what reaches over the neatline, draw it, and letter the margin."""
        frame, image = self.map.frame, self.image
        low, high = frame.margin_px, frame.margin_px + frame.map_px
        for edge in (image[:low], image[high:], image[:, :low], image[:, high:]):
            edge[:] = PAPER
        corners = np.array([[low, low], [high, low], [high, high], [low, high]], dtype=np.float64)
        self._line(corners, BLACK, wide_px=self._stroke(0.25), closed=True)
        self._coordinates(low, high)
        middle, size = frame.size_px[0] / 2, self._mm(5.0)
        self.letters.write("PIANTA DEL BORGO", np.array([middle, low * 0.36]), size_px=size, ink=BLACK)
        foot = f"Scala 1:5000   Quote in metri, equidistanza 1 m   {frame.crs.label}"
        below = np.array([middle, frame.size_px[1] - low * 0.36])
        self.letters.write(foot, below, size_px=self._mm(2.6), ink=BLACK)

    def _coordinates(self, low: int, high: int) -> None:
        frame, off, size = self.map.frame, self._mm(2.4), self._mm(2.2)
        for k in range(1, round(frame.map_px / frame.px_per_m / GRID_M)):
            along = low + k * GRID_M * frame.px_per_m
            east, north = f"{frame.west_m + k * GRID_M:.0f}", f"{frame.north_m - k * GRID_M:.0f}"
            for across, outward in ((low, -1.0), (high, 1.0)):
                near, far = across + outward * self._mm(0.2), across + outward * self._mm(1.0)
                self._line(np.array([[along, near], [along, far]]), BLACK, wide_px=2)
                self._line(np.array([[near, along], [far, along]]), BLACK, wide_px=2)
                self.letters.write(east, np.array([along, across + outward * off]), size_px=size, ink=BLACK)
                beside = np.array([across + outward * off, along])
                self.letters.write(north, beside, size_px=size, ink=BLACK, turn_deg=90.0)


def _bar(image: Image, low: Floats, high: Floats) -> None:
    """Print an upright rectangle in black, each pixel as dark as the share of it that is covered.

    OpenCV's lines are off by up to a fifth of a pixel, which would be seen where crosses are measured.
    """
    first, last = np.floor(low).astype(int), np.ceil(high).astype(int)
    shares = [
        np.clip(np.minimum(np.arange(a, b) + 1, upper) - np.maximum(np.arange(a, b), lower), 0, 1)
        for a, b, lower, upper in zip(first, last, low, high, strict=True)
    ]
    cover = np.outer(shares[1], shares[0])[..., None]
    window = image[first[1] : last[1], first[0] : last[0]]
    window[:] = np.round(window * (1 - cover) + np.array(BLACK) * cover)


def _fixed(sheet_px: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """OpenCV's numbers: whole pixels are centres, with some binary digits behind the point."""
    return np.asarray(np.round((sheet_px - 0.5) * 2**_SHIFT), dtype=np.int32)


def _along(street: Street) -> Floats:
    """Points of the middle line, a few metres apart, so that it bends as it was surveyed."""
    return np.array([street.at(along) for along in np.linspace(0, street.length_m, 150)])


def _dense(corners: Floats, step_m: float = 10.0) -> Floats:
    """Points along the edges of a polygon."""
    edges = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        count = max(int(np.hypot(*(end - start)) / step_m), 1)
        edges.append(start + np.linspace(0, 1, count, endpoint=False)[:, None] * (end - start))
    return np.concatenate(edges)
