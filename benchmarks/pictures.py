"""Photographs made by code, about as hard to decode and describe as real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pillow_heif

from whence.imagery.exif import Metadata
from whence.imagery.stamping import write_metadata

SIZES = {"jpeg_12mp": (4000, 3000), "jpeg_2mp": (1632, 1224), "heic_2mp": (1632, 1224)}
"""Name -> width, height in pixels."""


def picture(width: int, height: int, *, seed: int = 0) -> PIL.Image.Image:
    """Paint detail at every scale, coarse ones strongest, as landscapes have: it compresses like them."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((256, 45), (64, 25), (16, 14), (4, 8), (1, 4)):
        blocks = rng.normal(0, strength, (-(-height // cell) + 1, -(-width // cell) + 1, 3)).astype(
            np.float32
        )
        canvas += np.stack([_enlarged(blocks[..., c], width, height) for c in range(3)], axis=-1)
    return PIL.Image.fromarray(np.clip(canvas + 120, 0, 255).astype(np.uint8))


def _enlarged(blocks: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(PIL.Image.fromarray(blocks).resize((width, height), PIL.Image.Resampling.BICUBIC))


def write_kinds(folder: Path) -> dict[str, Path]:
    """Write one file of each kind in `SIZES`."""
    pillow_heif.register_heif_opener()
    paths = {}
    for name, (width, height) in SIZES.items():
        paths[name] = folder / f"{name}.{'heic' if name.startswith('heic') else 'jpg'}"
        picture(width, height).save(paths[name], quality=90)
    return paths


def write_located(folder: Path, count: int) -> list[Path]:
    """Write 2-megapixel JPEG files with positions in their EXIF."""
    source = folder / "source.jpg"
    picture(*SIZES["jpeg_2mp"]).save(source, quality=90)
    content = source.read_bytes()
    source.unlink()
    paths = []
    for i in range(count):
        paths.append(folder / f"{i:04}.jpg")
        paths[-1].write_bytes(content)
        write_metadata(paths[-1], Metadata(longitude_deg=13.0 + i / 1000, latitude_deg=55.7))
    return paths


def write_signs(folder: Path) -> list[Path]:
    """Write 2-megapixel pictures with a few large words on a board each."""
    font = PIL.ImageFont.load_default(size=90)
    paths = []
    for i, words in enumerate(("LUND\nMALMÖ 18 km", "Bäckerei Huber\nTel. 089 1234567", "www.example.fr")):
        image = picture(*SIZES["jpeg_2mp"], seed=i)
        draw = PIL.ImageDraw.Draw(image)
        draw.rectangle((300, 400, 1300, 800), fill=(245, 245, 235))
        draw.multiline_text((350, 450), words, font=font, fill=(20, 30, 90))
        paths.append(folder / f"sign_{i}.jpg")
        image.save(paths[-1], quality=90)
    return paths
