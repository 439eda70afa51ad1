"""Which sources take part, and why the others do not."""

from __future__ import annotations

import importlib

import pytest

from whence.errors import InputError
from whence.photos.evidence.sources import SOURCES, SWITCHED_OFF, SourceSettings, prepare


@pytest.mark.parametrize("home", SOURCES.values(), ids=SOURCES)
def test_every_builder_is_where_the_table_says(home: str) -> None:
    module, name = home.split(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_what_cannot_work_is_idle_with_the_way_out() -> None:
    sources = prepare(None, SourceSettings())
    assert {"exif", "time"} <= sources.ready.keys()
    assert "whence index build" in sources.idle["index"]
    assert sources.idle["camera"] == sources.idle["index"]
    assert "whence train" in sources.idle["model"]


def test_a_source_that_is_asked_for_must_work() -> None:
    with pytest.raises(InputError, match="whence index build"):
        prepare(["exif", "index"], SourceSettings())


def test_sources_can_be_chosen_or_left_out() -> None:
    chosen = prepare(["exif"], SourceSettings())
    assert list(chosen.ready) == ["exif"]
    assert chosen.idle["time"] == SWITCHED_OFF
    without = prepare(None, SourceSettings(), without=["time"])
    assert "time" not in without.ready


@pytest.mark.parametrize("arguments", [{"names": ["exfi"]}, {"names": None, "without": ["exfi"]}])
def test_an_unknown_name_is_refused_with_the_known_ones(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"exfi; there are: exif, time, text, camera, index, model"):
        prepare(settings=SourceSettings(), **arguments)  # type: ignore[arg-type]
