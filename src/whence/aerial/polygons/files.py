"""Polygons in files: GeoPackage, GeoJSON (RFC 7946), FlatGeobuf through OGR, and GeoParquet 1.1."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.polygons.ground import is_local
from whence.earth.crs import Crs, same
from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Json, PathLike

__all__ = ["FORMATS", "Layer", "check_format", "format_of", "read_layer", "write_layer"]

FORMATS = {"gpkg": "GPKG", "geojson": "GeoJSON", "fgb": "FlatGeobuf", "parquet": "Parquet"}
"""Name of a format, which is also the ending of its files -> name that GDAL has for it."""

_ENDINGS = {"json": "geojson", "geoparquet": "parquet"}
_DECIMALS = 8  # of degrees: a millimetre


@dataclass(frozen=True, eq=False)
class Layer:
    """Polygons with attributes.

    Attributes
    ----------
    polygons
        (n,) of shapely.
    crs
        Of their coordinates; None where it is not known.
    columns
        Name -> (n,) values.
    """

    polygons: NDArray[Any]
    crs: Crs | None
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.polygons)

    def chosen(self, which: NDArray[Any]) -> Layer:
        """Take some of the polygons, by numbers or by (n,) truth values."""
        return Layer(
            self.polygons[which], self.crs, {name: values[which] for name, values in self.columns.items()}
        )

    def in_crs(self, crs: Crs) -> Layer:
        """Move the polygons into another coordinate system, vertex by vertex.

        Raises
        ------
        InputError
            When their own is not known.
        """
        import shapely

        if self.crs is None:
            raise InputError("polygons without a coordinate system cannot be moved into another one")
        if self.crs.wkt == crs.wkt or (is_local(crs) and same(self.crs, crs)):
            return self
        own = self.crs
        moved = shapely.transform(self.polygons, lambda at: crs.from_lonlat(own.to_lonlat(at)))
        return Layer(np.asarray(moved), crs, self.columns)


def format_of(path: PathLike, name: str | None = None) -> str:
    """Tell the format of a file by name, or by its ending.

    Raises
    ------
    InputError
        When it is none of `FORMATS`.

    Examples
    --------
    >>> format_of("land.gpkg"), format_of("land.json"), format_of("land", "parquet")
    ('gpkg', 'geojson', 'parquet')
    """
    given = (name or Path(path).suffix.removeprefix(".")).lower()
    found = _ENDINGS.get(given, given)
    if found not in FORMATS:
        raise InputError(f"{path}: {given or 'nothing'!r} is no format; choose one of: {', '.join(FORMATS)}")
    return found


def check_format(path: PathLike, kind: str, crs: Crs | None) -> None:
    """Refuse GeoJSON for what lies nowhere: readers would take its pixels for longitudes and latitudes.

    Parameters
    ----------
    path, kind
        The file, and one of `FORMATS`.
    crs
        Of what is to be written; None where it is not known.

    Raises
    ------
    InputError
        When the format is GeoJSON and there is no coordinate system, or one that has no place on Earth.
    """
    if kind != "geojson" or (crs is not None and not is_local(crs)):
        return
    fact = "there is no coordinate system" if crs is None else f"{crs.label} is a local system without a way"
    raise InputError(
        f"{path}: GeoJSON holds longitudes and latitudes, and {fact} to get them from; write a .gpkg, or "
        "give the raster its system first (rio edit-info --crs, gdal_edit -a_srs)"
    )


def write_layer(path: PathLike, layer: Layer, *, format: str | None = None) -> None:  # noqa: A002 - its name
    """Write polygons; the file appears whole or not at all.

    Parameters
    ----------
    path
        The file to make or replace.
    layer
        What to write. GeoJSON is written in longitude and latitude, as its standard demands, the rest in the
        layer's own coordinate system.
    format
        One of `FORMATS`; None goes by the ending.

    Raises
    ------
    InputError
        For an unknown format, GeoJSON without a coordinate system, or when GDAL refuses.
    """
    kind = format_of(path, format)
    check_format(path, kind, layer.crs)
    if kind == "geojson":
        layer = layer.in_crs(Crs.parse("OGC:CRS84"))
    with atomic_path(path) as beside:
        if kind == "parquet":
            _write_parquet(beside, layer)
        else:
            _write_ogr(beside, layer, kind, name=Path(path).stem)


def read_layer(path: PathLike) -> Layer:
    """Read polygons from any vector file; what is no polygon is left out only if it is empty.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it cannot be read or holds something else than polygons.
    """
    import shapely

    if not Path(path).is_file():
        raise NotFoundError(f"there is no file {path}")
    shapes, crs, columns = _read_parquet(path) if format_is_parquet(path) else _read_ogr(path)
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kinds = shapely.get_type_id(shapes[some])
    if not np.isin(kinds, [3, 6]).all():
        raise InputError(f"{path} holds points or lines; footprints are polygons")
    flat = shapely.force_2d(shapes[some])
    return Layer(flat, crs, {name: np.asarray(values)[some] for name, values in columns.items()})


def format_is_parquet(path: PathLike) -> bool:
    """Tell by the first bytes whether a file is Parquet."""
    with Path(path).open("rb") as file:
        return file.read(4) == b"PAR1"


def _write_ogr(beside: Path, layer: Layer, kind: str, *, name: str) -> None:
    import shapely

    pyogrio = require("pyogrio", extra="aerial")
    options: Json = {"RFC7946": "YES", "COORDINATE_PRECISION": _DECIMALS} if kind == "geojson" else {}
    many = bool((shapely.get_type_id(layer.polygons) == 6).any())
    shapes = np.array([_multi(one) for one in layer.polygons], object) if many else layer.polygons
    shapes = shapely.orient_polygons(shapes) if hasattr(shapely, "orient_polygons") else shapes
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*crs.*was not provided", category=UserWarning)
        try:
            pyogrio.raw.write(
                beside,
                shapely.to_wkb(shapes),
                list(layer.columns.values()),
                np.array(list(layer.columns), dtype=object),
                layer=name,
                driver=FORMATS[kind],
                geometry_type="MultiPolygon" if many else "Polygon",
                crs=None if layer.crs is None else layer.crs.wkt,
                **options,
            )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise InputError(f"{FORMATS[kind]} cannot be written ({error})") from error


def _multi(polygon: Any) -> Any:
    import shapely

    return shapely.multipolygons([polygon]) if polygon.geom_type == "Polygon" else polygon


def _read_ogr(path: PathLike) -> tuple[NDArray[Any], Crs | None, dict[str, Any]]:
    import shapely

    pyogrio = require("pyogrio", extra="aerial")
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InputError(f"{path} is no vector file that can be read ({error})") from error
    crs = Crs.parse(meta["crs"]) if meta.get("crs") else None
    return shapely.from_wkb(wkb), crs, dict(zip(meta["fields"], columns, strict=True))


def _write_parquet(beside: Path, layer: Layer) -> None:
    import pyarrow as pa
    import pyarrow.parquet
    import pyproj
    import shapely

    crs = None if layer.crs is None else pyproj.CRS.from_wkt(layer.crs.wkt).to_json_dict()
    kinds = sorted({one.geom_type for one in layer.polygons})
    column: Json = {"encoding": "WKB", "geometry_types": kinds, "crs": crs}
    if len(layer):
        column["bbox"] = shapely.total_bounds(layer.polygons).tolist()
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    arrays = {name: pa.array(values) for name, values in layer.columns.items()}
    table = pa.table(arrays | {"geometry": pa.array(shapely.to_wkb(layer.polygons), pa.binary())})
    pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), beside)


def _read_parquet(path: PathLike) -> tuple[NDArray[Any], Crs | None, dict[str, Any]]:
    import pyarrow.parquet
    import shapely

    table = pyarrow.parquet.read_table(path)
    content = (table.schema.metadata or {}).get(b"geo")
    if content is None:
        raise InputError(f"{path} is a Parquet file without the metadata of GeoParquet; it holds no polygons")
    geo = json.loads(content)
    name = geo["primary_column"]
    said = geo["columns"][name].get("crs", "OGC:CRS84")
    shapes = shapely.from_wkb(np.array(table[name].to_pylist(), dtype=object))
    others = {one: np.array(table[one].to_pylist()) for one in table.column_names if one != name}
    return shapes, None if said is None else Crs.parse(said), others
