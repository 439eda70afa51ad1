"""Whoever writes weights on a full disk is told so in a sentence, and an older file stays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError
from whence.photos.model.folder import write_parts

resource = pytest.importorskip("resource")
torch = pytest.importorskip("torch")


@pytest.fixture
def small_disk():
    """No file may grow beyond 20 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_checkpoint_that_does_not_fit_leaves_the_older_one(tmp_path: Path, request) -> None:
    from whence.learn.checkpoint import read_checkpoint, write_checkpoint

    path = tmp_path / "epoch.safetensors"
    write_checkpoint(path, {"a": torch.ones(3)}, {"epoch": 1})
    request.getfixturevalue("small_disk")
    with pytest.raises(InputError, match=r"cannot be written \(File too large\); nothing was changed"):
        write_checkpoint(path, {"a": torch.ones(10_000)}, {"epoch": 2})
    assert read_checkpoint(path)[1] == {"epoch": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["epoch.safetensors"]


def test_a_model_that_does_not_fit_is_an_error_of_the_disk(tmp_path: Path, small_disk) -> None:
    with pytest.raises(OSError, match="File too large"):
        write_parts(tmp_path, {}, {"a": np.ones(10_000)})


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o027])
def test_weights_may_be_read_by_those_who_may_read_other_files(tmp_path: Path, mask: int) -> None:
    from whence.learn.checkpoint import write_checkpoint

    before = os.umask(mask)
    try:
        (tmp_path / "other").write_bytes(b"")
        write_parts(tmp_path, {}, {"a": np.ones(3)})
        write_checkpoint(tmp_path / "epoch.safetensors", {"a": torch.ones(3)}, {})
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert len(modes) == 4
    assert set(modes.values()) == {oct(0o666 & ~mask)}, modes
