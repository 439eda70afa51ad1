"""Searching folders, also ill-made ones."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from whence.errors import NotFoundError
from whence.imagery.finding import find_images, search_images


@pytest.fixture
def folder(tmp_path):
    pictures = ("b.JPG", "a.png", "sub/c.heic", "sub/deep/d.TIFF", ".hidden.jpg", ".git/e.jpg")
    for name in (*pictures, "notes.txt", "noending"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "photos"


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_pictures_by_their_ending_sorted(folder):
    assert names(find_images(folder), folder) == ["a.png", "b.JPG", "sub/c.heic", "sub/deep/d.TIFF"]
    assert names(find_images(folder, recursive=False), folder) == ["a.png", "b.JPG"]


def test_what_is_passed_over_is_reported(folder, caplog):
    reasons = {item.path.name: item.reason for item in search_images(folder).skipped}
    assert reasons == {
        ".git": "hidden", ".hidden.jpg": "hidden",
        "noending": "not a picture by its ending", "notes.txt": "not a picture by its ending",
    }  # fmt: skip
    with caplog.at_level(logging.INFO, "whence.imagery.finding"):
        find_images(folder)
    assert "notes.txt" in caplog.text
    assert "4 pictures found; 4 files or folders passed over" in caplog.text


def test_named_files_are_kept_whatever_they_are_called(folder):
    given = [folder / "notes.txt", folder / ".hidden.jpg", folder / "sub"]
    assert names(find_images(given), folder) == [".hidden.jpg", "notes.txt", "sub/c.heic", "sub/deep/d.TIFF"]


def test_each_once_and_in_the_same_order_however_named(folder):
    twice = find_images([folder / "b.JPG", folder, folder / "sub", str(folder / "a.png")])
    assert twice == find_images(folder)
    assert find_images(str(folder)) == find_images([folder])


def test_a_folder_that_contains_itself(folder):
    (folder / "sub" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "sub" / "self").symlink_to(folder / "sub", target_is_directory=True)
    (folder / "round").symlink_to(folder / "round", target_is_directory=True)
    found = search_images(folder)
    assert names(list(found.images), folder) == ["a.png", "b.JPG", "sub/c.heic", "sub/deep/d.TIFF"]
    assert {"again", "self"} <= {item.path.name for item in found.skipped}


def test_the_plain_path_is_preferred_to_a_link(folder):
    (folder / "aaa").symlink_to(folder / "sub", target_is_directory=True)
    assert names(find_images(folder), folder) == ["a.png", "b.JPG", "sub/c.heic", "sub/deep/d.TIFF"]


def test_folders_elsewhere_are_followed(folder, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "e.jpg").touch()
    (folder / "linked").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert "linked/e.jpg" in names(find_images(folder), folder)


def test_a_folder_that_must_not_be_read_is_reported(folder, monkeypatch):
    real = os.scandir

    def scandir(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = search_images(folder)
    assert names(list(found.images), folder) == ["a.png", "b.JPG"]
    assert "cannot be read (Permission denied)" in {item.reason for item in found.skipped}


def test_what_does_not_exist_is_an_error(folder):
    with pytest.raises(NotFoundError, match="does not exist"):
        find_images([folder, folder / "nothing.jpg"])


def test_a_broken_link_is_kept_when_named_and_listed_when_found(folder):
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    assert folder / "gone.jpg" in find_images(folder)  # it gets its row, with the reason
    assert find_images(folder / "gone.jpg") == [folder / "gone.jpg"]


def test_an_empty_folder_has_no_pictures(tmp_path):
    assert find_images(tmp_path) == []
