"""Two height models brought to one grid, strip by strip: the reference is resampled, the model never."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs, same
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster
from whence.maps.ground import metres_per_unit
from whence.maps.heights.metres import require_metres
from whence.maps.heights.model_file import lattice_of
from whence.maps.heights.resampling import Resampler, read_heights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats, PathLike

__all__ = ["Pair", "Strip", "cell_sides_m", "padded", "strips_of"]

SIGMA = "standard_error_m"
"""Description of a second band that holds standard errors."""

_ROWS = 512


@dataclass(frozen=True, eq=False)
class Strip:
    """Some rows of one or two models.

    Attributes
    ----------
    window
        Where they lie in the grid.
    heights_m
        (rows + 2, columns + 2) of the model, with a rim: the rows next to the strip, and beyond the grid the
        slope carried on. NaN is no height.
    reference_m
        The same of the reference, if there is one.
    sigma_m
        (rows, columns) standard errors of the model, if it has them.
    sides_m
        (rows, 2) metres on the ground of a cell, eastward and northward.
    """

    window: Window
    heights_m: Floats
    reference_m: Floats | None
    sigma_m: Floats | None
    sides_m: Floats


@dataclass(frozen=True, eq=False)
class Pair:
    """A model and a reference.

    Attributes
    ----------
    model, reference
        The files.
    lattice, crs
        Grid and horizontal system of the model.
    facts
        What was done, and what could not be checked.
    same_grid
        Whether the reference has the model's grid, so that nothing is resampled.
    """

    model: Path
    reference: Path
    lattice: Lattice
    crs: Crs | None
    facts: tuple[str, ...]
    same_grid: bool

    @classmethod
    def of(cls, model: PathLike, reference: PathLike) -> Self:
        """Look at two files.

        Raises
        ------
        NotFoundError
            When one is not there.
        InputError
            When one is no height model, does not lie anywhere, is not in metres, or both are in two vertical
            systems.
        """
        from whence.maps.heights.vertical.systems import check_same_vertical, vertical_of

        lattice, crs = lattice_of(model)
        other = _system(reference)
        for one in (model, reference):
            require_metres(one)
        unknown = check_same_vertical(
            vertical_of(model), vertical_of(reference), names=(Path(model).name, Path(reference).name)
        )
        facts = [unknown] if unknown else []
        if (crs is None) is not (other is None):
            nameless = model if crs is None else reference
            facts.append(f"{nameless} does not name its coordinate system; that of the other was taken")
        horizontal = crs or other
        alike = horizontal is None or other is None or crs is None or same(crs, other)
        same_grid = alike and _grid(reference) == lattice
        if not same_grid:
            system = "" if alike or other is None else f" from {other.label}"
            facts.append(
                f"{Path(reference).name} was resampled{system} to the grid of {Path(model).name} (means of "
                f"finer cells, then bilinear): {lattice.columns} × {lattice.rows} cells of {lattice.cell_m:g}"
            )
        return cls(Path(model), Path(reference), lattice, horizontal, tuple(facts), same_grid)

    def strips(self) -> Iterator[Strip]:
        """Give the models from north to south.

        Raises
        ------
        InputError
            When heights cannot be such, because no data is not declared.
        """
        if not self.same_grid:
            system = _system(self.reference)
            there = Resampler(self.reference, self.lattice, crs=self.crs, system=system)
            yield from _strips(self.model, self.lattice, self.crs, there.read)
            return
        with open_raster(self.reference) as reader:
            yield from _strips(
                self.model, self.lattice, self.crs, lambda window: read_heights(reader, window)[0]
            )


def strips_of(model: PathLike) -> Iterator[Strip]:
    """Give a model alone from north to south."""
    lattice, crs = lattice_of(model)
    yield from _strips(Path(model), lattice, crs, None)


def cell_sides_m(lattice: Lattice, crs: Crs | None) -> Floats:
    """Give (rows, 2) metres on the ground of a cell eastward and northward, in each row of a grid.

    In degrees they change from row to row; in a plane they are the same everywhere, its scale that of the
    middle.
    """
    rows = np.arange(lattice.rows) + 0.5
    middle = lattice.to_world(np.stack([np.full(len(rows), lattice.columns / 2), rows], axis=-1))
    return np.asarray(lattice.cell_m * metres_per_unit(crs, middle))


def padded(heights_m: Floats, *, above: bool = False, below: bool = False) -> Floats:
    """Put a rim of one cell around heights, on which their slope goes on.

    Parameters
    ----------
    heights_m
        (rows, columns).
    above, below
        Whether the first or the last row is such a rim already.
    """
    rim = ((0 if above else 1, 0 if below else 1), (1, 1))
    return np.pad(heights_m, rim, mode="reflect", reflect_type="odd")


def _strips(
    model: Path, lattice: Lattice, crs: Crs | None, reference: Callable[[Window], Floats] | None
) -> Iterator[Strip]:
    sides_m = cell_sides_m(lattice, crs)
    with open_raster(model) as reader:
        has_sigma = _has_sigma(model)
        for row in range(0, lattice.rows, _ROWS):
            rows = min(_ROWS, lattice.rows - row)
            above, below = row > 0, row + rows < lattice.rows
            window = Window(0, row - above, lattice.columns, rows + above + below)
            heights, sigma = read_heights(reader, window)
            other = None
            if reference is not None:
                other = padded(reference(window), above=above, below=below)
            core = slice(int(above), int(above) + rows)
            yield Strip(
                Window(0, row, lattice.columns, rows),
                padded(heights, above=above, below=below),
                other,
                sigma[core] if has_sigma and sigma is not None else None,
                sides_m[row : row + rows],
            )


def _system(path: PathLike) -> Crs | None:
    """Horizontal system of a raster that lies somewhere."""
    import rasterio

    with open_raster(path):
        pass  # its errors are named
    with rasterio.open(path) as file:
        affine, system = file.transform, file.crs
    if affine.is_identity:
        raise InputError(f"{path} does not say where it lies; give it a place first (whence map warp)")
    return None if system is None else Crs.parse(system.to_wkt())


def _grid(path: PathLike) -> Lattice | None:
    try:
        return lattice_of(path)[0]
    except InputError:  # turned or oblong cells: resampled
        return None


def _has_sigma(path: Path) -> bool:
    import rasterio

    with rasterio.open(path) as file:
        return bool(file.count > 1 and file.descriptions[1] == SIGMA)
