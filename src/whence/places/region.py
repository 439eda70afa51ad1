"""Regions by name: a country, a box, a GeoJSON file, a town."""

from __future__ import annotations

import re
from pathlib import Path

from whence.earth.boxes import Box
from whence.earth.region import Region
from whence.errors import InputError, NotFoundError
from whence.places import country
from whence.places.gazetteer import gazetteer

__all__ = ["TOWN_RADIUS_M", "parse_region"]

TOWN_RADIUS_M = 25_000.0
"""Radius that stands for a town or city given by name: it holds the suburbs of all but the largest."""

_NUMBER = r"\s*([+-]?\d+(?:\.\d+)?)\s*"
_BOX = re.compile(rf"^{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}$")


def parse_region(text: str) -> Region:
    """Understand a region as people write it.

    Parameters
    ----------
    text
        A GeoJSON file; a box ``west,south,east,north`` in degrees (west > east crosses the date line);
        a country by code or name in any language; or a town, which stands for a circle of `TOWN_RADIUS_M`.

    Raises
    ------
    InputError
        When it is none of these.

    Examples
    --------
    >>> parse_region("2.2,48.8,2.5,48.9").contains([[2.35, 48.85], [13.4, 52.5]]).tolist()
    [True, False]
    """
    if text.lower().endswith((".geojson", ".json")):
        return Region.from_geojson(Path(text))
    if box := _BOX.match(text):
        west, south, east, north = (float(number) for number in box.groups())
        return Region.from_box(Box(west, south, east, north))
    try:
        return country.region(country.by_name(text).code)
    except NotFoundError:
        pass
    matches = gazetteer().search(text, limit=1, fuzzy=False)
    if not matches:
        raise InputError(
            f"{text!r} is no region: give a country (FR, Sweden), a town, a box west,south,east,north "
            "in degrees, or a .geojson file"
        )
    place = matches[0].place
    return Region.circle((place.longitude_deg, place.latitude_deg), TOWN_RADIUS_M)
