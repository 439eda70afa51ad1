"""OpenEarthMap: 5,000 images of 0.25 to 0.5 m from 97 regions of 44 countries, eight classes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.finding import folder_of, in_order, only_pictures
from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.schemes import SCHEMES
from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["openearthmap"]

_LIST = re.compile(r"(train|val|test)(_wo_xbd)?\.txt", re.IGNORECASE)
_SHOWN = 3


def openearthmap(root: PathLike) -> SceneSet:
    """Open OpenEarthMap; the place is the region, and the lists beside the folders say the split.

    A region can be in all three lists: images of one region never overlap, but ``choose(groups=…)`` is the
    stricter test. Images of xBD are not part of the archives; what a list names and no folder holds is told
    in `SceneSet.left_out`. Labels without an image, and images that no list names, are told there too.

    Parameters
    ----------
    root
        The folder with a folder for each region, each with ``images`` and ``labels``, and with
        ``train.txt``, ``val.txt``, ``test.txt`` (or ``train_wo_xBD.txt`` and so on).

    Raises
    ------
    NotFoundError
        When there are no regions.
    InputError
        When an image is in two lists.
    """
    folder = folder_of(
        root, "a folder for each region, with images and labels, and train.txt, val.txt, test.txt"
    )
    splits = _splits(folder)
    regions = sorted((path.parent for path in folder.glob("*/images") if path.is_dir()), key=_order)
    scenes = [scene for region in regions for scene in _scenes(region, splits)]
    if not scenes:
        raise NotFoundError(
            f"{folder} holds no regions of OpenEarthMap; it should hold aachen/images/aachen_1.tif, "
            "aachen/labels/aachen_1.tif and so on"
        )
    names = {one.name for one in scenes}
    missing = sorted(set(splits) - names)
    unlisted = [one.name for one in scenes if splits and one.split is None]
    without = [one.name for one in scenes if one.mask is None and one.split != "test"]
    told = (
        _told(missing, "listed images are in no folder (those of xBD are got elsewhere)"),
        _told(unlisted, "images are in no list, so they have no split"),
        _told(without, "images to train or validate on have no labels"),
    )
    scheme = SCHEMES["openearthmap"]
    return SceneSet(scheme, tuple(scenes), MaskFiles(scheme), left_out=tuple(text for text in told if text))


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    return in_order(path.name)


def _scenes(region: Path, splits: dict[str, str]) -> list[Scene]:
    labels = (
        {path.stem: path for path in only_pictures(region / "labels")} if (region / "labels").is_dir() else {}
    )
    return [
        Scene(path, labels.get(path.stem), group=region.name, name=path.stem, split=splits.get(path.stem))
        for path in only_pictures(region / "images")
    ]


def _splits(folder: Path) -> dict[str, str]:
    """Give the split of each listed image; lists without xBD serve where the full ones are not there."""
    lists: dict[str, Path] = {}
    for path in sorted(folder.glob("*.txt"), key=lambda one: len(one.name)):
        match = _LIST.fullmatch(path.name)
        if match:
            lists.setdefault(match[1].lower(), path)
    splits: dict[str, str] = {}
    for split, path in lists.items():
        for name in path.read_text("utf-8-sig").split():
            stem = Path(name).stem
            if splits.setdefault(stem, split) != split:
                raise InputError(f"{stem} is listed for {splits[stem]} and, in {path.name}, for {split}")
    return splits


def _told(names: list[str], what: str) -> str:
    if not names:
        return ""
    more = ", …" if len(names) > _SHOWN else ""
    return f"{len(names)} {what}: {', '.join(names[:_SHOWN])}{more}"
