"""whence: where is this? Honest positions for any picture of the Earth.

>>> import whence
>>> estimate = whence.locate("photo.jpg")                       # doctest: +SKIP
>>> estimate.best.longitude_deg, estimate.best.radius_m         # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence import earth, imagery, photos, places
    from whence.earth.belief import Belief
    from whence.photos.estimate import Estimate
    from whence.photos.locate import locate

__version__ = "0.1.0"

__all__ = ["Belief", "Estimate", "__version__", "earth", "imagery", "locate", "photos", "places"]

# Names are imported when first used, so that `import whence` and `whence --help` stay quick.
_HOMES = {
    "Belief": "whence.earth.belief",
    "Estimate": "whence.photos.estimate",
    "locate": "whence.photos.locate",
}
_PACKAGES = ("earth", "imagery", "photos", "places")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
