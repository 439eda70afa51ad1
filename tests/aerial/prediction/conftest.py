"""Images whose answer is known, and models that look at nothing but a pixel."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
