"""Areas and lengths of polygons; the oracles are the ellipsoid and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Geod, Transformer

from whence.aerial.polygons.ground import Ground
from whence.earth.crs import Crs
from whence.errors import InputError

SQUARE = np.array([shapely.box(400, 400, 600, 600)])  # columns and rows; 200 × 200 pixels


def ground(crs: str, transform: Affine) -> Ground:
    return Ground.of_transform(transform, Crs.parse(crs), (1000, 1000))


def true_area_m2(placed, crs: str) -> float:
    """Area of the polygon on the ellipsoid, its sides cut into a thousand pieces."""
    dense = shapely.segmentize(placed, shapely.length(placed) / 4000)
    lonlat = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(
        *shapely.get_coordinates(dense).T
    )
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(*lonlat)[0])


@pytest.mark.parametrize(
    ("crs", "transform", "plane"),
    [
        ("EPSG:32636", Affine(0.5, 0, 500000, 0, -0.5, 36000), True),
        ("EPSG:3857", Affine(0.5, 0, 1.4e6, 0, -0.5, 7.5e6), False),
        ("EPSG:3857", Affine(0.07, 0, 3.6e6, 0, -0.07, 3.6e4), False),  # at the equator too: 0.7 % too high
        ("EPSG:4326", Affine(5e-6, 0, 32.5, 0, -5e-6, 55.3), False),
        ("EPSG:3857", Affine(0.4, 0.3, 1.4e6, 0.3, -0.4, 7.5e6), False),  # turned
    ],
)
def test_areas_are_true(crs, transform, plane):
    here = ground(crs, transform)
    placed = here.placed(SQUARE)
    areas, lengths = here.sizes(placed)
    true = true_area_m2(placed[0], crs)
    assert here.is_plane is plane
    assert areas[0] == pytest.approx(true, rel=0.0025 if plane else 1e-6)
    assert here.cell_m2 * 200 * 200 == pytest.approx(true, rel=2e-4)
    sides = np.hypot(*here.plane)
    assert lengths[0] == pytest.approx(2 * 200 * sides.sum(), rel=2e-3)


def test_right_angles_on_the_ground_are_right_in_the_plane():
    """Degrees at 55° north: a pixel is 0.57 times as wide as it is high."""
    here = ground("EPSG:4326", Affine(5e-6, 0, 32.5, 0, -5e-6, 55.3))
    across, down = here.plane.T
    assert across @ down == pytest.approx(0.0, abs=1e-5 * np.hypot(*across) * np.hypot(*down))
    assert np.hypot(*across) / np.hypot(*down) == pytest.approx(np.cos(np.radians(55.3)), rel=5e-3)


def test_holes_are_taken_away_on_the_ellipsoid():
    here = ground("EPSG:3857", Affine(0.5, 0, 1.4e6, 0, -0.5, 7.5e6))
    yard = shapely.box(450, 450, 550, 550)
    outer, holed, inner = here.sizes(here.placed(np.array([SQUARE[0], SQUARE[0].difference(yard), yard])))[0]
    assert holed == pytest.approx(outer - inner, rel=1e-9)


def test_without_a_system_everything_is_pixels():
    here = Ground.of_pixels(Affine(2.0, 0, 100, 0, -2.0, 100))
    placed = here.placed(SQUARE)
    assert placed[0].bounds == (900, -1100, 1300, -700)
    assert here.sizes(placed)[0].tolist() == [40000.0]
    assert (here.unit, here.cell_m2) == ("px", 1.0)
    assert "pixels" in here.measure


def test_a_transform_onto_a_line_is_refused():
    with pytest.raises(InputError, match="onto a line"):
        Ground.of_pixels(Affine(1.0, 1.0, 0, 1.0, 1.0, 0))
