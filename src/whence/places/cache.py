"""Where things that can be computed again are kept, and how a folder is put there in one step."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["cache_root", "cached_folder"]

_log = logging.getLogger(__name__)


def cache_root() -> Path:
    r"""Name the folder for things that can be computed again; nothing is created.

    ``WHENCE_CACHE`` where it is set; otherwise the platform's own place: ``$XDG_CACHE_HOME/whence`` or
    ``~/.cache/whence``, ``~/Library/Caches/whence`` on macOS, ``%LOCALAPPDATA%\whence`` on Windows.
    """
    named = os.environ.get("WHENCE_CACHE")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Caches/whence"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "whence"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "whence"


def cached_folder(name: str, build: Callable[[Path], None]) -> Path:
    """Return the cached folder `name`, building it first where it is missing.

    The folder is written beside its place and renamed when complete, so that neither an interruption nor
    a second process can leave half of it; of two processes that build at once one wins and both are right.

    Parameters
    ----------
    name
        Folder name; it carries every version its content depends on.
    build
        Fills the empty folder it is given.

    Returns
    -------
    Path
        The complete folder: under :func:`cache_root`, or in the temporary folder where that cannot be
        written (said on the log).

    Raises
    ------
    NotFoundError
        When no folder can be written.
    """
    roots = (cache_root(), _temporary_root())
    for root in roots:
        if (root / name).is_dir():
            return root / name
    root = _first_writable(roots)
    with _one_at_a_time(root / f".{name}.lock"):
        if not (root / name).is_dir():  # another process may have built it meanwhile
            _fill(Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root)), root / name, build)
    return root / name


def _first_writable(roots: tuple[Path, ...]) -> Path:
    for root in roots:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=root).close()  # permissions alone do not tell: read-only disks, quotas
        except OSError as error:
            _log.warning("The cache folder %s cannot be written (%s); set WHENCE_CACHE.", root, error)
        else:
            return root
    raise NotFoundError(f"none of {', '.join(map(str, roots))} can be written; set WHENCE_CACHE to a folder")


@contextlib.contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Let other processes that want to build the same wait, where the system has locks on files.

    Elsewhere both build, and the first to rename wins.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _temporary_root() -> Path:
    owner = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir()) / f"whence-cache{owner}"


def _fill(beside: Path, final: Path, build: Callable[[Path], None]) -> None:
    try:
        build(beside)
        beside.chmod(0o755)
        beside.rename(final)
    except OSError:
        if not final.is_dir():  # otherwise another process was first: its folder is as good
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
