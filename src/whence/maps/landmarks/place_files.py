"""Places by name out of a user's own file: GeoJSON, OSM XML, and more where pyogrio is installed."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.errors import InputError, MissingExtraError, NotFoundError
from whence.maps.landmarks.candidates import Candidate
from whence.places.names import key_of, key_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from whence.typing import Json, PathLike

__all__ = ["Named", "NamedPlaces", "read_places"]

Named = tuple[str, float, float]
"""Name, longitude, latitude."""

_WITH_GDAL = {".pbf", ".gpkg", ".shp", ".fgb"}
_MOST_CHARACTERS = 200


@dataclass(frozen=True, eq=False)
class NamedPlaces:
    """Places by name.

    Parameters
    ----------
    by_key
        Places under the key of every spelling (`whence.places.names.key_of`).
    """

    by_key: dict[str, tuple[Named, ...]]

    def __len__(self) -> int:
        return sum(map(len, self.by_key.values()))

    @classmethod
    def of(cls, places: Iterable[Named]) -> Self:
        """File places under their names; the same name at the same place counts once.

        Examples
        --------
        >>> towns = NamedPlaces.of([("Lund", 13.19, 55.70), ("Lund", 9.71, 56.03)])
        >>> [place.longitude_deg for place in towns.places("LUND", limit=9)]
        [13.19, 9.71]
        """
        found: dict[str, dict[tuple[float, float], Named]] = defaultdict(dict)
        for name, longitude, latitude in places:
            key = key_of(name[:_MOST_CHARACTERS])
            if key:
                found[key].setdefault((round(longitude, 6), round(latitude, 6)), (name, longitude, latitude))
        return cls({key: tuple(places.values()) for key, places in found.items()})

    def places(self, name: str, *, limit: int) -> list[Candidate]:
        """Return all places of a name; with or without a word like "City" where none is so called."""
        key = key_of(name)
        matches = self.by_key.get(key, ())
        if not matches:
            matches = tuple(place for other in key_variants(key) for place in self.by_key.get(other, ()))
        share = 1.0 / max(len(matches), 1)
        return [Candidate(*match, share) for match in matches[:limit]]


def read_places(path: PathLike) -> NamedPlaces:
    """Read places with names.

    Parameters
    ----------
    path
        GeoJSON in WGS 84, OSM XML (``.osm``), or ``.osm.pbf``, ``.gpkg``, ``.shp`` and ``.fgb`` where pyogrio
        is installed. Every property ``name``, ``name:xx``, ``alt_name``, ``old_name`` … is a name; lines and
        areas stand at the middle of their box.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is broken, in another coordinate system, or has no place with a name.
    MissingExtraError
        When it needs pyogrio, which is not installed.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"no file {file}; places are read from GeoJSON or an OSM extract")
    suffix = file.suffix.lower()
    if suffix in _WITH_GDAL:
        found = NamedPlaces.of(_of_gdal(file))
    elif suffix in (".osm", ".xml"):
        found = NamedPlaces.of(_of_osm(file))
    else:
        found = NamedPlaces.of(_of_geojson(file))
    if not len(found):
        raise InputError(f"{file}: no place with a name and a position; names stand in 'name', 'name:en', …")
    return found


def _of_geojson(file: Path) -> Iterator[Named]:
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{file}: not GeoJSON ({error})") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise InputError(f"{file}: not a GeoJSON FeatureCollection; places are its features with a name")
    named = str(content.get("crs") or "CRS84").upper()
    if "CRS84" not in named and "4326" not in named:
        raise InputError(
            f"{file} is in another coordinate system ({content['crs']}); convert it to WGS 84, for instance "
            "with: ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson"
        )
    for number, feature in enumerate(features, start=1):
        yield from _of_feature(feature, f"{file}, feature {number}")


def _of_feature(feature: Any, where: str) -> Iterator[Named]:
    if not isinstance(feature, dict):
        raise InputError(f"{where}: no feature")
    names = _names(feature.get("properties") or {})
    if names and feature.get("geometry"):
        numbers = list(_positions(feature["geometry"], where))
        if numbers:
            yield from _at_middle(names, numbers, where)


def _positions(geometry: Json, where: str) -> Iterator[tuple[float, float]]:
    """Yield every position of a geometry of any kind."""
    pending: list[Any] = [geometry]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.get("geometries") or [part.get("coordinates") or []]
        elif isinstance(part, list) and part and not isinstance(part[0], list | dict):
            if len(part) < 2 or not all(isinstance(value, int | float) for value in part[:2]):
                raise InputError(f"{where}: {part!r} is no position")
            yield float(part[0]), float(part[1])
        elif isinstance(part, list):
            pending += part


def _at_middle(names: list[str], numbers: list[tuple[float, float]], where: str) -> Iterator[Named]:
    longitudes, latitudes = zip(*numbers, strict=True)
    longitude = (min(longitudes) + max(longitudes)) / 2
    latitude = (min(latitudes) + max(latitudes)) / 2
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise InputError(f"{where}: {longitude:g}, {latitude:g} is no longitude and latitude in degrees")
    for name in names:
        yield name, longitude, latitude


def _names(properties: Json) -> list[str]:
    """Values of name, name:xx, alt_name, old_name, int_name …; several in one are parted by semicolons."""
    found: list[str] = []
    for key, value in properties.items():
        plain = str(key).lower().partition(":")[0]
        if isinstance(value, str) and (plain == "name" or plain.endswith("_name")):
            found += [part.strip() for part in value.split(";") if part.strip()]
    return list(dict.fromkeys(found))


def _of_osm(file: Path) -> Iterator[Named]:
    """Read nodes, and ways by the box of their nodes."""
    from xml.etree.ElementTree import ParseError, iterparse

    nodes: dict[str, tuple[float, float]] = {}
    try:
        for _, element in iterparse(str(file)):  # noqa: S314 - expat itself stops expanding entities
            if element.tag == "node":
                at = (float(element.attrib["lon"]), float(element.attrib["lat"]))
                nodes[element.attrib["id"]] = at
                yield from _at_middle(_tags(element), [at], f"{file}, node {element.attrib['id']}")
                element.clear()
            elif element.tag == "way":
                corners = [nodes[nd.attrib["ref"]] for nd in element.iter("nd") if nd.attrib["ref"] in nodes]
                if corners:
                    yield from _at_middle(_tags(element), corners, f"{file}, way {element.attrib.get('id')}")
                element.clear()
    except (ParseError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file}: broken OSM XML ({error!r})") from error


def _tags(element: Any) -> list[str]:
    return _names({tag.attrib.get("k", ""): tag.attrib.get("v", "") for tag in element.iter("tag")})


def _of_gdal(file: Path) -> Iterator[Named]:
    try:
        pyogrio = require("pyogrio", extra="vector")
    except MissingExtraError as error:
        raise MissingExtraError(
            f"{file.suffix} files are read with pyogrio, which is missing: pip install pyogrio, or make "
            f"a GeoJSON: ogr2ogr -t_srs EPSG:4326 places.geojson {file.name} points"
        ) from error
    import shapely

    for layer, _ in pyogrio.list_layers(file):
        meta, _, geometries, columns = pyogrio.raw.read(file, layer=layer)
        if geometries is None:
            continue
        system = meta.get("crs")
        fields = list(meta["fields"])
        for row, geometry in enumerate(shapely.from_wkb(geometries)):
            names = _names({name: column[row] for name, column in zip(fields, columns, strict=True)})
            if names and geometry is not None and not geometry.is_empty:
                middle = _lonlat(shapely.bounds(geometry), system)
                yield from _at_middle(names, [middle], f"{file}, {layer} {row + 1}")


def _lonlat(bounds: Any, system: str | None) -> tuple[float, float]:
    middle = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2]
    if system is None or system.upper() in ("EPSG:4326", "OGC:CRS84"):
        return float(middle[0]), float(middle[1])
    from whence.earth.crs import Crs

    longitude, latitude = Crs.parse(system).to_lonlat(middle).tolist()
    return longitude, latitude
