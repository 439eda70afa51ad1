"""Which mask belongs to which image, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["key_of", "paired"]

_ENDINGS = re.compile(
    r"[_-](?:label_noboundary|noboundary|labels?|masks?|gt|seg|annotation|images?|img|sat|rgbir|rgb|irrg)$",
    re.IGNORECASE,
)
_SHOWN = 3


def key_of(stem: str) -> str:
    """Give what the names of an image and its mask share.

    Examples
    --------
    >>> key_of("top_potsdam_2_10_RGB"), key_of("top_potsdam_2_10_label_noBoundary")
    ('top_potsdam_2_10', 'top_potsdam_2_10')
    """
    return _ENDINGS.sub("", stem)


def paired(
    images: Iterable[Path], masks: Iterable[Path], *, lenient: bool = False
) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """Match images and masks: by their whole stems where all are equal, else without usual endings.

    Parameters
    ----------
    images, masks
        Files.
    lenient
        Leave out what has no counterpart, and tell it.

    Returns
    -------
    pairs, left_out
        (name, image, mask) in the order of the images, and sentences.

    Raises
    ------
    InputError
        When two files are called alike, and (unless `lenient`) when a file has no counterpart.
    """
    listed, known = list(images), list(masks)
    same = {path.stem for path in listed} == {path.stem for path in known}
    of_image = _by_key(listed, "images", whole=same)
    of_mask = _by_key(known, "masks", whole=same)
    left_out = [
        *_alone([of_image[key] for key in of_image if key not in of_mask], "image", "mask"),
        *_alone([of_mask[key] for key in of_mask if key not in of_image], "mask", "image"),
    ]
    if left_out and not lenient:
        raise InputError(
            f"{'; '.join(left_out)}; images and masks are matched by their names without endings such as "
            "_RGB, _image, _label, _mask"
        )
    return [(key, of_image[key], of_mask[key]) for key in of_image if key in of_mask], left_out


def _by_key(paths: list[Path], what: str, *, whole: bool) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        key = path.stem if whole else key_of(path.stem)
        if found.setdefault(key, path) != path:
            raise InputError(f"two {what} are called {key!r}: {found[key]} and {path}; keep one")
    return found


def _alone(paths: list[Path], what: str, other: str) -> list[str]:
    if not paths:
        return []
    more = ", …" if len(paths) > _SHOWN else ""
    count = f"1 {what} has" if len(paths) == 1 else f"{len(paths)} {what}s have"
    return [f"{count} no {other}: {', '.join(path.name for path in paths[:_SHOWN])}{more}"]
