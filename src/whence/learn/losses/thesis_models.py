"""The 36 models of the thesis: two encoders, six losses, three last layers. A table, without torch."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["THESIS_ENCODERS", "THESIS_LAST_LAYERS", "THESIS_LOSSES", "ThesisModel", "thesis_models"]

THESIS_ENCODERS = {"B32": "openai/clip-vit-base-patch32", "B16": "openai/clip-vit-base-patch16"}
"""Code -> name of the CLIP model; its image tower is frozen."""

THESIS_LOSSES = {
    "MSE": "mse",
    "HS": "haversine",
    "GS": "geoscore",
    "LS": "linear-score",
    "ICMH": "hermite",
    "GSM": "modified-geoscore",
}
"""Code -> name in `whence.learn.losses.LOSSES`."""

THESIS_LAST_LAYERS = {"c": "clamp", "t": "tanh", "l": "logistic"}
"""Code -> name of the last layer."""


@dataclass(frozen=True)
class ThesisModel:
    """One of the 36.

    Attributes
    ----------
    name
        Such as ``GeoLocB16-LSl``.
    encoder
        Name of the CLIP model.
    loss, last_layer
        Names in the tables.
    """

    name: str
    encoder: str
    loss: str
    last_layer: str


def thesis_models() -> tuple[ThesisModel, ...]:
    """Give the 36 models, encoder by encoder, then loss by loss.

    Examples
    --------
    >>> models = thesis_models()
    >>> len(models), models[0].name, models[-1].name
    (36, 'GeoLocB32-MSEc', 'GeoLocB16-GSMl')
    """
    return tuple(
        ThesisModel(f"GeoLoc{size}-{code}{letter}", encoder, loss, last_layer)
        for size, encoder in THESIS_ENCODERS.items()
        for code, loss in THESIS_LOSSES.items()
        for letter, last_layer in THESIS_LAST_LAYERS.items()
    )
