"""Where things that can be computed again are kept, and how a folder is put there in one step."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

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
    """
    roots = (cache_root(), _temporary_root())
    for root in roots:
        if (root / name).is_dir():
            return root / name
    for root in roots:
        try:
            root.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root))
        except OSError as error:
            _log.warning("The cache folder %s cannot be written (%s); set WHENCE_CACHE.", root, error)
            continue
        return _fill(beside, root / name, build)
    raise PermissionError(f"neither of {', '.join(map(str, roots))} can be written; set WHENCE_CACHE")


def _temporary_root() -> Path:
    owner = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir()) / f"whence-cache{owner}"


def _fill(beside: Path, final: Path, build: Callable[[Path], None]) -> Path:
    try:
        build(beside)
        beside.chmod(0o755)
        beside.rename(final)
    except OSError:
        if not final.is_dir():  # otherwise another process was first: its folder is as good
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return final
