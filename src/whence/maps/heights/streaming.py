"""Height models of any size on disk: tile by tile, with the standard errors, interruptible and resumable.

Finished tiles are kept in a folder beside the model until all are there; then the GeoTIFF is put together,
written beside and renamed. The folder remembers what it was begun with, and refuses anything else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.atomic import atomic_path, check_target
from whence.maps.heights.cropping import SegmentIndex
from whence.maps.heights.model_file import ModelFile, write_bands
from whence.maps.heights.surface.biharmonic import grid_data
from whence.maps.heights.surface.doubt import fit_doubt
from whence.maps.heights.surface.nearest import Nearest
from whence.maps.heights.surface.tiles import Tiles, Tiling, coarse_lattice, coarse_surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whence.imagery.raster import Window
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.surface.doubt import Doubt
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats, PathLike

__all__ = ["STREAMED_CELLS", "stream_model", "workshop_of"]

STREAMED_CELLS = 4_000_000
"""A grid of more cells is better made tile by tile."""

_VERSION = 1


@dataclass(frozen=True)
class _Settings:
    smoothing: float
    tiling: Tiling = field(default_factory=Tiling)
    tolerance: float = 0.002


def workshop_of(path: PathLike) -> Path:
    """Give the folder in which tiles of a model wait for the others."""
    target = Path(path)
    return target.with_name(f".{target.name}.tiles")


def stream_model(
    path: PathLike,
    terrain: Terrain,
    lattice: Lattice,
    *,
    smoothing: float,
    tiling: Tiling | None = None,
    file: ModelFile | None = None,
    sigma: bool = True,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Doubt | None:
    """Make the default surface of a terrain, tile by tile, as a GeoTIFF.

    Parameters
    ----------
    path
        The file to make or replace.
    terrain, lattice
        What is made a surface, and its grid.
    smoothing
        λ; see `choose_smoothing`.
    tiling
        How the grid is cut.
    file
        Coordinate systems and format.
    sigma
        Whether the second band holds standard errors.
    tell
        Called with tiles done and tiles in all.

    Returns
    -------
    Doubt or None
        The law of the standard errors; None when they were not wanted, or there are too few contours.

    Raises
    ------
    InputError
        When tiles wait there that were begun with other heights or settings.
    NotEnoughDataError
        When there are no heights, or all are the same.
    """
    check_target(path)
    settings = _Settings(smoothing, tiling or Tiling())
    workshop = _open_workshop(workshop_of(path), _fingerprint(terrain, lattice, settings))
    windows = settings.tiling.windows(lattice)
    doubt = _doubt(terrain, lattice, smoothing) if sigma else None
    missing = [window for window in windows if not _tile(workshop, window).is_file()]
    tell(len(windows) - len(missing), len(windows))
    if missing:
        work = _Work.begin(terrain, lattice, settings, workshop, with_distances=doubt is not None)
        for done, window in enumerate(missing, start=len(windows) - len(missing) + 1):
            work.make(window)
            tell(done, len(windows))
    names = ("height_m",) if doubt is None else ("height_m", "standard_error_m")
    write_bands(path, _finished(workshop, windows, doubt), lattice, names=names, file=file)
    shutil.rmtree(workshop)
    return doubt


def _doubt(terrain: Terrain, lattice: Lattice, smoothing: float) -> Doubt | None:
    try:
        return fit_doubt(terrain, lattice, smoothing=smoothing)
    except NotEnoughDataError:
        return None


def _finished(
    workshop: Path, windows: list[Window], doubt: Doubt | None
) -> Iterator[tuple[Window, list[Floats]]]:
    for window in windows:
        tile = np.load(_tile(workshop, window), allow_pickle=False)
        yield window, [tile[0]] if doubt is None else [tile[0], doubt.sigma_m(tile[1].astype(float))]


@dataclass(frozen=True, eq=False)
class _Work:
    """What every tile needs."""

    tiles: Tiles
    workshop: Path
    distances: Floats | None
    """(rows, columns) of the coarse grid: cells of the grid to the nearest height."""

    @classmethod
    def begin(
        cls, terrain: Terrain, lattice: Lattice, settings: _Settings, workshop: Path, *, with_distances: bool
    ) -> _Work:
        coarse = _kept(
            workshop / "coarse.npy",
            lambda: coarse_surface(
                terrain,
                lattice,
                smoothing=settings.smoothing,
                tiling=settings.tiling,
                tolerance=settings.tolerance,
            ),
        )
        distances = None
        if with_distances:
            grid = coarse_lattice(lattice, settings.tiling.halvings)
            near = Nearest.of(grid_data(terrain, grid), grid.shape).distance_cells
            distances = (near * 2**settings.tiling.halvings).astype(np.float32)
        index = SegmentIndex.of(terrain, lattice)
        made = Tiles(index, lattice, settings.smoothing, settings.tiling, settings.tolerance, coarse)
        return cls(made, workshop, distances)

    def make(self, window: Window) -> None:
        """Solve a tile and keep it: heights, and distances to the nearest height in cells."""
        heights = self.tiles.solve(window)
        layers = [heights] if self.distances is None else [heights, self._distance(window, self.distances)]
        with atomic_path(_tile(self.workshop, window)) as beside:
            np.save(beside, np.stack(layers).astype(np.float32))

    def _distance(self, window: Window, coarse: Floats) -> Floats:
        """Measure exactly within the margin, coarsely beyond."""
        tiling, lattice = self.tiles.tiling, self.tiles.lattice
        wide = tiling.widened(window, lattice)
        part = lattice.window(row=wide.row, column=wide.column, rows=wide.height, columns=wide.width)
        rows = (window.row + np.arange(window.height)) // 2**tiling.halvings
        columns = (window.column + np.arange(window.width)) // 2**tiling.halvings
        far = coarse[np.ix_(rows, columns)].astype(float)
        data = grid_data(self.tiles.index.crop(part), part, checked=False)
        if len(data) == 0:
            return far
        near = Nearest.of(data, part.shape).distance_cells
        top, left = window.row - wide.row, window.column - wide.column
        near = near[top : top + window.height, left : left + window.width]
        return np.where(near <= tiling.margin_cells, near, np.maximum(far, tiling.margin_cells))


def _kept(path: Path, make: Callable[[], Floats]) -> Floats:
    """Load an array, or make and keep it."""
    if not path.is_file():
        made = make()
        with atomic_path(path) as beside:
            np.save(beside, made)
        return made
    return np.asarray(np.load(path, allow_pickle=False))


def _tile(workshop: Path, window: Window) -> Path:
    return workshop / f"{window.row}-{window.column}.npy"


def _fingerprint(terrain: Terrain, lattice: Lattice, settings: _Settings) -> str:
    """Sum up all that the heights depend on."""
    digest = hashlib.sha256(json.dumps([_VERSION, asdict(lattice), asdict(settings)]).encode())
    lakes = [part for lake in terrain.lakes for part in (lake.shore, np.array([lake.level_m]))]
    spots = (terrain.spots.positions, terrain.spots.heights_m)
    groups = (terrain.contours.lines, (terrain.contours.heights_m,), spots, lakes, terrain.breaklines)
    for group in groups:
        digest.update(f"{len(group)};".encode())
        for array in group:
            digest.update(f"{array.shape};".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _open_workshop(folder: Path, fingerprint: str) -> Path:
    """Make the folder, or go on in the one that is there.

    Raises
    ------
    InputError
        When it was begun with something else.
    """
    note = folder / "begun.json"
    if note.is_file():
        try:
            begun = json.loads(note.read_text("utf-8")).get("fingerprint")
        except (ValueError, AttributeError):
            begun = None
        if begun != fingerprint:
            raise InputError(
                f"{folder} holds tiles that were begun with other contours, another grid or other settings; "
                "give those again to go on, or delete the folder to begin anew"
            )
        return folder
    folder.mkdir(exist_ok=True)
    with atomic_path(note) as beside:
        beside.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")
    return folder
