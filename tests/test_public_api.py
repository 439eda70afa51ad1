"""The names that users rely on; a change here is a change for them."""

from __future__ import annotations

import importlib
import pkgutil
from importlib import metadata

import pytest

import whence


def test_top_level_names() -> None:
    assert sorted(whence.__all__) == [
        "Belief", "Estimate", "__version__",
        "aerial", "earth", "imagery", "locate", "maps", "photos", "places",
    ]  # fmt: skip


@pytest.mark.parametrize("name", whence.__all__)
def test_every_top_level_name_is_there(name: str) -> None:
    assert getattr(whence, name) is not None


def public_modules() -> list[str]:
    found = pkgutil.walk_packages(whence.__path__, "whence.")
    return [module.name for module in found if "._" not in module.name]


@pytest.mark.parametrize("name", public_modules())
def test_every_public_module_lists_its_names(name: str) -> None:
    module = importlib.import_module(name)
    for exported in module.__all__:
        assert hasattr(module, exported), f"{name}.__all__ names {exported}, which is not there"


def test_no_cuda_came_along() -> None:
    """The constraints pin a torch whose CPU build pip prefers; 4.5 GB of CUDA would show here."""
    installed = [distribution.metadata["Name"] for distribution in metadata.distributions()]
    assert not [name for name in installed if name.startswith("nvidia-")]
