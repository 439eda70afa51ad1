"""IIIF georeference annotations, and the maps of Allmaps' editor.

The Georeference Extension of the IIIF Presentation API 3.0 describes them; older ones call the pixels
``pixelCoords``. Places are longitude and latitude on WGS 84, as in GeoJSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points.control import ControlPoints
from whence.maps.points.faults import Fault, faults_of, incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whence.typing import Floats, Json

__all__ = ["Annotation", "annotation_json", "is_annotation", "parse_annotations"]

_POLYGON = re.compile(r"""<polygon[^>]*\bpoints\s*=\s*["']([^"']*)["']""")
_SIZE = re.compile(r"""<svg[^>]*?\bwidth\s*=\s*["'](\d+)["'][^>]*?\bheight\s*=\s*["'](\d+)["']""")
_KINDS = {"thinPlateSpline": "tps", "helmert": "similarity", "projective": "projective"}
_WRITTEN = {
    "tps": {"type": "thinPlateSpline"},
    "similarity": {"type": "helmert"},
    "projective": {"type": "projective"},
    "affine": {"type": "polynomial", "options": {"order": 1}},
    "polynomial1": {"type": "polynomial", "options": {"order": 1}},
    "polynomial2": {"type": "polynomial", "options": {"order": 2}},
    "polynomial3": {"type": "polynomial", "options": {"order": 3}},
}
_CONTEXT = [
    "http://iiif.io/api/extension/georef/1/context.json",
    "http://iiif.io/api/presentation/3/context.json",
]


@dataclass(frozen=True, eq=False)
class Annotation:
    """One georeferenced scan.

    Parameters
    ----------
    points
        Its control points, longitude and latitude.
    mask
        (m, 2) corners of the part that is map, column, row, not closed; None where there is none.
    size_px
        Width and height of the scan, or None.
    kind
        The transform it asks for, a key of `whence.maps.transforms.TRANSFORMS`, or None.
    resource
        Identifier of the scan.
    faults
        What is wrong with it; `whence.maps.points.Fault.serious` ones refuse a strict reading.
    """

    points: ControlPoints
    mask: Floats | None
    size_px: tuple[int, int] | None
    kind: str | None
    resource: str | None
    faults: tuple[Fault, ...]


def is_annotation(content: Any) -> bool:
    """Tell whether JSON is an annotation, a page of them, or a map of Allmaps."""
    return isinstance(content, dict) and (
        content.get("type") in ("Annotation", "AnnotationPage", "GeoreferencedMap")
        or "gcps" in content
        or "resourceMask" in content
    )


def parse_annotations(content: Json, *, source: Path | None = None, strict: bool = True) -> list[Annotation]:
    """Read all georeferenced scans of an annotation, a page of annotations, or a map of Allmaps' editor.

    Parameters
    ----------
    content
        The JSON.
    source
        Where it comes from, for messages.
    strict
        Refuse what has serious faults, telling all of them; otherwise only what cannot be read.

    Raises
    ------
    InputError
        With a sentence for each fault.
    """
    items = content.get("items") if content.get("type") == "AnnotationPage" else [content]
    if not isinstance(items, list) or not items:
        raise InputError(f"{source or 'the annotation'}: a page without annotations")
    read = [_annotation(item, source) for item in items]
    if strict:
        sentences = [fault.sentence for one in read for fault in one.faults if fault.serious]
        if sentences:
            raise InputError(f"{source or 'the annotation'}: {'; '.join(sentences)}")
    return read


def annotation_json(
    points: ControlPoints,
    *,
    resource: str,
    size_px: tuple[int, int],
    mask: Sequence[tuple[float, float]] | None = None,
    kind: str | None = None,
) -> Json:
    """Write the enabled points as a georeference annotation.

    Parameters
    ----------
    points
        Their coordinate system must be known, because an annotation holds longitudes and latitudes.
    resource
        Identifier of the IIIF image service of the scan.
    size_px
        Width and height of the scan.
    mask
        Corners of the part that is map; the whole scan when not given.
    kind
        The transform to ask for; those without a name in the extension are left out.

    Raises
    ------
    InputError
        When the coordinate system of the points is not known.
    """
    used = points.active.in_crs("OGC:CRS84")
    width, height = size_px
    corners = mask or [(0, 0), (width, 0), (width, height), (0, height)]
    listed = " ".join(f"{x:.10g},{y:.10g}" for x, y in corners)
    svg = f'<svg width="{width}" height="{height}"><polygon points="{listed}" /></svg>'
    body: Json = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"resourceCoords": pixel},
                "geometry": {"type": "Point", "coordinates": lonlat},
            }
            for pixel, lonlat in zip(used.pixels.tolist(), used.world.tolist(), strict=True)
        ],
    }
    if kind in _WRITTEN:
        body["transformation"] = _WRITTEN[kind]
    return {
        "type": "Annotation",
        "@context": _CONTEXT,
        "motivation": "georeferencing",
        "target": {
            "type": "SpecificResource",
            "source": {"id": resource, "type": "ImageService3", "width": width, "height": height},
            "selector": {"type": "SvgSelector", "value": svg},
        },
        "body": body,
    }


def _annotation(item: Json, source: Path | None) -> Annotation:
    where = str(source or "the annotation")
    pairs, size, corners, asked, resource = (
        _of_map(item) if "body" not in item else _of_annotation(item, where)
    )
    if not pairs:
        raise InputError(f"{where}: no control points; a georeference annotation lists at least three")
    lacking = incomplete(pairs)
    if lacking:
        raise InputError(f"{where}: {'; '.join(fault.sentence for fault in lacking)}")
    points = ControlPoints(
        np.array([pixel for pixel, _ in pairs], dtype=np.float64),
        np.array([place for _, place in pairs], dtype=np.float64),
        crs=Crs.parse("OGC:CRS84"),
        source=source,
    )
    faults, mask = faults_of(points, corners, size_px=size)
    return Annotation(points, mask, size, _kind(asked), resource, faults)


def _of_map(item: Json) -> tuple[list[tuple[Any, Any]], tuple[int, int] | None, Any, Any, str | None]:
    pairs = [(point.get("resource"), point.get("geo")) for point in item.get("gcps") or []]
    resource = item.get("resource") or {}
    size = _size(resource.get("width"), resource.get("height"))
    return pairs, size, item.get("resourceMask"), item.get("transformation"), resource.get("id")


def _of_annotation(
    item: Json, where: str
) -> tuple[list[tuple[Any, Any]], tuple[int, int] | None, Any, Any, str | None]:
    try:
        body, target = item["body"], item["target"]
        features = body["features"]
        pairs = [
            (
                feature["properties"].get("resourceCoords", feature["properties"].get("pixelCoords")),
                (feature.get("geometry") or {}).get("coordinates"),
            )
            for feature in features
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where} is no georeference annotation: {error!r} is missing or misplaced"
        ) from error
    origin = target.get("source") if isinstance(target, dict) else None
    origin = origin if isinstance(origin, dict) else {"id": origin}
    svg = str((target.get("selector") or {}).get("value", "")) if isinstance(target, dict) else ""
    stated = _SIZE.search(svg)
    size = _size(origin.get("width"), origin.get("height"))
    size = size or (_size(stated[1], stated[2]) if stated else None)
    polygon = _POLYGON.search(svg)
    whole = [[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]] if size else None
    corners = [pair.split(",") for pair in polygon[1].split()] if polygon else whole
    return pairs, size, corners, body.get("transformation"), origin.get("id") or origin.get("@id")


def _size(width: Any, height: Any) -> tuple[int, int] | None:
    return (int(width), int(height)) if width and height else None


def _kind(asked: Any) -> str | None:
    if not isinstance(asked, dict):
        return None
    if asked.get("type") == "polynomial":
        order = (asked.get("options") or {}).get("order", 1)
        return f"polynomial{order}" if order in (1, 2, 3) else None
    return _KINDS.get(str(asked.get("type")))
