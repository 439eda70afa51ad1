"""What a cutting has finished, line by line, so that an interrupted one goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Json

__all__ = ["Journal"]

_NAME = "tiles.journal"
_Part: TypeAlias = tuple[str, int, int]


class Journal:
    """Finished parts of a cutting; made by `open`, used as a context for writing.

    A line is written when all tiles that it names are on the disk. A last line that was cut short is not
    counted.

    Attributes
    ----------
    forgotten
        Tiles of parts that a restart forgets, or that were cut again of other files; they are to be removed.
    """

    def __init__(
        self, path: Path, head: str, known: dict[_Part, tuple[str, Json]], forgotten: list[Json]
    ) -> None:
        self._path, self._head = path, head
        self._known = known
        self.forgotten = forgotten
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
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        if lines and lines[0] != head and not restart:
            raise InputError(
                f"{home} holds tiles that were cut otherwise; cut into other folders, or restart to cut them "
                "again"
            )
        known: dict[_Part, tuple[str, Json]] = {}
        forgotten: list[Json] = []
        for line in lines[1:]:
            try:
                entry = json.loads(line)
            except ValueError:  # the line that was being written
                continue
            forgotten += _put(known, entry["key"], entry["made"])
        if restart:
            forgotten += [tile for _, made in known.values() for tile in made["tiles"]]
            known = {}
        return cls(path, head, known, forgotten)

    def _begin(self) -> None:
        """Write head and finished parts anew; this drops a line that was cut short."""
        lines = [self._head, *(_line(key, made) for key, made in self._known.values())]
        beside = self._path.with_name(f".{_NAME}.part")
        beside.write_text("\n".join(lines) + "\n", "utf-8")
        beside.replace(self._path)

    def __enter__(self) -> Self:
        self._begin()
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def tiles(self) -> list[Json]:
        """Tiles of all finished parts, those of other scenes too."""
        return [tile for _, made in self._known.values() for tile in made["tiles"]]

    def known(self, key: str) -> Json | None:
        """Give what was made by a finished part; None when it is not finished, or of files that changed."""
        of_file, made = self._known.get(_part(key), (None, None))
        return made if of_file == key else None

    def write(self, key: str, made: Json) -> list[Json]:
        """Note a finished part; give the tiles that it had before and has no more."""
        assert self._file is not None, "a journal is written as a context"
        gone = _put(self._known, key, made)
        self._file.write(_line(key, made) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        return gone


def _part(key: str) -> _Part:
    """Give scene, row and column; what follows in a key tells the state of the files."""
    name, row, column = json.loads(key)[:3]
    return name, row, column


def _put(known: dict[_Part, tuple[str, Json]], key: str, made: Json) -> list[Json]:
    """Note a part as the latest; give tiles that it had of other files and has no more."""
    _, before = known.pop(_part(key), (None, {"tiles": []}))
    known[_part(key)] = key, made
    now = {tile["name"] for tile in made["tiles"]}
    return [tile for tile in before["tiles"] if tile["name"] not in now]


def _line(key: str, made: Json) -> str:
    return json.dumps({"key": key, "made": made}, ensure_ascii=False)
