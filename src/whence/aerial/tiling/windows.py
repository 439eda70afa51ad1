"""Where tiles lie in an image: a regular grid whose last row and column reach over or step back."""

from __future__ import annotations

from whence.errors import InputError
from whence.imagery.raster import Window

__all__ = ["starts", "windows"]


def starts(length_px: int, side_px: int, stride_px: int, *, edge: str = "pad") -> list[int]:
    """Give where tiles start along one side, so that all of it is covered and no tile is needless.

    Parameters
    ----------
    length_px
        Length of the side.
    side_px, stride_px
        Length of a tile, and the way from one to the next; no longer than a tile, so that nothing is missed.
    edge
        ``pad``: the last tile reaches over the end. ``shift``: it steps back so that it ends with the image
        (an image shorter than a tile is padded even so).

    Raises
    ------
    InputError
        For lengths that are not positive, a stride longer than a tile, and another edge.

    Examples
    --------
    >>> starts(2500, 1024, 512), starts(2500, 1024, 512, edge="shift")
    ([0, 512, 1024, 1536], [0, 512, 1024, 1476])
    """
    if min(length_px, side_px, stride_px) < 1:
        raise InputError(f"a tile of {side_px} px every {stride_px} px cannot be; give positive numbers")
    if stride_px > side_px:
        raise InputError(f"a stride of {stride_px} px leaves gaps between tiles of {side_px} px; shorten it")
    if edge not in {"pad", "shift"}:
        raise InputError(f"the edge is padded (pad) or the last tile steps back (shift), not {edge!r}")
    count = 1 + max(-(-(length_px - side_px) // stride_px), 0)
    found = [stride_px * number for number in range(count)]
    if edge == "shift":
        found[-1] = min(found[-1], max(length_px - side_px, 0))
    return found


def windows(
    width_px: int, height_px: int, *, side_px: int, stride_px: int, edge: str = "pad"
) -> list[Window]:
    """Give the tiles of an image, row by row; with ``pad`` the last may reach over the image."""
    rows = starts(height_px, side_px, stride_px, edge=edge)
    columns = starts(width_px, side_px, stride_px, edge=edge)
    return [Window(column, row, side_px, side_px) for row in rows for column in columns]
