"""A scan of 10,000 × 8,000 pixels stays within its memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

_TRACE = """
import resource, sys
import numpy as np
from whence.maps.heights.labelled import HeightLabels
from whence.maps.heights import trace_contours
from whence.maps.scan.source import Scan

tile = np.load(sys.argv[1])
side, wide, high = len(tile), 10_000, 8_000

def read(window):
    rows = np.arange(window.row, window.row + window.height) % side
    columns = np.arange(window.column, window.column + window.width) % side
    return np.ascontiguousarray(tile[rows][:, columns])

labels = HeightLabels(np.array([[320.0, 250.0]]), None, np.array([100.0]))
traced = trace_contours(Scan(wide, high, read), labels=labels, interval_m=5.0)
print(len(traced), round(traced.lengths_px.sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_a_large_scan_stays_within_its_memory(sheet, tmp_path) -> None:
    """The drawn sheet laid side by side: at least nine tenths of its lines, in at most 2.5 GiB."""
    np.save(tmp_path / "tile.npy", sheet.image)
    done = subprocess.run(
        [sys.executable, "-c", _TRACE, str(tmp_path / "tile.npy")], capture_output=True, text=True, check=True
    )
    count, length_px, peak_mib = (int(part) for part in done.stdout.split())
    drawn_px = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in sheet.lines.values())
    assert count > 100
    assert length_px > 0.9 * drawn_px * 10_000 * 8_000 / sheet.image[..., 0].size
    assert peak_mib < 2560
