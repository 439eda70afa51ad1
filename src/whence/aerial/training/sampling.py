"""Crops at random: where, how large, how turned; each by its number alone, in one resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from whence.aerial.scheme import IGNORE
from whence.aerial.training.scenes import Patch
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.training.scenes import TrainingScenes
    from whence.aerial.training.settings import CropSettings
    from whence.typing import Floats

__all__ = ["Placement", "TurnedCrops"]

_MARGIN_PX = 2.0  # what the interpolation looks at beyond the crop
_BANDS_AT_ONCE = 4
_NEAR = 1.0 / 3.0  # of the side: how far from its centre the pixel of the chosen class may lie


@dataclass(frozen=True)
class Placement:
    """Where a crop lies: a pixel of it at (c, r) from its centre shows the scene at centre + turned (c, r).

    Attributes
    ----------
    scene
        Number of the scene.
    column, row
        Centre, reduced pixels from the outer corner of the scene.
    scale
        Magnification.
    angle_rad
        How far it is turned.
    mirrored
        Whether it is mirrored.
    """

    scene: int
    column: float
    row: float
    scale: float = 1.0
    angle_rad: float = 0.0
    mirrored: bool = False

    def forward(self) -> Floats:
        """Matrix (2, 2) from offsets in the scene to offsets in the crop, both (column, row)."""
        cosine, sine = math.cos(self.angle_rad), math.sin(self.angle_rad)
        flip = -1.0 if self.mirrored else 1.0
        return self.scale * np.array([[flip * cosine, -flip * sine], [sine, cosine]])

    def reach_px(self, side_px: int) -> float:
        """How far the crop reaches from its centre along rows and columns of the scene, reduced pixels."""
        wide = abs(math.cos(self.angle_rad)) + abs(math.sin(self.angle_rad))
        return 0.5 * side_px / self.scale * wide


@dataclass(frozen=True, eq=False)
class TurnedCrops:
    """Crops of scenes, each decided by the seed and its number.

    Attributes
    ----------
    scenes
        What is cut.
    settings
        How.
    seed
        Of all chance.
    """

    scenes: TrainingScenes
    settings: CropSettings
    seed: int = 0

    def __call__(self, number: int) -> Patch:
        """Cut crop `number`: image (side, side, bands) and ids (side, side).

        Beyond the rim of the scene the image is mirrored and the ids are `IGNORE`.
        """
        return self.cut(self.placement(np.random.default_rng([self.seed, number])))

    def placement(self, rng: np.random.Generator) -> Placement:
        """Draw where a crop lies."""
        low, high = (math.log(bound) for bound in self.settings.scale)
        scale = math.exp(rng.uniform(low, high))
        angle = self._angle(rng)
        mirrored = bool(self.settings.mirror and rng.random() < 0.5)
        scene, row, column = self._centre(rng, scale)
        rows, columns = self.scenes.size(scene)
        half = 0.5 * self.settings.side_px / scale
        return Placement(
            scene, _inside(column, half, columns), _inside(row, half, rows), scale, angle, mirrored
        )

    def cut(self, at: Placement) -> Patch:
        """Cut one crop."""
        rows, columns = self.scenes.size(at.scene)
        reach = at.reach_px(self.settings.side_px) + _MARGIN_PX
        left, top = max(0, math.floor(at.column - reach)), max(0, math.floor(at.row - reach))
        right, bottom = min(columns, math.ceil(at.column + reach)), min(rows, math.ceil(at.row + reach))
        window = Window(left, top, right - left, bottom - top)
        patch = self.scenes.patch(at.scene, window)
        side = self.settings.side_px
        matrix = at.forward()
        centre = np.array([at.column - left, at.row - top]) - 0.5  # of pixel centres, as OpenCV counts
        whole = np.column_stack([matrix, np.full(2, 0.5 * side - 0.5) - matrix @ centre])
        ids = cv2.warpAffine(
            np.ascontiguousarray(patch.ids), whole, (side, side),
            flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=float(IGNORE),
        )  # fmt: skip
        return Patch(_turned(patch.image, whole, side), np.asarray(ids, np.uint8))

    def _angle(self, rng: np.random.Generator) -> float:
        turn = self.settings.turn
        if turn == "any" and rng.random() < 0.5:
            return float(rng.uniform(0.0, 2.0 * math.pi))
        return 0.0 if turn == "none" else float(rng.integers(4)) * math.pi / 2.0

    def _centre(self, rng: np.random.Generator, scale: float) -> tuple[int, float, float]:
        """Draw scene, row and column: near a pixel of a class, or anywhere."""
        if rng.random() < self.settings.balance:
            shown = [number for number, counts in enumerate(self.scenes.by_class) if counts.any()]
            class_id = int(rng.choice(shown))
            counts = np.sqrt(self.scenes.by_class[class_id])
            scene = int(rng.choice(len(counts), p=counts / counts.sum()))
            row, column = rng.choice(self.scenes.places(scene, class_id)) + 0.5
            near = _NEAR * self.settings.side_px / scale
            return scene, float(row + rng.uniform(-near, near)), float(column + rng.uniform(-near, near))
        scene = int(rng.integers(len(self.scenes)))
        rows, columns = self.scenes.size(scene)
        return scene, float(rng.uniform(0, rows)), float(rng.uniform(0, columns))


def _inside(centre: float, half: float, size: int) -> float:
    """Move a centre so that the crop lies in the scene, or is centred where it cannot."""
    return min(max(centre, half), size - half) if size > 2.0 * half else 0.5 * size


def _turned(image: NDArray[Any], matrix: Floats, side: int) -> NDArray[Any]:
    parts = [
        cv2.warpAffine(
            np.ascontiguousarray(image[..., first : first + _BANDS_AT_ONCE]), matrix, (side, side),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
        ).reshape(side, side, -1)
        for first in range(0, image.shape[2], _BANDS_AT_ONCE)
    ]  # fmt: skip
    return np.asarray(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2))
