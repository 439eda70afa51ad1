"""The scheme that a raster of classes carries in its metadata, as `whence.aerial.predict` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.scheme import Scheme
from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.raster import without_place

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["TAG", "agreed_scheme", "check_scheme", "written_scheme"]

TAG = "SCHEME"


def written_scheme(path: PathLike) -> Scheme | None:
    """Read the scheme that a raster carries; such a raster holds ids of it.

    Other programs may write a tag of that name: what is not a table with classes is none of ours.

    Returns
    -------
    Scheme or None
        None when it carries none.

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no such raster.
    InputError
        When the scheme is damaged.
    """
    try:
        values = json.loads(_tag(path))
    except ValueError:
        return None
    if not isinstance(values, dict) or "classes" not in values:
        return None
    try:
        return Scheme.of_json(values)
    except InputError as error:
        raise InputError(f"the scheme in the metadata of {path} is damaged: {error}") from error


def check_scheme(path: PathLike, named: Scheme) -> None:
    """Refuse a scheme for a raster that says it holds other classes.

    Names and their order are compared; colours, published values and counted classes may differ.

    Raises
    ------
    InputError
        When they differ; the message tells both.
    """
    own = written_scheme(path)
    if own is not None and own.names != named.names:
        raise InputError(
            f"{path} holds {_told(own)}, as its metadata say, not {_told(named)}; name no scheme, or one "
            "with the same classes in the same order"
        )


def agreed_scheme(paths: Iterable[PathLike], named: Scheme | None = None) -> Scheme | None:
    """Give the scheme of rasters: the named one if they do not contradict, else the one that they carry.

    Returns
    -------
    Scheme or None
        None when none is named and none is carried.

    Raises
    ------
    InputError
        When a raster carries other classes than the named ones, or they do not all carry the same scheme.
    """
    listed = list(paths)
    if named is not None:
        for path in listed:
            check_scheme(path, named)
        return named
    carried: dict[Scheme | None, PathLike] = {}
    for path in listed:
        carried.setdefault(written_scheme(path), path)
    if len(carried) > 1:
        (one, its), (other, those) = list(carried.items())[:2]
        raise InputError(
            f"{its} carries {_told(one)}, {those} {_told(other)}; name the scheme that is meant, or score "
            "them apart"
        )
    return next(iter(carried), None)


def _told(scheme: Scheme | None) -> str:
    if scheme is None:
        return "no scheme"
    return f"the classes {', '.join(scheme.names)} (scheme {scheme.name})"


def _tag(path: PathLike) -> str:
    import rasterio
    from rasterio.errors import RasterioError

    if not Path(path).exists():
        raise NotFoundError(f"there is no file {path}")
    try:
        with without_place():
            opened = rasterio.open(path)
        with opened as dataset:
            return str(dataset.tags().get(TAG, ""))
    except RasterioError as error:
        raise NotAnImageError(f"{path} is not a raster that can be read ({error})") from error
