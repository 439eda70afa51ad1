"""From finished blocks to files: georeferenced, with colours and names, whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from whence import __version__
from whence.imagery.atomic import atomic_path
from whence.imagery.geotiff import copy_optimised, refusals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from whence.aerial.georeference import Georeference
    from whence.aerial.prediction.blocks import BlockStore
    from whence.aerial.prediction.layers import Layer
    from whence.aerial.scheme import Scheme

__all__ = ["write_layers"]

_LEVEL = 5  # of deflate: of a noisy class map 7 % more bytes than level 6, in 40 % of its time
_TYPES = {"uint8": "Byte", "float32": "Float32"}


def write_layers(
    store: BlockStore, place: Georeference, *, compression: str, notes: Mapping[str, str], memory_mb: float
) -> None:
    """Join the blocks of every layer to a cloud-optimised GeoTIFF; the layer of the classes comes last.

    Parameters
    ----------
    store
        All blocks of the image.
    place
        Where the image lies.
    compression
        As `whence.imagery.geotiff.COMPRESSIONS`.
    notes
        Name -> text, for the files' metadata.
    memory_mb
        What blocks under way may take.

    Raises
    ------
    InputError
        When the disk is full or a file cannot be written.
    """
    import rasterio

    tags = {"SOFTWARE": f"whence {__version__}", **notes}
    for layer in reversed(store.layers):
        joined, copied = store.folder / f"{layer.name}.vrt", store.folder / f"{layer.name}.tif"
        joined.write_bytes(_joined(store, layer, place, tags))
        with atomic_path(layer.path) as beside, refusals(layer.path):
            with rasterio.Env(GDAL_CACHEMAX=int(max(memory_mb, 16.0))):
                copy_optimised(
                    joined,
                    copied,
                    compression=compression,
                    smooth=layer.scheme is None,
                    bits=layer.bits,
                    level=_LEVEL,
                )
            _write_names(layer)
            shutil.move(copied, beside)  # it may go to another drive


def _joined(store: BlockStore, layer: Layer, place: Georeference, tags: Mapping[str, str]) -> bytes:
    """Describe the whole layer as GDAL's virtual raster does."""
    size = {"rasterXSize": str(store.width), "rasterYSize": str(store.finished)}
    root = ET.Element("VRTDataset", size)
    if place.crs:
        ET.SubElement(root, "SRS").text = place.crs.to_wkt()
    if place.transform is not None:
        steps = ", ".join(f"{float(one)!r}" for one in place.transform.to_gdal())
        ET.SubElement(root, "GeoTransform").text = steps
    if place.points:
        _add_points(root, place)
    metadata = ET.SubElement(root, "Metadata")
    for name, text in tags.items():
        ET.SubElement(metadata, "MDI", key=name).text = text
    for number, name in enumerate(layer.bands, start=1):
        _add_band(root, store, layer, number=number, name=name)
    return ET.tostring(root)


def _add_points(root: ET.Element, place: Georeference) -> None:
    system = {"Projection": place.points_crs.to_wkt()} if place.points_crs else {}
    listed = ET.SubElement(root, "GCPList", system)
    for number, one in enumerate(place.points, start=1):
        at = {"Pixel": one.col, "Line": one.row, "X": one.x, "Y": one.y, "Z": one.z or 0.0}
        ET.SubElement(listed, "GCP", {"Id": str(number)} | {name: repr(float(at[name])) for name in at})


def _add_band(root: ET.Element, store: BlockStore, layer: Layer, *, number: int, name: str) -> None:
    band = ET.SubElement(root, "VRTRasterBand", dataType=_TYPES[layer.stored], band=str(number))
    ET.SubElement(band, "Description").text = name
    ET.SubElement(band, "NoDataValue").text = "nan" if np.isnan(layer.nodata) else f"{layer.nodata:g}"
    if layer.scale is not None:
        ET.SubElement(band, "Scale").text = repr(layer.scale)
    if layer.scheme is not None:
        _add_colours(band, layer.scheme)
    for place, block in enumerate(store.blocks):
        source = ET.SubElement(band, "SimpleSource")
        ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = store.file(layer, place).name
        ET.SubElement(source, "SourceBand").text = str(number)
        across = {"xOff": "0", "xSize": str(store.width), "ySize": str(block.stop - block.start)}
        ET.SubElement(source, "SrcRect", across | {"yOff": "0"})
        ET.SubElement(source, "DstRect", across | {"yOff": str(block.start)})


def _add_colours(band: ET.Element, scheme: Scheme) -> None:
    ET.SubElement(band, "ColorInterp").text = "Palette"
    table, colours = ET.SubElement(band, "ColorTable"), scheme.colormap()
    for value in range(256):
        parts = zip(("c1", "c2", "c3", "c4"), colours.get(value, (0, 0, 0, 0)), strict=True)
        ET.SubElement(table, "Entry", {name: str(part) for name, part in parts})


def _write_names(layer: Layer) -> None:
    """Write the classes' names where GDAL and QGIS look for them; remove those of an earlier file."""
    beside = _auxiliary(layer.path)
    if layer.scheme is None:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        return
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    names = ET.SubElement(band, "CategoryNames")
    for name in layer.scheme.names:
        ET.SubElement(names, "Category").text = name
    with atomic_path(beside) as target:
        target.write_bytes(ET.tostring(root))


def _auxiliary(path: Path) -> Path:
    return path.with_name(f"{path.name}.aux.xml")
