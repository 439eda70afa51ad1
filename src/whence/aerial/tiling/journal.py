"""What a cutting has finished, line by line, so that an interrupted one goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Json

__all__ = ["Journal"]

_NAME = "tiles.journal"


class Journal:
    """Finished parts of a cutting; made by `open`, used as a context for writing.

    A line is written when all tiles that it names are on the disk. A last line that was cut short is not
    counted.
    """

    def __init__(self, path: Path, known: dict[str, Json]) -> None:
        self._path = path
        self._known = known
        self._file: TextIO | None = None

    @classmethod
    def open(cls, home: Path, settings: Json, *, restart: bool = False) -> Self:
        """Open the journal of a folder.

        Parameters
        ----------
        home
            The folder.
        settings
            How scenes are cut; what was finished with others does not count.
        restart
            Forget what was finished.

        Raises
        ------
        InputError
            When the folder holds tiles cut with other settings.
        """
        path = home / _NAME
        head = json.dumps({"settings": settings}, ensure_ascii=False, sort_keys=True)
        lines = [] if restart or not path.is_file() else path.read_text("utf-8").splitlines()
        if lines and lines[0] != head:
            raise InputError(
                f"{home} holds tiles that were cut otherwise; cut into other folders, or restart to cut them "
                "again"
            )
        known: dict[str, Json] = {}
        for line in lines[1:]:
            try:
                entry = json.loads(line)
            except ValueError:  # the line that was being written
                continue
            known[entry["key"]] = entry["made"]
        journal = cls(path, known)
        journal._begin(head)
        return journal

    def _begin(self, head: str) -> None:
        """Write head and finished parts anew; this drops a line that was cut short."""
        lines = [head, *(_line(key, made) for key, made in self._known.items())]
        beside = self._path.with_name(f".{_NAME}.part")
        beside.write_text("\n".join(lines) + "\n", "utf-8")
        beside.replace(self._path)

    def __enter__(self) -> Self:
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def known(self, key: str) -> Json | None:
        """Give what was made by a finished part; None when it is not finished."""
        return self._known.get(key)

    def write(self, key: str, made: Json) -> None:
        """Note a finished part."""
        assert self._file is not None, "a journal is written as a context"
        self._file.write(_line(key, made) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _line(key: str, made: Json) -> str:
    return json.dumps({"key": key, "made": made}, ensure_ascii=False)
