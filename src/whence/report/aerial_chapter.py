"""A page about the land cover of one image: pictures, figures of the classes, footprints, and the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible
from whence.report.document import render
from whence.report.drawing import data_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.aerial.evaluation.footprints import FootprintMatch
    from whence.aerial.evaluation.scores import Scores
    from whence.aerial.polygons.files import Layer
    from whence.aerial.scheme import Scheme
    from whence.typing import Image, PathLike

__all__ = ["LandCoverFiles", "write_land_cover_report"]

_SIDE_PX = 900
_OUTLINE_PX = 700
_YELLOW = (255, 226, 60)


@dataclass(frozen=True)
class LandCoverFiles:
    """What is shown: the image, true and predicted classes on its grid, and predicted footprints."""

    image: Path
    truth: Path
    predicted: Path
    footprints: Path


def write_land_cover_report(
    path: PathLike,
    files: LandCoverFiles,
    *,
    scheme: Scheme,
    scores: Scores,
    match: FootprintMatch,
    title: str,
    notice: str,
) -> None:
    """Write one page that loads nothing.

    Parameters
    ----------
    path
        The page.
    files
        What is shown.
    scheme
        Of the classes.
    scores, match
        Figures of the classes and of the footprints.
    title, notice
        Heading, and what the figures are worth.

    Raises
    ------
    InputError
        When a file cannot be read or the page cannot be written.
    """
    html = render(
        "aerial_chapter",
        title=legible(title),
        notice=notice,
        pictures=list(_pictures(files, scheme)),
        legend=[{"name": one.name, "swatch": _png(_swatch(one.colour))} for one in scheme.classes],
        rows=_rows(scores),
        mean=_figure(scores.confusion.mean("iou")),
        accuracy=_figure(scores.confusion.overall_accuracy),
        protocol=scores.protocol.line,
        match={
            "precision": _figure(match.precision),
            "recall": _figure(match.recall),
            "f1": _figure(match.f1),
            "pairs": len(match.pairs),
            "predicted": match.predicted,
            "true": match.true,
            "merges": match.merges,
            "protocol": match.protocol,
        },
    )
    with atomic_path(path) as beside:
        beside.write_text(html, encoding="utf-8")


def _pictures(files: LandCoverFiles, scheme: Scheme) -> Iterator[dict[str, str]]:
    """Give the image, the truth, the prediction, and footprints over a part of the image."""
    from whence.aerial.class_raster import open_classes
    from whence.aerial.polygons.files import read_layer
    from whence.maps.preview import preview

    image = preview(files.image, longest_px=_SIDE_PX)
    yield _shown("The image", image)
    for name, path in (("The truth", files.truth), ("What the network says", files.predicted)):
        with open_classes(path, None) as classes:
            yield _shown(name, _small(scheme.paint(classes.read())))
    yield _shown("Footprints over a part of the image", _outlined(files.image, read_layer(files.footprints)))


def _shown(caption: str, image: Image) -> dict[str, str]:
    return {"caption": caption, "uri": _png(image)}


def _small(image: Image) -> Image:
    import cv2

    factor = min(1.0, _SIDE_PX / max(image.shape[:2]))
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _outlined(path: Path, layer: Layer) -> Image:
    """Draw the outlines over the middle of the image."""
    import cv2
    import shapely

    from whence.aerial.georeference import georeference
    from whence.imagery.raster import Window, open_raster

    transform = georeference(path).transform
    with open_raster(path) as reader:
        width, height = reader.raster.width, reader.raster.height
        side = min(_OUTLINE_PX, width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = np.ascontiguousarray(reader.read(Window(left, top, side, side))[0][..., :3])
    if transform is None:
        return image
    back = ~transform
    for polygon in shapely.get_parts(layer.polygons):
        for ring in (polygon.exterior, *polygon.interiors):
            column, row = _pixels(back, ring)
            line = np.round(np.stack([column - left, row - top], axis=1) * 8).astype(np.int32)
            cv2.polylines(image, [line], True, _YELLOW, 1, cv2.LINE_AA, shift=3)
    return image


def _pixels(back: Any, ring: Any) -> tuple[Any, Any]:
    """Column and row of the corners of a ring."""
    east, north = np.array(ring.coords)[:, :2].T
    return back.a * east + back.b * north + back.c, back.d * east + back.e * north + back.f


def _swatch(colour: tuple[int, int, int]) -> Image:
    return np.full((14, 22, 3), colour, np.uint8)


def _png(image: Image) -> str:
    import cv2

    done, content = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    assert done
    return data_uri(content.tobytes(), media="png")


def _rows(scores: Scores) -> list[dict[str, str]]:
    counts = scores.confusion
    columns = {"iou": counts.iou, "f1": counts.f1, "precision": counts.precision, "recall": counts.recall}
    return [
        {"name": name, **{kind: _figure(values[k]) for kind, values in columns.items()}}
        for k, name in enumerate(counts.names)
    ]


def _figure(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"
