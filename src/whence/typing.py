"""Array aliases used in signatures; shapes and units stand in the docstrings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ArrayLike", "Bools", "Floats", "Floats32", "Image", "Ints", "PathLike"]

Floats: TypeAlias = NDArray[np.float64]
"""Float64: positions, distances, weights."""

Floats32: TypeAlias = NDArray[np.float32]
"""Float32: feature vectors and pixels under way."""

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

Image: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) RGB, 8 bits."""

PathLike: TypeAlias = str | Path

Json: TypeAlias = dict[str, Any]
