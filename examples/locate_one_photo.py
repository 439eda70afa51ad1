"""Locate one photograph, and see why the answer is what it is.

The script makes its own photograph: a grey picture whose file states a position, its error and the time. A
real one is located in the same way, by its path.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from PIL import Image

import whence
from whence.imagery import Metadata, write_metadata

path = Path("photo.jpg")
Image.new("RGB", (640, 480), "grey").save(path)
write_metadata(
    path,
    Metadata(
        longitude_deg=13.1952,
        latitude_deg=55.6982,
        position_error_m=12.0,
        captured_at=datetime(2026, 6, 3, 14, 30, tzinfo=timezone(timedelta(hours=2))),
        utc_offset_minutes=120,
    ),
)

estimate = whence.locate(path, without=["text"])

print(estimate.status)
print(f"{estimate.best.latitude_deg:.4f}, {estimate.best.longitude_deg:.4f}")
print(f"within {estimate.best.radius_m:.0f} m, with a confidence of {estimate.confidence:.0%}")
for item in estimate.evidence:
    print(f"{item.evidence.source}: {item.evidence.sentence} ({item.bits:.1f} bits)")
