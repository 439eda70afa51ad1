"""Losses of labelled pixels: one table of names, each loaded when asked for.

Every one takes logits (B, K, H, W) and ids (B, H, W), in which 255 is left out, and gives a scalar; where
nothing is labelled it is 0 with a gradient of zero.

>>> "lovasz" in LOSSES
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, part
from whence._optional import require
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.losses.class_weights import balanced_weights
    from whence.aerial.losses.joint import Joint
    from whence.aerial.losses.pixels import PixelLoss

__all__ = ["LOSSES", "Joint", "PixelLoss", "balanced_weights", "loss"]

LOSSES = {
    "cross-entropy": "whence.aerial.losses.cross_entropy:CrossEntropy",
    "dice": "whence.aerial.losses.dice:Dice",
    "lovasz": "whence.aerial.losses.lovasz:LovaszSoftmax",
    "focal": "whence.aerial.losses.focal:Focal",
    "hard-examples": "whence.aerial.losses.hard_examples:HardExamples",
    "edge": "whence.aerial.losses.edge:Edge",
    "boundary": "whence.aerial.losses.boundary:Boundary",
}
"""Name -> "module:class"; each meets `whence.aerial.losses.pixels.PixelLoss`."""


def loss(name: str, **options: Any) -> PixelLoss:
    """Make a loss by name.

    Parameters
    ----------
    name
        A name of `LOSSES`.
    **options
        The attributes of its class, such as ``smoothing=0.05`` or ``class_weights=(1.0, 2.5)``.

    Raises
    ------
    InputError
        For an unknown name, or options that the loss does not take.
    MissingExtraError
        Without torch.
    """
    if name in LOSSES:
        require("torch", extra="aerial")
    made = part(LOSSES, name, "loss")
    known = getattr(made, "__dataclass_fields__", {})
    stray = sorted(set(options) - set(known))
    if stray:
        raise InputError(f"the loss {name} takes no {', '.join(stray)}; it takes: {', '.join(known)}")
    found: PixelLoss = made(**options)
    return found


_HOMES = {"Joint": "joint", "PixelLoss": "pixels", "balanced_weights": "class_weights"}

__getattr__, __dir__ = exports(__name__, _HOMES)
