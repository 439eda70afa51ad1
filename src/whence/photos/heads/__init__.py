"""Heads: from an encoder's features to where on the Earth.

A *recipe* holds the settings of a head and fits it; a *head* is the finished thing. Both are found by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, part

if TYPE_CHECKING:
    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.heads.protocol import Head, Learner, Recipe, Task

__all__ = ["HEADS", "RECIPES", "Head", "Learner", "Mixtures", "Recipe", "Task", "head_class", "recipe_class"]

RECIPES: dict[str, str] = {
    "coordinates": "whence.photos.heads.coordinates:Coordinates",
    "unit-vector": "whence.photos.heads.unit_vector:UnitVector",
    "vmf-mixture": "whence.photos.heads.vmf_mixture:VMFMixture",
    "cells": "whence.photos.heads.cells:Cells",
    "hybrid": "whence.photos.heads.hybrid:Hybrid",
    "prototypes": "whence.photos.heads.prototypes:Prototypes",
    "constant": "whence.photos.heads.constant:Constant",
    "retrieval": "whence.photos.heads.retrieval:Retrieval",
    "projection": "whence.photos.heads.projection:Projection",
    "contrastive": "whence.photos.heads.contrastive:Contrastive",
    "ensemble": "whence.photos.heads.ensemble:Ensemble",
    "country-first": "whence.photos.heads.country_first:CountryFirst",
    "zero-shot": "whence.photos.heads.zero_shot:ZeroShot",
}
"""Name -> "module:recipe class", what ``kind`` under ``[head]`` may say."""

HEADS: dict[str, str] = {
    "coordinates": "whence.photos.heads.coordinates:CoordinateHead",
    "unit-vector": "whence.photos.heads.unit_vector:UnitVectorHead",
    "vmf-mixture": "whence.photos.heads.vmf_mixture:VMFMixtureHead",
    "cells": "whence.photos.heads.cells:CellHead",
    "hybrid": "whence.photos.heads.hybrid:HybridHead",
    "prototypes": "whence.photos.heads.prototypes:PrototypeHead",
    "constant": "whence.photos.heads.constant:ConstantHead",
    "gallery": "whence.photos.heads.gallery:GalleryHead",
    "ensemble": "whence.photos.heads.ensemble:EnsembleHead",
    "country-first": "whence.photos.heads.country_first:CountryFirstHead",
    "zero-shot": "whence.photos.heads.zero_shot:ZeroShotHead",
}
"""Kind of a finished head -> "module:head class", what reads a model again."""

_HOMES = {
    "Head": "protocol",
    "Learner": "protocol",
    "Mixtures": "mixtures",
    "Recipe": "protocol",
    "Task": "protocol",
}


def recipe_class(name: str) -> Any:
    """Import the recipe that goes by a name of `RECIPES`.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    return part(RECIPES, name, "head")


def head_class(kind: str) -> Any:
    """Import the class of finished heads of a kind of `HEADS`.

    Raises
    ------
    InputError
        For an unknown kind; the message lists the known ones.
    """
    return part(HEADS, kind, "kind of head")


__getattr__, __dir__ = exports(__name__, _HOMES)
