"""Units of old heights against the register and against one another."""

from __future__ import annotations

import re

import pytest
from pyproj.database import get_units_map

from whence.errors import InputError
from whence.maps.heights.units import UNITS, consistent_units, unit

REGISTER = {
    one.code: one.conv_factor for one in get_units_map(category="linear", allow_deprecated=True).values()
}


@pytest.mark.parametrize(
    "one", [one for one in UNITS.values() if one.source.startswith("EPSG")], ids=lambda one: one.name
)
def test_units_of_the_register_are_as_there(one):
    code = re.fullmatch(r"EPSG:(\d+)", one.source)[1]
    assert one.metres == pytest.approx(REGISTER[code], rel=1e-9)


@pytest.mark.parametrize(
    ("large", "count", "small"),
    [
        ("sazhen", 7, "foot"), ("sazhen", 3, "arshin"), ("toise", 6, "paris-foot"), ("fathom", 6, "foot"),
        ("vienna-klafter", 6, "vienna-foot"), ("castilian-vara", 3, "castilian-foot"), ("ken", 6, "shaku"),
        ("swiss-klafter", 6, "baden-foot"), ("prussian-rod", 12, "prussian-foot"), ("yard", 3, "foot"),
        ("prussian-rod", 10, "prussian-decimal-foot"), ("braca", 2, "portuguese-vara"),
    ],
)  # fmt: skip
def test_units_are_multiples_of_one_another(large, count, small):
    assert UNITS[large].metres == pytest.approx(count * UNITS[small].metres, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "metres"), [("toise", 1.949036), ("paris-foot", 0.3248394), ("prussian-foot", 0.3138535)]
)
def test_published_lengths(name, metres):
    """Guilhaumou 1798 (toise); Danish measurement of the equal Danish foot (sizes.com)."""
    assert UNITS[name].metres == pytest.approx(metres, abs=5e-7)


def test_names_mean_one_unit():
    names = [text.casefold() for one in UNITS.values() for text in (one.name, *one.aliases)]
    assert len(names) == len(set(names))
    assert all(one.used and one.source for one in UNITS.values())


def test_units_are_found_by_other_names():
    assert unit("Sazhens").metres == 2.1336
    assert unit("pied du roi").name == "paris-foot"
    assert unit("Rheinfuß").name == "prussian-foot"


def test_an_unknown_unit_names_near_ones():
    with pytest.raises(InputError, match=r"did you mean.*fathom"):
        unit("fathomes")


def test_consistent_units_are_within_two_errors():
    assert [one.name for one, _ in consistent_units(2.131, 0.004)] == ["sazhen"]
    near = consistent_units(0.3048, 0.02)
    assert near[0][0].metres == pytest.approx(0.3048, abs=1e-5)
    assert all(abs(z) <= 2 for _, z in near)
    assert consistent_units(0.777, 0.001) == ()
