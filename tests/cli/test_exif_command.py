"""`whence exif`: what a file tells, and a copy that does not tell it."""

from __future__ import annotations

import json

import numpy as np
import PIL.Image
import pytest


def test_show_tells_the_position(run, photos):
    values = json.loads(run("exif", "show", photos / "a_gps.jpg", "--json").stdout)
    assert (values["longitude_deg"], values["latitude_deg"]) == pytest.approx((13.195, 55.698), abs=1e-6)
    assert "latitude_deg         55.698" in run("exif", "show", photos / "a_gps.jpg").stdout


def test_show_says_when_there_is_nothing(run, photos):
    assert "nothing about place, time or camera" in run("exif", "show", photos / "b_plain.jpg").stdout


def test_remove_takes_the_position_and_leaves_the_pixels(run, photos, tmp_path):
    """Oracle of the pixels: Pillow's decoder on both files."""
    result = run("exif", "remove", photos / "a_gps.jpg", "clean.jpg")
    assert result.exit_code == 0
    values = json.loads(run("exif", "show", "clean.jpg", "--json").stdout)
    assert values["longitude_deg"] is values["captured_at"] is None
    before, after = (np.asarray(PIL.Image.open(p)) for p in (photos / "a_gps.jpg", tmp_path / "clean.jpg"))
    np.testing.assert_array_equal(before, after)


def test_remove_replaces_a_file_only_when_told_to(run, photos):
    photo = photos / "a_gps.jpg"
    before = photo.read_bytes()
    refused = run("exif", "remove", photo, photo)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert photo.read_bytes() == before
    assert run("exif", "remove", photo, photo, "--overwrite").exit_code == 0
    assert json.loads(run("exif", "show", photo, "--json").stdout)["latitude_deg"] is None


@pytest.mark.parametrize("name", ["c_broken.jpg", "d_empty.jpg", "e_text.jpg", "nowhere.jpg"])
@pytest.mark.parametrize("command", [["show"], ["remove", "copy.jpg"]])
def test_what_is_no_picture_has_status_2_and_a_sentence(run, photos, tmp_path, name, command):
    verb, *copy = command
    result = run("exif", verb, photos / name, *copy)
    assert result.exit_code == 2
    assert name in result.stderr
    assert not (tmp_path / "copy.jpg").exists()
