"""The folder of an encoder: ``encoder.json`` and, where something was learnt, ``arrays.npz``."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.typing import Json, PathLike

__all__ = ["arrays_hash", "read_arrays", "read_settings", "write_arrays", "write_settings"]

SETTINGS_FILE = "encoder.json"
ARRAYS_FILE = "arrays.npz"


def write_settings(folder: PathLike, settings: Json) -> None:
    """Write ``encoder.json``; its ``kind`` says which class reads it again."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings, indent=2, ensure_ascii=False)
    (Path(folder) / SETTINGS_FILE).write_text(text + "\n", encoding="utf-8")


def read_settings(folder: PathLike, *, kind: str | None = None) -> Json:
    """Read ``encoder.json``.

    Raises
    ------
    NotFoundError
        When the folder holds no encoder.
    FormatError
        When the file is broken or describes another kind of encoder than `kind`.
    """
    path = Path(folder) / SETTINGS_FILE
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"{folder} holds no encoder ({SETTINGS_FILE} is missing)") from error
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); save the encoder again") from error
    found = settings.get("kind") if isinstance(settings, dict) else None
    if not isinstance(found, str) or kind not in (None, found):
        raise FormatError(f"{path} describes an encoder of kind {found!r}, not {kind or 'any known one'!r}")
    return dict(settings)


def write_arrays(folder: PathLike, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays, uncompressed: they are noise to a compressor."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    np.savez(Path(folder) / ARRAYS_FILE, allow_pickle=False, **dict(arrays))


def read_arrays(folder: PathLike) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote.

    Raises
    ------
    NotFoundError
        When the file is missing.
    FormatError
        When it is broken, or holds pickled objects (which are never read).
    """
    path = Path(folder) / ARRAYS_FILE
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is missing; save the encoder again") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is not a whole archive of plain arrays; save the encoder again") from error


def arrays_hash(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Sixteen hexadecimal digits that change with any bit of any array, its name or its shape."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(array.data)
    return digest.hexdigest()
