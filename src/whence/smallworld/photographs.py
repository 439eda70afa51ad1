"""Walks through the town with two cameras: real JPEG files with EXIF, and a table of the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from whence.imagery.atomic import atomic_path
from whence.imagery.exif import Metadata
from whence.imagery.rows import write_rows
from whence.imagery.stamping import write_metadata
from whence.smallworld.camera import Camera
from whence.smallworld.render import EYE_HEIGHT_M, Light, Painter

if TYPE_CHECKING:
    from whence.smallworld.town import Street, Town
    from whence.typing import Floats

__all__ = ["COLUMNS", "COMPACT", "PHONE", "Device", "write_photographs"]

COLUMNS = ("img_path", "lat", "lon", "heading_deg", "camera_id", "captured_at", "sequence_id")

WALK_M = 200.0
LONGEST_WALK = 20
SUMMER_TIME = timezone(timedelta(hours=2))


@dataclass(frozen=True, kw_only=True)
class Device:
    """A camera as a product: what it calls itself, its lens, and whether it knows its position."""

    camera_id: str
    make: str
    model: str
    focal_px: float
    position_spread_m: float | None
    walks_on_m: float


PHONE = Device(
    camera_id="phone", make="whence", model="Telefono", focal_px=380.0, position_spread_m=4.0, walks_on_m=3.0
)
"""Writes its position into the files, with an error."""

COMPACT = Device(
    camera_id="compact",
    make="whence",
    model="Compatta",
    focal_px=430.0,
    position_spread_m=None,
    walks_on_m=-2.0,
)
"""Knows the time but not the place; used on the other side of the street."""


@dataclass(frozen=True, kw_only=True)
class _Shot:
    """One release of the shutter."""

    name: str
    device: Device
    enu_m: Floats
    heading_deg: float
    at: datetime
    light: Light
    sequence_id: str


def write_photographs(
    town: Town,
    folder: str | Path,
    *,
    count: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Walk through the town and photograph it.

    Three fifths of the pictures are the phone's, by day, with EXIF positions; the others are the compact
    camera's, later, by day and at dusk, along the same streets and without positions.

    Parameters
    ----------
    town
        Where to walk.
    folder
        Where the JPEG files and ``photos.csv`` go; made if need be.
    count
        Number of pictures, at least 2.
    seed
        For where exactly the walker stands and looks, and for the sky.
    progress
        Called with (done, in all).

    Returns
    -------
    The table: `COLUMNS`, with the true positions.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    painter = Painter(town)
    rng = np.random.default_rng([town.seed, seed])
    shots = list(_walks(town, count, rng))
    rows = []
    for done, shot in enumerate(shots, start=1):
        rows.append(_take(shot, folder, painter, rng))
        if progress is not None:
            progress(done, len(shots))
    table = folder / "photos.csv"
    write_rows(table, rows, COLUMNS)
    return table


def _walks(town: Town, count: int, rng: np.random.Generator) -> Iterator[_Shot]:
    """Share the pictures out: the phone goes down each street twice, the compact camera once, later."""
    phones = round(0.6 * count)
    streets = max(round(phones / (2 * LONGEST_WALK)), 1)
    evening = datetime(2026, 6, 19, 21, 40, tzinfo=SUMMER_TIME)
    noon = datetime(2026, 6, 20, 12, 10, tzinfo=SUMMER_TIME)
    for number in range(2 * streets):
        day = timedelta(days=4 * (number % 2), hours=number // 2)
        start = datetime(2026, 6, 3, 10, 0, tzinfo=SUMMER_TIME) + day
        shots = _share(phones, number, 2 * streets)
        side = 1 if number % 2 == 0 else -1
        yield from _walk(town, PHONE, (number // 2, number), shots, (start, "day"), side=side, rng=rng)
    for number in range(streets):
        later = noon + timedelta(hours=number)
        when: tuple[datetime, Light] = (evening, "dusk") if number % 3 == 2 else (later, "day")
        shots = _share(count - phones, number, streets)
        yield from _walk(town, COMPACT, (number, number), shots, when, side=1, rng=rng)


def _share(count: int, part: int, parts: int) -> int:
    return count * (part + 1) // parts - count * part // parts


def _walk(
    town: Town,
    device: Device,
    street_and_walk: tuple[int, int],
    shots: int,
    when: tuple[datetime, Light],
    *,
    side: int,
    rng: np.random.Generator,
) -> Iterator[_Shot]:
    """Walk a stretch of a street on one side of it; look ahead, and aside now and then."""
    street, number = _street(town, street_and_walk[0]), street_and_walk[1]
    start, light = when
    for step in range(shots):
        along_m = 130.0 + WALK_M * (step + rng.uniform(0, 0.8)) / shots
        sideways = (0.0, 0.0, 40.0, 0.0, 0.0, -40.0, 0.0)[step % 7]
        yield _Shot(
            name=f"{device.camera_id}-{number}-{step:03d}.jpg",
            device=device,
            enu_m=street.at(along_m, side * device.walks_on_m + rng.normal(0, 0.6)),
            heading_deg=(street.heading_deg + sideways + rng.normal(0, 6)) % 360,
            at=start + timedelta(seconds=14 * step),
            light=light,
            sequence_id=f"{device.camera_id}-{number}",
        )


def _street(town: Town, walk: int) -> Street:
    """Take the streets in an order that crosses the town: north-south, east-west, and so on."""
    across = [street for street in town.streets if street.heading_deg > 45]
    along = [street for street in town.streets if street.heading_deg <= 45]
    turns = [street for pair in zip(along[2:], across[2:], strict=False) for street in pair]
    return turns[walk % len(turns)]


def _take(shot: _Shot, folder: Path, painter: Painter, rng: np.random.Generator) -> dict[str, object]:
    town, device = painter.town, shot.device
    height_m = float(town.terrain.height_m(shot.enu_m)) + EYE_HEIGHT_M
    camera = Camera(
        eye_m=np.array([*shot.enu_m, height_m]),
        heading_deg=shot.heading_deg,
        pitch_deg=float(rng.normal(5, 2)),
        roll_deg=float(rng.normal(0, 1)),
        focal_px=device.focal_px,
    )
    path = folder / shot.name
    with atomic_path(path) as beside:
        picture = PIL.Image.fromarray(painter.view(camera, light=shot.light, rng=rng))
        picture.save(beside, "JPEG", quality=90)
        write_metadata(beside, _metadata(shot, town, camera, rng))
    longitude, latitude = town.lonlat(shot.enu_m).tolist()
    return {
        "img_path": shot.name,
        "lat": round(latitude, 7),
        "lon": round(longitude, 7),
        "heading_deg": round(shot.heading_deg, 1),
        "camera_id": device.camera_id,
        "captured_at": shot.at.isoformat(),
        "sequence_id": shot.sequence_id,
    }


def _metadata(shot: _Shot, town: Town, camera: Camera, rng: np.random.Generator) -> Metadata:
    stated = Metadata(
        captured_at=shot.at,
        utc_offset_minutes=120,
        utc_offset_is_stated=True,
        camera_make=shot.device.make,
        camera_model=shot.device.model,
        focal_35mm=round(36 * shot.device.focal_px / camera.width_px),
    )
    spread_m = shot.device.position_spread_m
    if spread_m is None:
        return stated
    longitude, latitude = town.lonlat(shot.enu_m + rng.normal(0, spread_m, 2)).tolist()
    return replace(
        stated,
        longitude_deg=longitude,
        latitude_deg=latitude,
        position_error_m=round(1.51 * spread_m, 1),  # receivers state a 68 % radius
        altitude_m=float(camera.eye_m[2]),
        direction_deg=shot.heading_deg,
    )
