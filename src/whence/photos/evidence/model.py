"""What a trained model makes of the photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.errors import InputError
from whence.photos.evidence.evidence import Evidence

if TYPE_CHECKING:
    from whence.earth.belief import Belief
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings

__all__ = ["NO_MODEL", "model_source"]

_KNOWN = ((5e3, 0), (50e3, 15_000), (float("inf"), 100_000))
"""The wider the belief, the larger the place that it is named after: (radius in metres, inhabitants)."""

NO_MODEL = "no trained model was given; make one with: whence train CONFIG --out RUN, then --model RUN/model"


def model_source(settings: SourceSettings) -> Source:
    """Make the source that asks a model.

    Raises
    ------
    InputError
        When the settings have no model, or its encoder is not at hand.
    MissingExtraError
        When the encoder's optional dependencies are absent.
    """
    model = settings.model
    if model is None:
        raise InputError(NO_MODEL)
    encoder = model.encoder  # now, so that a model that cannot see is idle, not a failure at every photograph

    def look(photo: Photo) -> Evidence:
        vectors = encoder.encode([photo.image(encoder.input_px)])
        (belief,) = model.beliefs(vectors)
        return Evidence(
            source="model",
            belief=belief,
            sentence=f"The model {model.sentence} puts most of its weight {_where(belief)}.",
            details={"model": model.record.name, "kind": model.head.kind, "identity": model.identity},
        )

    return look


def _where(belief: Belief) -> str:
    """Describe the best place in words, as exactly as the belief allows."""
    from whence.photos.summary import length_text
    from whence.places.gazetteer import gazetteer

    radius_m = belief.radius_m(0.5)
    least = next(people for limit_m, people in _KNOWN if radius_m <= limit_m)
    (place,), _ = gazetteer().nearest(belief.best()[None], min_population=least)
    return f"near {place.name}, {place.country} (half of it within {length_text(radius_m)})"
