"""What an index of known photographs adds: look-alikes, and where a camera has been."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from whence.earth.sphere import destination, distance_m
from whence.imagery.photo import Photo
from whence.imagery.table import read_table
from whence.photos.evidence.camera import FIXED_WITHIN_M, camera_source
from whence.photos.evidence.places import index_source
from whence.photos.evidence.sources import SourceSettings
from whence.photos.index import PlaceIndex

TOWN = (13.195, 55.698)
COUNT = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of a hand-held and a fixed camera, and a table; every tenth metre another picture."""
    folder = tmp_path_factory.mktemp("known")
    rng = np.random.default_rng(3)
    rows = []
    for i in range(COUNT):
        cells = rng.integers(0, 256, (16, 16, 3), np.uint8)
        PIL.Image.fromarray(np.kron(cells, np.ones((4, 4, 1), np.uint8))).save(folder / f"{i:02d}.png")
        fixed = i % 4 == 0
        lon, lat = destination(TOWN, 90.0, 2000.0 if fixed else 10.0 * i)
        rows.append((f"{i:02d}.png", lat, lon, "mast-7" if fixed else "hand"))
    with (folder / "photos.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("img_path", "lat", "lon", "camera_id"), *rows])
    return folder


@pytest.fixture(scope="module")
def index(folder: Path) -> PlaceIndex:
    return PlaceIndex.build(
        folder / "photos.csv", folder.parent / "index", encoder="thumbnail", calibrate=False
    )


def photos(folder: Path) -> list[Photo]:
    return Photo.of_rows(read_table(folder / "photos.csv").rows)


def test_a_known_picture_is_found_where_it_was_taken(folder: Path, index: PlaceIndex) -> None:
    evidence = index_source(SourceSettings(index=index))(photos(folder)[5])
    assert evidence is not None
    assert distance_m(evidence.belief.best(), destination(TOWN, 90.0, 50.0)) < 15
    assert "05.png" in evidence.sentence
    first = evidence.details["neighbours"][0]
    assert (first["name"], first["similarity"]) == ("05.png", pytest.approx(1.0, abs=0.01))


def test_left_out_it_is_not_its_own_evidence(folder: Path, index: PlaceIndex) -> None:
    evidence = index_source(SourceSettings(index=index, leave_one_out=True))(photos(folder)[5])
    assert evidence is not None
    assert "05.png" not in {item["name"] for item in evidence.details["neighbours"]}


def test_a_fixed_camera_is_where_it_always_was(folder: Path, index: PlaceIndex) -> None:
    evidence = camera_source(SourceSettings(index=index))(photos(folder)[0])
    assert evidence is not None
    assert evidence.details["fixed"]
    assert distance_m(evidence.belief.best(), destination(TOWN, 90.0, 2000.0)) < 1
    assert evidence.belief.radius_m(0.8) < 2 * FIXED_WITHIN_M
    assert "mast-7" in evidence.sentence


def test_a_carried_camera_is_somewhere_near_its_known_places(folder: Path, index: PlaceIndex) -> None:
    evidence = camera_source(SourceSettings(index=index))(photos(folder)[1])
    assert evidence is not None
    assert not evidence.details["fixed"]
    assert evidence.belief.mass_within(destination(TOWN, 90.0, 120.0), 300.0) > 0.7
    assert evidence.belief.background > 0.2


def test_an_unknown_camera_says_nothing(folder: Path, index: PlaceIndex) -> None:
    assert camera_source(SourceSettings(index=index))(Photo(folder / "05.png")) is None
