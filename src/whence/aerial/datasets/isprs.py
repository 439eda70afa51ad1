"""The ISPRS sets: Potsdam (38 scenes, 5 cm) and Vaihingen (33 areas, 9 cm), six classes by colour."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.finding import folder_of, in_order
from whence.aerial.datasets.labels import MaskFiles
from whence.aerial.datasets.scene import Scene
from whence.aerial.datasets.scene_set import SceneSet
from whence.aerial.schemes import SCHEMES
from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.typing import PathLike

__all__ = ["POTSDAM_TEST", "POTSDAM_TRAIN", "VAIHINGEN_TEST", "VAIHINGEN_TRAIN", "potsdam", "vaihingen"]

# The contest published the labels of these scenes; those of the others came when it had ended.
POTSDAM_TRAIN = tuple(
    f"{row}_{column}"
    for row, first in ((2, 10), (3, 10), (4, 10), (5, 10), (6, 7), (7, 7))
    for column in range(first, 13)
)
"""The 24 scenes to train on."""

POTSDAM_TEST = (
    "2_13", "2_14", "3_13", "3_14", "4_13", "4_14", "4_15", "5_13", "5_14", "5_15", "6_13", "6_14", "6_15",
    "7_13",
)  # fmt: skip
"""The 14 scenes of the contest's test."""

VAIHINGEN_TRAIN = ("1", "3", "5", "7", "11", "13", "15", "17", "21", "23", "26", "28", "30", "32", "34", "37")
"""The 16 areas to train on."""

VAIHINGEN_TEST = (
    "2", "4", "6", "8", "10", "12", "14", "16", "20", "22", "24", "27", "29", "31", "33", "35", "38",
)  # fmt: skip
"""The 17 areas of the contest's test."""

_POTSDAM = re.compile(
    r"top_potsdam_(?P<scene>\d+_\d+)_(?P<what>RGBIR|RGB|IRRG|label_noBoundary|label)\.tiff?", re.IGNORECASE
)
_VAIHINGEN = re.compile(r"top_mosaic_09cm_area(?P<scene>\d+)(?P<what>_noBoundary)?\.tiff?", re.IGNORECASE)
_MASK_FOLDER = re.compile(r"gts|ground_?truth|label|mask", re.IGNORECASE)
_COMBINATIONS = ("RGB", "IRRG", "RGBIR")


def potsdam(root: PathLike, *, image: str = "RGB", tolerance: int = 0) -> SceneSet:
    """Open Potsdam.

    Two of the published masks are not clean: 4_12 was stored with losses and 6_7 has most of its cars in
    (252, 255, 0). ``tolerance=127`` takes the nearest colour of each. In 7_10 the annotation is known to be
    wrong in parts; users of the set leave it out of training (``without=["7_10"]``).

    Parameters
    ----------
    root
        A folder with ``top_potsdam_2_10_RGB.tif``, ``…_label.tif`` and ``…_label_noBoundary.tif``, at any
        depth, as the archives are unpacked.
    image
        ``RGB``, ``IRRG`` (infrared, red, green) or ``RGBIR``.
    tolerance
        See `Scheme.encode`.

    Raises
    ------
    InputError
        For another combination of bands.
    NotFoundError
        When there are no such images.
    """
    if image not in _COMBINATIONS:
        raise InputError(f"the images of Potsdam are {', '.join(_COMBINATIONS)}, not {image!r}")
    folder = folder_of(root, "top_potsdam_2_10_RGB.tif, top_potsdam_2_10_label.tif and so on, at any depth")
    files: dict[str, dict[str, Path]] = {}
    for path in _tiffs(folder):
        match = _POTSDAM.fullmatch(path.name)
        if match:
            files.setdefault(match["scene"], {}).setdefault(match["what"].lower(), path)
    scenes = [
        Scene(
            kinds[image.lower()],
            kinds.get("label"),
            kinds.get("label_noboundary"),
            group=scene,
            name=f"top_potsdam_{scene}",
            split=_split(scene, POTSDAM_TRAIN, POTSDAM_TEST),
        )
        for scene, kinds in sorted(files.items(), key=lambda item: in_order(item[0]))
        if image.lower() in kinds
    ]
    others = sorted({kind.upper() for kinds in files.values() for kind in kinds if "label" not in kind})
    return _set("potsdam", scenes, folder, tolerance=tolerance, hint=_hint(image, others))


def vaihingen(root: PathLike, *, tolerance: int = 0) -> SceneSet:
    """Open Vaihingen; its images are infrared, red, green.

    Parameters
    ----------
    root
        A folder with ``top/top_mosaic_09cm_area1.tif`` and masks of the same name in a folder called after
        ``gts``, ``ground_truth``, ``labels`` or ``masks``; eroded ones end in ``_noBoundary``.
    tolerance
        See `Scheme.encode`.

    Raises
    ------
    NotFoundError
        When there are no such images.
    """
    folder = folder_of(root, "top/top_mosaic_09cm_area1.tif, gts_for_participants/… and so on")
    files: dict[str, dict[str, Path]] = {}
    for path in _tiffs(folder):
        match = _VAIHINGEN.fullmatch(path.name)
        if match:
            is_mask = any(_MASK_FOLDER.search(part) for part in path.relative_to(folder).parts[:-1])
            kind = "eroded" if match["what"] else "mask" if is_mask else "image"
            files.setdefault(match["scene"], {}).setdefault(kind, path)
    scenes = [
        Scene(
            kinds["image"],
            kinds.get("mask"),
            kinds.get("eroded"),
            group=f"area{scene}",
            name=f"top_mosaic_09cm_area{scene}",
            split=_split(scene, VAIHINGEN_TRAIN, VAIHINGEN_TEST),
        )
        for scene, kinds in sorted(files.items(), key=lambda item: int(item[0]))
        if "image" in kinds
    ]
    return _set("vaihingen", scenes, folder, tolerance=tolerance, hint="top_mosaic_09cm_area1.tif and so on")


def _tiffs(folder: Path) -> Iterable[Path]:
    """List TIFFs at any depth, so that of two copies the one that sorts first is taken."""
    return sorted(path for path in folder.rglob("*.[tT][iI][fF]*") if not path.name.startswith("."))


def _split(scene: str, train: tuple[str, ...], test: tuple[str, ...]) -> str | None:
    return "train" if scene in train else "test" if scene in test else None


def _hint(image: str, others: list[str]) -> str:
    there = f"; there are {', '.join(others)}, which image= chooses" if others else ""
    return f"top_potsdam_2_10_{image}.tif and so on{there}"


def _set(name: str, scenes: list[Scene], folder: Path, *, tolerance: int, hint: str) -> SceneSet:
    if not scenes:
        raise NotFoundError(f"{folder} holds no images of {name}; it should hold {hint}")
    scheme = SCHEMES[name]
    return SceneSet(scheme, tuple(scenes), MaskFiles(scheme, tolerance))
