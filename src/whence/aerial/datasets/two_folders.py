"""A folder of images and a folder of masks of a known data set, as the cutters of the field take them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.finding import folder_of, only_pictures
from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.pairing import key_of, paired
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.schemes import scheme as scheme_named
from whence.errors import NotEnoughDataError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["place_in_name", "two_folders"]

_ERODED = re.compile(r"(noboundary|eroded)$", re.IGNORECASE)
_COLOURS = re.compile(r"_(RGB|IRRG|RGBIR)$", re.IGNORECASE)
_GROUPS = {"dubai": re.compile(r"tile[ _-]?\d+", re.IGNORECASE), "openearthmap": re.compile(r".+(?=_\d+$)")}


def two_folders(
    images: PathLike,
    masks: PathLike | None,
    *,
    dataset: PathLike = "potsdam",
    eroded: bool = False,
    rgb: bool = False,
    tolerance: int = 0,
    lenient: bool = False,
) -> SceneSet:
    """Match two folders by name; endings such as ``_RGB``, ``_label``, ``_label_noBoundary`` do not count.

    Parameters
    ----------
    images
        The folder of images. Where names end in ``_RGB`` or ``_IRRG``, those of one kind are taken.
    masks
        The folder of masks; None for images alone.
    dataset
        The name of the scheme that the masks follow, or a ``.toml`` or ``.json`` file.
    eroded
        Take the masks whose names end in ``_noBoundary`` (or ``_eroded``) instead of the others.
    rgb
        Of images of several kinds take ``_RGB``; else ``_IRRG``.
    tolerance
        See `Scheme.encode`.
    lenient
        Leave out what has no counterpart, and tell it.

    Raises
    ------
    NotFoundError
        When a folder is not there, or holds none of the kind asked for; the message says what it holds.
    InputError
        When names do not match.
    NotEnoughDataError
        When no image has a mask.
    """
    scheme = scheme_named(str(dataset))
    found = _of_kind(folder_of(images, "images"), rgb=rgb)
    labels = MaskFiles(scheme, tolerance)
    if masks is None:
        scenes = [Scene(path, None, name=key_of(path.stem)) for path in found]
        left_out: list[str] = []
    else:
        known = _of_borders(folder_of(masks, "masks"), eroded=eroded)
        pairs, left_out = paired(found, known, lenient=lenient)
        scenes = [Scene(path, mask, mask if eroded else None, name=key) for key, path, mask in pairs]
    if not scenes:
        raise NotEnoughDataError(f"no image has a mask of the same name: {'; '.join(left_out)}")
    placed = [dataclasses.replace(one, group=place_in_name(scheme.name, one.name)) for one in scenes]
    return SceneSet(scheme, tuple(placed), labels, left_out=tuple(left_out))


def place_in_name(dataset: str, name: str) -> str:
    """Give the place of a scene as far as its name tells it in a data set; else the name."""
    rule = _GROUPS.get(dataset)
    match = rule.search(name) if rule else None
    return match[0] if match else name


def _of_kind(folder: Path, *, rgb: bool) -> list[Path]:
    """List images of one combination of bands; names that say none are all taken."""
    found = only_pictures(folder)
    said = {path: match[1].upper() for path in found if (match := _COLOURS.search(path.stem))}
    if not found:
        raise NotFoundError(f"there are no images in {folder}")
    if not said:
        return found
    wanted = "RGB" if rgb else "IRRG"
    kept = [path for path in found if said.get(path) == wanted]
    if not kept:
        there = ", ".join(sorted({f"{list(said.values()).count(kind)} _{kind}" for kind in said.values()}))
        way_out = "--rgb-image takes those of _RGB" if not rgb else "without --rgb-image _IRRG is taken"
        raise NotFoundError(f"{folder} holds no images that end in _{wanted}, but {there}; {way_out}")
    return kept


def _of_borders(folder: Path, *, eroded: bool) -> list[Path]:
    """List masks with whole or with eroded borders."""
    found = only_pictures(folder)
    kept = [path for path in found if bool(_ERODED.search(path.stem)) == eroded]
    if not found:
        raise NotFoundError(f"there are no masks in {folder}")
    if not kept:
        kind, way_out = (
            ("eroded masks (…_noBoundary)", "leave out --eroded")
            if eroded
            else ("masks but eroded ones (…_noBoundary)", "--eroded takes those")
        )
        raise NotFoundError(f"{folder} holds no {kind}; {way_out}")
    return kept
