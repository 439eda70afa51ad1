"""Small data sets with the file names, folders, types and colours of the published ones.

Colours and values are written out here once more, from the publications, so that a slip in the schemes or in
the order of channels does not pass. Every writer returns name of scene -> training ids (rows, cols), 255
ignored.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

ISPRS = [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)]
DUBAI = {
    "building": "#3C1098", "land": "#8429F6", "road": "#6EC1E4", "vegetation": "#FEDD3A", "water": "#E2A929",
}  # fmt: skip
UNLABELLED = "#9B9B9B"


def patches(seed: int, classes: int, size: tuple[int, int], cell: int = 8) -> np.ndarray:
    """Ids in squares of `cell` pixels, every class among them where there are enough squares."""
    random = np.random.default_rng(seed)
    rows, columns = -(-size[0] // cell), -(-size[1] // cell)
    coarse = random.integers(0, classes, (rows, columns))
    coarse.ravel()[:classes] = np.arange(min(classes, coarse.size))
    return np.kron(coarse, np.ones((cell, cell), int))[: size[0], : size[1]].astype(np.uint8)


def picture(seed: int, size: tuple[int, int], bands: int = 3, dtype: type = np.uint8) -> np.ndarray:
    """Noise (rows, cols, bands) that is never 0."""
    high = 255 if dtype is np.uint8 else 4000
    return np.random.default_rng(seed).integers(1, high, (*size, bands)).astype(dtype)


def rgb(text: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(text.removeprefix("#")))  # type: ignore[return-value]


def colour(ids: np.ndarray, colours: list[tuple[int, int, int]]) -> np.ndarray:
    """Paint ids pixel by pixel, slowly on purpose."""
    painted = np.zeros((*ids.shape, 3), np.uint8)
    for number, (red, green, blue) in enumerate(colours):
        painted[..., 0][ids == number] = red
        painted[..., 1][ids == number] = green
        painted[..., 2][ids == number] = blue
    return painted


def write_tiff(
    path: Path,
    values: np.ndarray,
    *,
    corner: tuple[float, float] | None = None,
    cell_m: float = 0.05,
    crs: str | None = "EPSG:32633",
    **profile: object,
) -> Path:
    """Write (rows, cols, bands) or (rows, cols); georeferenced when a corner (easting, northing) is given."""
    values = values[..., None] if values.ndim == 2 else values
    path.parent.mkdir(parents=True, exist_ok=True)
    if corner is not None:
        transform = Affine(cell_m, 0.0, corner[0], 0.0, -cell_m, corner[1])
        profile = {"crs": crs, "transform": transform} | profile
    if "gcps" in profile:
        profile = {"crs": rasterio.crs.CRS.from_string(str(crs))} | profile
    rows, columns, bands = values.shape
    size = {"height": rows, "width": columns, "count": bands, "dtype": values.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **size, **profile) as dataset:
            dataset.write(values.transpose(2, 0, 1))
    return path


def write_png(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(values).save(path)
    return path


def potsdam(root: Path, scenes=("2_10", "6_7", "2_13"), size=(90, 70)) -> dict[str, np.ndarray]:
    truth = {}
    for seed, scene in enumerate(scenes):
        ids = patches(seed, 6, size)
        row, column = map(int, scene.split("_"))
        corner = (362_000.0 + column * 300, 5_810_000.0 - row * 300)
        near = np.array(picture(seed, size))
        write_tiff(root / "2_Ortho_RGB" / f"top_potsdam_{scene}_RGB.tif", near, corner=corner)
        write_tiff(root / "3_Ortho_IRRG" / f"top_potsdam_{scene}_IRRG.tif", 255 - near, corner=corner)
        write_tiff(root / "5_Labels_all" / f"top_potsdam_{scene}_label.tif", colour(ids, ISPRS))
        eroded = colour(ids, ISPRS)
        eroded[:, ::8] = 0
        write_tiff(root / "5_Labels_all_noBoundary" / f"top_potsdam_{scene}_label_noBoundary.tif", eroded)
        truth[f"top_potsdam_{scene}"] = ids
    return truth


def vaihingen(root: Path, areas=("1", "2"), size=(60, 50)) -> dict[str, np.ndarray]:
    truth = {}
    for seed, area in enumerate(areas):
        ids = patches(10 + seed, 6, size)
        name = f"top_mosaic_09cm_area{area}"
        write_tiff(root / "top" / f"{name}.tif", picture(seed, size))
        write_tiff(root / "gts_for_participants" / f"{name}.tif", colour(ids, ISPRS))
        eroded = colour(ids, ISPRS)
        eroded[::8] = 0
        write_tiff(root / "gts_eroded_for_participants" / f"{name}_noBoundary.tif", eroded)
        truth[name] = ids
    return truth


def loveda(root: Path, size=(64, 64), *, domains=("Urban", "Rural"), classes=7) -> dict[str, np.ndarray]:
    """Masks hold id + 1; the first row holds 0, no data. Test has no masks."""
    truth = {}
    number = 0
    for split in ("Train", "Val", "Test"):
        for domain in domains:
            place = root / split / domain if domain else root / split
            for _ in range(2):
                ids = patches(number, classes, size)
                write_png(place / "images_png" / f"{number}.png", picture(number, size))
                if split != "Test":
                    raw = ids + 1
                    raw[0] = 0
                    ids[0] = 255
                    write_png(place / "masks_png" / f"{number}.png", raw)
                    name = "_".join(part for part in (split.lower(), domain.lower(), str(number)) if part)
                    truth[name] = ids
                number += 1
    return truth


def openearthmap(root: Path, size=(48, 56)) -> dict[str, np.ndarray]:
    """Two regions; masks hold id + 1, 0 is unknown. One listed image is missing, as those of xBD are."""
    truth = {}
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for region, splits in {"aachen": ("train", "train", "val"), "tokyo": ("train", "test")}.items():
        for number, split in enumerate(splits, start=1):
            name = f"{region}_{number}"
            ids = patches(number, 8, size)
            write_tiff(root / region / "images" / f"{name}.tif", picture(number, size), corner=(0.0, 100.0))
            if split != "test":
                write_tiff(root / region / "labels" / f"{name}.tif", ids + 1, corner=(0.0, 100.0))
                truth[name] = ids
            lists[split].append(f"{name}.tif")
    lists["train"].append("santa-rosa-wildfire_12.tif")
    for split, names in lists.items():
        (root / f"{split}.txt").write_text("\n".join(names) + "\n")
    return truth


def dubai(root: Path, tiles=(1, 2), parts=2, size=(40, 52)) -> dict[str, np.ndarray]:
    """JPEG images, PNG masks: RGB in odd tiles, with a palette in even ones, as published; a black corner."""
    truth = {}
    colours = [rgb(text) for text in DUBAI.values()]
    for tile in tiles:
        for part in range(1, parts + 1):
            ids = patches(tile * 10 + part, 5, size)
            painted = colour(ids, colours)
            painted[0, :4], painted[1, :4] = 0, rgb(UNLABELLED)
            ids[:2, :4] = 255
            folder = root / f"Tile {tile}"
            image = folder / "images" / f"image_part_{part:03d}.jpg"
            image.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(picture(part, size)).save(image, quality=90)
            mask = PIL.Image.fromarray(painted)
            if tile % 2 == 0:
                mask = mask.convert("P", palette=PIL.Image.Palette.ADAPTIVE, colors=16)
            path = folder / "masks" / f"image_part_{part:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            mask.save(path)
            truth[f"tile_{tile}_part_{part:03d}"] = ids
    (root / "classes.json").write_text('{"classes": [{"title": "Water", "color": "#50E3C2"}]}')
    return truth
