"""An old topographic map of the town: the scan of a sheet, and the truth of each of its pixels.

Three things part the scan from the ground, each known exactly: the survey, which displaced what it drew
(`survey`); the paper, which shrank, warped and was folded (`paper`); and the scanner, on which it lay askew.
The grid alone was constructed, so that its crosses suffer from the paper only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from whence.errors import NotFoundError
from whence.imagery.atomic import atomic_path
from whence.imagery.rows import write_rows
from whence.smallworld.ageing import scanned
from whence.smallworld.map_drawing import Press
from whence.smallworld.map_frame import CRS, DPI, SheetFrame
from whence.smallworld.paper import Paper
from whence.smallworld.relief import INTERVAL_M, ZERO_M, Contour, Spot, contours_of, spots_of
from whence.smallworld.survey import Landmark, Survey, landmarks_of

if TYPE_CHECKING:
    from typing import Any, Self

    from whence.smallworld.town import Town
    from whence.typing import ArrayLike, Floats, Image, PathLike

__all__ = ["VERTICAL", "OldMap", "draw_old_map"]

_QUALITY = 88
_HEIGHT_ERROR_M = 0.05
_CHECKS = 100
_COLUMNS = ("name", "column", "row", "easting", "northing", "crs")
_RELIEF_HALF_M = 640.0
_LONG_MM = 80.0
_MODERN_CELL_M = 5.0

VERTICAL = "EPSG:5621"
"""The modern vertical system of the town, which is invented like all else."""


@dataclass(frozen=True, eq=False)
class OldMap:
    """A sheet and all that is true of it; made by `of_town`, the same for the same seed.

    Attributes
    ----------
    town
        What it shows.
    seed
        Of survey, paper and scan.
    frame
        Grid and scale of the flat sheet.
    survey
        Errors of what is drawn.
    paper
        How the sheet lies on the scanner.
    landmarks
        Named buildings.
    """

    town: Town
    seed: int
    frame: SheetFrame
    survey: Survey
    paper: Paper
    landmarks: tuple[Landmark, ...]

    @classmethod
    def of_town(
        cls, town: Town, *, seed: int = 0, dpi: float = DPI, survey_error_m: float = 2.0, **paper: Any
    ) -> Self:
        """Survey the town and age the sheet.

        Parameters
        ----------
        town
            What to map.
        seed
            Of survey, paper and scan.
        dpi
            Pixels per inch of the scan.
        survey_error_m
            Standard deviation of each coordinate of what is drawn.
        **paper
            Options of `Paper.aged`, such as ``quarter_turns``.

        Examples
        --------
        >>> from whence.smallworld import Town
        >>> sheet = OldMap.of_town(Town.build(seed=0), seed=1)
        >>> sheet.frame.size_px, len(sheet.landmarks)
        ((2760, 2760), 24)
        """
        frame = SheetFrame.about_town(dpi=dpi)
        return cls(
            town=town,
            seed=seed,
            frame=frame,
            survey=Survey.draw(np.random.default_rng([town.seed, seed, 1]), spread_m=survey_error_m),
            paper=Paper.aged(frame.size_px, np.random.default_rng([town.seed, seed, 2]), **paper),
            landmarks=tuple(landmarks_of(town)),
        )

    def to_world(self, pixels: ArrayLike) -> Floats:
        """Easting and northing, by the grid of the sheet, of (..., 2) columns and rows of the scan."""
        return self.frame.to_world(self.paper.to_sheet(pixels))

    def to_pixels(self, world: ArrayLike) -> Floats:
        """Column and row on the scan of (..., 2) eastings and northings in the grid of the sheet."""
        return self.paper.to_scan(self.frame.to_sheet(world))

    def grid_world(self, enu_m: Floats) -> Floats:
        """Easting and northing of (..., 2) true metres east and north of the middle of the town."""
        return self.frame.crs.from_lonlat(self.town.lonlat(enu_m))

    def drawn(self, enu_m: Floats) -> Floats:
        """Column and row on the flat sheet where the survey drew what stands at (..., 2) metres."""
        return self.frame.to_sheet(self.grid_world(np.asarray(enu_m) + self.survey.error_m(enu_m)))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the scan."""
        return self.paper.scan_size_px

    def places(self, count: int) -> Floats:
        """Choose places all over the sheet, within the neatline: (n, 2) columns and rows of the scan."""
        rng = np.random.default_rng([self.town.seed, self.seed, 5])
        low = self.frame.margin_px
        return self.paper.to_scan(rng.uniform(low, low + self.frame.map_px, (count, 2)))

    @cached_property
    def landmark_sheet_px(self) -> Floats:
        """Where the landmarks are drawn on the flat sheet, (n, 2)."""
        return self.drawn(np.array([landmark.place_m for landmark in self.landmarks]))

    @cached_property
    def landmark_pixels(self) -> Floats:
        """Where the landmarks are drawn on the scan, (n, 2)."""
        return self.paper.to_scan(self.landmark_sheet_px)

    @cached_property
    def landmark_world(self) -> Floats:
        """Where the landmarks truly are, (n, 2) easting and northing."""
        return self.grid_world(np.array([landmark.place_m for landmark in self.landmarks]))

    @cached_property
    def cross_pixels(self) -> Floats:
        """Where the grid crosses are on the scan, (n, 2), in the order of `SheetFrame.crosses`."""
        return self.to_pixels(self.frame.crosses())

    @cached_property
    def contours(self) -> tuple[Contour, ...]:
        """Contour lines, of the true terrain in the old height system."""
        return tuple(contours_of(self.town.terrain, _RELIEF_HALF_M))

    @cached_property
    def contour_labels(self) -> tuple[tuple[Contour, int], ...]:
        """Index contours and the number of the vertex where their height stands; the long ones have two."""
        found = []
        for contour in self.contours:
            line = self.drawn(contour.line_m)
            steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
            long = steps[-1] > _LONG_MM * self.frame.px_per_mm
            for share in (0.25, 0.75) if long else (0.5,):
                at = int(np.searchsorted(steps, share * steps[-1]))
                if contour.is_index and self.frame.inside(line[at], within_mm=4.0):
                    found.append((contour, at))
        return tuple(found)

    def terrain_heights_m(self, world: Floats) -> Floats:
        """Give the true heights (...) at (..., 2) easting, northing, in the modern system of the town."""
        return self.town.terrain.height_m(self.town.plane.to_enu(self.frame.crs.to_lonlat(world)))

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """Spot heights, with the error of the levelling, half a decimetre."""
        rng = np.random.default_rng([self.town.seed, self.seed, 3])
        return tuple(spots_of(self.town, rng, error_m=lambda: float(rng.normal(0, _HEIGHT_ERROR_M))))

    def draw(self) -> Image:
        """Draw the flat sheet, (h, w, 3) uint8, as it left the press."""
        return Press(self).printed()

    def scan(self) -> Image:
        """Draw the scan, (h, w, 3) uint8."""
        return scanned(self.draw(), self.paper, np.random.default_rng([self.town.seed, self.seed, 4]))


def draw_old_map(
    town: Town, folder: PathLike, *, seed: int = 0, dpi: float = DPI, quality: int = _QUALITY, **options: Any
) -> OldMap:
    """Write the scan of an old map of the town, and the truth beside it.

    ``map.jpg`` the scan; ``landmarks.csv``, ``crosses.csv`` and ``spots.csv`` with column, row, easting and
    northing (of the grid's true place; of the true place of what is drawn); ``checkpoints.csv`` the same of
    places all over the sheet by its grid, without any error; ``landmarks.geojson`` names and true positions
    without pixels, as a user's own gazetteer; ``heights.csv`` what the sheet says of heights, with column
    and row: spot heights, and those that stand on contours; ``modern.tif`` the true heights of today;
    ``map.json`` sizes, system and errors.

    Parameters
    ----------
    town
        What to map.
    folder
        Made when it is not there.
    seed, dpi
        As `OldMap.of_town`.
    quality
        Of the JPEG file, 1 to 95.
    **options
        Further ones of `OldMap.of_town`.

    Returns
    -------
    OldMap
        The sheet, which tells the place of each pixel.

    Raises
    ------
    NotFoundError
        When the folder that should hold the folder is not there.
    InputError
        When the resolution or the deformation is out of range, or the disk is full.
    """
    target = Path(folder)
    if not target.parent.is_dir():
        raise NotFoundError(f"{folder} cannot be made: there is no folder {target.parent}; make it first")
    target.mkdir(exist_ok=True)
    sheet = OldMap.of_town(town, seed=seed, dpi=dpi, **options)
    with atomic_path(target / "map.jpg") as beside:
        PIL.Image.fromarray(sheet.scan()).save(beside, quality=quality, dpi=(dpi, dpi))
    _write_truth(sheet, target)
    return sheet


def _write_truth(sheet: OldMap, folder: Path) -> None:
    names = [landmark.name for landmark in sheet.landmarks]
    crosses = sheet.frame.crosses()
    places = np.array([spot.place_m for spot in sheet.spots])
    checks = sheet.places(_CHECKS)
    tables: dict[str, tuple[list[str], Floats, Floats]] = {
        "landmarks": (names, sheet.landmark_pixels, sheet.landmark_world),
        "crosses": ([f"{east:.0f} {north:.0f}" for east, north in crosses], sheet.cross_pixels, crosses),
        "checkpoints": ([str(k + 1) for k in range(_CHECKS)], checks, sheet.to_world(checks)),
        "spots": (
            [spot.text for spot in sheet.spots],
            sheet.paper.to_scan(sheet.drawn(places)),
            sheet.grid_world(places),
        ),
    }
    for table, (labels, pixels, world) in tables.items():
        rows = [
            dict(zip(_COLUMNS, (label, *pixel, *place, CRS), strict=True))
            for label, pixel, place in zip(labels, pixels.tolist(), world.tolist(), strict=True)
        ]
        write_rows(folder / f"{table}.csv", rows, _COLUMNS)
    _write_heights(sheet, folder)
    _write_json(folder / "landmarks.geojson", _landmarks_geojson(sheet))
    _write_json(folder / "map.json", _facts(sheet))


def _write_heights(sheet: OldMap, folder: Path) -> None:
    """Write what the sheet says of heights, and the model of today."""
    from whence.maps.heights import Lattice, write_model
    from whence.maps.heights.model_file import ModelFile

    spots = sheet.paper.to_scan(sheet.drawn(np.array([spot.place_m for spot in sheet.spots])))
    on_lines = [contour.line_m[at] for contour, at in sheet.contour_labels]
    labels = sheet.paper.to_scan(sheet.drawn(np.array(on_lines).reshape(-1, 2)))
    said = [
        *(("spot", spot.height_m, *pixel) for spot, pixel in zip(sheet.spots, spots.tolist(), strict=True)),
        *(
            ("contour", contour.height_m, *pixel)
            for (contour, _), pixel in zip(sheet.contour_labels, labels.tolist(), strict=True)
        ),
    ]
    rows = [
        {"name": f"{kind} {k + 1}", "column": column, "row": row, "map_height": round(height, 1)}
        for k, (kind, height, column, row) in enumerate(said)
    ]
    write_rows(folder / "heights.csv", rows, tuple(rows[0]))
    frame = sheet.frame
    low, high = frame.to_world([[0, frame.size_px[1]], [frame.size_px[0], 0]])
    lattice = Lattice.around(np.array([low, high]), _MODERN_CELL_M)
    heights = sheet.terrain_heights_m(lattice.centres())
    write_model(folder / "modern.tif", heights, lattice, file=ModelFile(frame.crs, VERTICAL, "gtiff"))


def _landmarks_geojson(sheet: OldMap) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": landmark.name},
                "geometry": {"type": "Point", "coordinates": sheet.town.lonlat(landmark.place_m).tolist()},
            }
            for landmark in sheet.landmarks
        ],
    }


def _facts(sheet: OldMap) -> dict[str, Any]:
    return {
        "town_seed": sheet.town.seed,
        "seed": sheet.seed,
        "size_px": list(sheet.size_px),
        "dpi": sheet.frame.dpi,
        "metres_per_px": 1 / sheet.frame.px_per_m,
        "crs": sheet.frame.crs.label,
        "turn_deg": sheet.paper.turn_deg,
        "shrinkage": sheet.paper.shrinkage.tolist(),
        "survey_error_m": sheet.survey.spread_m,
        "contour_interval_m": INTERVAL_M,
        "height_of_zero_m": ZERO_M,
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
