"""Questions to PROJ's register (``proj.db``), which pyproj answers only slowly or not at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pyproj import datadir

__all__ = ["ask_register"]


def ask_register(question: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the rows of a question in SQL.

    Parameters
    ----------
    question
        With a question mark for each value.
    values
        What stands for the question marks.

    Returns
    -------
    list
        Rows; none where PROJ has no register.

    Examples
    --------
    >>> ask_register("select name from vertical_crs where auth_name = ? and code = ?", ("EPSG", "5773"))
    [('EGM96 height',)]
    """
    folders = [Path(folder) for folder in datadir.get_data_dir().split(os.pathsep)]
    register = next((folder / "proj.db" for folder in folders if (folder / "proj.db").is_file()), None)
    if register is None:
        return []
    with closing(sqlite3.connect(f"{register.resolve().as_uri()}?mode=ro", uri=True)) as base:
        return list(base.execute(question, values))
