"""A model of another resolution sees its own cells, and its answer comes back to the image's pixels."""

from __future__ import annotations

import numpy as np
import pytest
from pixel_models import TOWN, Colours, picture, read, shares_of, write
from rasterio import Affine

from whence.aerial import predict


class Coarse(Colours):
    """Trained at 2 m; the image has 0.5 m."""

    cell_m = 2.0

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[np.ndarray] = []

    def probabilities(self, tiles, valid):
        self.seen.append(tiles)
        return super().probabilities(tiles, valid)


def test_the_model_sees_means_of_squares(tmp_path):
    image = picture(128, 128)
    write(tmp_path / "a.tif", image)
    model = Coarse()
    found = predict(tmp_path / "a.tif", model, tmp_path / "c.tif")
    assert "resampled from 0.5 m to 2 m" in found.notes[0]
    means = image.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    assert np.abs(model.seen[0][0].astype(float) - means).max() <= 0.5001
    assert read(tmp_path / "c.tif").shape == (1, 128, 128)


@pytest.mark.parametrize("cell", [2.0, 1.3, 0.2])
def test_a_slope_comes_back_where_it_was(tmp_path, cell):
    """Shares that change linearly are the same after any linear resampling, but for the rim."""
    row, column = np.mgrid[:150, :170]
    image = np.stack([0.5 + row, 0.5 + column, 330.0 - row - column], axis=-1).astype(np.float32)
    write(tmp_path / "a.tif", image)
    predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", resolution_m=cell, tile=48, overlap=12,
            probabilities=tmp_path / "p.tif", probability_type="float32")  # fmt: skip
    found, expected = read(tmp_path / "p.tif"), shares_of(image).transpose(2, 0, 1)
    rim = 6
    inner = (slice(None), slice(rim, -rim), slice(rim, -rim))
    half_a_pixel = 0.5 / image.sum(axis=-1).mean()
    assert np.abs(found[inner] - expected[inner]).max() < 0.4 * half_a_pixel


def test_in_pieces_is_as_at_once(tmp_path):
    write(tmp_path / "a.tif", picture(211, 170))
    for name, tile in (("whole", 512), ("pieces", 32)):
        predict(tmp_path / "a.tif", Colours(), tmp_path / f"{name}.tif", tile=tile, overlap=7,
                resolution_m=0.77, probabilities=tmp_path / f"{name}_p.tif",
                probability_type="float32")  # fmt: skip
    np.testing.assert_allclose(read(tmp_path / "whole_p.tif"), read(tmp_path / "pieces_p.tif"), atol=1e-6)


@pytest.mark.parametrize("cell", [0.45, 0.58])
def test_nearly_the_same_resolution_is_taken_as_it_is(tmp_path, cell):
    write(tmp_path / "a.tif", picture(60, 60))
    model = Coarse()
    model.cell_m = cell
    assert predict(tmp_path / "a.tif", model, tmp_path / "c.tif").notes == ()
    assert model.seen[0].shape == (1, 64, 64, 3)


def test_web_mercator_counts_true_metres(tmp_path):
    """At 60° north its metre is half a metre on the ground."""
    north = 20037508.342789244 / np.pi * np.arctanh(np.sin(np.radians(60.0)))
    write(
        tmp_path / "a.tif", picture(64, 64), crs="EPSG:3857", transform=Affine(1, 0, 1.1e6, 0, -1, north + 32)
    )
    found = predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif")
    assert found.cell_m == pytest.approx(0.5, rel=3e-3)


def test_an_unknown_size_is_said_and_can_be_told(tmp_path):
    write(tmp_path / "a.tif", picture(64, 64), crs=None, transform=None)
    model = Coarse()
    found = predict(tmp_path / "a.tif", model, tmp_path / "c.tif")
    assert "not known" in found.notes[-1]
    assert model.seen[-1].shape[1] == 64
    found = predict(tmp_path / "a.tif", model, tmp_path / "c.tif", cell_m=1.0)
    assert "resampled from 1 m to 2 m" in found.notes[-1]
    assert model.seen[-1].shape[1] == 32
    assert set(found.shares) == set(TOWN.names)
