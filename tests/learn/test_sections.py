"""Values of another kind than the default are refused, in words of the file that the user writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from whence.errors import InputError
from whence.learn.sections import built


@dataclass(frozen=True)
class Section:
    steps: int = 1000
    lr: float = 0.1
    name: str = "unet"
    flip: bool = True
    scales: tuple[float, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"scales": 2}, r"part\.scales is 2; it must be of the kind of \[\], a list"),
        ({"options": [1]}, r"part\.options is \[1\]; it must be of the kind of \{\}, a table"),
        ({"options": "scheme"}, r'part\.options is "scheme"; .*a table'),
        ({"flip": 1}, r"part\.flip is 1; it must be of the kind of true, true or false"),
        ({"steps": True}, r"part\.steps is true; it must be of the kind of 1000, a whole number"),
        ({"lr": "high"}, r"0\.1, a number"),
        ({"name": 3}, r'"unet", text'),
    ],
)
def test_the_kind_that_is_wanted_is_named(values, told):
    with pytest.raises(InputError, match=told):
        built(Section, values, "part")
