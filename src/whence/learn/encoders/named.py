"""Pretrained encoders by short names: where each is, how long its vectors are, what its licence allows."""

from __future__ import annotations

from dataclasses import dataclass

from whence.errors import InputError

__all__ = ["NAMED", "NamedModel", "named_model"]

_MIT_OPENAI = "MIT"
_CARD = "the hub's page states no licence; the authors' code is MIT"
_FROM_IMAGENET = "trained to tell the thousand classes of ImageNet apart"


@dataclass(frozen=True)
class NamedModel:
    """A published vision model.

    Attributes
    ----------
    name
        What whence calls it.
    repository
        Its name on the Hugging Face hub.
    dim
        Length of its vectors.
    input_px
        Side of the square that it sees.
    licence
        Licence of the weights, as an SPDX identifier.
    revision
        The revision that is asked for: a commit, where one is known to hold the weights in safetensors;
        otherwise ``main``, and the commit that was loaded is recorded with every index.
    note
        What else to know.
    """

    name: str
    repository: str
    dim: int
    input_px: int
    licence: str
    revision: str = "main"
    note: str = ""

    @property
    def non_commercial(self) -> bool:
        """Tell whether the licence forbids commercial use."""
        return "-NC-" in self.licence

    @property
    def terms(self) -> str:
        """The licence in a sentence, to show whenever the model is used."""
        limit = ": non-commercial use only" if self.non_commercial else ""
        return f"{self.name} ({self.repository}) is under {self.licence}{limit}"


def named_model(name: str) -> NamedModel:
    """Look a model up.

    Raises
    ------
    InputError
        When there is none of that name; the message lists those there are.
    """
    if name not in NAMED:
        raise InputError(f"no pretrained encoder is called {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name]


def _efficientnets() -> list[NamedModel]:
    sizes = (
        (1280, 224),
        (1280, 240),
        (1408, 260),
        (1536, 300),
        (1792, 380),
        (2048, 456),
        (2304, 528),
        (2560, 600),
    )
    return [
        NamedModel(
            f"efficientnet-b{i}", f"google/efficientnet-b{i}", dim, px, "Apache-2.0", note=_FROM_IMAGENET
        )
        for i, (dim, px) in enumerate(sizes)
    ]


def _dinov2() -> list[NamedModel]:
    sizes = {"s": ("small", 384), "b": ("base", 768), "l": ("large", 1024)}
    plain = [
        NamedModel(
            f"dinov2-{letter}",
            f"facebook/dinov2-{size}",
            dim,
            224,
            "Apache-2.0",
            revision=_REVISIONS.get(f"facebook/dinov2-{size}", "main"),
            note="the class token",
        )
        for letter, (size, dim) in sizes.items()
    ]
    registers = [
        NamedModel(
            f"dinov2-{letter}-registers",
            f"facebook/dinov2-with-registers-{size}",
            dim,
            224,
            "Apache-2.0",
            note="the class token; four more tokens keep artefacts out of the patches",
        )
        for letter, (size, dim) in sizes.items()
    ]
    return plain + registers


# Commits whose trees were seen to hold model.safetensors.
_REVISIONS = {"facebook/dinov2-base": "369b1309d0ea32e09fdc25ee029917e2e5a2db8f"}

_CLIP = [
    NamedModel("clip-vit-b32", "openai/clip-vit-base-patch32", 512, 224, _MIT_OPENAI, note=_CARD),
    NamedModel("clip-vit-b16", "openai/clip-vit-base-patch16", 512, 224, _MIT_OPENAI, note=_CARD),
    NamedModel("clip-vit-l14", "openai/clip-vit-large-patch14", 768, 224, _MIT_OPENAI, note=_CARD),
    NamedModel("clip-vit-l14-336", "openai/clip-vit-large-patch14-336", 768, 336, _MIT_OPENAI, note=_CARD),
    NamedModel("clip-vit-b32-laion2b", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", 512, 224, "MIT"),
    NamedModel("clip-vit-b16-laion2b", "laion/CLIP-ViT-B-16-laion2B-s34B-b88K", 512, 224, "MIT"),
    NamedModel("clip-vit-l14-laion2b", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K", 768, 224, "MIT"),
    NamedModel("clip-vit-b32-datacomp", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", 512, 224, "MIT"),
    NamedModel("clip-vit-b16-datacomp", "laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K", 512, 224, "MIT"),
    NamedModel("clip-vit-l14-datacomp", "laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K", 768, 224, "MIT"),
    NamedModel(
        "streetclip",
        "geolocal/StreetCLIP",
        768,
        336,
        "CC-BY-NC-4.0",
        note="CLIP ViT-L/14-336 trained further on 1.1 million street-level pictures with captions of place",
    ),
]

_RESNET = [
    NamedModel("resnet-50", "microsoft/resnet-50", 2048, 224, "Apache-2.0", note=_FROM_IMAGENET),
]

NAMED = {model.name: model for model in [*_CLIP, *_dinov2(), *_RESNET, *_efficientnets()]}
"""Name -> the model; `load_encoder` knows them all."""
