"""A sheet is made again from its record: the same bytes, or a refusal that says what has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import rasterio
from affine import Affine

from whence.errors import FormatError, InputError, NotFoundError
from whence.maps.points.control import ControlPoints
from whence.maps.recipe import Recipe, ScanFile, WarpChoices, digest_of
from whence.maps.records import read_record

CORNER = np.array([500_000.0, 6_000_000.0])


def sheet_points(count: int = 12, *, seed: int = 1, slip: bool = False) -> ControlPoints:
    """Points at 2 m a pixel with 0.7 m of noise; one disabled, one mistyped if wanted."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(5, [295, 195], (count, 2))
    world = CORNER + pixels * [2.0, -2.0] + rng.normal(0, 0.7, pixels.shape)
    if slip:
        world[3, 0] += 900.0
    names = tuple(f"Punkt {k} ä" for k in range(count))
    return ControlPoints(pixels, world, enabled=np.arange(count) != 5, names=names).with_crs("EPSG:32633")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    PIL.Image.fromarray(values).save(tmp_path / "scan.png")
    return tmp_path / "scan.png"


def written(recipe: Recipe, path: Path) -> Path:
    path.write_text(json.dumps(recipe.document(recipe.fit())), "utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "options", "robust"),
    [
        ("auto", {}, False),
        ("auto", {}, True),
        ("tps", {"smoothing": 0.01}, False),
        ("affine", {}, True),
        ("moving", {}, False),
    ],
)
def test_a_sheet_comes_out_the_same_byte_by_byte(
    tmp_path: Path, scan: Path, kind: str, options: dict[str, float], robust: bool
) -> None:
    choices = WarpChoices(
        crs="EPSG:3857",
        resolution_m=1.7,
        resampling="cubic",
        neatline=((10, 10), (280, 20), (250.5, 190), (30, 170)),
    )
    recipe = Recipe(
        sheet_points(slip=robust), kind, robust, options=options, checkpoints=sheet_points(4, seed=9),
        scan=ScanFile.of(scan), sheet=choices,
    )  # fmt: skip
    recipe.warp(scan, recipe.fit(), tmp_path / "sheet.tif")
    record = read_record(tmp_path / "sheet.tif")
    fit, apart_px = record.with_scan(scan).refit()
    assert apart_px == 0.0
    record.recipe.warp(scan, fit, tmp_path / "again.tif")
    assert (tmp_path / "again.tif").read_bytes() == (tmp_path / "sheet.tif").read_bytes()


def test_what_is_read_is_what_was_written(tmp_path: Path, scan: Path) -> None:
    recipe = Recipe(
        sheet_points(),
        "tps",
        options={"smoothing": 0.5},
        checkpoints=sheet_points(3, seed=2),
        scan=ScanFile.of(scan),
        sheet=WarpChoices(crs="EPSG:3857", nodata=0.0, neatline=((0, 0), (9, 0), (9, 9))),
    )
    record = read_record(written(recipe, tmp_path / "fit.json"))
    assert record.recipe.to_json() == recipe.to_json()
    assert record.recipe.points.names == recipe.points.names
    assert not record.recipe.points.enabled[5]
    np.testing.assert_array_equal(record.recipe.points.world, recipe.points.world)
    assert record.made_with["numpy"] == np.__version__
    assert record.transform.kind == "tps"


def test_the_digest_is_of_the_points_and_not_of_their_file(tmp_path: Path) -> None:
    points = sheet_points()
    assert digest_of(replace(points, source=tmp_path / "other.csv")) == digest_of(points)
    moved = points.world.copy()
    moved[0, 0] = np.nextafter(moved[0, 0], np.inf)
    for other in (
        replace(points, world=moved),
        replace(points, enabled=np.ones(12, bool)),
        replace(points, crs=None),
        points.where(np.arange(12)[::-1]),
    ):
        assert digest_of(other) != digest_of(points)


def test_another_scan_is_refused_and_can_be_forced(tmp_path: Path, scan: Path) -> None:
    recipe = Recipe(sheet_points(), "affine", scan=ScanFile.of(scan))
    record = read_record(written(recipe, tmp_path / "fit.json"))
    content = bytearray(scan.read_bytes())
    PIL.Image.new("RGB", (310, 200)).save(tmp_path / "other.png")
    with pytest.raises(
        InputError, match=r"not the recorded scan scan\.png .* 310 by 200 px instead of 300 by 200"
    ):
        record.with_scan(tmp_path / "other.png")
    scan.write_bytes(content + b"\0")  # the same picture, one byte more
    with pytest.raises(InputError, match="find the scan that was used"):
        record.with_scan(scan)
    forced = record.with_scan(tmp_path / "other.png", force=True)
    assert forced.recipe.scan == ScanFile.of(tmp_path / "other.png")


def test_a_fit_that_comes_out_otherwise_is_refused_and_can_be_forced(tmp_path: Path) -> None:
    content = Recipe(sheet_points(), "affine")
    document = content.document(content.fit())
    other = Recipe(sheet_points(seed=2), "affine").fit().transform
    document["transform"] = other.to_json()
    document["record"]["made_with"]["scipy"] = "0.9"
    (tmp_path / "fit.json").write_text(json.dumps(document), "utf-8")
    record = read_record(tmp_path / "fit.json")
    with pytest.raises(
        InputError, match=r"comes out otherwise .* affine instead of affine, up to .* scipy 0\.9"
    ):
        record.refit()
    fit, apart_px = record.refit(force=True)
    # Oracle: both transforms at the corners of the points' box, on the ground, at 2 m a pixel.
    box = np.array(
        [record.recipe.points.active.pixels.min(axis=0), record.recipe.points.active.pixels.max(axis=0)]
    )
    corners = np.array([[x, y] for x in box[:, 0] for y in box[:, 1]])
    apart_m = np.hypot(*(content.fit().to_world(corners) - other.to_world(corners)).T).max()
    assert apart_px == pytest.approx(apart_m / 2.0, rel=0.02)
    np.testing.assert_array_equal(fit.to_world(corners), other.to_world(corners))


def changed(document: dict, where: list, value: object) -> dict:
    part = document
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    return document


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (["record", "version"], 2, "version 2, this program reads 1"),
        (["record", "points", "rows", 0, "pixel"], [1.0, 2.0], "not those that were written"),
        (["record", "points", "crs_wkt"], None, "not those that were written"),
        (["record", "points"], None, "the record is broken"),
        (["record", "fit"], {}, "the record is broken"),
        (["record", "scan"], {"name": "a"}, "the record is broken"),
        (["record", "made_with"], None, "broken"),
        (["record"], None, "broken"),
        (["transform"], {"transform": "spline"}, "not a transform"),
        (["transform"], None, "broken"),
    ],
)
def test_records_that_are_broken_or_were_changed(
    tmp_path: Path, where: list, value: object, words: str
) -> None:
    recipe = Recipe(sheet_points(), "affine")
    document = changed(recipe.document(recipe.fit()), where, value)
    (tmp_path / "fit.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(FormatError, match=words) as caught:
        read_record(tmp_path / "fit.json")
    assert "fit.json" in str(caught.value)


def test_files_without_a_record(tmp_path: Path, scan: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        read_record(tmp_path / "none.json")
    with pytest.raises(NotFoundError):
        read_record(tmp_path / "none.tif")
    (tmp_path / "text.json").write_text("{", "utf-8")
    with pytest.raises(FormatError, match="broken JSON"):
        read_record(tmp_path / "text.json")
    for content in ("[]", "{}", "3"):
        (tmp_path / "empty.json").write_text(content, "utf-8")
        with pytest.raises(FormatError, match="does not tell how it was made"):
            read_record(tmp_path / "empty.json")
    with pytest.raises(FormatError, match="is no JSON"):
        read_record(scan)
    place = {"crs": "EPSG:32633", "transform": Affine(2.0, 0.0, 5e5, 0.0, -2.0, 6e6)}
    with rasterio.open(tmp_path / "foreign.tif", "w", width=9, height=9, count=1, dtype="uint8", **place):
        pass
    with pytest.raises(FormatError, match="does not tell how it was made"):
        read_record(tmp_path / "foreign.tif")


def test_a_sheet_tells_its_scan_and_nothing_of_its_folder(tmp_path: Path, scan: Path) -> None:
    recipe = Recipe(replace(sheet_points(), source=tmp_path / "private" / "a.points"), "affine")
    recipe.warp(scan, recipe.fit(), tmp_path / "sheet.tif")
    with rasterio.open(tmp_path / "sheet.tif") as dataset:
        tags = json.dumps(dataset.tags())
    assert "a.points" in tags
    assert "private" not in tags
    assert str(tmp_path) not in tags
    found = read_record(tmp_path / "sheet.tif").recipe
    assert found.scan == ScanFile.of(scan)  # known although the fit was made without it
    assert found.sheet == WarpChoices()
