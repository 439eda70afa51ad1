"""Scans of every kind and size look the same to what searches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from PIL import Image as PillowImage
from rasterio.errors import NotGeoreferencedWarning

from whence.errors import InputError, NotAnImageError
from whence.imagery.raster import Window
from whence.maps.scan import Scan, find_frame, find_grid, open_scan
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Paper
    from whence.typing import Floats, Image

PLACES = np.array(
    [[120.4, 100.3], [400.4, 100.3], [680.4, 100.3], [120.4, 380.3], [400.4, 380.3], [680.4, 380.3]]
)
CORNERS = np.array([[30.5, 25.5], [770.5, 25.5], [770.5, 470.5], [30.5, 470.5]])


@pytest.fixture(scope="module")
def drawn(blank: Callable[[int, int], Paper]) -> Image:
    paper = blank(800, 500)
    for place in PLACES:
        paper.cross(place, 0.0)
    for i in range(4):
        paper.stroke(CORNERS[i], CORNERS[(i + 1) % 4], thick_px=2.0)
    return paper.image()


def write(path: Path, values: Any, **options: Any) -> Path:
    bands = values if values.ndim == 3 else values[None]
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(
        path, "w", driver="GTiff", width=bands.shape[2], height=bands.shape[1], count=bands.shape[0],
        dtype=bands.dtype, **options,
    ) as file:  # fmt: skip
        file.write(bands)
    return path


def check(scan: Scan) -> None:
    found: Floats = find_grid(scan).pixels
    away = np.hypot(*np.moveaxis(found[:, None] - PLACES[None], 2, 0)).min(axis=1)
    assert len(found) == len(PLACES)
    assert away.max() < 0.2
    assert np.abs(find_frame(scan).corners - CORNERS).max() < 0.2


def test_grey_palette_and_sixteen_bits_give_the_same_places(drawn: Image, tmp_path: Path) -> None:
    grey = drawn[..., 0]
    PillowImage.fromarray(grey).save(tmp_path / "grey.png")
    PillowImage.fromarray(drawn).quantize(32).save(tmp_path / "palette.png")
    PillowImage.fromarray(drawn).save(tmp_path / "colour.jpg", quality=90)
    write(tmp_path / "deep.tif", grey.astype(np.uint16) * 17 + 400)
    for name in ("grey.png", "palette.png", "colour.jpg", "deep.tif"):
        with open_scan(tmp_path / name) as scan:
            check(scan)


def test_a_scan_read_in_windows_gives_what_one_in_memory_gives(drawn: Image, tmp_path: Path) -> None:
    path = write(tmp_path / "tiled.tif", np.moveaxis(drawn, 2, 0), tiled=True, blockxsize=128, blockysize=128)
    with open_scan(path, memory_mb=0.1) as scan:
        again = find_grid(scan)
    whole = find_grid(drawn)
    np.testing.assert_allclose(again.pixels, whole.pixels, atol=1e-9)


def test_stripes_change_nothing(drawn: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = find_grid(drawn)
    monkeypatch.setattr("whence.maps.scan.crosses._STRIPE_PX", 800 * 64)
    striped = find_grid(drawn)
    # Paper is levelled a little differently at the edges of stripes; nothing else is.
    np.testing.assert_allclose(np.sort(striped.pixels, axis=0), np.sort(whole.pixels, axis=0), atol=0.02)


@pytest.mark.parametrize("longest_px", [800, 400, 300, 100])
def test_a_small_copy_keeps_places(drawn: Image, longest_px: int) -> None:
    small, factor = as_scan(drawn).small(longest_px)
    assert max(small.shape[:2]) <= longest_px
    assert small.shape[1] == 800 // factor
    rows, columns = (np.arange(side) + 0.5 for side in drawn.shape[:2])
    ink = 255.0 - drawn[..., 0]
    made = 255.0 - small[..., 0]
    for axis, places in ((0, columns), (1, rows)):
        before = (ink.sum(axis=axis) * places).sum() / ink.sum()
        beyond = np.arange(made.shape[1 - axis]) + 0.5
        assert factor * (made.sum(axis=axis) * beyond).sum() / made.sum() == pytest.approx(
            before, abs=2 * factor
        )


def test_what_is_no_scan_is_refused(tmp_path: Path) -> None:
    PillowImage.new("RGB", (1, 1)).save(tmp_path / "pixel.png")
    with pytest.raises(InputError, match="1 by 1 pixels"), open_scan(tmp_path / "pixel.png"):
        pass
    (tmp_path / "text.tif").write_text("no picture")
    with pytest.raises(NotAnImageError), open_scan(tmp_path / "text.tif"):
        pass


def test_windows_end_at_the_scan(drawn: Image) -> None:
    window, pixels = as_scan(drawn).around((-40.0, 480.2), (20.5, 700.0))
    assert window == Window(0, 480, 21, 20)
    np.testing.assert_array_equal(pixels, drawn[480:500, :21])
