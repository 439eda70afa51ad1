"""The data sets by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import part
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.datasets.scene_set import SceneSet
    from whence.typing import PathLike

__all__ = ["DATASETS", "open_dataset"]

DATASETS = {
    "potsdam": "whence.aerial.datasets.isprs:potsdam",
    "vaihingen": "whence.aerial.datasets.isprs:vaihingen",
    "loveda": "whence.aerial.datasets.loveda:loveda",
    "openearthmap": "whence.aerial.datasets.openearthmap:openearthmap",
    "earthvqa": "whence.aerial.datasets.loveda:earthvqa",
    "dubai": "whence.aerial.datasets.dubai:dubai",
    "folder": "whence.aerial.datasets.folder:folder",
    "vectors": "whence.aerial.datasets.vectors:vectors",
}
"""Name -> builder: takes the folder and options, gives a `SceneSet`."""


def open_dataset(name: str, root: PathLike | None = None, **options: Any) -> SceneSet:
    """Open a data set; no image is read yet.

    Parameters
    ----------
    name
        One of `DATASETS`.
    root
        Its folder; ``folder`` can do without where ``images`` and ``masks`` are given.
    options
        Those of the builder.

    Raises
    ------
    InputError
        For an unknown name, or without a folder.
    NotFoundError
        When the folder does not hold it.

    Examples
    --------
    >>> scenes = open_dataset("dubai", "data/dubai")                     # doctest: +SKIP
    >>> train = scenes.choose(without=["tile_7"])                        # doctest: +SKIP
    """
    builder = part(DATASETS, name, "data set")
    if root is None and name != "folder":
        raise InputError(f"name the folder of the data set {name}")
    scenes: SceneSet = builder(root, **options)
    return scenes
