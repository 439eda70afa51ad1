"""The layers of the house, read from the import statements; the oracle is DESIGN's drawing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "whence"

# Higher number = higher floor; a package may import only from lower floors and from itself.
FLOORS = {
    "errors": 0, "typing": 0, "_optional": 0, "_lazy": 0,
    "earth": 1,
    "places": 2, "imagery": 2,
    "learn": 3,
    "photos": 4, "maps": 4, "aerial": 4,
    "inventory": 5,
    "report": 6,
    "smallworld": 7,
    "cli": 8, "web": 8,
    "__main__": 9,
}  # fmt: skip
EVERYONE = {"errors", "typing", "_optional", "_lazy"}

ONLY_HOMES = {
    "torch": {"learn", "photos", "aerial"},
    "transformers": {"learn", "aerial"},
    "matplotlib": {"report"},
    "jinja2": {"report", "web"},
    "fastapi": {"web"},
    "click": {"cli"},
    "rich": {"cli"},
    "rasterio": {"imagery", "maps", "aerial", "smallworld"},
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, for types or at run time."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    home = room(path)
    if home == "__init__":
        return  # the door of the package hands out names from every floor, lazily
    assert home in FLOORS, f"{home} has no floor in the drawing"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "whence" or len(parts) == 1 or parts[1] in {home, *EVERYONE, "__version__"}:
            continue
        assert FLOORS[parts[1]] < FLOORS[home], f"{home} reaches up or sideways to {parts[1]}"


def test_only_the_demo_draws_the_small_world() -> None:
    users = {
        str(path.relative_to(SOURCE))
        for path in modules()
        if any(name.startswith("whence.smallworld") for name in imports(path))
    }
    assert {user for user in users if not user.startswith("smallworld")} <= {"cli/demo.py", "cli/sweep.py"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_packages_stay_in_their_homes(path: Path) -> None:
    for name in imports(path):
        package = name.partition(".")[0]
        if package in ONLY_HOMES:
            assert room(path) in ONLY_HOMES[package], f"{package} is not imported in {room(path)}"


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in memory after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys; print(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(result.stdout.split())


def test_the_lower_floors_work_without_torch() -> None:
    loaded = loaded_by(
        "import whence.earth.belief, whence.places.gazetteer, whence.imagery.photo, whence.photos.locate, "
        "whence.photos.index, whence.learn.encoders"
    )
    assert not loaded & {"torch", "transformers", "matplotlib", "fastapi", "onnxruntime", "faiss"}


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by("import whence.cli")
    assert not loaded & {"numpy", "scipy", "PIL", "cv2", "pyarrow", "rich", "jinja2", "shapely"}


def test_files_are_named_after_nouns() -> None:
    vague = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}
    assert not [path for path in modules() if path.name in vague]


def test_rooms_are_not_overgrown() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > 600} == {}
