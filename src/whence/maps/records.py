"""How a sheet was made, read back from a fit (JSON) or a sheet (GeoTIFF), and made again.

The transform that was recorded is used, so that the sheet comes out the same pixel by pixel. The fit is made
again beside it; that it does not come out the same, perhaps with other versions of libraries, is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.raster import open_raster
from whence.maps import transforms
from whence.maps.recipe import TAG, Recipe, ScanFile

if TYPE_CHECKING:
    from whence.maps.fitting import MapFit
    from whence.maps.transforms import Transform
    from whence.typing import PathLike

__all__ = ["Record", "read_record"]

_RASTERS = (".tif", ".tiff")
_SAME_PX = 1e-3
_PLACES = 17  # across and down, where two transforms are compared


@dataclass(frozen=True, eq=False)
class Record:
    """What a file tells of how it was made.

    Parameters
    ----------
    path
        The file.
    recipe
        How it was made.
    transform
        The transform that came out.
    made_with
        Program -> version that did the sums.
    """

    path: Path
    recipe: Recipe
    transform: Transform
    made_with: Mapping[str, str]

    def refit(self, *, force: bool = False) -> tuple[MapFit, float]:
        """Fit again.

        Parameters
        ----------
        force
            Go on where the fit does not come out as recorded.

        Returns
        -------
        fit
            With the recorded transform.
        apart_px
            How far the transform that came out now is from it, pixels (`apart_px`).

        Raises
        ------
        InputError
            When it does not come out as recorded, by a thousandth of a pixel or more.
        """
        found = self.recipe.fit()
        apart_px = self.apart_px(found)
        if apart_px > _SAME_PX and not force:
            theirs = ", ".join(f"{name} {number}" for name, number in self.made_with.items())
            raise InputError(
                f"the fit comes out otherwise than {self.path} has it: {found.kind} instead of "
                f"{self.transform.kind}, up to {apart_px:.3g} px apart; it was made with {theirs}. Use those "
                "versions, or force the recorded transform"
            )
        return replace(found, transform=self.transform), apart_px

    def with_scan(self, path: PathLike, *, force: bool = False) -> Record:
        """Say which file is the scan.

        Parameters
        ----------
        path
            The scan.
        force
            Take another one than was recorded; the record that is written then names this one.

        Raises
        ------
        InputError
            When it is another one.
        """
        known = self.recipe.scan
        if known is None or force:
            return replace(self, recipe=replace(self.recipe, scan=ScanFile.of(path)))
        known.require_unchanged(path)
        return self

    def apart_px(self, fit: MapFit) -> float:
        """Return how far a fit's transform is from the recorded one, pixels, at most, over the sheet."""
        points = self.recipe.points.active.pixels
        scan = self.recipe.scan
        low, high = (
            (points.min(axis=0), points.max(axis=0)) if scan is None else (0.0, np.array(scan.size_px))
        )
        share = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, _PLACES)] * 2), axis=-1).reshape(-1, 2)
        places = low + share * (high - low)
        there = self.transform.to_world(places)
        differences = fit.transform.to_world(places) - there
        known = np.isfinite(there).all(axis=1) & np.isfinite(differences).all(axis=1)
        slopes = self.transform.jacobian(places[known])
        moved = np.linalg.solve(slopes, differences[known][..., None])[..., 0]
        return float(np.hypot(*moved.T).max(initial=0.0))


def read_record(path: PathLike) -> Record:
    """Read how a fit (JSON) or a sheet (GeoTIFF) was made.

    Raises
    ------
    NotFoundError
        When the file is not there.
    FormatError
        When it holds no record, or a broken one.
    """
    file = Path(path)
    content = _of_sheet(file) if file.suffix.lower() in _RASTERS else _of_fit(file)
    if not isinstance(content, dict) or "record" not in content:
        raise FormatError(
            f"{file} does not tell how it was made; only files that whence map fit --out and whence map warp "
            "wrote do"
        )
    try:
        return Record(
            file,
            Recipe.from_json(content["record"]),
            transforms.load(content["transform"]),
            dict(content["record"]["made_with"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"the record in {file} is broken ({error!r}); take the file as written") from error
    except FormatError as error:
        raise FormatError(f"{file}: {error}") from error


def _of_sheet(file: Path) -> Any:
    import rasterio

    with open_raster(file):  # the errors of a missing or broken file
        pass
    with rasterio.open(file) as dataset:
        tags = dataset.tags()
    if TAG not in tags or "FIT" not in tags:
        return None
    return {**_parsed(tags["FIT"], file), "record": _parsed(tags[TAG], file)}


def _of_fit(file: Path) -> Any:
    if not file.is_file():
        raise NotFoundError(f"no file {file}; name a fit (JSON) or a sheet (GeoTIFF)")
    try:
        return _parsed(file.read_text("utf-8"), file)
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is no JSON; name a fit (JSON) or a sheet (.tif)") from error


def _parsed(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(f"{file} is broken JSON: {error}") from error
