from __future__ import annotations

import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from whence.errors import NotFoundError
from whence.places.cache import cache_root, cached_folder


@pytest.fixture
def roots(tmp_path, monkeypatch):
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path


def write(folder):
    (folder / "one").write_text("1", encoding="utf-8")


def test_built_once_and_found_again(roots):
    first = cached_folder("thing-1", write)
    assert first == cache_root() / "thing-1"
    assert cached_folder("thing-1", lambda folder: pytest.fail("built twice")) == first
    assert (first / "one").read_text(encoding="utf-8") == "1"


def test_a_failure_leaves_nothing_behind(roots):
    def fail(folder):
        write(folder)
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        cached_folder("thing-1", fail)
    assert not [path for path in cache_root().iterdir() if path.is_dir()]
    assert (cached_folder("thing-1", write) / "one").is_file()


def test_an_unwritable_cache_falls_back_to_a_temporary_one_and_says_so(roots, caplog):
    (roots / "cache").write_text("a file where the folder should be", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        folder = cached_folder("thing-1", write)
    assert roots / "temporary" in folder.parents
    assert "WHENCE_CACHE" in caplog.text
    assert cached_folder("thing-1", lambda folder: pytest.fail("built twice")) == folder


def test_nowhere_to_write_is_an_error_that_names_the_way_out(roots, monkeypatch):
    (roots / "cache").write_text("", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(roots / "cache"))
    with pytest.raises(NotFoundError, match="set WHENCE_CACHE"):
        cached_folder("thing-1", write)


def test_builders_at_once_build_once(roots):
    built = []

    def build(folder):
        built.append(folder)
        write(folder)

    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: cached_folder("thing-1", build), range(4)))
    assert len(folders) == len(built) == 1
