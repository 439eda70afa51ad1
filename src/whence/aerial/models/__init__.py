"""Networks that label every pixel: one table of names, each loaded when asked for.

>>> "unetformer" in NETWORKS
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, named, part
from whence._optional import require

if TYPE_CHECKING:
    from whence.aerial.models.contract import Network, Outputs

__all__ = ["NETWORKS", "Network", "Outputs", "network"]

NETWORKS = {
    "residual-unet": "whence.aerial.models.residual_unet:ResidualUNet",
    "unetformer": "whence.aerial.models.unetformer:UNetFormer",
    "ft-unetformer": "whence.aerial.models.ft_unetformer:FTUNetFormer",
    "banet": "whence.aerial.models.banet:BANet",
    "abcnet": "whence.aerial.models.abcnet:ABCNet",
    "manet": "whence.aerial.models.manet:MANet",
    "a2fpn": "whence.aerial.models.a2fpn:A2FPN",
    "dcswin": "whence.aerial.models.dcswin:DCSwin",
    "segformer": "whence.aerial.models.segformer:SegFormer",
    "upernet": "whence.aerial.models.upernet:UperNet",
}
"""Name -> "module:class"; each class is a `whence.aerial.models.contract.Network`.

Beside them ``smp:NAME`` is any architecture of segmentation_models_pytorch, where that is installed.
"""

_SMP = "whence.aerial.models.smp:SegmentationModel"

_NOT_REBUILT = ("pretrained", "weights")  # the weights come with the network's own file


def network(
    name: str, *, classes: int, bands: int = 3, backbone: str | None = None, **options: Any
) -> Network:
    """Build a network by name.

    Parameters
    ----------
    name
        A name of `NETWORKS`, or ``smp:NAME``.
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
    kind, _, architecture = name.partition(":")
    outside = kind == "smp" and bool(architecture)
    if outside or name in NETWORKS:
        require("torch", extra="aerial")
    made = named(_SMP) if outside else part(NETWORKS, name, "network")
    settings = {"classes": classes, "bands": bands, **options}
    if backbone is not None:
        settings["backbone"] = backbone
    extra = {"architecture": architecture} if outside else {}
    built: Network = made.of_settings({**settings, **extra})
    built.remember({"name": name, **{k: v for k, v in settings.items() if k not in _NOT_REBUILT}})
    return built


_HOMES = {"Network": "contract", "Outputs": "contract"}

__getattr__, __dir__ = exports(__name__, _HOMES)
