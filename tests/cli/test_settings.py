"""Settings on the command line: what JSON and TOML can say, and texts that only look like it."""

from __future__ import annotations

import tomllib

import pytest

from whence.cli.settings import read_settings


@pytest.mark.parametrize(
    "value",
    [
        '{scheme="potsdam"}',
        '{ scheme = "potsdam", bands = [1, 2] }',
        "{a = {b = 1.5}}",
        "[{name = 'x'}]",
        "'1'",
    ],
)
def test_what_toml_says_is_read_as_in_a_file(value):
    assert read_settings([f"data.options={value}"]) == {"data.options": tomllib.loads(f"v = {value}")["v"]}


@pytest.mark.parametrize(
    "text", ["[a-z]+_", "{3}", "potsdam", "2026-01-01", "1_000", "[1]\nmore = 2", "'s-Gravenhage"]
)
def test_other_texts_stay_as_they_are(text):
    assert read_settings([f"data.group={text}"]) == {"data.group": text}


def test_json_is_read_as_before():
    given = ['a.b={"scheme": "x"}', "a.c=[1, 2.5]", "a.d=true", 'a.e="12"']
    assert read_settings(given) == {"a.b": {"scheme": "x"}, "a.c": [1, 2.5], "a.d": True, "a.e": "12"}
