"""How a sheet is made: all that a fit and a sheet depend on besides the pixels of the scan."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence import __version__
from whence.earth.crs import Crs
from whence.errors import FormatError, InputError
from whence.imagery.naming import legible
from whence.maps.fitting import MapFit, fit
from whence.maps.points.control import ControlPoints
from whence.maps.warping.sheet import Sheet, warp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from whence.typing import Json, PathLike

__all__ = ["TAG", "Recipe", "ScanFile", "WarpChoices", "digest_of"]

VERSION = 1
TAG = "RECORD"
"""Name of the note in a GeoTIFF's metadata that holds the recipe."""


@dataclass(frozen=True)
class ScanFile:
    """Which scan it was.

    Parameters
    ----------
    name
        Name of the file, without its folder.
    sha256
        Digest of its bytes, hexadecimal.
    size_px
        Width and height.
    """

    name: str
    sha256: str
    size_px: tuple[int, int]

    @classmethod
    def of(cls, path: PathLike) -> Self:
        """Describe a scan.

        Raises
        ------
        NotFoundError, NotAnImageError
            When it is not there, or no raster.
        """
        from whence.imagery.raster import open_raster

        with open_raster(path) as reader:
            size_px = (reader.raster.width, reader.raster.height)
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(legible(Path(path).name), digest, size_px)

    def require_unchanged(self, path: PathLike) -> None:
        """Refuse another scan than the recorded one.

        Raises
        ------
        InputError
            When one byte differs.
        """
        found = ScanFile.of(path)
        if found.sha256 != self.sha256:
            size = "" if found.size_px == self.size_px else f", {_size(found.size_px)} px instead of "
            size += _size(self.size_px) if size else ""
            raise InputError(
                f"{path} is not the recorded scan {self.name} (SHA-256 {found.sha256[:12]}… instead of "
                f"{self.sha256[:12]}…{size}); find the scan that was used, or force the sheet from this one"
            )


@dataclass(frozen=True)
class WarpChoices:
    """What is chosen about a sheet; the names and meanings are those of `warp`.

    Parameters
    ----------
    crs
        Code or definition of the sheet's coordinate system, as it was given; None for that of the points.
    resolution_m, resampling, nodata, layout, compression, max_error_px
        As in `warp`.
    neatline
        Corners, column and row, or None.
    """

    crs: str | None = None
    resolution_m: float | None = None
    resampling: str = "bilinear"
    neatline: tuple[tuple[float, float], ...] | None = None
    nodata: float | None = None
    layout: str = "cog"
    compression: str = "deflate"
    max_error_px: float = 0.1

    def to_json(self) -> Json:
        """Return the choices as JSON types."""
        corners = None if self.neatline is None else [[float(x), float(y)] for x, y in self.neatline]
        return {**vars(self), "neatline": corners}

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave."""
        corners = content["neatline"]
        outline = None if corners is None else tuple((float(x), float(y)) for x, y in corners)
        return cls(**{one.name: content[one.name] for one in fields(cls)} | {"neatline": outline})


@dataclass(frozen=True, eq=False)
class Recipe:
    """Everything that a fit and a sheet depend on besides the pixels of the scan.

    Parameters
    ----------
    points
        Control points, disabled ones too.
    kind, robust, tolerance_px, options
        As `whence.maps.fit` takes them; the kind as it was asked for, ``"auto"`` included.
    checkpoints
        Independent points, or None.
    scan
        Which scan it was, or None where none was given.
    sheet
        What was chosen about the sheet, or None where only a fit was made.

    Examples
    --------
    >>> pixels = [[0, 0], [1000, 0], [1000, 1000], [0, 1000.0]]
    >>> world = [[5e5, 6e6], [500850, 6e6], [500850, 5999150], [500002, 5999150]]
    >>> recipe = Recipe(ControlPoints(pixels, world), kind="similarity")
    >>> again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    >>> recipe.fit().transform.parameters == again.fit().transform.parameters
    True
    """

    points: ControlPoints
    kind: str = "auto"
    robust: bool = False
    tolerance_px: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: ControlPoints | None = None
    scan: ScanFile | None = None
    sheet: WarpChoices | None = None

    def fit(self) -> MapFit:
        """Fit as recorded; what is raised is what `whence.maps.fit` raises."""
        return fit(
            self.points,
            kind=self.kind,
            robust=self.robust,
            checkpoints=self.checkpoints,
            size_px=None if self.scan is None else self.scan.size_px,
            tolerance_px=self.tolerance_px,
            **self.options,
        )

    def warp(
        self,
        scan: PathLike,
        fit: MapFit,
        out: PathLike,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Sheet:
        """Make the sheet, with this recipe in its metadata; what is raised is what `warp` raises."""
        choices = self.sheet or WarpChoices()
        recipe = replace(self, scan=self.scan or ScanFile.of(scan), sheet=choices)
        return warp(
            scan, fit, out, **vars(choices), notes={TAG: json.dumps(recipe.to_json())}, progress=progress
        )

    def document(self, fit: MapFit) -> Json:
        """Return a fit with its recipe, as JSON types: what `read_record` reads back."""
        return {**fit.to_json(), "record": self.to_json()}

    def to_json(self) -> Json:
        """Return everything as JSON types, with the versions of what does the sums."""
        return {
            "version": VERSION,
            "made_with": _versions(),
            "points": _points_json(self.points),
            "checkpoints": None if self.checkpoints is None else _points_json(self.checkpoints),
            "fit": {
                "kind": self.kind,
                "robust": self.robust,
                "tolerance_px": self.tolerance_px,
                "options": dict(self.options),
            },
            "scan": None if self.scan is None else {**vars(self.scan), "size_px": list(self.scan.size_px)},
            "sheet": None if self.sheet is None else self.sheet.to_json(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read back what `to_json` gave.

        Raises
        ------
        FormatError
            When it is broken, of another version, or its points are not those that were written.
        """
        if content.get("version") != VERSION:
            raise FormatError(
                f"the record has version {content.get('version')!r}, this program reads {VERSION}; "
                "use the version of whence that wrote it"
            )
        try:
            scan, sheet, checks = content["scan"], content["sheet"], content["checkpoints"]
            return cls(
                _points_from(content["points"]),
                **{name: content["fit"][name] for name in ("kind", "robust", "tolerance_px", "options")},
                checkpoints=None if checks is None else _points_from(checks),
                scan=None if scan is None else ScanFile(scan["name"], scan["sha256"], tuple(scan["size_px"])),
                sheet=None if sheet is None else WarpChoices.from_json(sheet),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"the record is broken ({error!r}); take the file as it was written") from error


def _points_json(points: ControlPoints) -> Json:
    return {
        "file": None if points.source is None else legible(points.source.name),
        "crs": points.crs.label if points.crs else None,
        "crs_wkt": points.crs.wkt if points.crs else None,
        "sha256": digest_of(points),
        "rows": [
            {"name": name, "pixel": pixel.tolist(), "world": world.tolist(), "enabled": bool(enabled)}
            for name, pixel, world, enabled in zip(
                points.names, points.pixels, points.world, points.enabled, strict=True
            )
        ],
    }


def _points_from(content: Json) -> ControlPoints:
    rows = content["rows"]
    points = ControlPoints(
        np.array([row["pixel"] for row in rows], dtype=np.float64),
        np.array([row["world"] for row in rows], dtype=np.float64),
        crs=Crs(content["crs_wkt"]) if content["crs_wkt"] else None,
        enabled=np.array([row["enabled"] for row in rows], dtype=bool),
        names=tuple(row["name"] for row in rows),
        source=Path(content["file"]) if content["file"] else None,
    )
    if digest_of(points) != content["sha256"]:
        raise FormatError(
            "the points in the record are not those that were written; fit the changed points anew"
        )
    return points


def digest_of(points: ControlPoints) -> str:
    """Return the SHA-256 of points, whatever file they come from: names, numbers, switches, system."""
    rows = [points.names, points.pixels.tolist(), points.world.tolist(), points.enabled.tolist()]
    text = json.dumps([*rows, points.crs.wkt if points.crs else None], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _versions() -> dict[str, str]:
    import cv2
    import pyproj
    import rasterio
    import scipy

    return {
        "whence": __version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "opencv": cv2.__version__,
        "gdal": str(rasterio.__gdal_version__),
        "proj": str(pyproj.proj_version_str),
        "python": platform.python_version(),
    }


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]} by {size_px[1]}"
