"""Real files: the EXIF edge cases of ianare/exif-samples, against the positions their maintainers read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from whence.imagery.exif import read_metadata, remove_metadata
from whence.imagery.finding import search_images
from whence.imagery.photo import open_image

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> Path:
    folder = shared_data / "photos/exif_samples"
    if not folder.is_dir():
        pytest.skip("the EXIF samples are not among the real data sets")
    return folder


def test_every_file_is_read(samples):
    files = search_images(samples).images
    assert len(files) == 77
    for path in files:
        pixels = open_image(path, size_hint_px=64)
        assert pixels.dtype == np.uint8
        width, height = read_metadata(path).size_px
        assert (pixels.shape[1] > pixels.shape[0]) == (width > height)


def test_positions_and_times_equal_the_manifest(samples):
    with (samples / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (samples / row["path"]).exists()]
    assert len(rows) == 11  # four of the fifteen are not in the data set
    for row in rows:
        metadata = read_metadata(samples / row["path"])
        assert metadata.latitude_deg == pytest.approx(float(row["lat"]), abs=1e-9)
        assert metadata.longitude_deg == pytest.approx(float(row["lon"]), abs=1e-9)
        assert metadata.captured_at.strftime("%Y:%m:%d %H:%M:%S") == row["time"]


def test_italy_in_october_2008_was_two_hours_ahead_though_the_gps_date_is_a_day_off(samples):
    for path in sorted((samples / "jpg/gps").glob("*.jpg")):
        metadata = read_metadata(path)
        assert metadata.utc_offset_minutes == 120
        assert any("differ by a day" in problem for problem in metadata.problems)


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_the_eight_orientations_show_one_picture(samples, shape):
    first, *others = (
        open_image(samples / f"jpg/orientation/{shape}_{orientation}.jpg").astype(int)
        for orientation in range(1, 9)
    )
    assert np.abs(others[0] - others[0][::-1]).mean() > 40  # what a wrong orientation looks like
    for other in others:
        assert np.abs(other - others[0]).mean() < 6  # JPEG noise
    assert np.abs(first - others[0]).mean() < 20  # the first file has other colours


def test_pixels_equal_pillows(samples):
    for path in search_images(samples).images:
        with PIL.Image.open(path) as image:
            expected = np.asarray(PIL.ImageOps.exif_transpose(image).convert("RGB"))
        assert np.array_equal(open_image(path), expected), path


def test_metadata_are_taken_out_of_every_file(samples, tmp_path):
    for number, path in enumerate(search_images(samples).images):
        target = tmp_path / f"{number}{path.suffix}"
        remove_metadata(path, target)
        stated = read_metadata(target)
        assert stated.size_px == read_metadata(path).size_px
        assert stated.lonlat is stated.captured_at is stated.altitude_m is None
        assert (stated.camera_make, stated.camera_model, stated.problems) == ("", "", ())
        if path.suffix != ".heif":
            assert np.array_equal(open_image(target), open_image(path)), path
            # The telling words of the file must be gone from its bytes, wherever they stood.
            content = target.read_bytes()
            for word in (b"Adobe Photoshop", b"NIKON", b"http://ns.adobe", b"8BIM", b"MPF\0"):
                assert word not in content.replace(b"Adobe Photoshop 7.0 profile", b""), (path, word)
