"""Batches, looks and rims: parts of processes add up, windows cover a scene once, footprints stay whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
import torch

from whence.aerial.augmentation import Augmentation
from whence.aerial.datasets import open_dataset
from whence.aerial.normalisation import Normalisation
from whence.aerial.training.batches import CropBatches
from whence.aerial.training.edges import EDGED, rimmed, write_rimmed
from whence.aerial.training.loop import parameter_groups
from whence.aerial.training.sampling import TurnedCrops
from whence.aerial.training.scenes import TrainingScenes
from whence.aerial.training.settings import CropSettings
from whence.aerial.training.validation import Validation, windows_of
from whence.errors import NotEnoughDataError


def batches(root: Path, **settings) -> CropBatches:
    crops = TurnedCrops(TrainingScenes(open_dataset("dubai", root)), CropSettings(side_px=32))
    normal = Normalisation((0.5,) * 3, (0.25,) * 3)
    return CropBatches(crops, Augmentation(["weak-colour"]), normal, batch=5, **settings)


@pytest.mark.parametrize("world", [2, 3, 7])
def test_the_parts_of_processes_are_the_whole(dubai_like: Path, world: int) -> None:
    whole = batches(dubai_like).of(4)
    parts = [batches(dubai_like, part=(rank, world)).of(4) for rank in range(world)]
    assert sum(part.share for part in parts) == pytest.approx(1.0)
    for rank, part in enumerate(parts):
        torch.testing.assert_close(part.images, whole.images[rank::world])
        torch.testing.assert_close(part.ids, whole.ids[rank::world])


@pytest.mark.parametrize("workers", [1, 4])
def test_threads_keep_the_order(dubai_like: Path, workers: int) -> None:
    wanted = [batch.images for batch in batches(dubai_like).steps(3, 9)]
    found = [batch.images for batch in batches(dubai_like, workers=workers).steps(3, 9)]
    assert len(found) == 6
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0.0, atol=0.0)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (100, 37), (64, 64), (129, 200)])
def test_windows_cover_a_scene_once(rows: int, columns: int) -> None:
    count = np.zeros((rows, columns), int)
    for inner, outer in windows_of(rows, columns, 64, 16):
        count[inner.row : inner.row + inner.height, inner.column : inner.column + inner.width] += 1
        assert outer.column >= 0
        assert outer.row >= 0
        assert outer.column + outer.width <= columns
        assert outer.row + outer.height <= rows
        assert outer.row == max(0, inner.row - 16)
    assert (count == 1).all()


class ByColour(torch.nn.Module):
    """Knows the classes of the drawn tiles by their colours."""

    def __init__(self, colours: np.ndarray, normal: Normalisation) -> None:
        super().__init__()
        self.colours = torch.nn.Parameter(torch.from_numpy(normal(colours[None].astype(np.uint8))[0]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return -8.0 * (images[:, None] - self.colours[None, :, :, None, None]).square().sum(dim=2)


def test_a_look_counts_every_labelled_pixel(dubai_like: Path) -> None:
    shown = np.array([[150, 70, 60], [200, 190, 170], [90, 90, 95], [60, 120, 50], [30, 60, 110]])
    normal = Normalisation((0.5,) * 3, (0.25,) * 3)
    scenes = open_dataset("dubai", dubai_like).choose(groups=["tile_2"])
    small = Validation(scenes, normal, window_px=40, margin_px=8)
    score = small.score(ByColour(shown, normal))
    labelled = sum(int((scenes.read(scene).ids != 255).sum()) for scene in scenes.scenes)
    assert score.confusion.pixels == labelled
    assert score.mean_iou > 0.95
    assert 0.0 < score.loss < 0.2
    halves = [small(ByColour(shown, normal), (rank, 2)) for rank in (0, 1)]
    assert sum(part[0].pixels for part in halves) == labelled


def test_backbone_and_rest_are_two_groups() -> None:
    from whence.aerial.models import network

    made = network("residual-unet", classes=2)
    rest, backbone = (group["params"] for group in parameter_groups(made))
    assert len(rest) + len(backbone) == len(list(made.parameters()))
    assert {id(weight) for weight in backbone} == {id(weight) for weight in made.backbone.parameters()}


def test_a_footprint_and_its_rim() -> None:
    house, shed = shapely.box(0, 0, 10, 8), shapely.box(0, 0, 1.2, 4)
    inner, rim = rimmed(house, 0.5)
    assert inner.equals(shapely.box(0.5, 0.5, 9.5, 7.5))
    assert inner.area + rim.area == pytest.approx(80.0)
    inner, _ = rimmed(shed, 0.5)
    assert inner.bounds == pytest.approx((0.3, 0.3, 0.9, 3.7), abs=0.02)  # a quarter of 1.2 m on either side


def test_touching_houses_are_two_after_rims(tmp_path: Path) -> None:
    """Two houses with a common wall: their ids run together, but the inner parts within rims do not."""
    import rasterio
    from rasterio.transform import from_origin
    from skimage.measure import label

    image = tmp_path / "image.tif"
    place = from_origin(500_000, 5_000_000, 0.25, 0.25)
    with rasterio.open(
        image, "w", driver="GTiff", width=96, height=64, count=3, dtype="uint8", crs=32633, transform=place
    ) as file:
        file.write(np.full((3, 64, 96), 100, np.uint8))
    west, north = 500_004.0, 4_999_996.0
    houses = [shapely.box(west + 6 * i, north - 8, west + 6 * (i + 1), north) for i in (0, 1)]
    pyogrio.raw.write(
        tmp_path / "houses.gpkg", shapely.to_wkb(houses), [], [], geometry_type="Polygon", crs="EPSG:32633"
    )
    assert write_rimmed(tmp_path / "houses.gpkg", tmp_path / "rims.gpkg", width_m=0.5) == 2
    scenes = open_dataset("vectors", image, labels=tmp_path / "rims.gpkg", attribute="class", scheme=EDGED)
    ids = scenes.read(scenes.scenes[0]).ids
    assert label(ids > 0).max() == 1
    assert label(ids == 1, connectivity=1).max() == 2
    assert (ids > 0).sum() * 0.25**2 == pytest.approx(96.0, rel=0.02)


def test_rims_of_nothing_are_refused(tmp_path: Path) -> None:
    points = shapely.to_wkb([shapely.Point(1, 2)])
    pyogrio.raw.write(tmp_path / "p.gpkg", points, [], [], geometry_type="Point", crs="EPSG:32633")
    with pytest.raises(NotEnoughDataError, match="no areas"):
        write_rimmed(tmp_path / "p.gpkg", tmp_path / "rims.gpkg", width_m=0.5)
