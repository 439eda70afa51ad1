"""Numbers beside crosses: how they are written, what they mean, and when they do not say enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError, NotEnoughDataError
from whence.maps.scan import Attitude, Grid, GridLabel, GridPoints, find_grid, place_grid, read_labels
from whence.maps.scan.attitude import ATTITUDES
from whence.maps.scan.labels import number_of
from whence.maps.scan.lettering import Reading
from whence.maps.scan.spacing import spacing_between, spacing_dividing

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Paper

KKJ = "EPSG:2392"
NODES = np.stack(np.meshgrid(np.arange(4), np.arange(3)), axis=-1).reshape(-1, 2)
GRID = Grid(100.0 + 300.0 * NODES, NODES, np.ones(12), 300.0, 0.0, 1e-9)


def label(value: int, node: tuple[int, int], offset: tuple[float, float], letter: str = "") -> GridLabel:
    corners = 100.0 + 300.0 * (np.array(node) + offset) + np.array([[-9, -4], [9, -4], [9, 4], [-9, 4]])
    reading = Reading(f"{value}{letter}", 0.99, corners, 0)
    coordinate = {"": None, "E": "easting", "N": "northing"}[letter]
    return GridLabel(value, np.array(node), np.array(offset), coordinate, reading)  # type: ignore[arg-type]


def world_of(
    way: Attitude, spacing: float, start: tuple[float, float] = (2557000.0, 6786000.0)
) -> np.ndarray:
    return np.asarray(start + spacing * NODES @ way.ground.T)


def labels_of(
    way: Attitude, spacing: float, nodes: list[tuple[int, int]], factor: float = 1.0
) -> list[GridLabel]:
    """The easting of a node on the continuation of its meridian, the northing on that of its parallel."""
    found = []
    for node in nodes:
        world = (2557000.0, 6786000.0) + spacing * way.ground @ node
        for coordinate, value in enumerate(world):
            # The line along which this coordinate stays the same runs along the axis that changes the other.
            axis = int(np.abs(way.ground[1 - coordinate]).argmax())
            found.append(label(round(value / factor), node, (0.12, 0.0) if axis == 0 else (0.0, -0.12)))
    return found


@pytest.mark.parametrize("way", ATTITUDES, ids=lambda way: f"{way.turn_deg}{'m' * way.mirrored}")
def test_one_label_of_each_coordinate_places_the_grid_however_it_lies(way: Attitude) -> None:
    noise = [
        label(1284, (2, 0), (-0.3, 0.3)),
        label(14139, (1, 2), (0.3, -0.3)),
        label(1259, (1, 2), (0.2, 0.01)),
    ]
    found = place_grid(GRID, [*noise, *labels_of(way, 1000.0, [(0, 0)])], KKJ, attitude=way)
    np.testing.assert_allclose(found.points.world, world_of(way, 1000.0))
    assert found.points.names[0] == "2557000 6786000"
    assert found.spacing == 1000.0
    assert set(found.labels) == {"2557000", "6786000"}
    assert set(found.others) == {"1284", "14139", "1259"}
    assert any("is assumed" in note for note in found.notes)
    assert any("misread digit" in note for note in found.notes)


@settings(max_examples=20, deadline=None)
@given(
    way=st.sampled_from(ATTITUDES),
    spacing=st.sampled_from([200.0, 500.0, 1000.0, 2000.0, 5000.0]),
    shown=st.lists(st.sampled_from([(x, y) for x, y in NODES.tolist()]), min_size=3, max_size=5, unique=True),
    factor=st.sampled_from([1.0, 1000.0]),
)
def test_labels_of_several_crosses_tell_the_spacing(
    way: Attitude, spacing: float, shown: list[tuple[int, int]], factor: float
) -> None:
    if spacing % factor or len({x for x, _ in shown}) < 2 or len({y for _, y in shown}) < 2:
        return
    found = place_grid(GRID, labels_of(way, spacing, shown, factor), KKJ, attitude=way)
    np.testing.assert_allclose(found.points.world, world_of(way, spacing))
    assert found.spacing == spacing
    assert found.notes == ()


def test_without_attitude_two_labels_of_each_coordinate_tell_it() -> None:
    way = Attitude(90)
    found = place_grid(GRID, labels_of(way, 1000.0, [(0, 0), (3, 2)]), KKJ)
    np.testing.assert_allclose(found.points.world, world_of(way, 1000.0))
    assert found.attitude == way
    with pytest.raises(NotEnoughDataError, match=r"can mean two things.*--turn"):
        place_grid(GRID, labels_of(way, 1000.0, [(0, 0)]), KKJ)


def test_a_misread_digit_is_outvoted() -> None:
    labels = labels_of(Attitude(0), 1000.0, [(0, 0), (3, 0), (0, 2)])
    wrong = label(2567000, (1, 1), (0.0, -0.12))
    found = place_grid(GRID, [wrong, *labels], KKJ, attitude=Attitude(0))
    np.testing.assert_allclose(found.points.world, world_of(Attitude(0), 1000.0))
    assert found.others == ("2567000",)


def test_letters_decide_where_the_place_of_a_label_does_not() -> None:
    corner = [label(2557000, (0, 0), (0.1, 0.1), "E"), label(6786000, (0, 0), (0.1, 0.16), "N")]
    found = place_grid(GRID, corner, KKJ, attitude=Attitude(0), spacing=500.0)
    np.testing.assert_allclose(found.points.world, world_of(Attitude(0), 500.0))


def placed(labels: list[GridLabel], crs: str = KKJ, spacing: float | None = None) -> GridPoints:
    return place_grid(GRID, labels, crs, attitude=Attitude(0), spacing=spacing)


def test_what_does_not_lie_in_the_area_of_use_is_refused() -> None:
    labels = labels_of(Attitude(0), 1000.0, [(0, 0)])
    with pytest.raises(NotEnoughDataError, match="in the area of use of EPSG:2393"):
        placed(labels, "EPSG:2393")  # Finland's next grid begins at 3 000 000
    with pytest.raises(NotEnoughDataError, match=r"\(none\) name no easting"):
        placed([])
    with pytest.raises(NotEnoughDataError, match="name no easting"):
        placed(labels[:1])
    with pytest.raises(InputError, match="counts degrees"):
        placed(labels, "EPSG:4326")
    with pytest.raises(InputError, match="positive number"):
        placed(labels, spacing=-1.0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2557000", (2557000, None)),
        ("2 557 000", (2557000, None)),
        ("67 86", (6786, None)),
        ("560 000 mE", (560000, "easting")),
        ("N 6786000", (6786000, "northing")),
        ("6786 km", (6786000, None)),
        ("4°78", None),
        ("128.4", None),
        ("1:40", None),
        ("1994-06", None),
        ("0042", None),
        ("123456789", None),
        ("Kukkosaari", None),
    ],
)
def test_numbers_as_they_are_written(text: str, number: tuple[int, str | None] | None) -> None:
    assert number_of(text) == number


@given(
    st.lists(st.integers(1, 9999), min_size=1, max_size=5), st.sampled_from([1, 2, 5, 10, 500, 1000, 2000])
)
def test_the_assumed_spacing_divides_all_and_no_larger_one_does(multiples: list[int], unit: int) -> None:
    values = [unit * one for one in multiples]
    step = spacing_dividing(values)
    larger = [m * 10**k for m in (1, 2, 5) for k in range(9) if m * 10**k > step]
    assert all(value % step == 0 for value in values)
    assert step >= unit
    assert not any(all(value % one == 0 for value in values) for one in larger)


def test_spacings_between_labels_are_round() -> None:
    assert spacing_between([2557000, 2559000, 2560500], [0, 2, 3]) == {1000.0}
    with pytest.raises(InputError, match="other than 0"):
        spacing_dividing([0, 0])


@pytest.mark.slow
def test_numbers_in_the_margin_are_read_where_lines_end(blank: Callable[[int, int], Paper]) -> None:
    pytest.importorskip("rapidocr")
    paper = blank(1200, 900)
    for line in range(4):
        column, row = 240.4 + 240 * line, 90.3 + 240 * line
        paper.stroke(np.array([column, 60.0]), np.array([column, 840.0]), thick_px=2.0)
        if line < 3:
            paper.stroke(np.array([150.0, row + 120]), np.array([1140.0, row + 120]), thick_px=2.0)
    image = paper.image()
    for line in range(4):
        cv2.putText(image, f"{2557 + line}", (205 + 240 * line, 880), 0, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
        if line < 3:
            cv2.putText(image, f"{6788 - line}", (50, 222 + 240 * line), 0, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    grid = find_grid(image)
    assert len(grid) == 12
    assert read_labels(image, grid) == []
    labels = read_labels(image, grid, beyond=True)
    found = place_grid(grid, labels, KKJ, attitude=Attitude(0))
    assert found.spacing == 1000.0
    assert len(found.labels) == 7
    assert found.notes == ()
    steps = (found.points.pixels - (240.4, 210.3)) / 240.0
    np.testing.assert_allclose(
        found.points.world, np.array([2557000, 6788000]) + 1000 * steps * (1, -1), atol=2.0
    )
