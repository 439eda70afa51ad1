"""What runs in a worker process: read some photos, encode them, say which could not be read.

This module imports nothing heavy, because a fresh process must learn that it may use one thread only before
numpy is loaded.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.photos.processes import settle_in

if TYPE_CHECKING:
    from whence.learn.encoders.classic.local import LocalFeatures
    from whence.learn.encoders.protocol import Encoder
    from whence.typing import Floats32

__all__ = ["encode_files", "encode_in_worker", "extract_file", "limit_threads", "start_worker"]

_encoder: Any = None  # one a process; set by `start_worker`


def limit_threads() -> None:
    """Prepare a fresh process: one thread, and no outliving its parent."""
    settle_in()
    import cv2

    cv2.setNumThreads(1)


def start_worker(pickled_encoder: bytes) -> None:
    """Prepare a fresh process: one thread, and the encoder."""
    global _encoder
    limit_threads()
    _encoder = pickle.loads(pickled_encoder)  # noqa: S301 - made by our own parent, never read from disk


def encode_in_worker(paths: Sequence[Path]) -> tuple[Floats32, list[str]]:
    """`encode_files` with the encoder of this process."""
    return encode_files(_encoder, paths)


def encode_files(encoder: Encoder, paths: Sequence[Path]) -> tuple[Floats32, list[str]]:
    """Read and encode photos.

    Parameters
    ----------
    encoder
        Turns images into vectors.
    paths
        m image files.

    Returns
    -------
    vectors, problems
        (m, d) vectors, zero where the photo could not be read; m texts, empty where it could.
    """
    import numpy as np

    from whence.errors import WhenceError
    from whence.imagery.photo import open_image

    vectors = np.zeros((len(paths), encoder.dim), np.float32)
    problems = [""] * len(paths)
    images, rows = [], []
    for row, path in enumerate(paths):
        try:
            images.append(open_image(path, size_hint_px=encoder.input_px))
            rows.append(row)
        except (WhenceError, OSError) as error:
            problems[row] = f"unreadable: {error}"
    if images:
        vectors[rows] = encoder.encode(images)
    return vectors, problems


def extract_file(path: Path) -> LocalFeatures:
    """Find the keypoints of a photo."""
    from whence.imagery.photo import open_image
    from whence.learn.encoders.classic.local import LOCAL_INPUT_PX, extract

    return extract(open_image(path, size_hint_px=LOCAL_INPUT_PX))
