"""Frames drawn at known places: corners to a fraction of a pixel, the innermost chosen, order by attitude."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.photo import open_image
from whence.maps.scan import Attitude, find_frame, frame_points, frame_scale
from whence.maps.scan.attitude import ATTITUDES
from whence.maps.sheets import quadrangle, sheet_frame

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Paper
    from whence.typing import Floats, Image

Blank = Callable[[int, int], "Paper"]
SHAPE = np.array([[-400.0, -300.0], [405.0, -303.0], [402.0, 296.0], [-398.0, 301.0]])


def turned(corners: Floats, turn_deg: float, middle: Floats) -> Floats:
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(corners @ turn + middle)


def ring(paper: Paper, corners: Floats, *, thick_px: float, black: float = 1.0) -> None:
    for i in range(4):
        paper.stroke(corners[i], corners[(i + 1) % 4], thick_px=thick_px, black=black)


def nested(blank: Blank, turn_deg: float, *, marks: int = 150) -> tuple[Paper, Floats]:
    """A neatline, thin and pale, within a thin and a thick frame; and strokes of a map inside."""
    middle = np.array([520.3, 410.7])
    inner = turned(SHAPE, turn_deg, middle)
    paper = blank(1040, 820)
    paper.clutter(marks, 3)
    ring(paper, inner, thick_px=1.2, black=0.7)
    grown = SHAPE + 16.0 * np.sign(SHAPE)
    ring(paper, turned(grown, turn_deg, middle), thick_px=1.0)
    ring(paper, turned(grown + 5.0 * np.sign(SHAPE), turn_deg, middle), thick_px=4.0)
    return paper, inner


@pytest.mark.parametrize("turn_deg", [-5.0, -0.3, 0.0, 2.2])
def test_the_innermost_frame_is_found_to_a_fifth_of_a_pixel(blank: Blank, turn_deg: float) -> None:
    paper, inner = nested(blank, turn_deg)
    frame = find_frame(paper.image())
    assert np.abs(frame.corners - inner).max() < 0.2
    assert frame.nested >= 2
    assert np.abs(frame.bow_px).max() < 0.3
    assert frame.scatter_px.max() < 0.3


def test_a_single_frame_is_found_under_shade_and_jpeg(blank: Blank) -> None:
    paper = blank(900, 700)
    corners = np.array([[60.4, 50.2], [840.7, 55.1], [838.2, 655.6], [58.9, 650.3]])
    ring(paper, corners, thick_px=2.0)
    light = np.linspace(1.0, 0.6, 900)[None, :] * np.ones((700, 1))
    image = paper.image(light=light, noise=5.0)
    image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image)[1], cv2.IMREAD_COLOR), np.uint8)
    assert np.abs(find_frame(image).corners - corners).max() < 0.3


def test_the_bow_of_bent_paper_is_told(blank: Blank) -> None:
    paper = blank(900, 700)
    place = np.linspace(-1.0, 1.0, 41)
    top = np.column_stack([450.0 + 380.0 * place, 64.0 - 4.0 * place**2])  # its middle lies 4 px lower
    for start, end in itertools.pairwise(top):
        paper.stroke(start, end, thick_px=2.0)
    rest = np.array([[830.0, 60.0], [830.0, 640.0], [70.0, 640.0], [70.0, 60.0]])
    for start, end in itertools.pairwise(rest):
        paper.stroke(start, end, thick_px=2.0)
    frame = find_frame(paper.image())
    assert frame.bow_px[0] == pytest.approx(4.0, abs=0.2)
    assert np.abs(frame.bow_px[1:]).max() < 0.2
    assert np.abs(frame.corners - rest[[3, 0, 1, 2]]).max() < 0.35


def test_a_large_scan_is_found_small_and_measured_at_full_size(blank: Blank) -> None:
    paper = blank(4400, 3300)
    corners = np.array([[310.4, 250.2], [4120.7, 262.1], [4110.2, 3050.6], [300.9, 3041.3]])
    ring(paper, corners, thick_px=3.0)
    assert np.abs(find_frame(paper.image(noise=1.0)).corners - corners).max() < 0.2


def test_what_has_no_frame_is_refused(blank: Blank) -> None:
    cluttered = blank(900, 700)
    cluttered.clutter(700, 5)
    three = blank(900, 700)
    for start, end in (((60, 50), (840, 50)), ((840, 50), (840, 650)), ((840, 650), (60, 650))):
        three.stroke(np.array(start, float), np.array(end, float))
    for picture in (cluttered.image(), three.image(), np.full((300, 300, 3), 250, np.uint8)):
        with pytest.raises(NotEnoughDataError, match="no frame was found"):
            find_frame(picture)
    with pytest.raises(InputError, match="1 by 1 pixels"):
        find_frame(np.zeros((1, 1, 3), np.uint8))


@pytest.mark.parametrize("way", ATTITUDES, ids=lambda way: f"{way.turn_deg}{'m' * way.mirrored}")
def test_corners_get_their_coordinates_however_the_scan_lies(blank: Blank, way: Attitude) -> None:
    sheet = sheet_frame("N-37-112-Б")
    paper = blank(600, 560)
    # 15' by 10' at 53° N are 16.8 by 18.55 km: an upright map of 420 by 464 pixels.
    upright = np.array([[90.0, 50.0], [510.0, 50.0], [510.0, 514.0], [90.0, 514.0]])
    ring(paper, upright, thick_px=2.0)
    image: Image = paper.image()
    # The inverse of holding it upright.
    image = np.rot90(image, -(way.turn_deg // 90))
    image = np.ascontiguousarray(image[:, ::-1] if way.mirrored else image)
    points = frame_points(find_frame(image), sheet, attitude=way)
    assert points.names == ("north-west", "north-east", "south-east", "south-west")
    width = image.shape[1]
    for pixel, expected in zip(points.pixels, upright, strict=True):
        column = width - pixel[0] if way.mirrored else pixel[0]
        scan_width, scan_height = image.shape[1], image.shape[0]
        held = {
            0: (column, pixel[1]),
            90: (pixel[1], scan_width - column),
            180: (scan_width - column, scan_height - pixel[1]),
            270: (scan_height - pixel[1], column),
        }[way.turn_deg]
        assert np.hypot(*(np.array(held) - expected)) < 0.3
    assert frame_scale(points).agreement == pytest.approx(1.0, abs=0.005)
    np.testing.assert_allclose(points.world, sheet.corners)


def test_a_sheet_that_cannot_lie_so_is_refused(blank: Blank) -> None:
    paper = blank(600, 560)
    ring(paper, np.array([[90.0, 50.0], [510.0, 50.0], [510.0, 514.0], [90.0, 514.0]]), thick_px=2.0)
    frame = find_frame(paper.image())
    with pytest.raises(InputError, match="how the scan lies"):
        frame_points(frame, sheet_frame("N-37-112-Б"), attitude=Attitude(90))


SAPPORO = [[190.4, 83.4], [885.4, 83.5], [889.3, 719.3], [189.7, 718.8]]
YAMURA = [[174.5, 97.2], [929.2, 100.6], [925.6, 717.2], [168.1, 713.6]]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("number", "limits", "agreement", "corners"),
    [
        (1, "141°15′-141°30′E, 43°00′-43°10′N", 0.003, SAPPORO),
        (3, "138°45′-139°00′E, 35°30′-35°40′N", 0.002, YAMURA),
    ],
)
def test_real_sheets_have_the_shape_that_their_corners_give_them(
    shared_data: Path, number: int, limits: str, agreement: float, corners: list[list[float]]
) -> None:
    frame = find_frame(open_image(shared_data / f"maps/gaihozu/sample{number}.jpg"))
    points = frame_points(frame, quadrangle(limits, crs="EPSG:4301"))
    scale = frame_scale(points)
    # The ellipsoid knows nothing of the scan. The outer frame is 4 % larger and another shape by 0.7 %.
    assert scale.agreement == pytest.approx(1.0, abs=agreement)
    assert scale.north_m_px == pytest.approx(29.6, rel=0.02)
    np.testing.assert_allclose(frame.corners, corners, atol=0.5)
