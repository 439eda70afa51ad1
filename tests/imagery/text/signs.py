"""Words as a reader would give them, and pictures of signs drawn for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from whence.imagery.text.words import Word, script_of

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")


def word(
    text: str, *, at_px: tuple[float, float] = (0.0, 0.0), height_px: float = 30.0, confidence: float = 0.95
) -> Word:
    """A word with its top left corner somewhere, as wide as 0.6 of its height per character."""
    left, top = at_px
    right, bottom = left + 0.6 * height_px * len(text), top + height_px
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Word(text, confidence, corners, script_of(text), "by hand")


def stacked(lines: Sequence[str]) -> list[Word]:
    """One word per line, one line under the other with a line's height between them."""
    return [word(line, at_px=(20.0, 60.0 * number)) for number, line in enumerate(lines)]


def draw_sign(
    lines: Sequence[str], *, letter_px: int = 40, size_px: tuple[int, int] = (1024, 768), seed: int = 0
) -> np.ndarray:
    """White letters on a blue panel before grey clutter, in slight perspective, blurred and noisy."""
    if not FONT.is_file():
        pytest.skip(f"the font {FONT} is not installed (Debian: fonts-dejavu-core)")
    rng = np.random.default_rng(seed)
    wide, tall = size_px
    clutter = np.clip(rng.normal(140, 10, (tall // 8, wide // 8, 3)), 0, 255).astype(np.uint8)
    image = Image.fromarray(clutter).resize(size_px)
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(str(FONT), letter_px)
    panel_px = max(pen.textlength(line, font=font) for line in lines) + letter_px
    pen.rectangle((120, 120, 120 + panel_px, 150 + 1.4 * letter_px * len(lines)), fill=(20, 60, 160))
    for number, line in enumerate(lines):
        pen.text((120 + letter_px / 2, 135 + 1.4 * letter_px * number), line, font=font, fill=(250, 250, 250))
    corners = (0, 0, 10, tall, wide - 20, tall - 15, wide, 20)
    image = image.transform(size_px, Image.Transform.QUAD, corners).filter(ImageFilter.GaussianBlur(0.8))
    noisy = np.asarray(image, dtype=np.float64) + rng.normal(0, 6, (tall, wide, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)
