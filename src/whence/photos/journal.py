"""What an interrupted run has already found out, so that the next one goes on from there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from whence import __version__
from whence.errors import FormatError, InputError
from whence.photos.estimate import Estimate

__all__ = ["Journal"]

VERSION = 1


class Journal:
    """Finished estimates, one JSON line each, in a file beside the results until those are written.

    Parameters
    ----------
    path
        The journal's file; None keeps nothing.
    settings
        Whatever an answer depends on, as text: a journal of other settings is refused.
    restart
        Forget an earlier run.
    """

    def __init__(self, path: Path | None, *, settings: str, restart: bool = False) -> None:
        self.path = path
        self._header = {"whence journal": VERSION, "version": __version__, "settings": settings}
        self._done: dict[str, Estimate] = {}
        self._file: IO[str] | None = None
        self._restart = restart

    @classmethod
    def beside(cls, results: Path | None, *, settings: str, restart: bool = False) -> Self:
        """Keep the journal next to a file of results; nowhere when there is none."""
        path = results.with_name(results.name + ".unfinished") if results is not None else None
        return cls(path, settings=settings, restart=restart)

    def __enter__(self) -> Self:
        if self.path is None:
            return self
        goes_on = self.path.exists() and not self._restart
        if goes_on:
            self._read(self.path)
        try:
            self._file = self.path.open("a" if goes_on else "w", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"the folder {self.path.parent} cannot be written to ({error.strerror}); choose another place"
            ) from error
        if not goes_on:
            self._write(self._header)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def find(self, key: str) -> Estimate | None:
        """Give the estimate of an earlier run, if it got that far."""
        return self._done.get(key)

    def add(self, key: str, estimate: Estimate) -> None:
        """Keep a finished estimate."""
        self._write({"key": key, "estimate": estimate.to_json()})

    def finish(self) -> None:
        """Remove the journal: the results are whole."""
        if self.path is not None and self._file is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)

    def _write(self, values: dict[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
            self._file.flush()

    def _read(self, path: Path) -> None:
        """Take up the finished lines; a last line cut short by the interruption is done again."""
        # Bytes, as the cut may go through a letter, and as only this one kind of line end counts.
        *lines, cut = path.read_bytes().split(b"\n")
        if cut:
            os.truncate(path, sum(len(line) + 1 for line in lines))
        if not lines:
            path.write_text(json.dumps(self._header) + "\n", "utf-8")
            return
        try:
            header, *items = map(json.loads, lines)
            done = {item["key"]: Estimate.from_json(item["estimate"]) for item in items}
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{path} is not what a run left ({error}); add --restart to forget it"
            ) from error
        if header != self._header:
            raise InputError(
                f"{path} was left by a run with other settings; add --restart to forget it, "
                "or repeat that run's settings to go on"
            )
        self._done = done
