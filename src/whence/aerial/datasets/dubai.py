"""Semantic segmentation of aerial imagery, Dubai (Humans in the Loop and MBRSC, CC0)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.finding import folder_of, only_pictures
from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.schemes import SCHEMES
from whence.errors import NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["dubai"]

_TILE = re.compile(r"tile[ _-]?(\d+)", re.IGNORECASE)


def dubai(root: PathLike, *, tolerance: int = 0) -> SceneSet:
    """Open the Dubai set: eight tiles of nine parts, JPEG images and PNG masks by colour.

    The colours are those of the published masks; ``classes.json`` beside them lists others, which no mask
    has. Black, which no class has either, is ignored with the unlabelled ground. The parts of a tile are
    neighbours, so that the tile is the place; nothing is published on a split.

    Parameters
    ----------
    root
        The folder with ``Tile 1`` (or ``tile_1``) to ``Tile 8``, each with ``images`` and ``masks``.
    tolerance
        See `Scheme.encode`.

    Raises
    ------
    NotFoundError
        When there are no such folders, or a part has no mask.
    """
    folder = folder_of(root, "the Dubai set: Tile 1, Tile 2, … with images and masks")
    tiles = {int(match[1]): path for path in folder.iterdir() if (match := _TILE.fullmatch(path.name))}
    scenes = [scene for number in sorted(tiles) for scene in _parts(number, tiles[number])]
    if not scenes:
        raise NotFoundError(
            f"{folder} holds no parts of the Dubai set; it should hold Tile 1/images/image_part_001.jpg and "
            "Tile 1/masks/image_part_001.png and so on"
        )
    scheme = SCHEMES["dubai"]
    return SceneSet(scheme, tuple(scenes), MaskFiles(scheme, tolerance))


def _parts(number: int, folder: Path) -> list[Scene]:
    masks = {path.stem: path for path in only_pictures(folder / "masks")}
    scenes = []
    for image in only_pictures(folder / "images"):
        if image.stem not in masks:
            raise NotFoundError(f"the image {image} has no mask in {folder / 'masks'}")
        name = f"tile_{number}_{image.stem.removeprefix('image_')}"
        scenes.append(Scene(image, masks[image.stem], group=f"tile_{number}", name=name))
    return scenes
