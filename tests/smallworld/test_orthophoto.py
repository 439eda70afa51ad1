"""The orthophoto of the small world: what is drawn, what is told about it, and that both agree."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

from whence.aerial.datasets import open_dataset
from whence.aerial.polygons.files import read_layer
from whence.errors import InputError, NotFoundError
from whence.smallworld import Orthophoto, Town, draw_orthophoto
from whence.smallworld.orthophoto_frame import PhotoFrame
from whence.smallworld.orthophoto_light import SUNS, Sun, shadows
from whence.smallworld.orthophoto_objects import Surface, add_roofs
from whence.smallworld.orthophoto_plan import Plan, Roof, rectangle
from whence.smallworld.orthophoto_register import Register

TOWN = Town.build(seed=0)
PART = {"cell_m": 0.5, "half_m": (80.0, 70.0), "middle_m": (-60.0, 40.0)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "aerial"
    for date in (1, 2):
        draw_orthophoto(TOWN, folder, date=date, **PART)
    return folder


def truth_by_centres(folder: Path, date: int) -> np.ndarray:
    """Where pixel centres lie in a true footprint: shapely, pixel by pixel."""
    with rasterio.open(folder / "masks" / f"date_{date}.tif") as mask:
        transform, shape = mask.transform, mask.shape
    layer = read_layer(folder / f"footprints_{date}.geojson").in_crs(PhotoFrame.of_town(TOWN, **PART).crs)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    east, north = (np.reshape(axis, shape) for axis in rasterio.transform.xy(transform, rows, columns))
    return shapely.contains_xy(shapely.union_all(layer.polygons), east, north)


def test_the_grid_is_that_of_the_projection() -> None:
    frame = PhotoFrame.of_town(TOWN, cell_m=0.25)
    places = np.random.default_rng(0).uniform(-550, 550, (500, 2))
    world = frame.world(TOWN, places)
    east, north = rasterio.transform.xy(frame.transform, *(frame.pixels(places)[:, ::-1].T), offset="ul")
    assert np.hypot(east - world[:, 0], north - world[:, 1]).max() < 0.005
    np.testing.assert_allclose(frame.enu_m(frame.pixels(places)), places, atol=1e-8)


@pytest.mark.parametrize("date", [1, 2])
def test_mask_and_footprints_agree(drawn: Path, date: int) -> None:
    with rasterio.open(drawn / "masks" / f"date_{date}.tif") as mask:
        ids = mask.read(1)
    inside = truth_by_centres(drawn, date)
    names = open_dataset("folder", drawn).scheme.names
    roof, tree = ids == names.index("building"), ids == names.index("tree")
    assert roof.sum() > 5000
    wrong = roof != (inside & ~tree)
    assert wrong.sum() <= 3, "only a centre on the very edge may be told either way"


def test_the_folder_is_a_data_set_with_two_dates(drawn: Path) -> None:
    scenes = open_dataset("folder", drawn)
    assert scenes.scheme.names == ("ground", "building", "road", "tree", "grass", "water")
    pair = scenes.read(scenes.scenes[0])
    assert pair.image.shape == (280, 320, 3)
    assert pair.image.dtype == np.uint8
    assert pair.ids is not None
    assert pair.ids.shape == (280, 320)
    with rasterio.open(drawn / "images" / "date_1.tif") as image:
        assert image.crs.to_epsg() == 32632
        assert image.res == (0.5, 0.5)
        assert image.profile["tiled"]
        assert image.compression.name == "jpeg"


def test_classes_have_the_colours_one_expects(drawn: Path) -> None:
    """Grass is green, roofs are red, roads grey, and crowns darker than grass."""
    scenes = open_dataset("folder", drawn)
    image, ids, _ = scenes.read(scenes.scenes[0])
    means = {name: image[ids == k].mean(axis=0) for k, name in enumerate(scenes.scheme.names) if k in ids}
    assert means["grass"][1] > means["grass"][0] + 8
    assert means["building"][0] > means["building"][2] + 15
    assert abs(means["road"][0] - means["road"][2]) < 15
    assert means["tree"].sum() < means["grass"].sum()


def test_drawn_twice_it_is_the_same_file_and_another_seed_is_not(drawn: Path, tmp_path: Path) -> None:
    draw_orthophoto(TOWN, tmp_path / "again", **PART)
    for name in ("images/date_1.tif", "masks/date_1.tif", "footprints_1.geojson", "register.geojson"):
        assert (tmp_path / "again" / name).read_bytes() == (drawn / name).read_bytes()
    other = Orthophoto.of_town(TOWN, seed=1, **PART)
    assert (other.photograph() != Orthophoto.of_town(TOWN, **PART).photograph()).mean() > 0.3


def test_between_the_dates_houses_go_and_come() -> None:
    plan = Plan.of_town(TOWN)
    first, second = ({roof.ident for roof in plan.standing(date)} for date in (1, 2))
    assert first - second == plan.gone
    assert len(plan.gone) > 20
    assert second - first == {roof.ident for roof in plan.new}
    assert len(plan.new) == 14
    gone = next(roof for roof in plan.roofs if roof.ident in plan.gone)
    part = {"cell_m": 0.5, "half_m": (20.0, 20.0), "middle_m": tuple(gone.corners_m.mean(axis=0))}
    building = 1
    shares = []
    for date in (1, 2):
        photo = Orthophoto.of_town(TOWN, date=date, **part)
        there = photo.frame.burn([gone.corners_m], [1]) > 0
        shares.append((photo.ids[there] == building).mean())
    assert shares[0] > 0.8
    assert shares[1] == 0.0


def test_no_two_buildings_overlap_at_either_date() -> None:
    plan = Plan.of_town(TOWN)
    for date in (1, 2):
        shapes = np.array([shapely.Polygon(roof.corners_m) for roof in plan.standing(date)])
        assert shapely.area(shapes).sum() - shapely.union_all(shapes).area < 1.0


def test_the_register_is_behind_and_displaced() -> None:
    plan = Plan.of_town(TOWN)
    register = Register.of_plan(plan)
    numbers = {entry.values["number"] for entry in register.entries}
    assert not numbers & register.missing
    assert 0.04 < len(register.missing) / len(plan.roofs) < 0.15
    assert {roof.ident for roof in plan.phantoms} <= numbers
    assert not {roof.ident for roof in plan.new} & numbers
    true = {roof.ident: roof.corners_m for roof in plan.roofs}
    shifts = np.array(
        [
            entry.corners_m.mean(axis=0) - true[str(entry.values["number"])].mean(axis=0)
            for entry in register.entries
            if entry.values["number"] in true
        ]
    )
    assert 0.35 < np.sqrt(np.square(shifts).mean()) < 1.2
    said = {e.values["number"]: e.values for e in register.truth(1)}
    assert all(said[ident]["in_register"] == 0 for ident in register.missing)
    assert {number for number, values in said.items() if values["at_date_2"] == "gone"} == plan.gone


@pytest.mark.parametrize("sun", [*SUNS.values(), Sun(180.0, 45.0), Sun(110.0, 20.0)])
def test_the_shadow_of_a_tower_is_as_long_as_its_height_over_the_tangent(sun: Sun) -> None:
    height = np.zeros((400, 400), np.float32)
    height[300:340, 180:220] = 20.0
    dark = shadows(height, sun, 0.25)
    length_px = 20.0 / np.tan(np.radians(sun.elevation_deg)) / 0.25
    away = -sun.vector[:2] / np.hypot(*sun.vector[:2])
    rows, columns = np.mgrid[:400, :400] + 0.5
    square = shapely.box(180, -340, 220, -300)
    moved = shapely.affinity.translate(square, *(away * length_px))
    swept = shapely.union_all([square, moved]).convex_hull  # a prism's shadow on level ground
    expected = shapely.contains_xy(swept, columns, -rows) & (height == 0)
    assert (dark & expected).sum() / (dark | expected).sum() > 0.95
    assert not dark[height > 0].any()


def test_the_side_of_a_roof_that_faces_the_sun_is_lit_as_lambert_says() -> None:
    frame = PhotoFrame.of_town(TOWN, cell_m=0.5, half_m=(30.0, 40.0))
    roof = Roof("x", rectangle((-10.0, -6.0, 10.0, 6.0)), 5.0, "gable", 0.5, (180, 90, 70), (0.5, 0.5))
    sun = SUNS[2].vector
    surface = Surface(
        np.zeros((*frame.shape, 3), np.float32),
        *(np.zeros(frame.shape, np.float32), np.ones(frame.shape, np.float32)),
        np.zeros(frame.shape, np.uint8),
    )
    add_roofs(surface, (roof,), frame, sun=sun, number=1, rng=np.random.default_rng(0))
    for north_m, normal in ((-3.0, [0.0, -0.5, 1.0]), (3.0, [0.0, 0.5, 1.0])):
        column, row = frame.pixels(np.array([5.0, north_m])).astype(int)
        light = max(0.0, float(np.dot(normal, sun))) / np.linalg.norm(normal) / sun[2]
        assert surface.facing[row, column] == pytest.approx(light, rel=1e-6)
        assert surface.height_m[row, column] == pytest.approx(5.0 + 0.5 * 3.0, abs=0.2)


def test_a_crown_hides_the_roof_below_it() -> None:
    photo = Orthophoto.of_town(TOWN, **PART)
    crown = dataclasses.replace(photo.plan.crowns[0], foot_m=(-60.0, 40.0), height_m=60.0, radius_m=5.0)
    plan = dataclasses.replace(photo.plan, crowns=(crown,))
    above = dataclasses.replace(photo, plan=plan)
    share = (above.ids == photo.scheme.names.index("tree")).sum() * 0.25 / (np.pi * 25)
    assert share == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cell_m": 0.0}, "cells are 0.1 to 2 m"),
        ({"date": 3}, "date 1 or 2"),
        ({"half_m": (5.0, 50.0)}, "64 to"),
    ],
)
def test_what_is_out_of_range_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Orthophoto.of_town(TOWN, **options)


def test_a_folder_is_not_made_in_the_air(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="make it first"):
        draw_orthophoto(TOWN, tmp_path / "no" / "aerial")


def test_without_torch_the_demo_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whence.cli import demo_aerial
    from whence.cli.demo import _land_cover

    monkeypatch.setattr(demo_aerial, "find_spec", lambda name: None if name == "torch" else object())
    assert "pip install 'whence[aerial]'" in _land_cover(tmp_path / "aerial", 0)
    assert not (tmp_path / "aerial").exists()
