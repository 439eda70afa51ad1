"""Fake data sets in the real layout, at hand for all tests of aerial images."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "datasets"))
