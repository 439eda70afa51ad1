"""OpenStreetView-5M in miniature: its layout and column names, small pictures, faults on request."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import PIL.Image

COLUMNS = (
    "id", "latitude", "longitude", "thumb_original_url", "country", "sequence", "captured_at", "lon_bin",
    "lat_bin", "cell", "region", "sub-region", "city", "land_cover", "road_index", "drive_side", "climate",
    "soil", "dist_sea", "quadtree_10_5000", "quadtree_10_25000", "quadtree_10_1000", "quadtree_10_50000",
    "quadtree_10_12500", "quadtree_10_500", "quadtree_10_2500", "unique_region", "unique_sub-region",
    "unique_city", "unique_country", "creator_username", "creator_id",
)  # fmt: skip
FAULTS = (
    "absent_member", "broken_jpeg", "bad_crc", "stray_member", "repeated_row", "contradicting_row",
    "repeated_member", "out_of_range", "half_position", "truncated_zip", "absent_zip",
)  # fmt: skip
"""What can be wrong; each but the last two concerns one picture, of its own, in the order of this list."""

_FIRST_ID = 100_000_000_000_007  # Mapillary's ids have 15 or 16 digits
_STEP = 7_919_000_011


def fake_ids(count: int) -> list[str]:
    """The ids that `write_fake_osv5m` gives, in the order of the positions."""
    return [str(_FIRST_ID + i * _STEP % (9 * 10**15)) for i in range(count)]


def plain_picture(row: int, size_px: tuple[int, int] = (48, 32)) -> bytes:
    """A JPEG of blocks that are noise, different for each row."""
    blocks = np.random.default_rng(row).integers(0, 256, (4, 6, 3), np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(blocks).resize(size_px).save(file, "JPEG", quality=90)
    return file.getvalue()


def write_fake_osv5m(
    folder: Path,
    lonlat: np.ndarray,
    *,
    images: Callable[[int], bytes] | Sequence[bytes] = plain_picture,
    split: str = "train",
    zips: int = 3,
    faults: Collection[str] = (),
    countries: Sequence[str] | None = None,
) -> dict[str, bytes]:
    """Write one split in the published layout.

    Parameters
    ----------
    folder
        Where ``train.csv`` or ``test.csv`` and ``images/`` go; both splits may share one.
    lonlat
        Positions (n, 2), longitude and latitude in degrees.
    images
        Row -> JPEG bytes, or n of them.
    split
        ``train`` or ``test``; ids of the two differ.
    zips
        Archives; the pictures are dealt out in turns.
    faults
        Of `FAULTS`. ``truncated_zip`` cuts the last archive, ``absent_zip`` leaves out the second.
    countries
        n codes.

    Returns
    -------
    Id -> bytes of the pictures that an import must find: those without a fault and in whole archives.
    """
    assert set(faults) <= set(FAULTS), f"unknown faults {set(faults) - set(FAULTS)}"
    positions = np.asarray(lonlat, float)
    give = images if callable(images) else images.__getitem__
    ids = [("9" if split == "test" else "") + name for name in fake_ids(len(positions))]
    pictures = {name: give(row) for row, name in enumerate(ids)}
    victims = dict(zip([fault for fault in FAULTS if fault in faults], ids, strict=False))
    rows = [_row(i, name, positions[i], countries) for i, name in enumerate(ids)]
    _write_table(folder / f"{split}.csv", _spoilt_rows(rows, victims))
    dealt = [{name: pictures[name] for name in ids[number::zips]} for number in range(zips)]
    for number, members in enumerate(dealt):
        if not ("absent_zip" in faults and number == 1):
            _write_zip(folder / f"images/{split}/{number:02}.zip", members, victims)
    lost: set[str] = set()
    if "truncated_zip" in faults:
        path = folder / f"images/{split}/{zips - 1:02}.zip"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        lost |= dealt[-1].keys()
    if "absent_zip" in faults:
        lost |= dealt[1].keys()
    harmless = {"repeated_row", "repeated_member"}
    lost |= {
        name for fault, name in victims.items() if fault not in {*harmless, "truncated_zip", "absent_zip"}
    }
    return {name: data for name, data in pictures.items() if name not in lost}


def _row(i: int, name: str, position: np.ndarray, countries: Sequence[str] | None) -> dict[str, object]:
    country = countries[i] if countries is not None else ("NA", "FR", "NZ")[i % 3]  # NA is Namibia
    lon_bin, lat_bin = int((position[0] + 180) // 45), int((position[1] + 90) // 45)
    return dict.fromkeys(COLUMNS, "") | {
        "id": name,
        "latitude": repr(float(position[1])),
        "longitude": repr(float(position[0])),
        "thumb_original_url": f"https://example.org/{name}?expired={'x' * 40}",
        "country": country,
        "sequence": f"seq{i // 2}",
        "captured_at": 1_600_000_000_000 + i * 3_600_000,
        "lon_bin": lon_bin,
        "lat_bin": lat_bin,
        "cell": f"({lon_bin}, {lat_bin})",
        "region": f"Region {i % 5}",
        "sub-region": f"Sub {i % 7}" if i % 4 else "",
        "city": f"Town, {i % 11}",
        "drive_side": i % 2,
        "unique_country": country,
        "creator_username": f"user{i % 6}",
        "creator_id": 10**14 + i % 6,
    }


def _spoilt_rows(rows: list[dict[str, object]], victims: dict[str, str]) -> list[dict[str, object]]:
    by_id = {str(row["id"]): row for row in rows}
    if "stray_member" in victims:
        rows = [row for row in rows if row["id"] != victims["stray_member"]]
    if "out_of_range" in victims:
        by_id[victims["out_of_range"]]["latitude"] = "95.5"
    if "half_position" in victims:
        by_id[victims["half_position"]]["longitude"] = ""
    extra = [dict(by_id[victims[fault]]) for fault in ("repeated_row",) if fault in victims]
    if "contradicting_row" in victims:
        row = by_id[victims["contradicting_row"]]
        extra.append(row | {"latitude": str(-float(str(row["latitude"])) + 1.0)})
    return rows + extra


def _write_table(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _write_zip(path: Path, members: dict[str, bytes], victims: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{path.stem}/", b"")
        for name, data in members.items():
            if name == victims.get("absent_member"):
                continue
            broken = name == victims.get("broken_jpeg")
            archive.writestr(f"{path.stem}/{name}.jpg", data[: len(data) // 2] if broken else data)
            if name == victims.get("repeated_member"):
                archive.writestr(f"{path.stem}/again/{name}.jpg", plain_picture(12345))
    if victims.get("bad_crc") in members:
        _flip_a_byte(path, members[victims["bad_crc"]])


def _flip_a_byte(path: Path, data: bytes) -> None:
    """Spoil a stored member in the middle, so that its checksum does not fit."""
    content = bytearray(path.read_bytes())
    at = content.index(data) + len(data) // 2
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))
