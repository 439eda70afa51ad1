"""whence: where is this? Honest positions for any picture of the Earth.

>>> import whence
>>> estimate = whence.locate("photo.jpg")                       # doctest: +SKIP
>>> estimate.best.longitude_deg, estimate.best.radius_m         # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence import aerial, earth, imagery, maps, photos, places
    from whence.earth.belief import Belief
    from whence.photos.estimate import Estimate
    from whence.photos.locate import locate

__version__ = "0.1.0"

__all__ = [
    "Belief",
    "Estimate",
    "__version__",
    "aerial",
    "earth",
    "imagery",
    "locate",
    "maps",
    "photos",
    "places",
]

# Names are imported when first used, so that `import whence` and `whence --help` stay quick.
_HOMES = {
    "Belief": "earth.belief",
    "Estimate": "photos.estimate",
    "locate": "photos.locate",
}
_PACKAGES = ("aerial", "earth", "imagery", "maps", "photos", "places")

__getattr__, __dir__ = exports(__name__, _HOMES, modules=_PACKAGES)
