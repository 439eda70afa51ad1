"""Which way up: against pictures of which the reader knows what is upright, and a real sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.imagery.photo import open_image
from whence.imagery.text.words import Word
from whence.maps.scan import Attitude, find_orientation
from whence.maps.scan.attitude import ATTITUDES

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Image

BLOCKS = ((40, 60), (200, 60), (90, 150), (240, 230), (60, 300))
WIDE, HIGH = 120, 30


def page(blocks: tuple[tuple[int, int], ...] = BLOCKS) -> Image:
    """Blocks that stand for words: their left end is black, and so is their upper edge."""
    picture = np.full((400, 420, 3), 240, np.uint8)
    for column, row in blocks:
        picture[row : row + HIGH, column : column + WIDE] = 150
        picture[row : row + HIGH, column : column + WIDE // 4] = 10
        picture[row : row + HIGH // 3, column : column + WIDE] = 10
    return picture


def laid(picture: Image, way: Attitude) -> Image:
    """How an upright picture looks on a scan that lies so: the inverse of `Attitude.upright`."""
    turned = np.rot90(picture, -(way.turn_deg // 90))
    return np.ascontiguousarray(turned[:, ::-1] if way.mirrored else turned)


class BlockReader:
    """Finds blocks and reads a word where black is at the left and above, and rubbish otherwise."""

    def find(self, image: Image) -> list[Word]:
        import cv2

        dark = (image[..., 0] < 200).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        found = []
        for left, top, wide, high, _ in stats[1:].tolist():
            right, bottom = left + wide, top + high
            corners = ((left, top), (right, top), (right, bottom), (left, bottom))
            found.append(Word("", 0.0, tuple((float(x), float(y)) for x, y in corners), "Zyyy", "blocks"))
        return found

    def read_line(self, line: Image) -> tuple[str, float]:
        grey = line[..., 0].astype(float)
        left, right = (part.mean() for part in np.array_split(grey, 2, axis=1))
        above, below = (part.mean() for part in np.array_split(grey, 2, axis=0))
        return ("Helsinki", 0.99) if left < right - 10 and above < below - 10 else ("oy ux", 0.7)


@pytest.mark.parametrize("way", ATTITUDES, ids=lambda way: f"{way.turn_deg}{'m' * way.mirrored}")
def test_every_way_of_lying_is_recognised(way: Attitude) -> None:
    scan = laid(page(), way)
    np.testing.assert_array_equal(way.upright(scan), page())
    found = find_orientation(scan, reader=BlockReader())
    assert found.attitude == way
    assert found.margin == np.inf
    assert "'Helsinki' read so" in found.evidence


@pytest.mark.parametrize("way", ATTITUDES, ids=lambda way: f"{way.turn_deg}{'m' * way.mirrored}")
def test_the_ground_of_an_attitude_is_that_of_the_upright_map(way: Attitude) -> None:
    # A dot a little east and farther north of the middle of an upright map.
    upright = np.zeros((41, 41, 3), np.uint8)
    upright[20 - 9, 20 + 4] = 255
    row, column = np.argwhere(laid(upright, way)[..., 0])[0] - 20
    np.testing.assert_allclose(way.ground @ [column, row], [4.0, 9.0])


def test_as_much_text_one_way_as_another_is_no_evidence() -> None:
    both = np.concatenate([page(), laid(page(), Attitude(180))])
    with pytest.raises(NotEnoughDataError, match=r"cannot be told.*top of the scan: 37.3"):
        find_orientation(both, reader=BlockReader())


def test_a_scan_without_text_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="no text was read surely"):
        find_orientation(page(()), reader=BlockReader())


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize("way", [Attitude(90), Attitude(0, mirrored=True)], ids=["as scanned", "mirrored"])
def test_a_real_sheet_on_its_side_is_recognised(shared_data: Path, way: Attitude) -> None:
    pytest.importorskip("rapidocr")
    scan = open_image(shared_data / "maps/rautjarvi/rautjarvi_map.jpg")  # north is to the right
    found = find_orientation(laid(Attitude(90).upright(scan), way))
    assert found.attitude == way
    assert found.margin > 4.0
