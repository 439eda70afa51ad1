"""The drawn old map: what it shows lies where its truth says, and the truth can be turned round."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from scipy.optimize import fsolve

from whence.errors import InputError, NotFoundError
from whence.smallworld.map_drawing import BLACK, BLUE, BROWN
from whence.smallworld.map_frame import SheetFrame
from whence.smallworld.old_map import OldMap, draw_old_map
from whence.smallworld.paper import Paper
from whence.smallworld.relief import INTERVAL_M, ZERO_M
from whence.smallworld.survey import landmarks_of
from whence.smallworld.town import ORIGIN, Town


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.build(seed=0)


@pytest.fixture(scope="module")
def sheet(town: Town) -> OldMap:
    return OldMap.of_town(town, seed=1)


@pytest.fixture(scope="module")
def flat(sheet: OldMap) -> np.ndarray:
    return sheet.draw()


def seen(flat: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Colours of the pixels in which places of the flat sheet lie."""
    column, row = np.floor(pixels).astype(int).T
    return flat[row, column].astype(int)


def like(colours: np.ndarray, ink: tuple[int, int, int], within: int = 60) -> np.ndarray:
    return np.abs(colours - np.array(ink)).max(axis=-1) <= within


@pytest.mark.parametrize("options", [{}, {"turn_deg": 37.0}, {"quarter_turns": 3}, {"crease_px": 6.0}])
@pytest.mark.parametrize("seed", range(3))
def test_scan_and_sheet_are_inverse_to_a_hundredth_of_a_pixel(seed: int, options: dict[str, float]) -> None:
    size = (2760, 2760)
    paper = Paper.aged(size, np.random.default_rng(seed), **options)  # type: ignore[arg-type]
    flat = np.random.default_rng(9).uniform(0, 2760, (3000, 2))
    np.testing.assert_allclose(paper.to_sheet(paper.to_scan(flat)), flat, atol=0.001)
    scan = paper.to_scan(flat)
    np.testing.assert_allclose(paper.to_scan(paper.to_sheet(scan)), scan, atol=0.001)
    assert scan.min() >= -20
    assert (scan <= np.array(paper.scan_size_px) + 20).all()


def test_the_way_back_agrees_with_a_general_solver() -> None:
    paper = Paper.aged((2000, 2000), np.random.default_rng(4))
    target = np.array([1234.5, 678.9])
    found = fsolve(lambda pixel: paper.to_sheet(pixel) - target, target, xtol=1e-12)
    np.testing.assert_allclose(paper.to_scan(target), found, atol=1e-4)


def test_the_paper_shrinks_turns_and_is_displaced_at_its_folds() -> None:
    """Oracle: without waves and folds the scan is the turned and shrunken sheet, in closed form."""
    rng = np.random.default_rng(2)
    paper = Paper.aged((1000, 1000), rng, turn_deg=0, quarter_turns=1, deformation_px=0, crease_px=0)
    assert paper.scan_size_px == (1000, 1000)
    expected = 500 + paper.shrinkage * np.array([-500, -500])
    np.testing.assert_allclose(paper.to_scan([0.0, 0.0]), [1000 - expected[1], expected[0]], atol=1e-6)
    folded = Paper.aged((1000, 1000), np.random.default_rng(2), deformation_px=0, crease_px=4)
    crease = folded.creases[0]
    far = crease.point_px + 30 * crease.width_px * crease.normal
    near = 2 * crease.point_px - far
    step = folded._shift_px(far) - folded._shift_px(near)
    other = folded.creases[1]
    step -= other.shift_px(far) - other.shift_px(near)
    assert np.hypot(*step) == pytest.approx(4.0, rel=1e-6)


def test_a_sheet_that_would_fold_over_itself_is_refused() -> None:
    with pytest.raises(InputError, match="fold a sheet"):
        Paper.aged((1000, 1000), np.random.default_rng(0), deformation_px=50)
    with pytest.raises(InputError, match="dots per inch"):
        SheetFrame.about_town(dpi=20)


def test_a_pixel_is_half_a_metre_of_the_grid() -> None:
    """Oracle: 1:5000 at 254 dots per inch, 0.1 mm a pixel; the origin by PROJ."""
    frame = SheetFrame.about_town()
    ends = frame.to_world(np.array([[1000.0, 1000.0], [1100.0, 1000.0], [1000.0, 1100.0]]))
    np.testing.assert_allclose(ends[1:] - ends[0], [[50.0, 0.0], [0.0, -50.0]], atol=1e-6)
    middle = frame.to_sheet(frame.crs.from_lonlat(np.array(ORIGIN)))
    assert np.abs(middle - np.array(frame.size_px) / 2).max() <= 50 * frame.px_per_m
    assert (frame.crosses() % 100 == 0).all()
    assert frame.inside(frame.to_sheet(frame.crosses())).all()


def test_the_same_seed_gives_the_same_sheet_and_another_another(town: Town, sheet: OldMap) -> None:
    again, other = OldMap.of_town(town, seed=1), OldMap.of_town(town, seed=2)
    np.testing.assert_array_equal(again.landmark_pixels, sheet.landmark_pixels)
    assert np.abs(other.landmark_pixels - sheet.landmark_pixels).min() > 0


def test_the_survey_errs_as_much_as_it_states(town: Town) -> None:
    """Oracle: the landmarks' distances from where the grid puts their symbols, over many surveys."""
    errors = []
    for seed in range(60):
        sheet = OldMap.of_town(town, seed=seed, survey_error_m=3.0)
        errors.append(sheet.to_world(sheet.landmark_pixels) - sheet.landmark_world)
    drawn = np.array(errors)
    assert np.sqrt(np.square(drawn).mean()) == pytest.approx(3.0, rel=0.05)
    assert abs(drawn.mean()) < 0.2
    neighbours = np.corrcoef(*(OldMap.of_town(town, seed=0).survey.error_m(np.random.default_rng(1).uniform(
        -400, 400, (2000, 2)) + away)[:, 0] for away in (0.0, np.array([3.0, 0.0]))))  # fmt: skip
    assert neighbours[0, 1] > 0.95


def test_landmarks_cover_the_town_and_have_names_of_their_own(town: Town) -> None:
    landmarks = landmarks_of(town)
    assert len({landmark.name for landmark in landmarks}) == len(landmarks) == 24
    assert {"Municipio", "Campanile"} <= {landmark.name for landmark in landmarks}
    places = np.array([landmark.place_m for landmark in landmarks])
    for corner in ([-400, -400], [400, -400], [-400, 250], [400, 250]):
        assert np.hypot(*(places - np.array(corner)).T).min() < 150


def test_ink_lies_where_the_truth_says(sheet: OldMap, flat: np.ndarray) -> None:
    """Oracle: the colours of the flat sheet at places that the vectors give."""
    crosses = sheet.frame.to_sheet(sheet.frame.crosses())
    assert like(seen(flat, crosses), BLACK).mean() > 0.99
    assert like(seen(flat, sheet.landmark_sheet_px), BLACK).mean() > 0.95
    river = sheet.drawn(np.column_stack([np.linspace(-450, 450, 50), np.full(50, 430.0)]))
    assert like(seen(flat, river), BLUE, 30).mean() > 0.7  # the rest are letters and a cross
    line = max((c.line_m for c in sheet.contours if c.is_index), key=len)
    pixels = sheet.drawn(line)
    on_map = pixels[sheet.frame.inside(pixels, within_mm=1.0)]
    assert like(seen(flat, on_map), BROWN).mean() > 0.5  # houses, river and letters lie above


def test_contours_lie_at_their_height(sheet: OldMap) -> None:
    """Oracle: the terrain in closed form."""
    for contour in sheet.contours:
        true_m = sheet.town.terrain.height_m(contour.line_m) + ZERO_M
        assert np.abs(true_m - contour.height_m).max() < 0.02
    heights = np.array([contour.height_m for contour in sheet.contours])
    assert (np.diff(np.unique(heights)) == INTERVAL_M).all()
    for spot in sheet.spots:
        assert abs(spot.height_m - ZERO_M - float(sheet.town.terrain.height_m(spot.place_m))) < 0.25


def test_files_tell_the_truth_of_the_scan(town: Town, tmp_path: Path) -> None:
    """Oracle: the scan is dark where the table has crosses, and bright a few pixels off."""
    sheet = draw_old_map(town, tmp_path / "map", seed=5, dpi=160.0)
    scan = np.asarray(PIL.Image.open(tmp_path / "map" / "map.jpg").convert("L"), dtype=float)
    assert scan.shape == sheet.size_px[::-1]
    with (tmp_path / "map" / "crosses.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pixels = np.array([[float(row["column"]), float(row["row"])] for row in rows])
    world = np.array([[float(row["easting"]), float(row["northing"])] for row in rows])
    np.testing.assert_allclose(sheet.to_world(pixels), world, atol=1e-3)
    here, aside = (scan[tuple(np.floor(pixels + off).astype(int).T[::-1])] for off in (0.0, 5.0))
    assert (here < aside).mean() > 0.7  # some lie on houses
    assert np.median(here) < 110 < np.median(aside)
    names = {feature["properties"]["name"] for feature in
             json.loads((tmp_path / "map" / "landmarks.geojson").read_text("utf-8"))["features"]}  # fmt: skip
    assert len(names) == 24
    facts = json.loads((tmp_path / "map" / "map.json").read_text("utf-8"))
    assert facts["metres_per_px"] == pytest.approx(5000 * 0.0254 / 160)
    with pytest.raises(NotFoundError, match="no folder"):
        draw_old_map(town, tmp_path / "nowhere" / "map")
