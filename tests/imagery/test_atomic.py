"""Whole or not at all."""

from __future__ import annotations

import errno
import os
import stat

import numpy as np
import pytest

from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path


def test_a_file_appears_whole(tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("old")
    with atomic_path(target) as beside:
        assert beside.suffix == ".csv"  # writers choose their format by it
        assert beside.name.startswith(".")
        beside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("folder", [False, True])
def test_an_interruption_leaves_everything_as_it_was(tmp_path, interruption, folder):
    target = tmp_path / "out"
    if folder:
        target.mkdir()
        (target / "old").touch()
    else:
        target.write_text("old")

    def half() -> None:
        with atomic_path(target, folder=folder) as beside:
            (beside / "half" if folder else beside).write_text("half")
            raise interruption

    with pytest.raises(interruption):
        half()
    assert list(tmp_path.iterdir()) == [target]
    assert [path.name for path in target.iterdir()] == ["old"] if folder else target.read_text() == "old"


def test_a_folder_replaces_a_filled_one(tmp_path):
    target = tmp_path / "city.index"
    for content in ("first", "second"):
        with atomic_path(target, folder=True) as beside:
            (beside / "deep").mkdir()
            (beside / "deep" / content).touch()
    assert [path.name for path in target.rglob("*")] == ["deep", "second"]
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_folder_is_a_result_but_an_absent_file_is_not(tmp_path):
    with atomic_path(tmp_path / "folder", folder=True):
        pass
    assert (tmp_path / "folder").is_dir()
    with pytest.raises(InputError, match="nothing was written"), atomic_path(tmp_path / "file"):
        pass


def test_the_wrong_kind_of_target(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"), atomic_path(tmp_path / "file", folder=True):
        pass
    with pytest.raises(InputError, match="is a folder"), atomic_path(tmp_path):
        pass
    with pytest.raises(NotFoundError, match="make it first"), atomic_path(tmp_path / "no" / "file"):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, number):
    target = tmp_path / "out.csv"

    def write() -> None:
        with atomic_path(target) as beside:
            beside.write_text("half")
            raise OSError(number, os.strerror(number))

    with pytest.raises(InputError, match=r"out\.csv cannot be written .*nothing was changed"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_really_full_device(tmp_path):
    def write() -> None:
        with atomic_path(tmp_path / "out.bin") as beside:
            beside.symlink_to("/dev/full")
            with beside.open("wb") as file:
                file.write(bytes(100_000))

    with pytest.raises(InputError, match="No space left"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_errors_of_the_body_that_are_not_the_disks_pass_through(tmp_path):
    def read() -> None:
        with atomic_path(tmp_path / "out") as beside:
            beside.write_text((tmp_path / "missing input").read_text())

    with pytest.raises(FileNotFoundError, match="missing input"):
        read()


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_path(link) as beside:
        beside.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_long_names_and_writers_that_add_endings(tmp_path):
    for name in ("x" * 250 + ".npy", "ü" * 125 + ".npy"):
        with atomic_path(tmp_path / name) as beside:
            np.save(beside, np.arange(3))  # appends .npy to anything else
        assert np.load(tmp_path / name).tolist() == [0, 1, 2]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_files_get_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    with atomic_path(tmp_path / "out") as beside:
        beside.touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "out")}
    assert len(modes) == 1
