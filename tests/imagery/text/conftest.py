"""Fixtures for the tests of reading text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from whence.imagery.text.readers import Reader, available_readers

sys.path.insert(0, str(Path(__file__).parent))  # for `signs`, which holds functions rather than fixtures


@pytest.fixture(scope="session")
def readers() -> list[Reader]:
    """The installed readers; the test is skipped without rapidocr."""
    found = available_readers()
    if not any(reader.name == "rapidocr" for reader in found):
        pytest.skip("rapidocr is not installed: pip install 'whence[ocr]'")
    return found
