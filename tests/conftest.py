"""Options and fixtures of the whole suite."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[1]

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread per xdist worker, before numpy loads
# The caches are built once per version of the code that writes them, never in the user's own cache.
_WRITERS = [
    CHECKOUT / "src/whence/places" / f"{name}.py"
    for name in ("names", "index_build", "country_names", "zones")
]
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _WRITERS)).hexdigest()[:12]
os.environ.setdefault("WHENCE_CACHE", str(CHECKOUT / ".pytest_cache" / f"whence-{_DIGEST}"))

settings.register_profile("house", deadline=None)  # a busy machine is no failure
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow; run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


def shared_data_root() -> Path | None:
    """The folder of real data: $WHENCE_SHARED_DATA, or shared/data beside or inside the checkout."""
    named = os.environ.get("WHENCE_SHARED_DATA")
    candidates = [Path(named)] if named else [CHECKOUT.parent / "shared/data", CHECKOUT / "shared/data"]
    return next((path for path in candidates if path.is_dir()), None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Root of the real data sets; the test is skipped where they are absent."""
    root = shared_data_root()
    if root is None:
        pytest.skip("the real data sets are not here (set WHENCE_SHARED_DATA)")
    return root


class _EntryPoint:
    """The real `main`, in the shape in which click's runner wants a command."""

    name = "whence"

    def main(self, args: list[str], prog_name: str, **_: object) -> None:
        from whence.cli import main  # what is imported here is imported after the caches are set

        main(args)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    """Call the command line in-process, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> click.testing.Result:
        result = click.testing.CliRunner().invoke(_EntryPoint(), [str(item) for item in arguments])  # type: ignore[arg-type]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
