"""LoveDA (5,987 images of 1024², 0.3 m) and EarthVQA (6,000 of the same kind): images and masks."""

from __future__ import annotations

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

__all__ = ["earthvqa", "loveda"]

_IMAGES, _MASKS = "images_png", "masks_png"
_DOMAINS = ("urban", "rural")


def loveda(root: PathLike) -> SceneSet:
    """Open LoveDA.

    Its masks hold 1 to 7, so that every class is one more than its training id, and 0 where nothing is
    known. The images of a split and domain come from the same places, and numbers do not tell which, so
    the place is split and domain (``Train/Urban``). The masks of the test are not published.

    Parameters
    ----------
    root
        The folder with ``Train``, ``Val`` and ``Test``, each with ``Urban`` and ``Rural``, each with
        ``images_png`` and ``masks_png``; those that are not there are not missed.

    Raises
    ------
    NotFoundError
        When there are none, or an image of Train or Val has no mask.
    """
    return _open("loveda", root, f"Train/Urban/{_IMAGES}, Train/Urban/{_MASKS} and so on")


def earthvqa(root: PathLike) -> SceneSet:
    """Open the images and masks of EarthVQA, with or without folders ``Urban`` and ``Rural``.

    The classes are LoveDA's with playground and pond, one more than their ids; 0 is unknown.

    Parameters
    ----------
    root
        The folder with ``Train``, ``Val`` and ``Test``, each with ``images_png`` and ``masks_png``.

    Raises
    ------
    NotFoundError
        When there are none, or an image of Train or Val has no mask.
    """
    return _open("earthvqa", root, f"Train/{_IMAGES}, Train/{_MASKS} and so on")


def _open(name: str, root: PathLike, layout: str) -> SceneSet:
    folder = folder_of(root, layout)
    found = sorted(path for path in folder.rglob(_IMAGES) if path.is_dir())
    scenes = [scene for images in found for scene in _scenes(folder, images)]
    if not scenes:
        raise NotFoundError(f"{folder} holds no images of {name}; it should hold {layout}")
    order = {"train": 0, "val": 1, "test": 2}
    scenes.sort(key=lambda one: order.get(one.split or "", 3))
    scheme = SCHEMES[name]
    return SceneSet(scheme, tuple(scenes), MaskFiles(scheme))


def _scenes(root: Path, images: Path) -> list[Scene]:
    """List the scenes of one folder; its path says split and domain."""
    parts = [part.lower() for part in images.relative_to(root).parts]
    split = next((name for name in ("train", "val", "test") if name in parts), None)
    domain = next((name for name in _DOMAINS if name in parts), None)
    place = "/".join(name.capitalize() for name in (split, domain) if name) or "all"
    masks = images.with_name(_MASKS)
    known = {path.stem: path for path in only_pictures(masks)} if masks.is_dir() else {}
    scenes = []
    for path in only_pictures(images):
        mask = known.get(path.stem)
        if mask is None and split != "test":
            raise NotFoundError(f"the image {path} has no mask in {masks}; unpack the archive again")
        name = "_".join(name for name in (split, domain, path.stem) if name)
        scenes.append(Scene(path, mask, group=place, name=name, split=split))
    return scenes
