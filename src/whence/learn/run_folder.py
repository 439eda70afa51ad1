"""The folder of a run: claimed when a training begins, complete when its figures stand in it."""

from __future__ import annotations

import json
import shutil
import tomllib
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.imagery.file_lock import FileLock
from whence.learn.sections import flattened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Json

__all__ = ["CONFIG", "EVALUATION", "LOCK", "RunFolder"]

CONFIG, EVALUATION = "config.toml", "evaluation.json"
LOCK = ".lock"
"""There while a process trains in the folder."""

_HELD: dict[
    Path, FileLock
] = {}  # of this process; its next training in the folder takes the place of the last


@dataclass(frozen=True)
class RunFolder:
    """A folder in which one training leaves what it makes.

    Attributes
    ----------
    path
        The folder.
    command
        What makes it, such as ``whence train``; its configuration says so in the first line.
    checkpoint
        Name of the file or folder of the training under way; gone when the run is complete.
    parts
        Names of what else it makes, besides ``config.toml`` and ``evaluation.json``.
    free
        Settings that may change when a run goes on.
    """

    path: Path
    command: str
    checkpoint: str
    parts: tuple[str, ...]
    free: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether the figures, which are written last, are there."""
        return (self.path / EVALUATION).is_file()

    def evaluation(self) -> Json:
        """Read the figures of a complete run.

        Raises
        ------
        NotFoundError
            When there is none, or it is not complete.
        FormatError
            When the figures cannot be read.
        """
        path = self.path / EVALUATION
        if not path.is_file():
            raise NotFoundError(
                f"{self.path} holds no complete run; give the same `{self.command}` again to go on"
            )
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise FormatError(f"{path} is broken ({error}); train again with --restart") from error

    def finish(self, evaluation: Json) -> None:
        """Write the figures, which makes the run complete, and remove the checkpoint."""
        with atomic_path(self.path / EVALUATION) as beside:
            text = json.dumps(evaluation, indent=1, ensure_ascii=False, allow_nan=False)
            beside.write_text(text + "\n", encoding="utf-8")
        _remove(self.path / self.checkpoint)
        _let_go(self.path.resolve())

    def claim(self, config: str, *, restart: bool) -> None:
        """Make the folder that of a run, or make sure that it is; keep other processes out of it.

        They are kept out until the run is finished, or this object is gone.

        Parameters
        ----------
        config
            The configuration, TOML with all defaults filled in.
        restart
            Forget what a run left there. What no run made is never removed.

        Raises
        ------
        InputError
            When the folder holds something else, or a run of another configuration (the message names the
            settings that differ), another process trains in it, or it cannot be written to.
        FormatError
            When the configuration that lies there is damaged.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; a run is a folder: choose another name")
        with self._refusals():
            self.path.mkdir(parents=True, exist_ok=True)
            if not self._is_ours():
                self._check_others(())
            if restart or not self.complete:
                self._hold()
            self._take(config, restart=restart)

    def _take(self, config: str, *, restart: bool) -> None:
        """Go on with the run that is there, or begin one."""
        ours = self._is_ours()
        listed = (
            EVALUATION,
            self.checkpoint,
            *self.parts,
            CONFIG,
        )  # what says that it is complete goes first
        if restart and ours:
            for name in listed:
                _remove(self.path / name)
        if ours and self._begun():
            self._check_same(config)
            return
        self._check_others(listed if ours else ())
        with atomic_path(self.path / CONFIG) as beside:
            beside.write_text(self._mark + config, encoding="utf-8")

    def _check_others(self, known: tuple[str, ...]) -> None:
        """Refuse a folder with what no run made."""
        names = [one.name for one in self.path.iterdir() if ".part" not in one.name]
        others = [name for name in names if name not in (*known, LOCK)]
        if others:
            raise InputError(
                f"{self.path} holds something else, such as {min(others)}; choose an empty or new folder"
            )

    def _hold(self) -> None:
        """Keep other processes out."""
        place = self.path.resolve()
        _let_go(place)
        lock = FileLock(place / LOCK, self.path)
        lock.take()
        _HELD[place] = lock
        weakref.finalize(self, _let_go, place, lock)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Tell what the system refuses as a sentence."""
        try:
            yield
        except OSError as error:
            if error.errno is None:  # one of our own
                raise
            raise InputError(
                f"{self.path} cannot be the folder of a run ({error.strerror}); choose another place"
            ) from error

    @property
    def _mark(self) -> str:
        return f"# Written by {self.command}: the configuration of this run, all defaults filled in.\n"

    def _is_ours(self) -> bool:
        """Whether a configuration was written by a run, not by its user."""
        path = self.path / CONFIG
        return path.is_file() and path.read_bytes().startswith(self._mark.encode())

    def _begun(self) -> bool:
        """Whether anything would be lost with another configuration."""
        checkpoint = self.path / self.checkpoint
        return self.complete or checkpoint.is_file() or any(checkpoint.glob("*.safetensors"))

    def _check_same(self, config: str) -> None:
        """Refuse to go on with another configuration."""
        path = self.path / CONFIG
        try:
            found = flattened(tomllib.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:  # no TOML, or no text
            raise FormatError(f"{path} is no TOML ({error}); add --restart to begin anew") from error
        wanted = flattened(tomllib.loads(config))
        different = [
            key for key in sorted({*found, *wanted} - self.free) if found.get(key) != wanted.get(key)
        ]
        if different:
            told = "; ".join(f"{key} was {found.get(key)!r} and is {wanted.get(key)!r}" for key in different)
            raise InputError(
                f"{self.path} holds a run of another configuration: {told}; choose another folder, or add "
                "--restart to begin anew"
            )


def _let_go(place: Path, lock: FileLock | None = None) -> None:
    """Let other processes into a folder again; of a lock that is given, only if it is still that one."""
    held = _HELD.get(place)
    if held is not None and lock in (None, held):
        del _HELD[place]
        held.release()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
