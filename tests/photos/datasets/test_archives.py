"""Members of archives: any folder inside, any compression, nothing that is no picture."""

from __future__ import annotations

import zipfile
from collections import Counter

import numpy as np
import pytest
from fake_osv5m import plain_picture

from whence.errors import InputError
from whence.photos.datasets.archives import Archive, is_readable

MEMBERS = {"7.jpg": "7", "00/123.JPG": "123", "a/b/c.d.jpeg": "c.d", "x/4.png": "4"}
OTHERS = ["__MACOSX/00/._123.jpg", "00/.DS_Store", "README.txt", "00/._9.jpg", "empty/"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_pictures_are_found_by_their_stem_and_others_passed_over(tmp_path, method):
    data = plain_picture(1)
    with zipfile.ZipFile(tmp_path / "00.zip", "w", method) as archive:
        for name in [*MEMBERS, *OTHERS]:
            archive.writestr(name, data if not name.endswith("/") else b"")
    with Archive(tmp_path / "00.zip") as opened:
        assert [member.id for member in opened.members] == list(MEMBERS.values())
        assert all(opened.read(member) == (data, "") for member in opened.members)


def test_what_is_wrong_is_told_with_its_place(tmp_path):
    with zipfile.ZipFile(tmp_path / "00.zip", "w") as archive:
        archive.writestr("00/1.jpg", b"")
        archive.writestr("00/2.jpg", plain_picture(2)[:-30])
        archive.writestr("00/3.jpg", b"<html>")
    with Archive(tmp_path / "00.zip") as opened:
        faults = [opened.read(member)[1] for member in opened.members]
    assert faults[0] == "empty: 00.zip/00/1.jpg"
    assert faults[1] == "broken: the JPEG is cut off: its end is missing in 00.zip/00/2.jpg"
    assert faults[2].startswith("broken: ")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text" * 1000])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "00.zip"
    path.write_bytes(content)
    assert not is_readable(path)
    with pytest.raises(InputError, match="cannot be read as a zip archive"):
        Archive(path)


def test_random_damage_never_gives_wrong_bytes_and_never_ends_in_a_stack_trace(tmp_path):
    """Bytes are changed at random, half of them in the directory at the end; the originals are the oracle."""
    pictures = {f"{row}": plain_picture(row) for row in range(12)}
    path = tmp_path / "00.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in pictures.items():
            archive.writestr(f"00/{name}.jpg", data)
    whole, generator = path.read_bytes(), np.random.default_rng(0)
    outcomes: Counter[str] = Counter()
    for round_ in range(400):
        damaged = bytearray(whole)
        start = len(whole) - 900 if round_ % 2 else 0
        damaged[int(generator.integers(start, len(whole)))] = int(generator.integers(256))
        path.write_bytes(damaged)
        try:
            opened = Archive(path)
        except InputError:
            outcomes["refused"] += 1
            continue
        with opened:
            for member in opened.members:
                data, fault = opened.read(member)
                assert fault or data == pictures.get(member.id, data)
                outcomes["fault" if fault else "whole"] += 1
    assert min(outcomes["refused"], outcomes["fault"], outcomes["whole"]) > 10
