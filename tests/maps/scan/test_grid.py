"""Crosses drawn at known places are found to a fifth of a pixel; what is no grid is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError, NotEnoughDataError
from whence.maps.scan import find_grid

if TYPE_CHECKING:
    from conftest import Paper
    from whence.typing import Floats, Image, Ints

Sheet = Callable[..., "Paper"]
NODES = np.stack(np.meshgrid(np.arange(4), np.arange(3)), axis=-1).reshape(-1, 2)


@pytest.fixture(scope="module")
def sheet(blank: Callable[[int, int], Paper]) -> Sheet:
    """Give paper with crosses at places, and some marks that are none."""

    def draw(places: Floats, turn_deg: float, *, marks: int = 0, seed: int = 0) -> Paper:
        paper = blank(1300, 1000)
        for place in places:
            paper.cross(place, turn_deg)
        paper.clutter(marks, seed)
        return paper

    return draw


def grid_places(
    nodes: Ints, *, origin: Floats, step_px: float, turn_deg: float, strain: Floats | None = None
) -> Floats:
    """Where the nodes of a grid lie that is turned, and stretched by 1 + strain (2, 2)."""
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    stretch = np.eye(2) + (np.zeros((2, 2)) if strain is None else strain)
    return np.asarray(origin + step_px * nodes @ turn @ stretch)


def away_px(found: Floats, true: Floats) -> Floats:
    """Distance of each found cross to the nearest true one."""
    return np.asarray(np.hypot(*np.moveaxis(found[:, None] - true[None], 2, 0)).min(axis=1))


@settings(max_examples=5, deadline=None)
@given(
    turn_deg=st.floats(-3.5, 3.5),
    shift=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    strain=st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.floats(-0.005, 0.005)),
    seed=st.integers(0, 1000),
)
def test_crosses_are_found_to_a_fifth_of_a_pixel(
    sheet: Sheet,
    turn_deg: float,
    shift: tuple[float, float],
    strain: tuple[float, float, float],
    seed: int,
) -> None:
    bent = np.array([[strain[0], strain[2]], [strain[2], strain[1]]])
    origin = np.array([190.0, 170.0]) + shift
    places = grid_places(NODES, origin=origin, step_px=290.0, turn_deg=turn_deg, strain=bent)
    grid = find_grid(sheet(places, turn_deg, marks=40, seed=seed).image(seed=seed))
    assert len(grid) >= 10
    assert away_px(grid.pixels, places).max() < 0.2
    assert grid.false_alarms < 1e-4
    # Nodes and places belong together: one affine map, but for the noise.
    design = np.column_stack([np.ones(len(grid)), grid.nodes])
    left = grid.pixels - design @ np.linalg.lstsq(design, grid.pixels, rcond=None)[0]
    assert np.abs(left).max() < 0.4


def test_a_grid_of_which_half_is_missing_is_found(sheet: Sheet) -> None:
    kept = NODES[[0, 2, 3, 5, 7, 10]]
    places = grid_places(kept, origin=np.array([200.3, 180.6]), step_px=290.0, turn_deg=1.0)
    grid = find_grid(sheet(places, 1.0, marks=40).image())
    assert len(grid) == 6
    assert away_px(grid.pixels, places).max() < 0.2


def test_shade_and_jpeg_do_not_move_the_crosses(sheet: Sheet) -> None:
    places = grid_places(NODES, origin=np.array([200.3, 180.6]), step_px=290.0, turn_deg=-1.0)
    light = np.linspace(0.55, 1.0, 1300)[None, :] * np.linspace(1.0, 0.8, 1000)[:, None]
    image = sheet(places, -1.0, marks=40).image(light=light, noise=4.0)
    image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    grid = find_grid(np.asarray(image, np.uint8))
    assert len(grid) == 12
    assert away_px(grid.pixels, places).max() < 0.25


def test_a_crease_across_the_sheet_does_not_hide_the_grid(sheet: Sheet) -> None:
    places = grid_places(NODES, origin=np.array([200.3, 180.6]), step_px=290.0, turn_deg=0.5)
    paper = sheet(places, 0.5)
    light = np.ones((1000, 1300))
    light[:, 640:648] = 0.45  # a fold's shadow from top to bottom
    grid = find_grid(paper.image(light=light))
    assert len(grid) == 12
    assert away_px(grid.pixels, places).max() < 0.2


def text_page(seed: int) -> Image:
    page = np.full((1000, 1300, 3), 244, np.uint8)
    rng = np.random.default_rng(seed)
    letters = np.array(list("tfTHEx+-LIF 0417 eina"))
    for row in range(60, 1000, 42):
        cv2.putText(page, "".join(rng.choice(letters, 52)), (40, row), 0, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    return page


@pytest.mark.parametrize("seed", range(4))
def test_clutter_noise_and_text_are_no_grid(blank: Callable[[int, int], Paper], seed: int) -> None:
    strokes = blank(1300, 1000)
    strokes.clutter(600, seed)
    rng = np.random.default_rng(seed)
    noise = np.repeat(rng.integers(0, 256, (600, 800, 1), dtype=np.uint8), 3, axis=2)
    for picture in (strokes.image(seed=seed), text_page(seed), noise):
        with pytest.raises(NotEnoughDataError, match="no grid was found"):
            find_grid(picture)


def test_blank_paper_and_a_single_pixel_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="no grid"):
        find_grid(np.full((300, 300, 3), 250, np.uint8))
    with pytest.raises(InputError, match="1 by 1 pixels"):
        find_grid(np.full((1, 1, 3), 250, np.uint8))
    with pytest.raises(InputError, match="uint8"):
        find_grid(np.zeros((300, 300), np.uint8))
