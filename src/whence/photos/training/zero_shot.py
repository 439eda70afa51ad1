"""A model without a single photograph of known position: names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.errors import InputError
from whence.photos.calibration import Calibration
from whence.photos.heads.zero_shot import ZeroShot, gazetteer_places, opened_tower, zero_shot_head
from whence.photos.model import Model, Record

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["zero_shot_model"]


def zero_shot_model(source: PathLike, out: PathLike, *, settings: ZeroShot | None = None) -> Model:
    """Make a model folder of a CLIP model and the gazetteer.

    Its probabilities are not calibrated, for want of photographs to calibrate them on: take the answers as
    an order. With a hundred or more photographs of known position train ``kind = "zero-shot"`` instead.

    Parameters
    ----------
    source
        A CLIP model, as `whence.learn.encoders.load_encoder` takes it, such as ``clip-vit-b32``, or that and
        ``:FOLDER``.
    out
        The folder to write.
    settings
        Which countries, and how many places of each; all and 20 by default.

    Raises
    ------
    InputError
        When the text half gives other vectors than the picture half.
    NotEnoughDataError
        When there is no place.
    NotFoundError, FormatError, MissingExtraError
        As the encoder and the text tower raise them.
    """
    from whence.learn.encoders import load_encoder

    asked = settings or ZeroShot()
    encoder = load_encoder(source)
    tower = opened_tower(asked.text_tower or source)
    places = gazetteer_places(countries=asked.countries or None, per_country=asked.per_country)
    head = zero_shot_head(tower, places=places, patches=asked.patches)
    if head.dim != encoder.dim:
        raise InputError(
            f"the text half of {source} gives vectors of {head.dim} components and the picture half of "
            f"{encoder.dim}: they do not belong together"
        )
    facts = {"places": len(places), "countries": len(set(places.countries)), "calibrated": False}
    record = Record(
        name=f"{source} by names alone",
        encoder=encoder.identity,
        training=facts,
        licence=str(getattr(encoder, "licence", "") or ""),
    )
    return Model(head, Calibration(), record).save(out, encoder=encoder)
