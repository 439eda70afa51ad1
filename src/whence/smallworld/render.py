"""What a camera in the town sees: sky, ground, walls and trees, each pixel from the nearest surface."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from whence.smallworld.facades import wall_texture
from whence.smallworld.ground import Ground
from whence.smallworld.planes import Canvas, Sheet, draw

if TYPE_CHECKING:
    from whence.smallworld.camera import Camera
    from whence.smallworld.town import Building, Town, Tree
    from whence.typing import Floats, Floats32, Image

__all__ = ["EYE_HEIGHT_M", "Light", "Painter"]

Light = Literal["day", "dusk"]

SEEN_M = 420.0
LARGEST_M = 16.0  # from the middle of the largest building to its corners
FAR_M = 1e7  # depth of the sky
EYE_HEIGHT_M = 1.6
HIGHEST_RAY, STEEP = 0.03, 0.12  # upward slopes of rays that may meet a hill, and that surely meet the ground
HAZE = np.array((196, 206, 214), np.float32)
RELIEF_FROM_M, RELIEF_STEP_M = -1800.0, 6.0
LAMPLIGHT = np.array((235, 190, 112), np.float32)
SUN = np.array([0.55, -0.75])  # from the south-east
FOLIAGE = ((70, 104, 48), (88, 116, 56), (58, 92, 58))


class Painter:
    """Draws views of one town; the ground is painted once."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.ground = Ground.paint(town)
        corners = np.array([building.corners_m for building in town.buildings])
        nodes_m = np.arange(RELIEF_FROM_M, -RELIEF_FROM_M, RELIEF_STEP_M)
        grid = np.stack(np.meshgrid(nodes_m, nodes_m), axis=-1)
        self._relief_m = town.terrain.height_m(grid).astype(np.float32)
        self._lowest_m = town.terrain.height_m(corners).min(axis=1) - 0.2
        self._middles_m = corners.mean(axis=1)
        self._feet_m = np.array([tree.foot_m for tree in town.trees])

    def view(self, camera: Camera, *, light: Light = "day", rng: np.random.Generator) -> Image:
        """Draw a picture.

        Parameters
        ----------
        camera
            Where from.
        light
            ``"day"`` or ``"dusk"``: blue and dark, with lit windows.
        rng
            For clouds and the noise of the sensor.

        Returns
        -------
        (h, w, 3) uint8, RGB.
        """
        canvas = self._backdrop(camera, rng)
        eye = camera.eye_m[:2]
        # From near to far: walls that others hide are never painted.
        for i in _in_view(self._middles_m - eye, camera, SEEN_M):
            for sheet in _walls(self.town.buildings[i], float(self._lowest_m[i]), eye):
                draw(canvas, camera, sheet)
        for i in _in_view(self._feet_m - eye, camera, SEEN_M / 2):
            draw(canvas, camera, self._tree(self.town.trees[i], camera))
        return _exposed(canvas, light, rng)

    def _backdrop(self, camera: Camera, rng: np.random.Generator) -> Canvas:
        """Sky, and the ground found by following each ray down to the terrain."""
        rays = camera.rays()
        colour = _sky(rays, rng)
        low = rays[..., 2] < HIGHEST_RAY
        depth_m = np.full(low.shape, FAR_M, np.float32)
        depth_m[low] = self._landing_m(camera.eye_m, rays[low])
        seen = Ground.column_row(camera.eye_m[:2] + depth_m[..., None] * rays[..., :2]).astype(np.float32)
        ground = cv2.remap(
            self.ground.image, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        hit = depth_m < FAR_M
        colour[hit] = ground[hit]
        return Canvas(np.dstack([colour, np.zeros_like(depth_m)]), depth_m)

    def _height_m(self, enu_m: Floats) -> Floats:
        """Look the terrain up on a grid; between its nodes the long waves are straight to a centimetre."""
        nodes = ((enu_m - RELIEF_FROM_M) / RELIEF_STEP_M).astype(np.float32).reshape(-1, 1, 2)
        height_m = [
            cv2.remap(
                self._relief_m, part[..., 0], part[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            for part in np.array_split(nodes, len(nodes) // 30_000 + 1)  # OpenCV's limit is 32,767 rows
        ]
        return np.concatenate(height_m).reshape(enu_m.shape[:-1]).astype(np.float64)

    def _landing_m(self, eye_m: Floats, rays: Floats) -> Floats:
        """Depth at which rays, (n, 3), meet the terrain: steep ones by iteration, flat ones by marching."""
        steep = rays[:, 2] < -STEEP
        depth_m = np.full(len(rays), FAR_M)
        down = rays[steep]
        along_m = EYE_HEIGHT_M / -down[:, 2]
        for _ in range(5):  # the ground is gentle: where the ray lands, the height changes little each time
            landing = eye_m[:2] + along_m[:, None] * down[:, :2]
            along_m = np.maximum((eye_m[2] - self._height_m(landing)) / -down[:, 2], 0.5)
        depth_m[steep] = along_m
        flat = rays[~steep]
        steps_m = np.geomspace(5.0, 1200.0, 24)
        points = eye_m + steps_m[:, None, None] * flat  # (steps, n, 3)
        above_m = points[..., 2] - self._height_m(points[..., :2])
        first = np.argmax(above_m <= 0, axis=0)
        rays_that_land = np.flatnonzero(first > 0)
        after = first[rays_that_land]
        high, low = above_m[after - 1, rays_that_land], above_m[after, rays_that_land]
        share = high / (high - low)
        landed = np.full(len(flat), FAR_M)
        landed[rays_that_land] = steps_m[after - 1] + share * (steps_m[after] - steps_m[after - 1])
        depth_m[~steep] = landed
        return depth_m

    def _tree(self, tree: Tree, camera: Camera) -> Sheet:
        """Turn a tree's picture towards the camera."""
        height_m = tree.height_m
        right = np.array([camera.rotation[0, 0], camera.rotation[0, 1], 0.0])
        right *= 0.75 * height_m / np.hypot(*right[:2])
        foot = np.array([*tree.foot_m, float(self.town.terrain.height_m(np.array(tree.foot_m)))])
        up = np.array([0.0, 0.0, height_m])
        return Sheet(foot + up - right / 2, right, -up, lambda: _tree_sprite(tree), cut_out=True)


def _in_view(offsets_m: Floats, camera: Camera, radius_m: float) -> list[int]:
    """Give the indices of what may be in the picture, the nearest first."""
    away_m = np.hypot(*offsets_m.T)
    aside_m, ahead_m = offsets_m @ camera.rotation[0, :2], offsets_m @ camera.rotation[2, :2]
    half_width = 0.5 * camera.width_px / camera.focal_px
    seen = (away_m > 2.0) & (away_m < radius_m) & (np.abs(aside_m) < half_width * ahead_m + 2 * LARGEST_M)
    seen &= ahead_m > -LARGEST_M
    order = np.argsort(away_m)
    return [int(i) for i in order if seen[i]]


def _walls(building: Building, foot_m: float, eye: Floats) -> Iterator[Sheet]:
    """Give the sides that face an eye."""
    for side in range(4):
        start, end = building.corners_m[side], building.corners_m[(side + 1) % 4]
        outward = np.array([end[1] - start[1], start[0] - end[0]])
        if outward @ (eye - start) > 0:
            yield Sheet(
                corner_m=np.array([*start, foot_m + building.height_m]),
                across_m=np.array([*(end - start), 0.0]),
                down_m=np.array([0.0, 0.0, -building.height_m]),
                paint=partial(wall_texture, building, side),
                shade=0.78 + 0.22 * float(outward @ SUN) / float(np.hypot(*outward)),
            )


@lru_cache(maxsize=600)
def _tree_sprite(tree: Tree) -> Image:
    """Draw a crown of leaves on a trunk, (h, w, 4) uint8 with opacity."""
    rng = np.random.default_rng([round(tree.foot_m[0] * 10) % 100003, round(tree.foot_m[1] * 10) % 100003])
    sprite = np.zeros((128, 96, 4), np.uint8)
    cv2.rectangle(sprite, (45, 76), (51, 128), (74, 60, 46, 255), -1)
    base = np.array(FOLIAGE[tree.hue], np.float32)
    for _ in range(110):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        middle = (round(48 + 36 * reach * np.cos(angle)), round(46 + 38 * reach * np.sin(angle)))
        shade = base * (1.15 - 0.004 * middle[1]) + rng.uniform(-16, 16)
        colour = (*np.clip(shade, 0, 255).tolist(), 255)
        cv2.circle(sprite, middle, int(rng.integers(5, 11)), colour, -1)
    return sprite


def _sky(rays: Floats, rng: np.random.Generator) -> Floats32:
    up = rays[..., 2] / np.linalg.norm(rays, axis=-1)
    height = np.clip(up, 0, 1)[..., None]
    sky = np.array((206, 216, 224)) * (1 - height) + np.array((104, 146, 198)) * height
    rows, columns = up.shape
    clouds = cv2.resize(rng.normal(0, 1, (7, 12)), (columns, rows), interpolation=cv2.INTER_CUBIC)
    cover = np.clip(clouds * 0.4 + rng.uniform(-0.2, 0.4), 0, 0.8)[..., None]
    return np.asarray(sky * (1 - cover) + 236 * cover, dtype=np.float32)


def _exposed(canvas: Canvas, light: Light, rng: np.random.Generator) -> Image:
    """Turn light into pixel values: haze, time of day, white balance, exposure, noise."""
    far = canvas.depth_m > FAR_M / 10
    haze = np.where(far, 0.0, 1 - np.exp(-canvas.depth_m / 900.0))[..., None]
    picture = canvas.colour[..., :3] * (1 - haze) + HAZE * haze
    if light == "dusk":
        glow = canvas.colour[..., 3:] / 255.0
        tint = np.where(far[..., None], (0.74, 0.60, 0.66), (0.52, 0.50, 0.60))
        picture = picture * tint * (1 - glow) + glow * LAMPLIGHT
    picture = picture * rng.uniform(0.92, 1.08) * (1 + rng.uniform(-0.03, 0.03, 3))
    picture = picture + rng.normal(0, 2.0 if light == "day" else 4.0, (*picture.shape[:2], 1))
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)
