"""Heights along a line, of one model or of two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.model_file import lattice_of
from whence.maps.heights.places import in_crs
from whence.maps.heights.sampling import sample_heights

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.typing import Floats, PathLike

__all__ = ["Profile", "profile_along", "read_line", "write_profile"]

_MOST = 4000
_WGS84 = "OGC:CRS84"


@dataclass(frozen=True, eq=False)
class Profile:
    """Heights along a line.

    Attributes
    ----------
    distances_m
        (n,) along the line, on the ground, from its beginning.
    world
        (n, 2) places, in `crs`.
    crs
        System of the first model, if it names one.
    heights_m
        Name of each model -> (n,) heights; NaN where it has none.
    """

    distances_m: Floats
    world: Floats
    crs: Crs | None
    heights_m: dict[str, Floats]


def profile_along(line: str | PathLike, *models: PathLike, step_m: float | None = None) -> Profile:
    """Read heights along a line.

    Parameters
    ----------
    line
        ``"lon,lat;lon,lat;…"``, or with spaces for the semicolons; or a vector file with a line in any
        system that it names.
    *models
        Height models, each in its own system.
    step_m
        From one place to the next; None is half a cell of the first model, or more, so that there are no more
        than 4000.

    Raises
    ------
    NotFoundError
        When a file is not there.
    InputError
        When the line cannot be read, has no length, or lies outside of a model.
    """
    if not models:
        raise InputError("a profile needs a height model")
    lattice, crs = lattice_of(models[0])
    corners, said = read_line(line)
    places = in_crs(corners, said, crs)
    if step_m is not None and not step_m > 0:
        raise InputError(f"a step of {step_m:g} m leads nowhere; give a positive one")
    ends_m = _distances(places, crs)
    length_m = float(ends_m[-1])
    if not length_m > 0:
        raise InputError("the line of the profile has no length; give two places that differ")
    pace = step_m or max(lattice.cell_m * length_m / _plane_length(places) / 2, length_m / _MOST)
    along = _paces(ends_m, pace)
    world = np.stack([np.interp(along, ends_m, places[:, axis]) for axis in (0, 1)], axis=-1)
    named = _names(models)
    heights = {name: sample_heights(model, world, crs=crs) for name, model in zip(named, models, strict=True)}
    return Profile(along, world, crs, heights)


def _paces(ends_m: Floats, pace_m: float) -> Floats:
    """Distances of the corners, and every so many metres between them."""
    steps = np.arange(0.0, float(ends_m[-1]), pace_m)
    after = np.clip(np.searchsorted(ends_m, steps), 1, len(ends_m) - 1)
    apart = np.minimum(np.abs(ends_m[after] - steps), np.abs(steps - ends_m[after - 1]))
    return np.unique(np.concatenate([steps[apart > 0.01 * pace_m], ends_m]))


def read_line(line: str | PathLike) -> tuple[Floats, str | None]:
    """Read the (n, 2) corners of a line, and the system that it names; see `profile_along`.

    Examples
    --------
    >>> read_line("10.4,44.8; 10.5,44.9")[0].tolist()
    [[10.4, 44.8], [10.5, 44.9]]
    """
    text = str(line)
    if ("," in text or ";" in text) and not Path(text).exists():
        return _typed(text), _WGS84
    from whence.maps.heights.vector_files import read_features

    features, said = read_features(text)
    lines = [part[:, :2] for one in features if one.kind == "line" for part in one.parts if len(part) > 1]
    if len(lines) != 1:
        raise InputError(f"{line} holds {len(lines)} lines; a profile goes along one")
    return lines[0], said or _WGS84


def _typed(text: str) -> Floats:
    try:
        pairs = [pair.split(",") for pair in re.split(r"[;\s]+", re.sub(r"\s*,\s*", ",", text)) if pair]
        corners = np.array([[float(part) for part in pair] for pair in pairs])
    except ValueError as error:
        raise InputError(f"{text!r} is no line; write lon,lat;lon,lat in degrees, or name a file") from error
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2:
        raise InputError(f"{text!r} is no line; write two or more places as lon,lat;lon,lat")
    if (np.abs(corners) > [360, 90]).any():
        raise InputError(f"{text!r} is not in degrees; write longitude,latitude;longitude,latitude")
    return corners


def _distances(places: Floats, crs: Crs | None) -> Floats:
    """Ground distances (n,) along corners from the first, on the ellipsoid where the system is known."""
    from whence.earth.ellipsoid import geodesic_distance_m

    if crs is None:
        steps = np.hypot(*np.diff(places, axis=0).T)
    else:
        lonlat = crs.to_lonlat(places)
        steps = np.atleast_1d(geodesic_distance_m(lonlat[:-1], lonlat[1:]))
    return np.concatenate([[0.0], np.cumsum(steps)])


def _plane_length(places: Floats) -> float:
    return float(np.hypot(*np.diff(places, axis=0).T).sum())


def _names(models: tuple[PathLike, ...]) -> list[str]:
    """Name models by their files, by number too where two have one name."""
    stems = [Path(model).stem for model in models]
    return [stem if stems.count(stem) == 1 else f"{stem} {k + 1}" for k, stem in enumerate(stems)]


def write_profile(path: PathLike, profile: Profile) -> None:
    """Write a profile as CSV: distance, place, and a column of heights for each model, empty where none.

    Of two models the last column is the first minus the second.
    """
    from whence.imagery.rows import write_rows

    geographic = profile.crs is not None and profile.crs.is_geographic
    x, y = ("longitude", "latitude") if geographic else ("easting", "northing")
    columns = {"distance_m": profile.distances_m, x: profile.world[:, 0], y: profile.world[:, 1]}
    heights = list(profile.heights_m.values())
    columns |= {f"{name}_m": values for name, values in profile.heights_m.items()}
    if len(heights) == 2:
        columns["difference_m"] = heights[0] - heights[1]
    digits = {x: 8 if geographic else 3, y: 8 if geographic else 3}
    rows = [
        {
            name: None if np.isnan(values[row]) else round(float(values[row]), digits.get(name, 3))
            for name, values in columns.items()
        }
        for row in range(len(profile.distances_m))
    ]
    write_rows(path, rows, tuple(columns))
