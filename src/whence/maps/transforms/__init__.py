"""Transforms between a scan and the ground: each a small frozen value, all with the same methods.

>>> from whence.maps.transforms import TRANSFORMS, fit
>>> sheet = fit([[0, 0], [1000, 0]], [[500000, 6000000], [500850, 6000000]], kind="similarity")
>>> sheet.to_pixels([500425.0, 5999575.0]).tolist()
[500.0, 500.0]
"""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from whence.maps.transforms.distortion import Distortion
    from whence.maps.transforms.protocol import Transform
    from whence.typing import ArrayLike, Json

__all__ = ["TRANSFORMS", "Distortion", "Transform", "fit", "kind", "load"]

TRANSFORMS = {
    "linear": "whence.maps.transforms.linear:Linear",
    "similarity": "whence.maps.transforms.linear:Similarity",
    "affine5": "whence.maps.transforms.linear:Affine5",
    "affine": "whence.maps.transforms.linear:Affine",
    "projective": "whence.maps.transforms.projective:Projective",
    "polynomial1": "whence.maps.transforms.polynomial:Polynomial1",
    "polynomial2": "whence.maps.transforms.polynomial:Polynomial2",
    "polynomial3": "whence.maps.transforms.polynomial:Polynomial3",
    "tps": "whence.maps.transforms.radial:ThinPlate",
    "rbf": "whence.maps.transforms.radial:RadialBasis",
    "mesh": "whence.maps.transforms.mesh:Mesh",
    "moving": "whence.maps.transforms.moving:MovingSimilarity",
}
"""Name of a kind of transform -> where its class is, loaded when asked for."""

_HOMES = {
    "Distortion": "whence.maps.transforms.distortion",
    "Transform": "whence.maps.transforms.protocol",
}


def kind(name: str) -> type[Transform]:
    """Return the class of transform that goes by a name of `TRANSFORMS`.

    Raises
    ------
    InputError
        When there is none; the message lists those there are.
    """
    if name not in TRANSFORMS:
        raise InputError(f"no transform is called {name!r}; there are {', '.join(TRANSFORMS)}")
    module, _, attribute = TRANSFORMS[name].partition(":")
    found: type[Transform] = getattr(importlib.import_module(module), attribute)
    return found


def fit(
    pixels: ArrayLike,
    world: ArrayLike,
    *,
    kind: str = "affine",
    weights: ArrayLike | None = None,
    **options: Any,
) -> Transform:
    """Fit a transform of the named kind.

    Parameters
    ----------
    pixels
        (n, 2) column, row.
    world
        (n, 2) easting, northing.
    kind
        A key of `TRANSFORMS`.
    weights
        (n,) 1 / σ² of each point; 0 leaves it out.
    **options
        Those of the kind's own `fit`, such as ``smoothing``.

    Raises
    ------
    InputError
        When the kind or an option is not known, or the points are no finite pairs.
    NotEnoughDataError
        When the points do not determine the transform; the message names them.
    """
    chosen = _named(kind)
    known = list(inspect.signature(chosen.fit).parameters)[3:]
    stray = sorted(set(options) - set(known))
    if stray:
        offer = f"its options are {', '.join(known)}" if known else "it has no options"
        raise InputError(f"{kind} has no option {', '.join(stray)}; {offer}")
    return chosen.fit(pixels, world, weights=weights, **options)


def load(content: Json) -> Transform:
    """Read back what a transform's `to_json` gave.

    Raises
    ------
    FormatError
        When it is broken, or of a kind or version that is not known here.
    """
    name = content.get("transform")
    if name not in TRANSFORMS:
        raise FormatError(
            f"not a transform written by whence: its kind is {name!r}; "
            f"those known are {', '.join(TRANSFORMS)}"
        )
    return kind(name).from_json(content)


_named = kind  # `fit` has an argument of the same name


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
