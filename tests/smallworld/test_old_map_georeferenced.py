"""The drawn old map georeferenced: from few points, by names, by its grid; promise against truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whence import maps
from whence.cli.demo_heights import recovered
from whence.cli.demo_map import georeferenced, table_of, write_report
from whence.errors import NotEnoughDataError
from whence.maps.landmarks import Landmark, Landmarks
from whence.maps.landmarks.place_files import read_places
from whence.maps.scan import find_grid
from whence.smallworld.map_frame import GRID_M
from whence.smallworld.old_map import OldMap, draw_old_map
from whence.smallworld.town import Town


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.build(seed=0)


@pytest.fixture(scope="module")
def folder(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("old") / "map"
    draw_old_map(town, target, seed=1, dpi=100.0)
    return target


def kept(town: Town, kind: str, count: int, *, source: str, seeds: range) -> float:
    """Share of true errors amid the points that lie within the radius promised with 80 %."""
    hits = []
    for seed in seeds:
        sheet, rng = OldMap.of_town(town, seed=seed), np.random.default_rng(seed)
        crosses = (sheet.cross_pixels, sheet.frame.crosses())
        pixels, world = crosses if source == "crosses" else (sheet.landmark_pixels, sheet.landmark_world)
        chosen = rng.permutation(len(pixels))[:count]
        measured = pixels[chosen] + rng.normal(0, 1.5, (count, 2))
        fit = maps.fit(maps.ControlPoints(measured, world[chosen], crs=sheet.frame.crs), kind=kind)
        places = sheet.places(60)
        places = places[fit.inside(places)]
        error_m = np.linalg.norm(fit.to_world(places) - sheet.to_world(places), axis=1)
        hits.append(error_m <= fit.predicted_radius_m(places, q=0.8))
    return float(np.concatenate(hits).mean())


@pytest.mark.parametrize(
    ("kind", "count", "source"),
    [
        ("affine", 6, "crosses"),
        ("polynomial2", 20, "crosses"),
        ("affine", 20, "landmarks"),
        ("tps", 10, "landmarks"),
    ],
)
def test_the_promised_band_holds_the_truth(town: Town, kind: str, count: int, source: str) -> None:
    """Oracle: the truth of 30 folded and shrunken sheets; their errors hang together, hence the margin."""
    assert 0.68 <= kept(town, kind, count, source=source, seeds=range(500, 530)) <= 0.97


def test_landmarks_alone_place_the_sheet(town: Town, folder: Path) -> None:
    """Oracle: the sheet's own geometry. Names and pixels in, no coordinate but those of the user's file."""
    sheet = OldMap.of_town(town, seed=1)
    rng = np.random.default_rng(0)
    pixels = sheet.landmark_pixels + rng.normal(0, 1.5, sheet.landmark_pixels.shape)
    named = [Landmark(one.name, tuple(at)) for one, at in zip(sheet.landmarks, pixels.tolist(), strict=True)]
    placed = Landmarks(tuple(named), size_px=sheet.size_px).solve(
        read_places(folder / "landmarks.geojson"), crs=sheet.frame.crs, kind="affine"
    )
    assert len(placed.points) >= 22
    truth = dict(zip([one.name for one in sheet.landmarks], sheet.landmark_world, strict=True))
    for name, world in zip(placed.points.names, placed.points.world, strict=True):
        np.testing.assert_allclose(world, truth[name], atol=0.01)
    places = sheet.places(100)
    places = places[placed.fit.inside(places)]
    error_m = np.linalg.norm(placed.fit.to_world(places) - sheet.to_world(places), axis=1)
    assert np.sqrt(np.square(error_m).mean()) < 2.5  # the survey errs by 2.8 m in the plane


def test_names_of_another_town_are_refused(town: Town, folder: Path) -> None:
    """Oracle: the same names shuffled among the pixels mean nothing."""
    sheet = OldMap.of_town(town, seed=1)
    order = np.random.default_rng(5).permutation(len(sheet.landmarks))
    shuffled = tuple(
        Landmark(sheet.landmarks[k].name, tuple(at))
        for k, at in zip(order, sheet.landmark_pixels.tolist(), strict=True)
    )
    with pytest.raises(NotEnoughDataError):
        Landmarks(shuffled, size_px=sheet.size_px).solve(
            read_places(folder / "landmarks.geojson"), crs=sheet.frame.crs
        )


@pytest.mark.slow
@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_most_crosses_are_found_in_the_scan(town: Town, quarter_turns: int) -> None:
    """Oracle: where the crosses truly are; a tenth of them lies under letters or on houses."""
    sheet = OldMap.of_town(town, seed=3, quarter_turns=quarter_turns)
    grid = find_grid(sheet.scan())
    world = np.round(sheet.to_world(grid.pixels) / GRID_M) * GRID_M
    off_px = np.hypot(*(grid.pixels - sheet.to_pixels(world)).T)
    assert len(grid) >= 100
    assert np.median(off_px) < 0.1
    assert off_px.max() < 1.5
    assert len(np.unique(grid.nodes, axis=0)) == len(grid)


@pytest.mark.slow
def test_the_demo_compares_promise_and_truth(town: Town, tmp_path: Path) -> None:
    """Oracle: the files of truth beside the scan; the crosses are constructed, so the grid errs least."""
    folder = tmp_path / "map"
    draw_old_map(town, folder, seed=0)
    outcomes = georeferenced(folder)
    rows = [outcome.to_row() for outcome in outcomes]
    assert len(rows) == 3
    assert min(rows, key=lambda row: row["true_rmse_m"])["way"].startswith("grid crosses")  # type: ignore[arg-type,attr-defined,return-value]
    assert all(row["true_rmse_m"] < 4.0 for row in rows)  # type: ignore[operator]
    assert len(table_of(outcomes).splitlines()) == 4
    heights = recovered(folder, outcomes[0].fit)
    write_report(folder, outcomes[0], heights=heights.chapter)
    for name in ("accuracy.csv", "contours.gpkg", "dem.tif", "report.html", "report.json"):
        assert (folder / name).stat().st_size > 100
    assert abs(heights.fit.beta_m + 63) < 0.1
    assert [one.name for one in heights.fit.outliers] == [heights.wrong]
    assert heights.wrong in {one.name for one in heights.traced.contradictions}
    assert heights.comparison.difference.rmse_m < 0.25  # a quarter of the interval
    page = (folder / "report.html").read_text("utf-8")
    for said in ("Labelled heights", "Height model", heights.wrong, f"{heights.fit.beta_m:.2f} m"):
        assert said in page
