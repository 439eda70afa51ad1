"""From contours as they come to a height model in a file: checks, consent, a method, and the writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.contour_checks import (
    duplicate_lines,
    find_crossings,
    find_mixed_units,
    require_lengths,
    short_lines,
    without_crossings,
)
from whence.maps.heights.labels import find_wrong_labels, spacing_m
from whence.maps.heights.model_file import ModelFile, write_model
from whence.maps.heights.streaming import STREAMED_CELLS, stream_model
from whence.maps.heights.surface import method as method_named

if TYPE_CHECKING:
    from whence.maps.heights.contour_checks import Crossing
    from whence.maps.heights.labels import Suspect
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Contours, Terrain
    from whence.typing import Floats, PathLike

__all__ = ["Checked", "Consent", "Made", "check", "choose_cell_m", "make_model"]

Say = Callable[[str], None]
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Consent:
    """What may be changed without asking again: labels and units mended, crossing lines left out."""

    repair: bool = False
    drop_crossing: bool = False


@dataclass(frozen=True, eq=False)
class Checked:
    """A terrain after the checks.

    Parameters
    ----------
    terrain
        With what consent was given for.
    facts
        One sentence for each kind of fault.
    suspects
        Lines whose heights contradict their neighbours', in the numbers of the lines as they were checked.
    crossings
        Pairs of lines that cross.
    """

    terrain: Terrain
    facts: tuple[str, ...]
    suspects: tuple[Suspect, ...]
    crossings: tuple[Crossing, ...]


def check(terrain: Terrain, *, cell_m: float | None = None, consent: Consent | None = None) -> Checked:
    """Look for faults that can be seen before any surface is made.

    Parameters
    ----------
    terrain
        As it was read.
    cell_m
        Lines shorter than this are counted.
    consent
        What may be mended; None is nothing.

    Raises
    ------
    InputError
        When it is in degrees, or its heights are partly in feet and that may not be mended.
    """
    allowed = consent or Consent()
    require_lengths(terrain.crs)
    facts = _counted(terrain, cell_m)
    contours = terrain.contours
    mixed = find_mixed_units(contours)
    if mixed is not None:
        if not allowed.repair:
            raise InputError(f"{mixed}; turn them into metres, or let that be done (--repair)")
        facts.append(f"{mixed}; they were turned into metres")
        contours = mixed.converted()
    crossings = find_crossings(contours)
    if crossings and allowed.drop_crossing:
        left = without_crossings(contours, crossings)
        facts.append(f"{len(contours) - len(left)} lines that cross others were left out")
        contours = left
    suspects = _suspects(contours, facts)
    if suspects and allowed.repair:
        heights = contours.heights_m.copy()
        for one in suspects:
            heights[one.line] = one.proposed_m
        facts.append(f"{len(suspects)} heights were changed to agree with their neighbours")
        contours = contours.relabel(heights)
    return Checked(terrain.with_contours(contours), tuple(facts), suspects, crossings)


def _counted(terrain: Terrain, cell_m: float | None) -> list[str]:
    facts = []
    twice = len(duplicate_lines(terrain.contours))
    if twice:
        facts.append(f"{twice} lines are there twice; they count twice")
    crumbs = 0 if cell_m is None else len(short_lines(terrain.contours, cell_m))
    if crumbs:
        facts.append(f"{crumbs} lines are shorter than a cell")
    unit = None if terrain.crs is None else terrain.crs.unit
    if unit not in (None, "metre", "meter"):
        facts.append(f"coordinates are in {unit}, and so is the side of a cell")
    return facts


def _suspects(contours: Contours, facts: list[str]) -> tuple[Suspect, ...]:
    try:
        return find_wrong_labels(contours).found
    except NotEnoughDataError as error:
        facts.append(f"labels not checked: {error}")
        return ()


def choose_cell_m(contours: Contours) -> float:
    """Choose the side of a cell: half the median spacing of the contours, to two digits."""
    half = spacing_m(contours) / 2
    return float(f"{half:.1e}")


@dataclass(frozen=True)
class Made:
    """How a model was made.

    Parameters
    ----------
    method
        Key in `SURFACES`.
    options
        Its options as far as they were chosen by the data: the smoothing, or the variogram as JSON types.
    rmse_m
        Error of each method at held-out pieces, m, when the method was chosen; empty otherwise.
    streamed
        Whether it was made tile by tile.
    facts
        What should be known, one sentence each.
    """

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    rmse_m: dict[str, float] = field(default_factory=dict)
    streamed: bool = False
    facts: tuple[str, ...] = ()


def make_model(
    path: PathLike,
    terrain: Terrain,
    lattice: Lattice,
    *,
    method: str = "biharmonic",
    smoothing: float | None = None,
    file: ModelFile | None = None,
    tell: Tell = lambda _done, _total: None,
) -> Made:
    """Make a height model of a terrain and write it.

    Parameters
    ----------
    path
        The GeoTIFF to make or replace. With the default method the second band is the standard error.
    terrain, lattice
        What is made a surface, and its grid. One of more than `STREAMED_CELLS` is made tile by tile; then
        only the default method can be had.
    method
        A key of `SURFACES`, or ``"auto"``: the best at held-out pieces (`choose_method`).
    smoothing
        λ of the default method; None chooses it.
    file
        Coordinate systems and format; None takes that of the terrain.
    tell
        Called with tiles done and in all.

    Raises
    ------
    InputError
        When there is no such method, or it cannot make so large a grid.
    NotEnoughDataError
        When there are no heights, or all are the same.
    """
    written = file or ModelFile(terrain.crs)
    large = lattice.cells > STREAMED_CELLS
    if large and method not in ("biharmonic", "auto"):
        raise InputError(
            f"{lattice.columns} × {lattice.rows} cells are too many for {method}, which makes it at once; "
            "take larger cells, or biharmonic"
        )
    terrain.samples()
    rmse_m: dict[str, float] = {}
    if method == "auto":
        from whence.maps.heights.surface.comparison import choose_method

        choice = choose_method(terrain, lattice, methods=("biharmonic",) if large else None)
        method, rmse_m = choice.name, choice.rmse_m
    if method == "biharmonic":
        return _biharmonic(
            path, terrain, lattice, smoothing=smoothing, file=written, tell=tell, rmse_m=rmse_m
        )
    surface = method_named(method)
    options: dict[str, Any] = {}
    if method == "kriging":
        from whence.maps.heights.surface.kriging import Kriging

        variogram = Kriging().fitted(terrain, lattice)
        surface, options = Kriging(variogram=variogram), {"variogram": variogram.to_json()}
    write_model(path, surface.heights(terrain, lattice), lattice, file=written)
    return Made(method, options, rmse_m)


def _biharmonic(
    path: PathLike,
    terrain: Terrain,
    lattice: Lattice,
    *,
    smoothing: float | None,
    file: ModelFile,
    tell: Tell,
    rmse_m: dict[str, float],
) -> Made:
    from whence.maps.heights.surface.doubt import measure_doubt
    from whence.maps.heights.surface.smoothing import choose_smoothing

    chosen = choose_smoothing(terrain, lattice).smoothing if smoothing is None else smoothing
    made = {"smoothing": chosen}
    facts: tuple[str, ...] = ()
    if lattice.cells > STREAMED_CELLS:
        doubt = stream_model(path, terrain, lattice, smoothing=chosen, file=file, tell=tell)
        if doubt is None:
            facts = ("no uncertainty: too few contours to measure it",)
        return Made("biharmonic", made, rmse_m, streamed=True, facts=facts)
    sigma: Floats | None = None
    try:
        _, sigma = measure_doubt(terrain, lattice, smoothing=chosen)
    except NotEnoughDataError as error:
        facts = (f"no uncertainty: {error}",)
    heights = method_named("biharmonic", smoothing=chosen).heights(terrain, lattice)
    write_model(path, heights, lattice, sigma_m=sigma, file=file)
    return Made("biharmonic", made, rmse_m, facts=facts)
