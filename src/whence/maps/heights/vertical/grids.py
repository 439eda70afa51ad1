"""Where PROJ looks for the grids of geoids, and how to get one that is missing."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pyproj import datadir

from whence.errors import NotFoundError
from whence.maps.heights.register import ask_register

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.typing import PathLike

__all__ = ["VARIABLE", "grid_folders", "older_names", "ways_to_get"]

VARIABLE = "WHENCE_PROJ_GRIDS"
"""Environment variable with folders of grids, separated as in PATH."""


@contextmanager
def grid_folders(folders: Sequence[PathLike] = ()) -> Iterator[None]:
    """Let PROJ look into more folders while the block runs; its own come first, and its register stays.

    Parameters
    ----------
    folders
        Beside those that `VARIABLE` names.

    Raises
    ------
    NotFoundError
        When one of them is not there.
    """
    named = [Path(folder) for folder in folders]
    named += [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    for folder in named:
        if not folder.is_dir():
            raise NotFoundError(f"there is no folder of grids {folder}; check --grids and {VARIABLE}")
    before = datadir.get_data_dir()
    if not named:
        yield
        return
    datadir.set_data_dir(os.pathsep.join([before, *map(str, named)]))
    try:
        yield
    finally:
        datadir.set_data_dir(before)


def older_names(grid: str) -> tuple[str, ...]:
    """Give the other file names under which PROJ finds a grid, from its register.

    Examples
    --------
    >>> older_names("us_nga_egm96_15.tif")
    ('egm96_15.gtx', 'WW15MGH.GRD')
    """
    rows = ask_register(
        "select old_proj_grid_name, original_grid_name from grid_alternatives where proj_grid_name = ?",
        (grid,),
    )
    names = [name for row in rows for name in row if name and name != grid]
    return tuple(dict.fromkeys(names))


def ways_to_get(grids: Sequence[str]) -> str:
    """Say how to get grids.

    Examples
    --------
    >>> "pyproj sync --file us_nga_egm96_15.tif" in ways_to_get(["us_nga_egm96_15.tif"])
    True
    """
    first = grids[0]
    older = [name for grid in grids for name in older_names(grid)[:1]]
    files = " and ".join(grids) + (f" (or, under older names, {', '.join(older)})" if older else "")
    return (
        f"get it with 'pyproj sync --file {first}' or 'projsync --file {first}', or from Debian's package "
        f"proj-data; offline, put {files} into a folder and name it with --grids FOLDER or {VARIABLE}=FOLDER"
    )
