"""Whole pictures pass, damaged ones do not; Pillow is the judge beside."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest

from whence.imagery.store.structure import jpeg_fault, picture_fault

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)


def encoded(kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(PIXELS).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}])
def test_what_pillow_writes_is_whole(options):
    assert jpeg_fault(encoded(**options)) == ""


def test_a_thumbnail_with_an_end_of_its_own_does_not_stand_for_the_end():
    thumbnail = encoded(quality=20)
    exif = b"Exif\0\0" + thumbnail
    data = encoded(exif=exif)
    assert picture_fault(data) == ""
    assert picture_fault(data[:-30]).startswith("broken")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_at_any_place_is_found(share):
    data = encoded(quality=95)
    assert picture_fault(data[: int(share * len(data))]) != ""


def test_bytes_behind_the_end_do_no_harm():
    assert picture_fault(encoded() + b"\0" * 64) == ""
    assert picture_fault(encoded() + b"a maker's trailer") == ""


def test_other_formats_are_decoded_to_be_sure():
    assert picture_fault(encoded("PNG")) == ""
    assert picture_fault(encoded("PNG")[:200]).startswith("broken: ")
    assert picture_fault(b"<html>404</html>").startswith("broken: ")


def test_a_hole_in_the_header_is_found():
    data = bytearray(encoded())
    data[2] = 0
    assert "no marker where one should be, at byte 2" in jpeg_fault(bytes(data))
    assert picture_fault(bytes(data)).startswith("broken")
