"""Labels become landmarks where they stand, whichever way up the scan lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from whence.earth import Crs
from whence.errors import InputError
from whence.imagery.text.words import Word
from whence.maps.landmarks import Landmarks
from whence.maps.landmarks.labels import propose_landmarks, reading_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Image

NAMES = ("Avesta", "Borås", "Čačak", "Dabola", "Eslöv", "Falun", "Gävle", "Horten")


@dataclass(frozen=True)
class Marks:
    """Reads bars: as tall as 20 px, red on the left and blue on the right; their green tells the word."""

    name: str = "marks"
    scripts: frozenset[str] = frozenset({"Latn"})

    @classmethod
    def create(cls) -> Marks:
        return cls()

    def read(self, image: Image) -> list[Word]:
        words = []
        for number, name in enumerate(NAMES):
            rows, columns = np.nonzero(image[:, :, 1] == 10 + number)
            if not len(rows):
                continue
            left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            row = (top + bottom) // 2
            if right - left > bottom - top and image[row, left, 0] > image[row, right - 1, 0]:
                corners = ((left, top), (right, top), (right, bottom), (left, bottom))
                words.append(
                    Word(name, 0.9, tuple((float(x), float(y)) for x, y in corners), "Latn", "marks")
                )
        return words

    def reread(self, image: Image, words: Sequence[Word], *, scripts: frozenset[str]) -> list[list[Word]]:
        del image, scripts
        return [[] for _ in words]


def marked() -> tuple[Image, dict[str, tuple[float, float]]]:
    """Draw a scan of 2900 by 1500 px, so several tiles, with a bar of 120 by 20 px for each name."""
    image = np.full((1500, 2900, 3), 255, np.uint8)
    middles = {}
    for number, name in enumerate(NAMES):
        column, row = 100 + 345 * number, 60 + 190 * ((3 * number) % 8)
        bar = image[row : row + 20, column : column + 120]
        bar[:, :60], bar[:, 60:] = (200, 10 + number, 0), (0, 10 + number, 200)
        middles[name] = (column + 60.0, row + 10.0)
    return image, middles


def test_a_reader_finds_every_label_where_it_stands_in_any_turn() -> None:
    image, middles = marked()
    for turned in range(4):
        # Turning the scan to the right needs as many turns to the left to read it.
        scan = np.ascontiguousarray(np.rot90(image, -turned))
        found = propose_landmarks(scan, [Marks()], turn=turned)
        assert sorted(one.name for one in found) == sorted(NAMES)
        for one in found:
            column, row = middles[one.name]
            expected = {
                0: (column, row),
                1: (1500 - row, column),
                2: (2900 - column, 1500 - row),
                3: (row, 2900 - column),
            }[turned]
            assert one.pixel == pytest.approx(expected, abs=0.51)
            assert one.spread_px == pytest.approx(60 + 1.5 * 20)
            # A label reads towards the right of the scan once that is turned so often to the left.
            towards = {0: (1, 0), 1: (0, 1), 2: (-1, 0), 3: (0, -1)}[turned]
            assert one.along_px == pytest.approx(75 * np.array(towards), abs=0.11)


def test_the_turn_in_which_text_reads_is_found() -> None:
    image, _ = marked()
    small = np.ascontiguousarray(image[:, :1500])  # no larger than the overview, so that no mark is blurred
    assert [
        reading_turn(np.ascontiguousarray(np.rot90(small, -turned)), [Marks()]) for turned in range(4)
    ] == [
        0,
        1,
        2,
        3,
    ]


def test_without_a_reader_a_sentence_tells_the_way_out() -> None:
    with pytest.raises(InputError, match="give the names in a table"):
        propose_landmarks(np.zeros((10, 10, 3), np.uint8), [])


TOWNS = {
    "Lund": (13.19, 55.70), "Malmö": (13.00, 55.61), "Ystad": (13.82, 55.43), "Landskrona": (12.83, 55.87),
    "Eslöv": (13.30, 55.84), "Hässleholm": (13.77, 56.16), "Kristianstad": (14.16, 56.03),
    "Simrishamn": (14.35, 55.56), "Helsingborg": (12.69, 56.05), "Trelleborg": (13.16, 55.38),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("turned", [0, 1])
def test_a_printed_map_is_placed_by_what_is_written_on_it(turned: int) -> None:
    pytest.importorskip("rapidocr")
    from whence.imagery.text import available_readers

    zone = Crs.parse("EPSG:32633")
    world = zone.from_lonlat(np.array(list(TOWNS.values())))
    corner, metres_per_px = np.array([world[:, 0].min() - 15_000, world[:, 1].max() + 15_000]), 90.0
    picture = PIL.Image.new("RGB", (1700, 1400), (244, 240, 225))
    draw = PIL.ImageDraw.Draw(picture)
    font = PIL.ImageFont.load_default(size=24)
    for name, place in zip(TOWNS, world, strict=True):
        column, row = (place - corner) * [1, -1] / metres_per_px
        draw.ellipse((column - 4, row - 4, column + 4, row + 4), fill=(0, 0, 0))
        draw.text((column + 8, row - 30), name, fill=(20, 20, 20), font=font)
    scan = np.ascontiguousarray(np.rot90(np.asarray(picture), -turned))
    found = Landmarks(
        tuple(propose_landmarks(scan, available_readers(["rapidocr"]))), (scan.shape[1], scan.shape[0])
    )
    placement = found.solve()
    assert len(placement.assigned) >= 8
    assert all(one.place.endswith(", SE") for one in placement.assigned)
    # Where Lund's symbol is drawn, the fit says Lund, to 1.5 letter heights; labels' middles are 80 px off.
    assert placement.anchor == "before"
    column, row = (world[0] - corner) * [1, -1] / metres_per_px
    pixel = (column, row) if turned == 0 else (1400 - row, column)
    away = np.linalg.norm(placement.fit.to_world(pixel) - placement.points.crs.from_lonlat(TOWNS["Lund"]))
    assert away < 36 * metres_per_px
