"""An orthophoto of the town at two dates, what each of its pixels is, and a register that is not up to date.

A true orthophoto: nothing leans, every roof lies over its footprint. What hides what is decided by height, so
that the mask tells what is seen (a crown over a roof is a tree) while the footprints are whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.schemes import scheme
from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.smallworld.orthophoto_files import write_footprints, write_ids, write_photo
from whence.smallworld.orthophoto_frame import HALF_M, PhotoFrame
from whence.smallworld.orthophoto_ground import COVERS, covers_of, painted_ground
from whence.smallworld.orthophoto_light import SUNS, exposed
from whence.smallworld.orthophoto_objects import Surface, add_cars, add_crowns, add_roofs
from whence.smallworld.orthophoto_plan import DATES, Plan
from whence.smallworld.orthophoto_register import Register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.smallworld.orthophoto_plan import Roof
    from whence.smallworld.town import Town
    from whence.typing import Image, Json, PathLike

__all__ = ["Orthophoto", "draw_orthophoto"]

CELL_M = 0.25
SCHEME = "smallworld"


@dataclass(frozen=True, eq=False)
class Orthophoto:
    """The town from above at one date, and the truth about it; made by `of_town`.

    Attributes
    ----------
    plan
        What stands there.
    frame
        The grid.
    date
        1, in June, or 2, in October of a later year.
    """

    plan: Plan
    frame: PhotoFrame
    date: int

    @classmethod
    def of_town(
        cls,
        town: Town,
        *,
        seed: int = 0,
        cell_m: float = CELL_M,
        date: int = 1,
        half_m: tuple[float, float] = HALF_M,
        middle_m: tuple[float, float] = (0.0, 0.0),
    ) -> Orthophoto:
        """Plan it; nothing is drawn yet.

        Parameters
        ----------
        town
            What to show.
        seed
            Of yards, trees, cars, changes, texture and noise.
        cell_m
            Side of a pixel.
        date
            1 or 2.
        half_m, middle_m
            See `PhotoFrame.of_town`.

        Raises
        ------
        InputError
            For another date, or when cell or size are out of range.

        Examples
        --------
        >>> from whence.smallworld import Town
        >>> photo = Orthophoto.of_town(Town.build(seed=0))
        >>> photo.frame.shape, photo.scheme.names[1]
        ((4400, 4400), 'building')
        """
        if date not in DATES:
            raise InputError(f"the orthophoto is drawn at date 1 or 2, not {date}")
        frame = PhotoFrame.of_town(town, cell_m=cell_m, half_m=half_m, middle_m=middle_m)
        return cls(Plan.of_town(town, seed=seed), frame, date)

    @property
    def scheme(self) -> Scheme:
        """What the ids mean."""
        return scheme(SCHEME)

    @property
    def roofs(self) -> tuple[Roof, ...]:
        """Roofs that stand at its date, within its edges or not."""
        return self.plan.standing(self.date)

    @cached_property
    def surface(self) -> Surface:
        """Colour, height, light and class of every pixel, before the camera."""
        rng, names = self._rng(1), self.scheme.names
        covers = covers_of(self.plan, self.frame, date=self.date)
        land = np.array([names.index(cover.land) for cover in COVERS.values()], np.uint8)
        surface = Surface(
            colour=painted_ground(covers, self.frame, date=self.date, rng=rng),
            height_m=np.zeros(self.frame.shape, np.float32),
            facing=np.ones(self.frame.shape, np.float32),
            ids=land[covers],
        )
        sun = SUNS[self.date].vector
        add_roofs(surface, self.roofs, self.frame, sun=sun, number=names.index("building"), rng=rng)
        crowns = self.plan.crowns
        tree = names.index("tree")
        add_crowns(surface, crowns, self.frame, sun=sun, date=self.date, number=tree, rng=rng)
        add_cars(surface, self.plan.cars(self.date), self.frame)
        return surface

    @property
    def ids(self) -> NDArray[np.uint8]:
        """(rows, cols) class of every pixel, exact: that of whatever its centre sees."""
        return self.surface.ids

    def photograph(self) -> Image:
        """Draw it, (rows, cols, 3) uint8."""
        return exposed(self.surface, SUNS[self.date], self.frame.cell_m, rng=self._rng(2))

    def to_json(self) -> Json:
        """Give the facts about it."""
        sun, town = SUNS[self.date], self.plan.town
        return {
            "town_seed": town.seed,
            "seed": self.plan.seed,
            "date": self.date,
            "cell_m": self.frame.cell_m,
            "size_px": list(self.frame.shape[::-1]),
            "crs": self.frame.crs.label,
            "west_m": self.frame.west_m,
            "north_m": self.frame.north_m,
            "sun_azimuth_deg": sun.azimuth_deg,
            "sun_elevation_deg": sun.elevation_deg,
            "buildings": len(self.roofs),
            "gone_at_date_2": sorted(self.plan.gone),
            "new_at_date_2": [roof.ident for roof in self.plan.new],
        }

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.plan.town.seed, self.plan.seed, 23, self.date, purpose])


def draw_orthophoto(
    town: Town,
    folder: PathLike,
    *,
    seed: int = 0,
    cell_m: float = CELL_M,
    date: int = 1,
    half_m: tuple[float, float] = HALF_M,
    middle_m: tuple[float, float] = (0.0, 0.0),
) -> Orthophoto:
    """Write the orthophoto of a date, and the truth beside it.

    ``images/date_1.tif`` the photograph (cloud-optimised, JPEG, EPSG:32632); ``masks/date_1.tif`` the class
    of every pixel, with ``masks/scheme.json``; ``footprints_1.geojson`` the true outline of every building at
    that date; ``register.geojson`` what the authorities know, which is the same for both dates: displaced by
    a metre or so, without some of the buildings and with some that are gone; ``orthophoto_1.json`` the facts.
    The folder is a data set: ``open_dataset("folder", folder)``.

    Parameters
    ----------
    town
        What to show.
    folder
        Made when it is not there.
    seed, cell_m, date, half_m, middle_m
        As `Orthophoto.of_town`.

    Raises
    ------
    NotFoundError
        When the folder that should hold the folder is not there.
    InputError
        When an argument is out of range, or the disk is full.
    """
    photo = Orthophoto.of_town(town, seed=seed, cell_m=cell_m, date=date, half_m=half_m, middle_m=middle_m)
    target = Path(folder)
    if not target.parent.is_dir():
        raise NotFoundError(f"{folder} cannot be made: there is no folder {target.parent}; make it first")
    for part in ("images", "masks"):
        (target / part).mkdir(parents=True, exist_ok=True)
    register = Register.of_plan(photo.plan)
    write_ids(target / "masks" / f"date_{date}.tif", photo.ids, photo.frame, scheme=photo.scheme)
    _write_json(target / "masks" / "scheme.json", photo.scheme.of_ids().to_json())
    write_footprints(target / f"footprints_{date}.geojson", photo.frame, town, register.truth(date))
    write_footprints(target / "register.geojson", photo.frame, town, register.entries)
    write_photo(target / "images" / f"date_{date}.tif", photo.photograph(), photo.frame)
    _write_json(target / f"orthophoto_{date}.json", photo.to_json())
    return photo


def _write_json(path: Path, content: Json) -> None:
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
