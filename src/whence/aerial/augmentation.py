"""Changes of image and mask together, by the transforms of albumentations.

Where and how a crop is cut, turned and scaled is the affair of `whence.aerial.training.sampling`; here are
colours, blur, noise, and whatever else albumentations has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PRESETS", "Augmentation"]

PRESETS: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "weak-colour": (
        ("RandomBrightnessContrast", {"brightness_limit": 0.1, "contrast_limit": 0.1, "p": 1.0}),
        ("MultiplicativeNoise", {"multiplier": (0.95, 1.05), "per_channel": True, "p": 1.0}),
    ),
    "exposure": (
        ("RandomGamma", {"gamma_limit": (75, 133), "p": 1.0}),
        ("MultiplicativeNoise", {"multiplier": (0.95, 1.05), "per_channel": True, "p": 1.0}),
    ),
    "strong-colour": (
        ("RandomBrightnessContrast", {"brightness_limit": 0.3, "contrast_limit": 0.3, "p": 1.0}),
        ("MultiplicativeNoise", {"multiplier": (0.7, 1.3), "per_channel": True, "p": 1.0}),
        ("RandomGamma", {"gamma_limit": (70, 140), "p": 0.5}),
    ),
    "mirror": (("HorizontalFlip", {"p": 0.5}), ("VerticalFlip", {"p": 0.5})),
    "quarter-turns": (("RandomRotate90", {"p": 1.0}),),
    "blur": (("GaussianBlur", {"blur_limit": (3, 5), "p": 0.3}),),
    "noise": (("GaussNoise", {"std_range": (0.01, 0.04), "p": 0.3}),),
    "holes": (("CoarseDropout", {"num_holes_range": (1, 4), "p": 0.3}),),
}
"""Name -> transforms of albumentations with their options.

``exposure`` leaves black black: a shift of all values, as in ``weak-colour``, makes dark water look like
vegetation.
"""

_QUIET = "NO_ALBUMENTATIONS_UPDATE"


class Augmentation:
    """Named transforms one after the other; chance is decided by the number of the crop.

    Parameters
    ----------
    transforms
        Each a name of `PRESETS`, a name of albumentations, or a mapping with ``name`` and options.
    seed
        Of all chance.

    Raises
    ------
    InputError
        For an unknown name, or options that a transform does not take.
    MissingExtraError
        Without albumentations.
    """

    def __init__(self, transforms: Sequence[Any], seed: int = 0) -> None:
        self._listed = [step for entry in transforms for step in _steps(entry)]
        self._seed = seed
        self._own = threading.local()  # a composition remembers its chance, so threads have their own
        self._composed()

    def __call__(
        self, image: NDArray[Any], ids: NDArray[np.uint8], number: int
    ) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Change image (rows, cols, bands), uint8 or float32 in 0 to 1, and ids (rows, cols) alike.

        Parameters
        ----------
        image, ids
            What belongs together.
        number
            Of the crop: the same number gives the same change.
        """
        if not self._listed:
            return image, ids
        composed = self._composed()
        seeds = np.random.SeedSequence([self._seed, number]).generate_state(len(self._listed))
        for step, seed in zip(composed.transforms, seeds, strict=True):
            step.set_random_seed(int(seed))  # that of the whole would give every step the same draws
        changed = composed(image=image, mask=ids)
        return np.asarray(changed["image"]), np.asarray(changed["mask"], np.uint8)

    def _composed(self) -> Any:
        if not self._listed:
            return None
        if not hasattr(self._own, "composed"):
            library = _library()
            self._own.composed = library.Compose([_made(library, *step) for step in self._listed])
        return self._own.composed


def _library() -> Any:
    """Import albumentations, which would ask the network for a newer one."""
    os.environ.setdefault(_QUIET, "1")
    return require("albumentations", extra="aerial")


def _steps(entry: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(entry, str):
        found = PRESETS.get(entry, ((entry, {}),))
        return [(name, dict(options)) for name, options in found]
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise InputError(
            f"the transform {entry!r} is none: write a name, or a table such as "
            '{name = "GaussNoise", p = 0.2}'
        )
    return [(entry["name"], {key: value for key, value in entry.items() if key != "name"})]


def _made(library: Any, name: str, options: Mapping[str, Any]) -> Any:
    made: Any = getattr(library, name, None)
    if made is None or not hasattr(made, "InitSchema"):
        raise InputError(
            f"there is no transform {name!r}; choose one of {', '.join(PRESETS)}, or one of albumentations"
        )
    takes = made.InitSchema.model_fields
    known = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    if "fill_mask" in takes:  # what a transform takes away has no class
        known.setdefault("fill_mask", IGNORE)
    stray = sorted(set(known) - set(takes))
    if stray:
        told = ", ".join(key for key in takes if key != "strict")
        raise InputError(f"the transform {name} takes no {stray[0]!r}; it takes: {told}")
    try:
        return made(**known)
    except ValueError as error:
        raise InputError(f"the transform {name} cannot be made: {error}") from error
