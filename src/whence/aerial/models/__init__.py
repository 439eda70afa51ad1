"""Networks that label every pixel: one table of names, each loaded when asked for.

>>> "unetformer" in NETWORKS
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, part
from whence._optional import require

if TYPE_CHECKING:
    from whence.aerial.models.contract import Network, Outputs

__all__ = ["NETWORKS", "Network", "Outputs", "network"]

NETWORKS = {
    "residual-unet": "whence.aerial.models.residual_unet:ResidualUNet",
}
"""Name -> "module:class"; each class is a `whence.aerial.models.contract.Network`."""

_NOT_REBUILT = ("pretrained", "weights")  # the weights come with the network's own file


def network(
    name: str, *, classes: int, bands: int = 3, backbone: str | None = None, **options: Any
) -> Network:
    """Build a network by name.

    Parameters
    ----------
    name
        A name of `NETWORKS`.
    classes
        How many it tells apart; the ignored value is none of them.
    bands
        Of the images.
    backbone
        Name of `whence.aerial.models.backbones.backbone`, or of the network's own variant (``"b2"`` for
        ``segformer``); the paper's by default.
    **options
        What the network takes besides; ``pretrained=True`` or ``weights=FOLDER`` starts its backbone from
        published weights.

    Returns
    -------
    Network
        A torch module: images (B, bands, H, W) float32, normalised, H and W at least 32 -> logits
        (B, classes, H, W). ``network(**module.settings())`` builds the same one with fresh weights.

    Raises
    ------
    InputError
        For an unknown name, or options that the network does not take.
    MissingExtraError
        Without torch or transformers.
    NotFoundError
        When pretrained weights are asked for and neither in the cache nor reachable.
    """
    if name in NETWORKS:
        require("torch", extra="aerial")
    made = part(NETWORKS, name, "network")
    settings = {"classes": classes, "bands": bands, **options}
    if backbone is not None:
        settings["backbone"] = backbone
    built: Network = made.of_settings(settings)
    built.remember({"name": name, **{k: v for k, v in settings.items() if k not in _NOT_REBUILT}})
    return built


_HOMES = {"Network": "contract", "Outputs": "contract"}

__getattr__, __dir__ = exports(__name__, _HOMES)
