"""The value that control points are: checked, read-only, with a coordinate system or openly without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points import ControlPoints

PIXELS = [[607.0, 473.0], [2970.0, 482.0], [2962.0, 1663.0]]
WORLD = [[2_557_000.0, 6_786_000.0], [2_557_000.0, 6_788_000.0], [2_558_000.0, 6_788_000.0]]


def test_active_leaves_out_the_disabled() -> None:
    points = ControlPoints(PIXELS, WORLD, enabled=[True, False, True], names=("a", "b", "c"))
    assert len(points) == 3
    assert points.active.names == ("a", "c")
    np.testing.assert_array_equal(points.active.world, np.array(WORLD)[[0, 2]])
    assert points.active.enabled.all()


def test_nothing_can_be_written_to() -> None:
    points = ControlPoints(PIXELS, WORLD)
    for array in (points.pixels, points.world, points.enabled, points.where([True, True, False]).pixels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_what_was_given_is_not_shared() -> None:
    pixels = np.array(PIXELS)
    points = ControlPoints(pixels, WORLD)
    pixels[0] = -1
    assert points.pixels[0].tolist() == PIXELS[0]


def test_rows_can_be_chosen_by_number() -> None:
    assert ControlPoints(PIXELS, WORLD).where([2, 0]).names == ("3", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pixels": PIXELS, "world": WORLD[:2]}, "3 pixels and 2 world points"),
        ({"pixels": [[0, np.nan]], "world": [[0, 0]]}, "point '1' has the pixel position"),
        (
            {"pixels": [[0, 0]], "world": [[np.inf, 0]], "names": ("mill",)},
            "point 'mill' has the world position",
        ),
        ({"pixels": [[0, 0, 0]], "world": [[0, 0, 0]]}, r"shape \(n, 2\)"),
        ({"pixels": [["x", 0]], "world": [[0, 0]]}, "must be numbers"),
        ({"pixels": PIXELS, "world": WORLD, "names": ("a",)}, "names must have one entry"),
        ({"pixels": PIXELS, "world": WORLD, "enabled": [True]}, "enabled must have one entry"),
    ],
)
def test_bad_points(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ControlPoints(**arguments)


def test_another_coordinate_system_is_pyprojs() -> None:
    points = ControlPoints(PIXELS, WORLD, crs=Crs.parse("EPSG:2392"))
    moved = points.in_crs("EPSG:4326")
    peer = Transformer.from_crs("EPSG:2392", "EPSG:4326", always_xy=True)
    np.testing.assert_allclose(moved.world, np.array(peer.transform(*points.world.T)).T, atol=1e-9)
    assert moved.crs is not None
    assert moved.crs.code in ("EPSG:4326", "OGC:CRS84")


def test_a_system_is_stated_once() -> None:
    unknown = ControlPoints(PIXELS, WORLD, source=Path("sheet.points"))
    with pytest.raises(InputError, match=r"points of sheet\.points is not known; give it as crs="):
        unknown.in_crs("EPSG:4326")
    known = unknown.with_crs("EPSG:2392")
    assert known.with_crs("EPSG:2392") is known
    with pytest.raises(InputError, match="two coordinate systems"):
        known.with_crs("EPSG:2393")
    with pytest.raises(InputError, match="unknown coordinate system"):
        unknown.with_crs("EPSG:999999")


def test_points_outside_the_scan() -> None:
    points = ControlPoints([[0, 0], [100, 50], [100.5, 3], [3, -0.5]], np.zeros((4, 2)))
    assert points.outside((100, 50)).tolist() == [False, False, True, True]


def test_no_points_are_points() -> None:
    assert len(ControlPoints([], [])) == 0
