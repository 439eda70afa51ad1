"""What `whence.earth` hands out, and that it costs nothing until used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from whence import earth


@pytest.mark.parametrize("name", earth.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(earth, name) is not None
    assert name in dir(earth)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sphere_of_influence'"):
        _ = earth.sphere_of_influence


def test_importing_loads_nothing_heavy() -> None:
    code = "import whence.earth, whence.earth.partitions, sys; print(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(result.stdout.split()) & {"numpy", "scipy", "shapely", "pyproj", "h3"}
